from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

from django.db import transaction
from django.http import Http404, HttpResponseBase
from django.utils import timezone
from ninja import Query
from pydantic import Field

from interlock.backlog.api import FeatureKey
from interlock.backlog.models import Feature
from interlock.organisation.api import DepartmentKey, PersonKey
from interlock.organisation.models import Person
from interlock.releases import files
from interlock.releases.api.releases import ReleaseKey, ReleaseOut, releases
from interlock.releases.models import PlanBaseline, Release, ReleaseTemplate, Task, TaskLink, Workstream
from interlock.releases.plans import Plan
from interlock.workspaces.errors import DomainError
from interlock.workspaces.rest import (
    ApiRequest,
    Day,
    Filters,
    In,
    Line,
    MaybePointer,
    Number,
    OneOf,
    OrNone,
    Out,
    Pointer,
    PointsTo,
    Resource,
    Text,
    Versioned,
    Where,
    by,
    by_date,
    rounded,
)

WorkstreamKey = Annotated[str, PointsTo(Workstream)]
TaskKey = Annotated[str, PointsTo(Task)]
Days = Annotated[float, Field(ge=0, le=1000), rounded(1)]


class WorkstreamIn(In):
    release: ReleaseKey
    department: DepartmentKey
    owner: PersonKey | None = None
    note: Annotated[Text, Field(max_length=2000)] = ""


class WorkstreamOut(Versioned):
    release: Pointer
    department: Pointer
    owner: MaybePointer
    note: str


class WorkstreamFilters(Filters):
    release: list[ReleaseKey] = []
    department: list[DepartmentKey] = []
    owner: list[Annotated[str, OrNone(Person)]] = []


workstreams = Resource(
    Workstream,
    "workstreams",
    read=WorkstreamOut,
    create=WorkstreamIn,
    fixed=("release", "department"),
    filters=WorkstreamFilters,
    orders={"number": by("number"), "changed_at": by("changed_at", "number")},
    joins=("release__workspace", "department", "owner"),
)


class TaskIn(In):
    workstream: WorkstreamKey
    title: Annotated[Line, Field(max_length=300, examples=["Write the help articles"])]
    description: Annotated[Text, Field(max_length=100_000, description="Markdown.")] = ""
    kind: Annotated[str, OneOf(Task.Kind)] = Task.Kind.TASK.value
    status: Annotated[str, OneOf(Task.Status)] = Task.Status.TODO.value
    enablement: Annotated[
        bool, Field(description="It readies those who answer customers, so it is to end before customers have it.")
    ] = False
    owner: PersonKey | None = None
    feature: FeatureKey | None = None
    optimistic: Annotated[Days | None, Field(description="Working days if all goes well.")] = None
    likely: Annotated[Days | None, Field(description="Working days, most likely.", examples=[5])] = None
    pessimistic: Annotated[Days | None, Field(description="Working days if much goes wrong.")] = None
    remaining: Annotated[Days | None, Field(description="Working days that are left, once it is begun.")] = None
    people: Annotated[int, Field(ge=1, le=1000, description="How many work on it at once.")] = 1
    not_before: Day | None = None
    fixed_on: Day | None = None
    deadline: Day | None = None
    started_on: Day | None = None
    done_on: Day | None = None


class DatesOut(Out):
    starts_on: date
    ends_on: date = Field(description="The last day of work.")
    slack: int | None = Field(description="Days by which it may slip before the release does.")
    critical: bool
    likely_by: date | None = Field(description="The day by which it is done in 85 of 100 simulations.")
    criticality: float | None = Field(description="The share of simulations in which it holds the release up.")


class TaskOut(Versioned):
    workstream: Pointer
    title: str
    description: str
    kind: Annotated[str, OneOf(Task.Kind)]
    status: Annotated[str, OneOf(Task.Status)]
    enablement: bool
    owner: MaybePointer
    feature: MaybePointer
    optimistic: Number | None
    likely: Number | None
    pessimistic: Number | None
    remaining: Number | None
    people: int
    not_before: date | None
    fixed_on: date | None
    deadline: date | None
    started_on: date | None
    done_on: date | None
    dates: DatesOut | None = Field(None, description="As the plan stands; null until it is computed.")


class TaskFilters(Filters):
    workstream: list[WorkstreamKey] = []
    release: Annotated[list[ReleaseKey], Where("workstream__release")] = []
    department: Annotated[list[DepartmentKey], Where("workstream__department")] = []
    status: list[Annotated[str, OneOf(Task.Status)]] = []
    kind: list[Annotated[str, OneOf(Task.Kind)]] = []
    owner: list[Annotated[str, OrNone(Person)]] = []
    feature: list[Annotated[str, OrNone(Feature)]] = []


tasks = Resource(
    Task,
    "tasks",
    read=TaskOut,
    create=TaskIn,
    filters=TaskFilters,
    orders={"number": by("number"), "deadline": by_date("deadline"), "changed_at": by("changed_at", "number")},
    joins=("workstream__release", "workstream__department", "owner", "dates"),
    seen={"feature": Feature},
)


class TaskLinkIn(In):
    task: TaskKey
    predecessor: TaskKey
    kind: Annotated[str, OneOf(TaskLink.Kind)] = TaskLink.Kind.FINISH_START.value
    lag_days: Annotated[
        int,
        Field(ge=-1000, le=1000, description="Days between, weekends included; negative: they may overlap."),
    ] = 0


class TaskLinkOut(Versioned):
    task: Pointer
    predecessor: Pointer
    kind: Annotated[str, OneOf(TaskLink.Kind)]
    lag_days: int


class TaskLinkFilters(Filters):
    task: list[TaskKey] = []
    predecessor: list[TaskKey] = []
    release: Annotated[list[ReleaseKey], Where("task__workstream__release")] = []


