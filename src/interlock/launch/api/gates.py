from datetime import date, datetime
from typing import Annotated, Any

from django.db import transaction
from django.http import Http404
from django.utils import timezone
from pydantic import Field

from interlock.launch.models import Choice, Gate, GateCriterion, GateDecision, Vote
from interlock.launch.standing import Seat, Standing, standings
from interlock.organisation.api import DepartmentKey, PersonKey
from interlock.organisation.models import Department, Person
from interlock.people.api import RoleKey
from interlock.people.models import Role
from interlock.releases.api import ReleaseKey, TaskKey
from interlock.releases.api.releases import releases
from interlock.releases.models import Release, Task
from interlock.strategy.api import MetricKey
from interlock.strategy.models import Metric
from interlock.workspaces.rest import (
    Address,
    ApiRequest,
    Asked,
    Day,
    Filters,
    In,
    Line,
    Listing,
    MaybePointer,
    Measure,
    Number,
    OneOf,
    OrNone,
    Out,
    Pointer,
    Pointers,
    PointsTo,
    Resource,
    Text,
    Versioned,
    Where,
    by,
    by_date,
)

GateKey = Annotated[str, PointsTo(Gate)]
CriterionKey = Annotated[str, PointsTo(GateCriterion)]


class GateIn(In):
    release: ReleaseKey
    name: Annotated[Line, Field(max_length=120, examples=["Go or no-go"])]
    milestone: Annotated[TaskKey | None, Field(description="The milestone to which it is tied.")] = None
    decide_by: Day | None = None
    quorum: Annotated[
        int | None,
        Field(ge=1, le=100, description="How many must have voted from `decide_by` on; null: all who approve it."),
    ] = None
    required: bool = True
    approving_roles: Annotated[list[RoleKey], Field(max_length=50)] = []
    approving_people: Annotated[list[PersonKey], Field(max_length=50)] = []


class GateOut(Versioned):
    release: Pointer
    name: str
    milestone: MaybePointer
    decide_by: date | None
    quorum: int | None
    required: bool
    approving_roles: Pointers
    approving_people: Pointers


class GateFilters(Filters):
    release: list[ReleaseKey] = []
    required: bool | None = None


gates = Resource(
    Gate,
    "gates",
    read=GateOut,
    create=GateIn,
    fixed=("release",),
    filters=GateFilters,
    orders={"number": by("number"), "decide_by": by_date("decide_by"), "changed_at": by("changed_at", "number")},
    joins=("release__workspace", "milestone"),
    seen={"approving_roles": lambda member: Role.objects.visible_to(member).named(), "approving_people": Person},
)


class CriterionIn(In):
    gate: GateKey
    text: Annotated[Line, Field(max_length=300, examples=["Help articles are out"])]
    department: DepartmentKey | None = None
    owner: PersonKey | None = None
    kind: Annotated[str, OneOf(GateCriterion.Kind)] = GateCriterion.Kind.WORD.value
    link: Annotated[str, Field(max_length=1000, pattern=r"^(https?://[^\s\x00]+)?$", examples=[""])] = ""
    metric: MetricKey | None = None
    comparison: Annotated[str, OneOf(GateCriterion.Comparison)] = GateCriterion.Comparison.AT_LEAST.value
    bound: Measure | None = None
    task: TaskKey | None = None
    rule: Annotated[str, Field(pattern="^([A-Z]{2}[0-9]{3})?$", examples=[""])] = ""


class CriterionOut(Versioned):
    gate: Pointer
    text: str
    department: MaybePointer
    owner: MaybePointer
    kind: Annotated[str, OneOf(GateCriterion.Kind)]
    link: str
    metric: MaybePointer
    comparison: Annotated[str, OneOf(GateCriterion.Comparison)]
    bound: Number | None
    task: MaybePointer
    rule: str
    word: str = Field(description="`met`, `not_met`, or nothing while nobody has given their word.")
    word_note: str
    word_on: date | None


class CriterionFilters(Filters):
    gate: list[GateKey] = []
    release: Annotated[list[ReleaseKey], Where("gate__release")] = []
    department: list[Annotated[str, OrNone(Department)]] = []
    owner: list[Annotated[str, OrNone(Person)]] = []
    kind: list[Annotated[str, OneOf(GateCriterion.Kind)]] = []


criteria = Resource(
    GateCriterion,
    "gate-criteria",
    read=CriterionOut,
    create=CriterionIn,
    fixed=("gate", "kind"),
    filters=CriterionFilters,
    orders={"number": by("number"), "changed_at": by("changed_at", "number")},
    joins=("gate__workspace", "gate__release", "department", "owner"),
    seen={
        "metric": Metric,
        "task": lambda member: Task.objects.visible_to(member).select_related("workstream__release"),
    },
)


class WordIn(In):
    word: Annotated[str, OneOf(GateCriterion.Word)]
    note: Annotated[Text, Field(max_length=300, description="What it rests on.")] = ""


@criteria.put(
    "/{key}/word",
    response={200: CriterionOut},
    operation_id="give_word",
    summary="Give your word that a criterion is met, or that it is not",
)
@transaction.atomic
def give_word(request: ApiRequest, key: CriterionKey, given: WordIn) -> GateCriterion:
    request.member.editable(GateCriterion, key=key).say(given.word, note=given.note, by=request.member)
    one: GateCriterion = criteria.one(request.member, key)
    return one


# --- votes and decisions: what is recorded stays -----------------------------------------------------


