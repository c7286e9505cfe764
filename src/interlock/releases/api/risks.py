from typing import Annotated

from pydantic import Field

from interlock.releases.api.plan import TaskKey, WorkstreamKey
from interlock.releases.api.releases import ReleaseKey
from interlock.releases.models import RiskHit
from interlock.risks.api import RiskKey
from interlock.workspaces.rest import Filters, In, Line, MaybePointer, Pointer, Resource, Versioned, by


class RiskHitIn(In):
    risk: RiskKey
    release: Annotated[ReleaseKey | None, Field(description="The whole of it; of a task or workstream, its own.")] = (
        None
    )
    workstream: WorkstreamKey | None = None
    task: TaskKey | None = None
    note: Annotated[Line, Field(max_length=300)] = ""


class RiskHitOut(Versioned):
    risk: Pointer
    release: Pointer
    workstream: MaybePointer
    task: MaybePointer
    note: str


class RiskHitFilters(Filters):
    risk: list[RiskKey] = []
    release: list[ReleaseKey] = []
    workstream: list[WorkstreamKey] = []
    task: list[TaskKey] = []


risk_hits = Resource(
    RiskHit,
    "risk-hits",
    read=RiskHitOut,
    create=RiskHitIn,
    fixed=("risk", "release", "workstream", "task"),
    filters=RiskHitFilters,
    orders={"number": by("number"), "changed_at": by("changed_at", "number")},
    joins=("risk__workspace", "release", "workstream__release", "workstream__department", "task__workstream__release"),
)
