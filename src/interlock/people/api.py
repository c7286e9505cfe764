from datetime import date
from typing import Annotated

from django.utils import timezone
from pydantic import BeforeValidator, Field

from interlock.organisation.api import BY_NAME, DepartmentKey, PersonKey, ProductKey, SinceIn
from interlock.organisation.models import Department, Person, Product
from interlock.people.models import Audience, Channel, Role
from interlock.workspaces.rest import (
    ApiRequest,
    Day,
    Filters,
    In,
    Line,
    MaybePointer,
    OneOf,
    OrNone,
    Out,
    Pointer,
    PointsTo,
    Resource,
    Text,
    Versioned,
    rows_of,
)

RoleKey = Annotated[str, PointsTo(Role)]
AudienceKey = Annotated[str, PointsTo(Audience)]


class RoleIn(In):
    name: Annotated[Line, Field(max_length=120, examples=["Product Manager"])]
    product: Annotated[ProductKey | None, Field(description="Of which product, where it is of one.")] = None
    department: DepartmentKey | None = None
    purpose: Annotated[Text, Field(max_length=2000)] = ""


class AssignmentOut(Out):
    """Of today, of before or to come."""

    person: Pointer
    starts_on: date | None = Field(description="The first day; null where it is not known.")
    ends_on: date | None = Field(description="The first day on which they no longer hold it.")


class RoleOut(Versioned):
    name: str
    product: MaybePointer
    department: MaybePointer
    purpose: str
    holders: Annotated[list[AssignmentOut], Field(validation_alias="assignments"), BeforeValidator(rows_of)]


class RoleFilters(Filters):
    product: list[Annotated[str, OrNone(Product)]] = []
    department: list[Annotated[str, OrNone(Department)]] = []


roles = Resource(
    Role,
    "roles",
    read=RoleOut,
    create=RoleIn,
    filters=RoleFilters,
    orders=BY_NAME,
    joins=("product", "department"),
    fetch=("assignments__person",),
)


@roles.put("/{key}/holders/{person}", response={200: RoleOut}, operation_id="assign_role", summary="Assign a role")
def assign(request: ApiRequest, key: RoleKey, person: PersonKey, given: SinceIn) -> Role:
    role = request.member.editable(Role, key=key)
    holder = request.member.visible(Person, key=person)
    role.assign(holder, by=request.member, on=given.on or timezone.localdate())
    return roles.one(request.member, key)


@roles.delete(
    "/{key}/holders/{person}",
    response={200: RoleOut},
    operation_id="relieve_role",
    summary="Relieve somebody of a role",
)
def relieve(request: ApiRequest, key: RoleKey, person: PersonKey, on: Day | None = None) -> Role:
    """`on`: the first day on which they no longer hold it; today, unless told."""
    role = request.member.editable(Role, key=key)
    role.relieve(request.member.visible(Person, key=person), by=request.member, on=on or timezone.localdate())
    return roles.one(request.member, key)


class AudienceIn(In):
    name: Annotated[Line, Field(max_length=120, examples=["Partners"])]
    description: Annotated[Text, Field(max_length=2000)] = ""
    kind: Annotated[str, OneOf(Audience.Kind)] = Audience.Kind.EXTERNAL.value
    faces_customers: Annotated[
        bool, Field(description="They answer customers, so they are to know before customers do.")
    ] = False
    department: Annotated[DepartmentKey | None, Field(description="Which speaks to them.")] = None
    owner: PersonKey | None = None
    channels: Annotated[
        list[Annotated[str, OneOf(Channel)]],
        Field(max_length=len(Channel), description="By which they can be reached; empty: by any."),
    ] = []


class AudienceOut(Versioned):
    name: str
    description: str
    kind: Annotated[str, OneOf(Audience.Kind)]
    faces_customers: bool
    department: MaybePointer
    owner: MaybePointer
    channels: list[str]


class AudienceFilters(Filters):
    kind: list[Annotated[str, OneOf(Audience.Kind)]] = []
    department: list[Annotated[str, OrNone(Department)]] = []
    owner: list[Annotated[str, OrNone(Person)]] = []


audiences = Resource(
    Audience,
    "audiences",
    read=AudienceOut,
    create=AudienceIn,
    filters=AudienceFilters,
    orders=BY_NAME,
    joins=("department", "owner"),
)
