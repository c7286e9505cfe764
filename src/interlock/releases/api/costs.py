from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.utils import timezone
from pydantic import Field

from interlock.organisation.api import DepartmentKey
from interlock.releases.api.plan import WorkstreamKey
from interlock.releases.api.releases import ReleaseKey, releases
from interlock.releases.costs import costs_of
from interlock.releases.models import Budget, DayRate, Purchase, Release, Workstream
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member
from interlock.workspaces.permissions import Action
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
    Resource,
    Versioned,
    Where,
    by,
    by_date,
    rounded,
)

# What JSON's binary numbers carry exactly.
Amount = Annotated[float, Field(ge=0, le=99_999_999_999, examples=[48000]), rounded(3)]
Currency = Annotated[
    str | None,
    Field(pattern=r"^[A-Z]{3}$", description="The workspace's, which it is anyway; another is refused."),
]


class Priced(Resource):
    """Amounts are in the workspace's currency: whoever says another means something else."""

    def given(self, given: Any, *, member: Member) -> dict[str, Any]:
        fields = super().given(given, member=member)
        currency = fields.pop("currency", None)
        if currency and currency != member.workspace.currency:
            told = f"Amounts are in {member.workspace.currency} here, and are not mixed with others."
            raise DomainError(told, field="currency")
        if "amount" in fields:
            fields["amount"] = Decimal(str(fields["amount"]))
        return fields


class DayRateIn(In):
    department: DepartmentKey
    amount: Amount
    currency: Currency = None


class DayRateOut(Versioned):
    department: Pointer
    amount: Number


class DayRateFilters(Filters):
    department: list[DepartmentKey] = []


day_rates = Priced(
    DayRate,
    "day-rates",
    read=DayRateOut,
    create=DayRateIn,
    fixed=("department",),
    filters=DayRateFilters,
    orders={"number": by("number"), "changed_at": by("changed_at", "number")},
    joins=("department__workspace",),
)


class BudgetIn(In):
    release: Annotated[ReleaseKey | None, Field(description="The whole of it; of a workstream, its own.")] = None
    workstream: WorkstreamKey | None = None
    amount: Amount
    currency: Currency = None
    note: Annotated[Line, Field(max_length=300)] = ""


class BudgetOut(Versioned):
    release: Pointer
    workstream: MaybePointer
    amount: Number
    note: str


class BudgetFilters(Filters):
    release: list[ReleaseKey] = []
    workstream: list[Annotated[str, OrNone(Workstream)]] = []


budgets = Priced(
    Budget,
    "budgets",
    read=BudgetOut,
    create=BudgetIn,
    fixed=("release", "workstream"),
    filters=BudgetFilters,
    orders={"number": by("number"), "changed_at": by("changed_at", "number")},
    joins=("release__workspace", "workstream__release", "workstream__department"),
)


class PurchaseIn(In):
    workstream: WorkstreamKey
    title: Annotated[Line, Field(max_length=300, examples=["Trade fair, stand and travel"])]
    amount: Amount
    currency: Currency = None
    status: Annotated[str, OneOf(Purchase.Status)] = Purchase.Status.PLANNED.value
    on: Annotated[Day | None, Field(description="When it is to be paid, or was.")] = None


class PurchaseOut(Versioned):
    workstream: Pointer
    title: str
    amount: Number
    status: Annotated[str, OneOf(Purchase.Status)]
    on: date | None


class PurchaseFilters(Filters):
    workstream: list[WorkstreamKey] = []
    release: Annotated[list[ReleaseKey], Where("workstream__release")] = []
    status: list[Annotated[str, OneOf(Purchase.Status)]] = []


purchases = Priced(
    Purchase,
    "purchases",
    read=PurchaseOut,
    create=PurchaseIn,
    fixed=("workstream",),
    filters=PurchaseFilters,
    orders={"number": by("number"), "on": by_date("on"), "changed_at": by("changed_at", "number")},
    joins=("workstream__release__workspace", "workstream__department"),
)


class CostOut(Out):
    workstream: MaybePointer = Field(description="Null: the whole release.")
    planned: Number | None
    actual: Number = Field(description="Work that is done, at what a day costs, and what is paid.")
    forecast: Number = Field(description="That, with the work that is left and what is still to pay.")
    over: Number | None = Field(description="By which the forecast exceeds what is planned; negative: it stays below.")
    done: Number = Field(description="Days of work that are done.")
    left: Number = Field(description="Days of work that are left.")


class CostsOut(Out):
    currency: str
    parts: list[CostOut]
    total: CostOut


@releases.get("/{key}/costs", response={200: CostsOut}, operation_id="read_costs", summary="What a release costs")
def read_costs(request: ApiRequest, key: ReleaseKey) -> dict[str, Any]:
    request.member.require_to_see(Action.READ_COSTS)
    release = request.member.visible(Release, key=key)
    costs = costs_of([release], today=timezone.localdate())[release.pk]
    for part in costs.parts:
        if part.workstream:
            part.workstream.release = release
    return {"currency": request.member.workspace.currency, "parts": costs.parts, "total": costs.total}
