from datetime import datetime
from typing import Annotated, Any

from django.db import transaction
from pydantic import AfterValidator, Field

from interlock.launch.models import LaunchEntry, RunbookStep
from interlock.launch.planned import Planned
from interlock.launch.views.runbook import start_runbook
from interlock.organisation.api import DepartmentKey, PersonKey
from interlock.organisation.models import Department, Person
from interlock.releases.api import ReleaseKey
from interlock.releases.api.releases import releases
from interlock.releases.models import Release
from interlock.workspaces.errors import DomainError
from interlock.workspaces.rest import (
    ApiRequest,
    Asked,
    Filters,
    In,
    Line,
    Listing,
    MaybePointer,
    OneOf,
    OrNone,
    Out,
    Page,
    Pointer,
    PointsTo,
    Resource,
    Text,
    Versioned,
    by,
)

StepKey = Annotated[str, PointsTo(RunbookStep)]


def _planned(text: str) -> str:
    try:
        return str(Planned.read(text))
    except DomainError as error:
        raise ValueError(error.sentence) from error


class RunbookStepIn(In):
    release: ReleaseKey
    title: Annotated[Line, Field(max_length=300, examples=["Deploy to production"])]
    planned: Annotated[
        str,
        Field(
            max_length=40,
            description="Minutes, hours or days before or after the launch hour, or a time of the launch day.",
            examples=["T-30"],
        ),
        AfterValidator(_planned),
    ] = "T+0"
    department: DepartmentKey | None = None
    owner: PersonKey | None = None
    description: Annotated[Text, Field(max_length=10_000, description="What to do, in Markdown.")] = ""
    works_when: Annotated[Text, Field(max_length=500, description="How it is seen that it worked.")] = ""
    rollback: Annotated[Text, Field(max_length=10_000, description="What to do if it fails.")] = ""
    blocking: Annotated[bool, Field(description="Whether what comes later waits for it.")] = True


class RunbookStepOut(Versioned):
    release: Pointer
    title: str
    planned: str = Field(examples=["T-30"])
    planned_at: datetime | None = Field(description="Null where the release has no target.")
    department: MaybePointer
    owner: MaybePointer
    description: str
    works_when: str
    rollback: str
    blocking: bool
    status: Annotated[str, OneOf(RunbookStep.Status)]
    ticked_by: MaybePointer
    ticked_at: datetime | None


class RunbookStepFilters(Filters):
    release: list[ReleaseKey] = []
    status: list[Annotated[str, OneOf(RunbookStep.Status)]] = []
    owner: list[Annotated[str, OrNone(Person)]] = []
    department: list[Annotated[str, OrNone(Department)]] = []


steps = Resource(
    RunbookStep,
    "runbook-steps",
    read=RunbookStepOut,
    create=RunbookStepIn,
    fixed=("release",),
    filters=RunbookStepFilters,
    orders={"number": by("number"), "changed_at": by("changed_at", "number")},
    joins=("release", "department", "owner", "ticked_by__user"),
)


class TickIn(In):
    status: Annotated[str, OneOf(RunbookStep.Status), Field(examples=["done"])]
    was: Annotated[
        str | None,
        Field(
            pattern="^(open|running|done|failed|skipped)$",
            description="What you have seen. Where somebody ticked it otherwise meanwhile, nothing is overwritten.",
            examples=[None],
        ),
    ] = None
    note: Annotated[Text, Field(max_length=2000, description="What happened; needed where it failed.")] = ""


@steps.post(
    "/{key}/tick", response={200: RunbookStepOut}, operation_id="tick_runbook_step", summary="Tick a runbook step"
)
@transaction.atomic
def tick(request: ApiRequest, key: StepKey, given: TickIn) -> RunbookStep:
    """Under way, done, failed, skipped, or open again. The log of the launch keeps it."""
    step: RunbookStep = request.member.editable(RunbookStep, key=key)
    step.tick(given.status, was=given.was or "", note=given.note, by=request.member)
    told: RunbookStep = steps.one(request.member, key)
    return told


class PlaceIn(In):
    after: Annotated[StepKey | None, Field(description="The step behind which it goes.")] = None
    before: Annotated[StepKey | None, Field(examples=[None])] = None


@steps.put("/{key}/place", response={200: RunbookStepOut}, operation_id="move_runbook_step", summary="Move a step")
@transaction.atomic
def move(request: ApiRequest, key: StepKey, given: PlaceIn) -> RunbookStep:
    """Where its time does not fit between its new neighbours, it takes the time of one of them."""
    step: RunbookStep = request.member.editable(RunbookStep, key=key)
    where = [(name, getattr(given, name)) for name in ("after", "before") if getattr(given, name)]
    if len(where) != 1:
        raise DomainError("Say either after which step it goes, or before which.", field="after")
    [(name, other)] = where
    anchor = PointsTo(RunbookStep).rows([other], member=request.member).get(other)
    if anchor is None:
        raise DomainError(f"There is no runbook step {other}.", field=name)
    step.move(by=request.member, **{name: anchor})
    told: RunbookStep = steps.one(request.member, key)
    return told


class RunbookIn(In):
    template: Annotated[Line, Field(max_length=120, examples=["Full launch"])]


@releases.post(
    "/{key}/runbook",
    response={200: Page[RunbookStepOut]},
    operation_id="start_runbook",
    summary="Give a release its runbook from a template",
)
@transaction.atomic
def start(request: ApiRequest, key: ReleaseKey, given: RunbookIn) -> dict[str, Any]:
    release = request.member.editable(Release, key=key)
    made = start_runbook(release, given.template, by=request.member)
    rows = steps.rows(request.member).filter(pk__in=[step.pk for step in made])
    return {"items": rows.order_by("number"), "next": None}


# --- the log -----------------------------------------------------------------------------------------


class LaunchEntryOut(Out):
    number: int = Field(validation_alias="pk")
    at: datetime
    by: MaybePointer = Field(description="The member; null where they were erased.")
    release: Pointer
    step: MaybePointer = Field(description="The step that was ticked; null for a remark.")
    status: str = Field(description="What it was marked as; empty for a remark.", examples=["done"])
    text: str


class LaunchEntryFilters(Asked):
    release: list[ReleaseKey] = []
    step: list[StepKey] = []


class LaunchLog(Listing):
    singly = False


log = LaunchLog(
    LaunchEntry,
    "launch-log",
    read=LaunchEntryOut,
    filters=LaunchEntryFilters,
    orders={"-at": by("id")},
    joins=("by__user", "release", "step"),
    field="pk",
    tag="Launch log",
)


class RemarkIn(In):
    text: Annotated[Line, Field(max_length=2000, examples=["The status page was slow for two minutes."])]


@releases.post(
    "/{key}/launch-log",
    response={201: LaunchEntryOut},
    operation_id="remark_on_launch",
    summary="Note something in the log of a launch",
)
@transaction.atomic
def remark(request: ApiRequest, key: ReleaseKey, given: RemarkIn) -> LaunchEntry:
    """It stays: nobody changes or deletes it. Whoever may comment may note."""
    if not request.member.reads_all:
        raise request.member.turned_away(Release, number=PointsTo.number(key))
    release = request.member.visible(Release, key=key)
    return LaunchEntry.objects.remark(release, given.text, by=request.member)
