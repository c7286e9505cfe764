from interlock.releases.api.costs import budgets, day_rates, purchases
from interlock.releases.api.freezes import freeze_windows
from interlock.releases.api.load import read_load
from interlock.releases.api.plan import TaskKey, WorkstreamKey
from interlock.releases.api.releases import ReleaseKey
from interlock.releases.api.risks import risk_hits
from interlock.releases.api.scenarios import ScenarioKey
from interlock.releases.api.scope import scope_baselines

__all__ = [
    "ReleaseKey",
    "ScenarioKey",
    "TaskKey",
    "WorkstreamKey",
    "budgets",
    "day_rates",
    "freeze_windows",
    "purchases",
    "read_load",
    "risk_hits",
    "scope_baselines",
]
