from interlock.releases.models.baseline import PlanBaseline
from interlock.releases.models.dates import Forecast, PlanRun, TaskDates
from interlock.releases.models.freeze import Freezes, FreezeWindow
from interlock.releases.models.release import Release, ScopeItem
from interlock.releases.models.task import Task, TaskLink
from interlock.releases.models.template import ReleaseTemplate
from interlock.releases.models.workstream import Workstream

__all__ = [
    "Forecast",
    "FreezeWindow",
    "Freezes",
    "PlanBaseline",
    "PlanRun",
    "Release",
    "ReleaseTemplate",
    "ScopeItem",
    "Task",
    "TaskDates",
    "TaskLink",
    "Workstream",
]
