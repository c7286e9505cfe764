from datetime import date
from typing import Annotated

from pydantic import Field

from interlock.organisation.api import DepartmentKey, ProductKey
from interlock.organisation.models import Product
from interlock.releases.models import FreezeWindow
from interlock.workspaces.rest import (
    Day,
    Filters,
    In,
    Line,
    MaybePointer,
    OrNone,
    Pointers,
    Resource,
    Text,
    Versioned,
    by,
)


class FreezeWindowIn(In):
    name: Annotated[Line, Field(max_length=120, examples=["Christmas trade"])]
    starts_on: Annotated[Day, Field(examples=["2027-12-20"])]
    ends_on: Annotated[Day, Field(description="The last day of it.", examples=["2028-01-02"])]
    product: Annotated[ProductKey | None, Field(description="Of which nothing launches; null: of any.")] = None
    departments: Annotated[
        list[DepartmentKey],
        Field(max_length=200, description="It holds for releases in which one of them takes part; none: for all."),
    ] = []
    stops_work: Annotated[bool, Field(description="Whether they do no work for such releases either.")] = False
    reason: Annotated[Text, Field(max_length=2000)] = ""


class FreezeWindowOut(Versioned):
    name: str
    starts_on: date
    ends_on: date
    product: MaybePointer
    departments: Pointers
    stops_work: bool
    reason: str


class FreezeWindowFilters(Filters):
    product: list[Annotated[str, OrNone(Product)]] = []
    departments: list[DepartmentKey] = []


freeze_windows = Resource(
    FreezeWindow,
    "freeze-windows",
    read=FreezeWindowOut,
    create=FreezeWindowIn,
    filters=FreezeWindowFilters,
    orders={"starts_on": by("starts_on", "number"), "number": by("number"), "changed_at": by("changed_at", "number")},
    joins=("product",),
    fetch=("departments",),
)
