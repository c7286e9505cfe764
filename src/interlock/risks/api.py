from typing import Annotated

from pydantic import Field

from interlock.organisation.api import PersonKey, ProductKey
from interlock.organisation.models import Person
from interlock.risks.models import Risk
from interlock.workspaces.rest import (
    Filters,
    In,
    Line,
    MaybePointer,
    Number,
    OneOf,
    OrNone,
    Pointer,
    PointsTo,
    Resource,
    Text,
    Versioned,
    by,
    rounded,
)

RiskKey = Annotated[str, PointsTo(Risk)]
Days = Annotated[float, Field(ge=0, le=1000), rounded(1)]


class RiskIn(In):
    product: ProductKey
    title: Annotated[Line, Field(max_length=300, examples=["The bank's test system comes late"])]
    description: Annotated[Text, Field(max_length=100_000, description="Markdown.")] = ""
    status: Annotated[str, OneOf(Risk.Status)] = Risk.Status.OPEN.value
    probability: Annotated[int, Field(ge=0, le=100, description="In per cent.", examples=[30])]
    optimistic: Annotated[Days | None, Field(description="Working days that it costs, if it is mild.")] = None
    likely: Annotated[Days | None, Field(description="Working days that it costs, most likely.", examples=[10])] = None
    pessimistic: Annotated[Days | None, Field(description="Working days that it costs, if it is bad.")] = None
    owner: PersonKey | None = None
    mitigation: Annotated[Text, Field(max_length=100_000, description="What is done about it. Markdown.")] = ""


class RiskOut(Versioned):
    product: Pointer
    title: str
    description: str
    status: Annotated[str, OneOf(Risk.Status)]
    probability: int
    optimistic: Number | None
    likely: Number | None
    pessimistic: Number | None
    owner: MaybePointer
    mitigation: str


class RiskFilters(Filters):
    product: list[ProductKey] = []
    status: list[Annotated[str, OneOf(Risk.Status)]] = []
    owner: list[Annotated[str, OrNone(Person)]] = []


risks = Resource(
    Risk,
    "risks",
    read=RiskOut,
    create=RiskIn,
    fixed=("product",),
    filters=RiskFilters,
    orders={
        "number": by("number"),
        "probability": by("probability", "number"),
        "changed_at": by("changed_at", "number"),
    },
    joins=("product", "owner"),
)
