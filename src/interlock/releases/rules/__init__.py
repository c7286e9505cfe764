from interlock.releases.rules.costs import CostOverrun
from interlock.releases.rules.creep import ScopeCreep
from interlock.releases.rules.load import OverloadedDepartment
from interlock.releases.rules.plan import (
    DepartmentWithoutWorkstream,
    HandoverOutOfOrder,
    LaunchBeforeReady,
    TaskLate,
    TaskWithoutOwner,
)
from interlock.releases.rules.scope import DependencyReleasedLater, ReleaseOverdue, RequirementWithoutCriteria

__all__ = [
    "CostOverrun",
    "DepartmentWithoutWorkstream",
    "DependencyReleasedLater",
    "HandoverOutOfOrder",
    "LaunchBeforeReady",
    "OverloadedDepartment",
    "ReleaseOverdue",
    "RequirementWithoutCriteria",
    "ScopeCreep",
    "TaskLate",
    "TaskWithoutOwner",
]
