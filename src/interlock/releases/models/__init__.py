from interlock.releases.models.agreement import BaselineItem, ScopeBaseline
from interlock.releases.models.baseline import PlanBaseline
from interlock.releases.models.budget import Budget, DayRate, Purchase
from interlock.releases.models.computation import Computation
from interlock.releases.models.dates import Forecast, PlanRun, TaskDates
from interlock.releases.models.freeze import Freezes, FreezeWindow
from interlock.releases.models.release import Release, ScopeItem
from interlock.releases.models.risk import RiskHit
from interlock.releases.models.scenario import Scenario, ScenarioRun
from interlock.releases.models.task import Task, TaskLink
from interlock.releases.models.template import ReleaseTemplate
from interlock.releases.models.workstream import Workstream

__all__ = [
    "BaselineItem",
    "Budget",
    "Computation",
    "DayRate",
    "Forecast",
    "FreezeWindow",
    "Freezes",
    "PlanBaseline",
    "PlanRun",
    "Purchase",
    "Release",
    "ReleaseTemplate",
    "RiskHit",
    "Scenario",
    "ScenarioRun",
    "ScopeBaseline",
    "ScopeItem",
    "Task",
    "TaskDates",
    "TaskLink",
    "Workstream",
]
