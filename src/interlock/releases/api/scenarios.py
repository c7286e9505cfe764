from datetime import date, datetime
from typing import Annotated, Any

from django.db import transaction
from django.http import Http404
from pydantic import Field

from interlock.organisation.models.product import products_seen
from interlock.releases.api.releases import ReleaseKey, releases
from interlock.releases.models import Computation, Forecast, PlanRun, Release, Scenario, ScenarioRun
from interlock.releases.what_if import LONGEST_LINE, MOST
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member
from interlock.workspaces.rest import (
    ApiRequest,
    Filters,
    In,
    Line,
    OneOf,
    Out,
    Pointer,
    PointsTo,
    Resource,
    Text,
    Versioned,
    by,
)

ScenarioKey = Annotated[str, PointsTo(Scenario)]


class ComputationOut(Out):
    """How far it is, and what came of it."""

    state: Annotated[str, OneOf(Computation.State)]
    behind: bool = Field(description="Something was changed since; it is being computed, or waits for its turn.")
    doing: str = Field(description="What is being done, in words.")
    share: float = Field(description="Of what is being done, from 0 to 1.")
    at: datetime | None = Field(description="When it was computed last.")


class LeverOut(Out):
    words: str
    days: float = Field(description="By which the 85% date is earlier.")
    percent: int = Field(description="The chance of the target with it.")
    costs: list[str] = Field(description="What becomes of other releases.")
    changes: list[str] = Field(description="The same as changes of a scenario; none, where it cannot be tried.")


class ForecastOut(Out):
    at: datetime
    target_on: date | None
    planned_on: date = Field(description="The last day of work.")
    p50_on: date
    p85_on: date
    p95_on: date
    chance: float | None = Field(description="Of the target.")
    runs: int


class PlanOut(Out):
    computation: ComputationOut | None
    forecast: ForecastOut | None
    levers: list[LeverOut] = Field(description="What would bring it back; of a release that is likely in time, none.")
    says: str = Field(description="What contradicts each other; for those who see every product.")


def _plan_of(release: Release, member: Member) -> dict[str, Any]:
    run = PlanRun.objects.filter(workspace=member.workspace_id).first()
    forecast = Forecast.objects.visible_to(member).newest().filter(release=release).first()
    return {
        "computation": run,
        "forecast": forecast,
        "levers": forecast.levers_for(member) if forecast else [],
        "says": run.says if run and products_seen(member) is None else "",
    }


def _release(request: ApiRequest, key: str, *, edit: bool = False) -> Release:
    """Guests see the release, and not its plan."""
    member = request.member
    if not member.reads_all:
        raise Http404
    found: Release = member.editable(Release, key=key) if edit else member.visible(Release, key=key)
    return found


@releases.get("/{key}/plan", response={200: PlanOut}, operation_id="get_plan", summary="Read a release's forecast")
def get_plan(request: ApiRequest, key: ReleaseKey) -> Any:
    """`GET /tasks?release=R-1` lists the tasks with their dates."""
    return _plan_of(_release(request, key), request.member)


@releases.post(
    "/{key}/plan/computation", response={200: PlanOut}, operation_id="compute_plan", summary="Compute the plan anew"
)
def compute_plan(request: ApiRequest, key: ReleaseKey) -> Any:
    """With all other open releases, in the background. Every change of a plan does so by itself."""
    release = _release(request, key, edit=True)
    PlanRun.objects.want_for(request.member.workspace_id)
    return _plan_of(release, request.member)


@releases.delete(
    "/{key}/plan/computation", response={200: PlanOut}, operation_id="stop_plan", summary="Stop computing the plan"
)
def stop_plan(request: ApiRequest, key: ReleaseKey) -> Any:
    """The dates stay what they were, until the next change."""
    release = _release(request, key, edit=True)
    run = PlanRun.objects.filter(workspace=request.member.workspace_id).first()
    if run:
        run.stop()
    return _plan_of(release, request.member)


# --- scenarios -----------------------------------------------------------------------------------------

