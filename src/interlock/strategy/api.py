from datetime import date
from typing import Annotated

from pydantic import Field

from interlock.organisation.api import DepartmentKey, PersonKey, ProductKey, TeamKey
from interlock.organisation.models import Department, Person, Product, Team
from interlock.people.api import RoleKey
from interlock.people.models import Role
from interlock.strategy.models import KeyResult, Measurement, Metric, Objective
from interlock.workspaces.rest import (
    Day,
    Filters,
    In,
    Line,
    MaybePointer,
    Measure,
    Number,
    OneOf,
    OrNone,
    Pointer,
    PointsTo,
    Resource,
    Text,
    Versioned,
    by,
    by_date,
)

ObjectiveKey = Annotated[str, PointsTo(Objective)]


class ObjectiveIn(In):
    title: Annotated[Line, Field(max_length=200, examples=["Halve the time to the first answer"])]
    description: Annotated[Text, Field(max_length=100_000, description="Markdown.")] = ""
    status: Annotated[str, OneOf(Objective.Status)] = Objective.Status.OPEN.value
    parent: Annotated[ObjectiveKey | None, Field(description="The objective that it serves.")] = None
    product: ProductKey | None = None
    department: DepartmentKey | None = None
    team: TeamKey | None = None
    owner: PersonKey | None = None
    owner_role: RoleKey | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None


class ObjectiveOut(Versioned):
    title: str
    description: str
    status: Annotated[str, OneOf(Objective.Status)]
    parent: MaybePointer
    product: MaybePointer
    department: MaybePointer
    team: MaybePointer
    owner: MaybePointer
    owner_role: MaybePointer
    starts_on: date | None
    ends_on: date | None
    period: str = Field(description="The dates as people say them.", examples=["Q4 2026"])


class ObjectiveFilters(Filters):
    status: list[Annotated[str, OneOf(Objective.Status)]] = []
    parent: list[Annotated[str, OrNone(Objective)]] = []
    product: list[Annotated[str, OrNone(Product)]] = []
    department: list[Annotated[str, OrNone(Department)]] = []
    team: list[Annotated[str, OrNone(Team)]] = []
    owner: list[Annotated[str, OrNone(Person)]] = []


objectives = Resource(
    Objective,
    "objectives",
    read=ObjectiveOut,
    create=ObjectiveIn,
    filters=ObjectiveFilters,
    orders={"number": by("number"), "title": by("title", "number"), "ends_on": by_date("ends_on")}
    | {"changed_at": by("changed_at", "number")},
    joins=("product", "department", "team", "owner"),
    seen={"parent": Objective, "owner_role": Role},
)


class KeyResultIn(In):
    objective: ObjectiveKey
    title: Annotated[Line, Field(max_length=200, examples=["First answer within 4 hours"])]
    unit: Annotated[Text, Field(max_length=40, examples=["hours"])] = ""
    start: Annotated[Measure, Field(examples=[11])] = 0.0
    target: Annotated[Measure, Field(examples=[4], description="Must differ from `start`.")]
    current: Measure | None = None
    confidence: Annotated[
        int | None, Field(ge=0, le=100, description="How likely its owner thinks the target is, in per cent.")
    ] = None
    owner: PersonKey | None = None
    due_on: Day | None = None


class KeyResultOut(Versioned):
    objective: Pointer
    title: str
    unit: str
    start: Number
    target: Number
    current: Number | None
    confidence: int | None
    owner: MaybePointer
    due_on: date | None
    progress: float | None = Field(description="The share of the way from start to target, between 0 and 1.")


class KeyResultFilters(Filters):
    objective: list[ObjectiveKey] = []
    owner: list[Annotated[str, OrNone(Person)]] = []


key_results = Resource(
    KeyResult,
    "key-results",
    read=KeyResultOut,
    create=KeyResultIn,
    fixed=("objective",),
    filters=KeyResultFilters,
    orders={"number": by("number"), "due_on": by_date("due_on"), "changed_at": by("changed_at", "number")},
    joins=("objective__workspace", "owner"),
)


# --- metrics -------------------------------------------------------------------------------------------

MetricKey = Annotated[str, PointsTo(Metric)]


class MetricIn(In):
    name: Annotated[Line, Field(max_length=200, examples=["Time to the first answer"])]
    description: Annotated[Text, Field(max_length=10_000, description="How it is measured. Markdown.")] = ""
    unit: Annotated[Text, Field(max_length=40, examples=["hours"])] = ""
    direction: Annotated[str, OneOf(Metric.Direction)] = Metric.Direction.UP.value
    target: Measure | None = None
    product: ProductKey | None = None
    department: DepartmentKey | None = None
    owner: PersonKey | None = None


class MetricOut(Versioned):
    name: str
    description: str
    unit: str
    direction: Annotated[str, OneOf(Metric.Direction)]
    target: Number | None
    product: MaybePointer
    department: MaybePointer
    owner: MaybePointer


class MetricFilters(Filters):
    product: list[Annotated[str, OrNone(Product)]] = []
    department: list[Annotated[str, OrNone(Department)]] = []
    owner: list[Annotated[str, OrNone(Person)]] = []


metrics = Resource(
    Metric,
    "metrics",
    read=MetricOut,
    create=MetricIn,
    filters=MetricFilters,
    orders={"number": by("number"), "name": by("name", "number"), "changed_at": by("changed_at", "number")},
    joins=("product", "department", "owner"),
)


class MeasurementIn(In):
    metric: MetricKey
    on: Annotated[Day, Field(description="One measurement a day.")]
    value: Annotated[Measure, Field(examples=[7.5])]


class MeasurementOut(Versioned):
    metric: Pointer
    on: date
    value: Number


class MeasurementFilters(Filters):
    metric: list[MetricKey] = []


measurements = Resource(
    Measurement,
    "measurements",
    read=MeasurementOut,
    create=MeasurementIn,
    fixed=("metric",),
    filters=MeasurementFilters,
    orders={"number": by("number"), "on": by("on", "number"), "changed_at": by("changed_at", "number")},
    joins=("metric__workspace",),
)
