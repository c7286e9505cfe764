from datetime import date
from typing import Annotated, Any, Literal

from django.db.models import Exists, OuterRef
from django.http import Http404
from django.utils import timezone
from ninja import Query
from pydantic import BeforeValidator, Field

from interlock.organisation.models import Absence, Department, Identity, Person, Product, Team, TeamMembership
from interlock.organisation.models.units import COLOURS
from interlock.workspaces.models import Member
from interlock.workspaces.permissions import Action
from interlock.workspaces.rest import (
    LEFT_OUT,
    ApiRequest,
    Day,
    Email,
    Filters,
    In,
    Line,
    MaybePointer,
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
    by,
    resolve,
    rounded,
    rows_of,
)

DepartmentKey = Annotated[str, PointsTo(Department)]
TeamKey = Annotated[str, PointsTo(Team)]
PersonKey = Annotated[str, PointsTo(Person)]
ProductKey = Annotated[str, PointsTo(Product)]
MemberKey = Annotated[str, PointsTo(Member, field="pk")]

BY_NAME = {"name": by("name", "number"), "number": by("number"), "changed_at": by("changed_at", "number")}


# --- departments and teams ---------------------------------------------------------------------------


class DepartmentIn(In):
    name: Annotated[Line, Field(max_length=120, examples=["Marketing"])]
    colour: Annotated[
        int, Field(ge=1, le=COLOURS, description="Which of the eight colours it keeps everywhere; chosen, unless told.")
    ] = LEFT_OUT
    working_days: Annotated[
        list[Annotated[int, Field(ge=1, le=7)]],
        Field(min_length=1, max_length=7, description="Monday is 1.", examples=[[1, 2, 3, 4, 5]]),
    ] = LEFT_OUT
    holidays_of: Annotated[
        Line | Literal[""],
        Field(
            max_length=10, description="Whose public holidays are free: a country or a part of one.", examples=["DE-BY"]
        ),
    ] = ""
    capacity: Annotated[
        Annotated[float, Field(ge=0, le=10_000), rounded(1)] | None,
        Field(description="How many people can work on releases at once; null: as many as belong to it."),
    ] = None


class DepartmentOut(Versioned):
    name: str
    colour: int
    working_days: list[int]
    holidays_of: str
    capacity: Number | None


departments = Resource(
    Department,
    "departments",
    read=DepartmentOut,
    create=DepartmentIn,
    filters=Filters,
    orders=BY_NAME,
)


class TeamIn(In):
    name: Annotated[Line, Field(max_length=120, examples=["Payments"])]
    department: DepartmentKey
    parent: Annotated[TeamKey | None, Field(description="The team that it stands under.")] = None
    purpose: Annotated[Text, Field(max_length=2000)] = ""


class TeamOut(Versioned):
    name: str
    department: Pointer
    parent: MaybePointer
    purpose: str


class TeamFilters(Filters):
    department: list[DepartmentKey] = []
    parent: list[Annotated[str, OrNone(Team)]] = []


teams = Resource(
    Team,
    "teams",
    read=TeamOut,
    create=TeamIn,
    filters=TeamFilters,
    orders=BY_NAME,
    joins=("department", "parent"),
)


# --- people ------------------------------------------------------------------------------------------


class PersonIn(In):
    name: Annotated[Line, Field(max_length=120, examples=["Ada Byron"])]
    email: Annotated[Email | Literal[""], Field(description="Empty where it is not known.")] = ""
    title: Annotated[Text, Field(max_length=120, examples=["Product Manager"])] = ""
    department: DepartmentKey | None = None
    standing: Annotated[str, OneOf(Person.Standing)] = Person.Standing.CURRENT.value


class IdentityOut(Out):
    kind: Annotated[str, OneOf(Identity.Kind)]
    spelling: str
    source: str


class MembershipOut(Out):
    """Of today, of before or to come."""

    team: Pointer
    starts_on: date | None = Field(description="The first day; null where it is not known.")
    ends_on: date | None = Field(description="The first day on which they are no longer in it.")


class PersonOut(Versioned):
    name: str
    email: str
    title: str
    department: MaybePointer
    standing: Annotated[str, OneOf(Person.Standing)]
    member: MaybePointer = Field(description="Their seat in the workspace, where they have one.")
    identities: Annotated[list[IdentityOut], BeforeValidator(rows_of)]
    memberships: Annotated[list[MembershipOut], BeforeValidator(rows_of)]


class PersonFilters(Filters):
    department: list[Annotated[str, OrNone(Department)]] = []
    standing: list[Annotated[str, OneOf(Person.Standing)]] = []
    teams: Annotated[list[Annotated[str, OrNone(Team)]], Field(description="Of which team they are today.")] = []

    def where_teams(self, rows: Any, value: list[str]) -> Any:
        current = TeamMembership.objects.filter(person=OuterRef("pk")).current(today=timezone.localdate())
        asked = Exists(current.filter(team__number__in=[number for one in value if (number := Team.number_of(one))]))
        return rows.filter(asked | ~Exists(current) if "none" in value else asked)


people = Resource(
    Person,
    "people",
    read=PersonOut,
    create=PersonIn,
    filters=PersonFilters,
    orders=BY_NAME,
    joins=("department", "member__user"),
    fetch=("identities", "memberships__team"),
)


class IdentityIn(In):
    kind: Annotated[str, OneOf(Identity.Kind)]
    spelling: Annotated[Line, Field(max_length=200, examples=["@ada"])]


@people.post("/{key}/identities", response={201: PersonOut}, operation_id="add_identity", summary="Note an identity")
def add_identity(request: ApiRequest, key: PersonKey, given: IdentityIn) -> Person:
    """An address, handle or name by which some system knows this person."""
    person = request.member.editable(Person, key=key)
    person.identify(given.spelling, kind=given.kind, source="api", by=request.member)
    return people.one(request.member, key)