Change = Annotated[Line, Field(max_length=LONGEST_LINE, examples=["target 2030-01-31"])]


class ScenarioIn(In):
    release: ReleaseKey
    name: Annotated[Line, Field(max_length=120, examples=["Later, and whole"])]
    note: Annotated[Text, Field(max_length=10_000, description="Markdown.")] = ""
    changes: Annotated[
        list[Change], Field(max_length=MOST, description="Lines as `interlock plan --what-if` takes them.")
    ] = []


class FiguresOut(Out):
    target_on: date | None
    planned_on: date
    p50_on: date
    p85_on: date
    p95_on: date
    chance: float | None


class SideOut(Out):
    release: FiguresOut | None = Field(description="Of the scenario's own release.")
    person_days: float = Field(description="Of work that is left in it.")
    load: dict[str, float] = Field(description="Of each department that works on it, the share that is planned.")


class ScenarioOutcomeOut(Out):
    before: SideOut | None
    after: SideOut | None
    overtaken: bool = Field(description="The plan was changed after this was computed.")
    computation: ComputationOut


class ScenarioOut(Versioned):
    release: Pointer
    name: str
    note: str
    status: Annotated[str, OneOf(Scenario.Status)]
    changes: list[str]


class ScenarioFilters(Filters):
    release: list[ReleaseKey] = []
    status: list[Annotated[str, OneOf(Scenario.Status)]] = []


scenarios = Resource(
    Scenario,
    "scenarios",
    read=ScenarioOut,
    create=ScenarioIn,
    fixed=("release",),
    filters=ScenarioFilters,
    orders={"number": by("number"), "name": by("name", "number"), "changed_at": by("changed_at", "number")},
    joins=("release__workspace",),
)


def _outcome(scenario: Scenario) -> dict[str, Any]:
    run = ScenarioRun.objects.filter(scenario=scenario).first() or ScenarioRun(scenario=scenario)
    key = scenario.release.key
    before, after = (
        {"release": side["releases"].get(key), "person_days": side["person_days"], "load": side["load"]}
        if side
        else None
        for side in (run.before, run.after)
    )
    return {"before": before, "after": after, "overtaken": run.overtaken, "computation": run}


@scenarios.get(
    "/{key}/outcome",
    response={200: ScenarioOutcomeOut},
    operation_id="get_outcome",
    summary="Read what a scenario would do",
)
def get_outcome(request: ApiRequest, key: ScenarioKey) -> Any:
    """Computed in the background, beside the plan as it is and with the same luck."""
    return _outcome(request.member.visible(Scenario, key=key))


@scenarios.post(
    "/{key}/computation", response={200: ScenarioOutcomeOut}, operation_id="compute_scenario", summary="Compute it anew"
)
def compute_scenario(request: ApiRequest, key: ScenarioKey) -> Any:
    """Every change of its own does so by itself; a change of the plan does not."""
    scenario: Scenario = request.member.editable(Scenario, key=key)
    if not scenario.open:
        raise DomainError(f"{scenario.key} is applied already.")
    scenario.compute()
    return _outcome(scenario)


@scenarios.delete(
    "/{key}/computation", response={200: ScenarioOutcomeOut}, operation_id="stop_scenario", summary="Stop computing it"
)
def stop_scenario(request: ApiRequest, key: ScenarioKey) -> Any:
    scenario: Scenario = request.member.editable(Scenario, key=key)
    ScenarioRun.objects.get_or_create(scenario=scenario)[0].stop()
    return _outcome(scenario)


@scenarios.post(
    "/{key}/application", response={200: ScenarioOut}, operation_id="apply_scenario", summary="Apply it to the plan"
)
@transaction.atomic
def apply_scenario(request: ApiRequest, key: ScenarioKey) -> Any:
    """All of its changes, or none: refused where the plan is no longer what it was when they were written down."""
    request.member.editable(Scenario, key=key).apply(by=request.member)
    return scenarios.one(request.member, key)
