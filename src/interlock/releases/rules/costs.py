from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef

from interlock.alignment.rule import Rule, Severity, Violation, fix
from interlock.organisation.models import Department
from interlock.releases.costs import Cost, costs_of
from interlock.releases.models import Budget, DayRate, Purchase, Release, Task, Workstream
from interlock.workspaces.models import Member
from interlock.workspaces.money import told
from interlock.workspaces.permissions import Action


class CostOverrun(Rule):
    """A release, or a department's part in one, that is forecast to cost more than its budget.

    Why: of projects in information technology few cost a little too much, and some a multiple: the tail is fatter than
    of any other kind of project, and it is seen early only by who looks. Flyvbjerg et al. (2025),
    doi:10.1177/87569728251340590
    Wrong: the launch has a budget of €60,000, and what is done, left and ordered comes to €75,000.
    Right: a purchase is dropped, or the budget is raised by whoever answers for it, with the reason.
    """

    code, severity = "RL115", Severity.WARNING
    subject = Release
    tells = Action.READ_COSTS
    reads = {
        Budget: "budgets",
        Workstream: "workstreams",
        Purchase: "workstreams__purchases",
        Task: "workstreams__tasks",
        Department: "workstreams__department",
        DayRate: "workstreams__department__day_rates",
    }
    # Per cent of the budget by which the forecast may exceed it.
    settings = {"percent": 10}

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        return rows.open().filter(Exists(Budget.objects.active().filter(release=OuterRef("pk"))))

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        releases = list(rows.select_related("workspace").order_by("number"))
        found = costs_of(releases, today=today)
        for release in releases:
            costs = found[release.pk]
            over = [part for part in costs.parts if part.exceeds(settings["percent"])]
            whole = costs.total.exceeds(settings["percent"])
            if not over and not whole:
                continue
            told_of = [_compared("In all it", costs.total, release)] if whole else []
            told_of += [
                _compared(f"The part of {part.workstream.department}", part, release)
                for part in over
                if part.workstream
            ]
            to_drop = any(
                purchase.status != Purchase.Status.PAID for part in costs.parts for purchase in part.purchases
            )
            yield Violation(
                [release],
                says=f"{release} is forecast to cost more than its budget",
                evidence=" ".join(told_of),
                departments=frozenset(part.workstream.department_id for part in over if part.workstream),
                fixes=["raise_budget", *(["drop_purchase"] if to_drop else [])],
            )

    @fix(
        "Raise the budget",
        changes="budget",
        among={"budget": lambda rows, releases: rows.filter(release__in=releases)},
    )
    def raise_budget(self, release: Release, *, budget: Budget, amount: Decimal, reason: str, by: Member) -> None:
        budget.change(amount=amount, reason=reason, by=by)

    @fix(
        "Drop a purchase",
        changes="purchase",
        among={"purchase": lambda rows, releases: rows.to_pay().filter(workstream__release__in=releases)},
    )
    def drop_purchase(self, release: Release, *, purchase: Purchase, by: Member) -> None:
        purchase.archive(by=by)


def _compared(what: str, cost: Cost, release: Release) -> str:
    currency = release.workspace.currency
    budget = f"the budget is {told(cost.planned, currency)}"
    return f"{what} is forecast to cost {told(cost.forecast, currency)}; {budget}."