task_links = Resource(
    TaskLink,
    "task-links",
    read=TaskLinkOut,
    create=TaskLinkIn,
    fixed=("task", "predecessor"),
    filters=TaskLinkFilters,
    orders={"number": by("number"), "changed_at": by("changed_at", "number")},
    joins=("task__workspace", "predecessor"),
)


class ReleaseTemplateIn(In):
    name: Annotated[Line, Field(max_length=120, examples=["Full launch"])]
    tier: Annotated[int, OneOf(Release.Tier)] = Release.Tier.FEATURE.value
    description: Annotated[Text, Field(max_length=300)] = ""
    plan: Annotated[
        Text, Field(max_length=100_000, examples=["Support:\n  - {id: help, title: Help articles, ends: 5}"])
    ]


class ReleaseTemplateOut(Versioned):
    name: str
    tier: Annotated[int, OneOf(Release.Tier)]
    description: str
    plan: str


release_templates = Resource(
    ReleaseTemplate,
    "release-templates",
    read=ReleaseTemplateOut,
    create=ReleaseTemplateIn,
    filters=Filters,
    orders={"number": by("number"), "name": by("name", "number"), "changed_at": by("changed_at", "number")},
)


class StartIn(In):
    template: Annotated[Line, Field(max_length=120, examples=["Full launch"])]
    left_out: Annotated[
        list[Annotated[Line, Field(max_length=120)]],
        Field(max_length=100, description="Departments of the template that have no part in this release."),
    ] = []


@releases.post(
    "/{key}/plan",
    response={200: ReleaseOut},
    operation_id="start_plan",
    summary="Give a release its plan from a template",
)
@transaction.atomic
def start_plan(request: ApiRequest, key: ReleaseKey, given: StartIn) -> Release:
    """Workstreams, tasks and links, counted back from the target. `GET /tasks?release=R-1` lists what was made."""
    release = request.member.editable(Release, key=key)
    template = ReleaseTemplate.objects.called_or_shipped(given.template, by=request.member)
    if template is None:
        raise DomainError("There is no such template.", field="template")
    template.start(release, by=request.member, left_out=given.left_out)
    return releases.one(request.member, key)


# --- what it is held against ----------------------------------------------------------------------------


class AgreedOut(Out):
    task: str = Field(examples=["TASK-1"])
    starts_on: date
    ends_on: date


class BaselineOut(Out):
    kept_at: datetime
    dates: list[AgreedOut] = Field(description="When each task was to be done on the day on which they were kept.")


def _told(baseline: PlanBaseline | None) -> dict[str, Any]:
    if baseline is None:
        raise Http404
    spans = baseline.spans.items()
    dates = [{"task": key, "starts_on": first, "ends_on": last} for key, (first, last) in spans]
    return {"kept_at": baseline.kept_at, "dates": dates}


@releases.get(
    "/{key}/plan/baseline",
    response={200: BaselineOut},
    operation_id="read_baseline",
    summary="Read the baseline of a release's plan",
)
def read_baseline(request: ApiRequest, key: ReleaseKey) -> dict[str, Any]:
    """The newest; 404 where none is kept."""
    release = request.member.visible(Release, key=key)
    return _told(PlanBaseline.objects.visible_to(request.member).of(release))


@releases.post(
    "/{key}/plan/baseline",
    response={201: BaselineOut},
    operation_id="keep_baseline",
    summary="Keep the dates of a release's plan as baseline",
)
def keep_baseline(request: ApiRequest, key: ReleaseKey) -> dict[str, Any]:
    release = request.member.editable(Release, key=key)
    return _told(PlanBaseline.objects.keep(release, by=request.member))


@releases.delete(
    "/{key}/plan/baseline",
    response={204: None},
    operation_id="take_baseline_back",
    summary="Take the newest baseline of a release back",
)
def take_baseline_back(request: ApiRequest, key: ReleaseKey) -> None:
    """The one before it counts again."""
    release = request.member.editable(Release, key=key)
    kept = PlanBaseline.objects.visible_to(request.member).of(release)
    if kept is None:
        raise Http404
    kept.take_back(by=request.member)


# --- the plan as a file --------------------------------------------------------------------------------

SUMMARIES = {
    "svg": "Fetch a release's plan as a picture (SVG)",
    "png": "Fetch a release's plan as a picture (PNG)",
    "csv": "Fetch a release's plan as a table (CSV)",
    "ics": "Fetch a release's plan as a calendar (iCalendar)",
    "xml": "Fetch a release's plan for Microsoft Project (XML)",
}


class FileIn(In):
    zoom: Annotated[
        str, Field(pattern="^(days|weeks|months|quarters)?$", description="Of a picture: how wide a day is.")
    ] = ""


Zoomed: Any = Query(...)


def _fetched_as(ending: str) -> Callable[..., HttpResponseBase]:
    def fetch(request: ApiRequest, key: ReleaseKey, asked: FileIn = Zoomed) -> HttpResponseBase:
        plan = Plan.of(request.member.visible(Release, key=key), by=request.member, described=True)
        return files.answer(plan, ending, by=request.member, today=timezone.localdate(), zoom=asked.zoom)

    return fetch


for ending, kind in files.KINDS.items():
    schema = {"type": "string", "format": "binary"} if ending == "png" else {"type": "string"}
    releases.get(
        f"/{{key}}/plan/{ending}",
        response={200: None},
        operation_id=f"fetch_plan_{ending}",
        summary=SUMMARIES[ending],
        openapi_extra={"responses": {200: {"content": {kind.content_type: {"schema": schema}}}}},
    )(_fetched_as(ending))
