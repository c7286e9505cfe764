"""Background work: jobs that are tried again, jobs that come on a schedule, and the worker that runs both.

    @job(retries=3)
    def recheck(workspace_id: int) -> None: ...

    recheck.enqueue(workspace_id=7)     # part of the caller's transaction, and undone with it

    @every(days=1)
    def send_digests() -> None: ...

Jobs stand in an app's tasks.py. A worker may die after the work and before it could note so; the job
then runs again. So write every job such that a second run does no harm.
"""

from interlock.jobs.backend import Job, job
from interlock.jobs.schedule import every

__all__ = ["Job", "every", "job"]
