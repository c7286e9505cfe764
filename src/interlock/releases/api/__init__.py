from interlock.releases.api.freezes import freeze_windows
from interlock.releases.api.load import read_load
from interlock.releases.api.plan import TaskKey, WorkstreamKey
from interlock.releases.api.releases import ReleaseKey

__all__ = ["ReleaseKey", "TaskKey", "WorkstreamKey", "freeze_windows", "read_load"]
