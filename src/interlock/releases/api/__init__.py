from interlock.releases.api.plan import TaskKey, WorkstreamKey
from interlock.releases.api.releases import ReleaseKey

__all__ = ["ReleaseKey", "TaskKey", "WorkstreamKey"]