@people.delete("/{key}/identities", response={200: PersonOut}, operation_id="drop_identity", summary="Drop an identity")
def drop_identity(
    request: ApiRequest, key: PersonKey, kind: Annotated[str, OneOf(Identity.Kind)], spelling: Annotated[Line, Query()]
) -> Person:
    person = request.member.editable(Person, key=key)
    identity = person.identities.filter(kind=kind, folded=Identity.fold(spelling)).first()
    if identity is None:
        raise Http404
    person.unidentify(identity, by=request.member)
    return people.one(request.member, key)


class SinceIn(In):
    on: Annotated[Day | None, Field(description="From which day; today, unless told.")] = None


@people.put("/{key}/teams/{team}", response={200: PersonOut}, operation_id="join_team", summary="Join a team")
def join_team(request: ApiRequest, key: PersonKey, team: TeamKey, given: SinceIn) -> Person:
    person = request.member.editable(Person, key=key)
    joined = request.member.visible(Team, key=team)
    person.join(joined, by=request.member, on=given.on or timezone.localdate())
    return people.one(request.member, key)


@people.delete("/{key}/teams/{team}", response={200: PersonOut}, operation_id="leave_team", summary="Leave a team")
def leave_team(request: ApiRequest, key: PersonKey, team: TeamKey, on: Day | None = None) -> Person:
    """`on`: the first day on which they are no longer in it; today, unless told."""
    person = request.member.editable(Person, key=key)
    person.leave(request.member.visible(Team, key=team), by=request.member, on=on or timezone.localdate())
    return people.one(request.member, key)


@people.post("/{key}/departure", response={200: PersonOut}, operation_id="depart", summary="Leave the organisation")
def depart(request: ApiRequest, key: PersonKey, given: SinceIn) -> Person:
    """They leave their teams, and what they hold is vacant. Said once it is so: a day to come is refused."""
    person = request.member.editable(Person, key=key)
    today = timezone.localdate()
    person.depart(by=request.member, on=given.on or today, today=today)
    return people.one(request.member, key)


class SeatIn(In):
    member: MemberKey | None


@people.put("/{key}/member", response={200: PersonOut}, operation_id="link_person", summary="Say whose account it is")
def link_person(request: ApiRequest, key: PersonKey, given: SeatIn) -> Person:
    """It hands over what the person owns, so it takes whoever manages members."""
    person = request.member.visible(Person, key=key)
    request.member.require(Action.MANAGE_MEMBERS)
    person.link(resolve(given, member=request.member)["member"], by=request.member)
    return people.one(request.member, key)


@people.post("/{key}/erasure", response={200: PersonOut}, operation_id="erase_person", summary="Erase a person")
def erase_person(request: ApiRequest, key: PersonKey) -> Person:
    """Forgets who this was: name, addresses, handles, the account. The history keeps the key. Cannot be undone."""
    person = request.member.visible(Person, key=key)
    request.member.require(Action.MANAGE_MEMBERS)
    person.erase(by=request.member, on=timezone.localdate())
    return people.one(request.member, key)


# --- products ----------------------------------------------------------------------------------------


class ProductIn(In):
    name: Annotated[Line, Field(max_length=120, examples=["Payments"])]
    description: Annotated[Text, Field(max_length=10_000)] = ""


class ProductOut(Versioned):
    name: str
    description: str
    restricted: bool = Field(description="Whether only listed members and teams see it.")
    members: Annotated[Pointers, Field(description="Those listed; empty for whoever may not say who sees it.")]
    teams: Annotated[Pointers, Field(description="The same.")]


def _listed(model: type[Any]) -> Any:
    """Who is listed is told to those who list them."""

    def rows(member: Member) -> Any:
        known = (
            model._default_manager.visible_to(member) if member.can(Action.CONFIGURE) else model._default_manager.none()
        )
        return known.select_related("user") if model is Member else known

    return rows


products = Resource(
    Product,
    "products",
    read=ProductOut,
    create=ProductIn,
    filters=Filters,
    orders=BY_NAME,
    seen={"members": _listed(Member), "teams": _listed(Team)},
)


class AccessIn(In):
    restricted: bool
    members: Annotated[list[MemberKey], Field(max_length=500)] = []
    teams: Annotated[list[TeamKey], Field(max_length=500)] = []


@products.put(
    "/{key}/access", response={200: ProductOut}, operation_id="set_product_access", summary="Say who sees a product"
)
def set_access(request: ApiRequest, key: ProductKey, given: AccessIn) -> Any:
    product = request.member.visible(Product, key=key)
    request.member.require(Action.CONFIGURE)
    # Said whole: a list that is left out is empty.
    lists = {"members": [], "teams": []} | resolve(given, member=request.member)
    product.change(by=request.member, **lists)
    return products.one(request.member, key)


# --- absences ----------------------------------------------------------------------------------------


class AbsenceIn(In):
    person: PersonKey
    starts_on: Day
    ends_on: Annotated[Day, Field(description="The last day of it.")]


class AbsenceOut(Versioned):
    person: Pointer
    starts_on: date
    ends_on: date


class AbsenceFilters(Filters):
    person: list[PersonKey] = []


absences = Resource(
    Absence,
    "absences",
    read=AbsenceOut,
    create=AbsenceIn,
    fixed=("person",),
    filters=AbsenceFilters,
    orders={"starts_on": by("starts_on", "number"), "number": by("number"), "changed_at": by("changed_at", "number")},
    joins=("person__workspace",),
)
