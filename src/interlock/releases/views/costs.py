from decimal import Decimal
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views import View

from interlock.organisation.models import Department
from interlock.releases.costs import costs_of
from interlock.releases.forms import BudgetAddForm, PurchaseAddForm, RateForm
from interlock.releases.models import Budget, DayRate, Purchase, Release, Workstream
from interlock.workspaces import exports
from interlock.workspaces.errors import DomainError
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Member
from interlock.workspaces.pages import ActView, Done, may_edit
from interlock.workspaces.permissions import Action

COLUMNS: dict[str, Any] = {
    "of": lambda cost: cost.workstream.department.name if cost.workstream else "the whole release",
    "planned": lambda cost: cost.planned,
    "actual": lambda cost: cost.actual,
    "forecast": lambda cost: cost.forecast,
    "over": lambda cost: cost.over,
    "days_done": lambda cost: cost.done,
    "days_left": lambda cost: cost.left,
    "paid": lambda cost: cost.paid,
    "to_pay": lambda cost: cost.to_pay,
    "currency": lambda cost: cost.currency,
}


class BudgetView(View):
    """What a release costs: planned, spent, and to be spent when it is done."""

    def get(self, request: MemberRequest, key: str) -> HttpResponseBase:
        by = request.member
        by.require_to_see(Action.READ_COSTS)
        release = by.visible(Release, key=key)
        costs = costs_of([release], today=timezone.localdate())[release.pk]
        kind, total = request.GET.get("format"), costs.total
        if kind in exports.FORMATS:
            rows: list[Any] = [*costs.parts, total]
            for row in rows:
                row.currency = by.workspace.currency
            return exports.download(f"{by.workspace.slug}-{release.key}-budget", kind, COLUMNS, rows, by=by)
        shown = {
            "row": release,
            "release": release,
            "costs": costs,
            "total": total,
            "purchases": costs.purchases,
            "currency": by.workspace.currency,
            "editable": not release.archived and may_edit(by, release),
        }
        return render(request, "releases/budget.html", shown)


class CostAddView(ActView):
    """What is noted of a department's part in a release."""

    model = Release

    def row(self, member: Member, key: str) -> Release:
        member.require_to_see(Action.READ_COSTS)
        release: Release = super().row(member, key=key)
        return release

    def leads_to(self, row: Release) -> str:
        return row.budget_url

    @staticmethod
    def part(release: Release, department: Department, *, by: Member) -> Workstream:
        streams = Workstream.objects.visible_to(by).active()
        part: Workstream | None = streams.filter(release=release, department=department).first()
        if part is None:
            raise DomainError(f"{department} has no part in {release}.", field="department")
        return part


class BudgetAddView(CostAddView):
    form, act = BudgetAddForm, "Plan it"

    def title(self, row: Release) -> str:
        return f"What may {row} cost?"

    def says(self, row: Release) -> str:
        return f"In {row.workspace.currency}: of the whole release, or of the part of one department."

    def do(self, row: Release, *, by: Member, department: Department | None, **answers: Any) -> Done:  # type: ignore[override]
        part = self.part(row, department, by=by) if department else None
        budget = Budget.objects.add(release=row, workstream=part, by=by, **answers)
        return Done("It is planned.", undo=reverse("budget-archive", args=[by.workspace.slug, budget.key]))


class PurchaseAddView(CostAddView):
    form, act = PurchaseAddForm, "Add"

    def title(self, row: Release) -> str:
        return f"What is bought for {row}?"

    def says(self, row: Release) -> str:
        return f"In {row.workspace.currency}."

    def do(self, row: Release, *, by: Member, department: Department, **answers: Any) -> Done:  # type: ignore[override]
        purchase = Purchase.objects.add(workstream=self.part(row, department, by=by), by=by, **answers)
        return Done(f"Added {purchase}.", undo=reverse("purchase-archive", args=[by.workspace.slug, purchase.key]))


class DayRateView(ActView):
    """What a day of a department's work costs, from now on."""

    model, form = Department, RateForm

    def row(self, member: Member, key: str) -> Department:
        member.require_to_see(Action.READ_COSTS)
        department: Department = super().row(member, key=key)
        return department

    def initial(self, row: Department) -> dict[str, Any]:
        held = DayRate.objects.active().filter(department=row).first()
        return {"amount": held.amount.normalize() if held else None}

    def title(self, row: Department) -> str:
        return f"What does a day of {row} cost?"

    def says(self, row: Department) -> str:
        return f"In {row.workspace.currency}. Seen by owners, admins and editors alone."

    def do(self, row: Department, *, by: Member, amount: Decimal) -> Done:  # type: ignore[override]
        held = DayRate.objects.visible_to(by).active().filter(department=row).first()
        if held:
            held.change(amount=amount, by=by)
        else:
            DayRate.objects.add(department=row, amount=amount, by=by)
        return Done("Saved.")
