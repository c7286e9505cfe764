from django.utils import timezone

from interlock.connect.models import Export, ImportRun
from interlock.jobs import every, job
from interlock.workspaces.models import Member


@job(queue="import")
def check_import(run_id: int, member_id: int) -> None:
    _work(run_id, member_id, write=False)


@job(queue="import")
def write_import(run_id: int, member_id: int) -> None:
    _work(run_id, member_id, write=True)


def _work(run_id: int, member_id: int, *, write: bool) -> None:
    run = ImportRun.objects.select_related("workspace", "member").filter(pk=run_id).first()
    if run and run.at_work:
        run.work(write=write, by=Member.objects.select_related("workspace").get(pk=member_id))


@every(days=1)
def forget_unused_imports() -> None:
    """A file that nobody imported does not stay."""
    for run in ImportRun.objects.unused(now=timezone.now()):
        run.file.delete(save=False)
        run.delete()


@job(queue="import", retries=2)
def make_export(export_id: int) -> None:
    asked = Export.objects.select_related("workspace").filter(pk=export_id).first()
    if asked and not asked.ready:
        asked.make()


@every(hours=1)
def forget_old_exports() -> None:
    for past in Export.objects.past(now=timezone.now()).select_related("workspace"):
        past.forget(by=None)