class VoteOut(Out):
    key: str = Field(examples=["VOTE-1"])
    gate: Pointer
    round: int = Field(description="How many decisions of the gate there had been before.")
    person: MaybePointer
    role: MaybePointer = Field(description="The role that they spoke for, where it is the role that approves.")
    choice: Annotated[str, OneOf(Choice)]
    reason: str
    recorded_by: MaybePointer
    at: datetime = Field(validation_alias="created_at")
    url: Address


class VoteFilters(Asked):
    gate: list[GateKey] = []
    release: Annotated[list[ReleaseKey], Where("gate__release")] = []
    person: list[PersonKey] = []
    choice: list[Annotated[str, OneOf(Choice)]] = []


votes = Listing(
    Vote,
    "votes",
    read=VoteOut,
    filters=VoteFilters,
    orders={"number": by("number")},
    joins=("gate__workspace", "gate__release", "person", "role__product", "recorded_by__user"),
)


class VoteIn(In):
    choice: Annotated[str, OneOf(Choice)]
    reason: Annotated[Text, Field(min_length=1, max_length=2000, examples=["Support is staffed and trained."])]
    person: Annotated[
        PersonKey | None, Field(description="An approver without an account, whose vote you write down.")
    ] = None


@gates.post("/{key}/votes", response={201: list[VoteOut]}, operation_id="vote", summary="Vote go or no-go")
@transaction.atomic
def vote(request: ApiRequest, key: GateKey, given: VoteIn) -> Any:
    """One vote for each seat that you fill among the approvers. What you voted before stays on record."""
    member = request.member
    person = member.visible(Person, key=given.person) if given.person else None
    gate = member.visible(Gate, key=key)
    made = gate.vote(given.choice, reason=given.reason, by=member, person=person, today=timezone.localdate())
    return list(votes.rows(member).filter(pk__in=[one.pk for one in made]))


class DecisionOut(Out):
    key: str = Field(examples=["GDEC-1"])
    gate: Pointer
    round: int
    outcome: Annotated[str, OneOf(Choice)]
    reason: str
    recorded_by: MaybePointer
    at: datetime = Field(validation_alias="created_at")
    record: dict[str, Any] = Field(description="How each criterion stood, and the dates.")
    url: Address


class DecisionFilters(Asked):
    gate: list[GateKey] = []
    release: Annotated[list[ReleaseKey], Where("gate__release")] = []
    outcome: list[Annotated[str, OneOf(Choice)]] = []


decisions = Listing(
    GateDecision,
    "gate-decisions",
    read=DecisionOut,
    filters=DecisionFilters,
    orders={"number": by("number")},
    joins=("gate__workspace", "gate__release", "recorded_by__user"),
)


class DecisionIn(In):
    outcome: Annotated[str, OneOf(Choice)]
    reason: Annotated[Text, Field(min_length=1, max_length=5000, examples=["All criteria are met."])]


@gates.post(
    "/{key}/decisions", response={201: DecisionOut}, operation_id="decide_gate", summary="Record what was decided"
)
@transaction.atomic
def decide(request: ApiRequest, key: GateKey, given: DecisionIn) -> Any:
    """Once all who approve it have voted; from its day on, once the quorum has. It stays as it is recorded."""
    gate = request.member.editable(Gate, key=key)
    made = gate.decide(given.outcome, reason=given.reason, by=request.member, today=timezone.localdate())
    return decisions.one(request.member, made.key)


# --- how a release stands ----------------------------------------------------------------------------


class StateOut(Out):
    criterion: Pointer
    department: MaybePointer
    state: str = Field(description="`met`, `not_met` or `unknown`.")
    evidence: str


class ApproverOut(Out):
    role: MaybePointer
    person: MaybePointer
    vacant: bool
    choice: str | None = Field(description="What was voted for it last; null while nothing was.")


class StandingOut(Out):
    gate: Pointer
    state: str = Field(examples=["Can be decided"])
    waits_for: str = Field(description="Why it cannot be decided yet; empty where it can.")
    outcome: str | None = Field(description="Of the last decision.")
    decide_by: date | None
    planned_on: date | None = Field(description="When its milestone is reached, as the plan stands.")
    likely_by: date | None = Field(description="The day by which it is reached in 85 of 100 simulations.")
    criteria: list[StateOut]
    approvers: list[ApproverOut]


@releases.get(
    "/{key}/readiness", response={200: list[StandingOut]}, operation_id="read_readiness", summary="How its gates stand"
)
def readiness(request: ApiRequest, key: ReleaseKey) -> Any:
    member = request.member
    if not member.reads_all:
        raise Http404
    release = member.visible(Release, key=key)
    found = standings(release, Gate.objects.visible_to(member).of_release(release), today=timezone.localdate())
    return [_told(one, member) for one in found]


def _told(one: Standing, member: Any) -> dict[str, Any]:
    return {
        "gate": one.gate,
        "state": one.word,
        "waits_for": one.waits,
        "outcome": one.decision and one.decision.outcome,
        "decide_by": one.gate.decide_by,
        "planned_on": one.planned_on,
        "likely_by": one.likely_by,
        "criteria": [
            {
                "criterion": each.criterion,
                "department": each.criterion.department,
                "state": each.state.code,
                "evidence": each.words,
            }
            for each in one.criteria
        ],
        "approvers": [_seat(seat, member) for seat in one.seats],
    }


def _seat(seat: Seat, member: Any) -> dict[str, Any]:
    role = seat.role if seat.role and seat.role.seen_by(member) else None
    choice = seat.vote.choice if seat.vote else None
    return {"role": role, "person": seat.person, "vacant": seat.vacant, "choice": choice}
