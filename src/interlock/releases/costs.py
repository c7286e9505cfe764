"""What releases cost: planned, spent so far, and to be spent when they are done."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from interlock.releases.models import Budget, DayRate, Purchase, Release, Task, Workstream
from interlock.releases.scheduling import UNKNOWN, days_left, workdays

NOTHING = Decimal(0)


@dataclass
class Cost:
    """Of a department's part, or of a whole release.

    budget   None where nothing is planned to be spent
    done     person-days of work that are done; left: that are still to do
    rate     of a day; None where the department has none, whose work is counted with nothing then
    """

    budget: Budget | None = None
    workstream: Workstream | None = None
    rate: Decimal | None = None
    done: Decimal = NOTHING
    left: Decimal = NOTHING
    paid: Decimal = NOTHING
    to_pay: Decimal = NOTHING
    purchases: list[Purchase] = field(default_factory=list)
    worked: Decimal = NOTHING
    to_work: Decimal = NOTHING

    @property
    def planned(self) -> Decimal | None:
        return self.budget.amount if self.budget else None

    @property
    def actual(self) -> Decimal:
        return self.worked + self.paid

    @property
    def forecast(self) -> Decimal:
        return self.actual + self.to_work + self.to_pay

    @property
    def over(self) -> Decimal | None:
        """By which the forecast exceeds what is planned; negative where it stays below."""
        return None if self.planned is None else self.forecast - self.planned

    @property
    def under(self) -> Decimal | None:
        return None if self.over is None else -self.over

    @property
    def percent_over(self) -> Decimal | None:
        if self.over is None or not self.planned:
            return None
        return 100 * self.over / self.planned

    def exceeds(self, percent: int) -> bool:
        return self.over is not None and self.over > (self.planned or NOTHING) * percent / 100

    @property
    def unpriced(self) -> bool:
        """There is work that nobody has said the cost of."""
        return self.rate is None and bool(self.done or self.left)


@dataclass
class Costs:
    """Of a release: of its parts, and of the whole. Where the whole has no budget of its own, it has the parts'."""

    release: Release
    parts: list[Cost]
    budget: Budget | None

    @property
    def total(self) -> "Total":
        return Total(
            budget=self.budget,
            done=_sum(part.done for part in self.parts),
            left=_sum(part.left for part in self.parts),
            paid=_sum(part.paid for part in self.parts),
            to_pay=_sum(part.to_pay for part in self.parts),
            worked=_sum(part.worked for part in self.parts),
            to_work=_sum(part.to_work for part in self.parts),
            of_parts=[part.planned for part in self.parts if part.planned is not None],
            complete=all(part.budget or not part.forecast for part in self.parts),
        )

    @property
    def purchases(self) -> list[Purchase]:
        return [purchase for part in self.parts for purchase in part.purchases]

    @property
    def unpriced(self) -> list[Workstream]:
        return [part.workstream for part in self.parts if part.unpriced and part.workstream]


@dataclass
class Total(Cost):
    """`complete`: every part that costs something has a budget, so that their sum says what the whole may cost."""

    of_parts: list[Decimal] = field(default_factory=list)
    complete: bool = False

    @property
    def planned(self) -> Decimal | None:
        if self.budget:
            return self.budget.amount
        return _sum(self.of_parts) if self.of_parts and self.complete else None

    @property
    def spare(self) -> Decimal | None:
        """What of the budget of the whole no department has yet; negative where they have more than there is."""
        return self.budget.amount - _sum(self.of_parts) if self.budget and self.of_parts else None


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, NOTHING)


def costs_of(releases: Sequence[Release], *, today: date) -> dict[int, Costs]:
    """Of each release, by its primary key; the number of queries does not depend on them."""
    streams = list(
        Workstream.objects.active().filter(release__in=releases).select_related("department").order_by("number")
    )
    rates = dict(
        DayRate.objects.active().filter(department__workstreams__in=streams).values_list("department", "amount")
    )
    budgets = list(Budget.objects.active().filter(release__in=releases))
    of_part = {one.workstream_id: one for one in budgets if one.workstream_id}
    of_whole = {one.release_id: one for one in budgets if not one.workstream_id}
    parts: dict[int, list[Cost]] = defaultdict(list)
    known: dict[int, Cost] = {}
    for stream in streams:
        known[stream.pk] = Cost(of_part.get(stream.pk), stream, rates.get(stream.department_id))
        parts[stream.release_id].append(known[stream.pk])
    tasks = Task.objects.active().filter(workstream__in=streams, kind=Task.Kind.TASK)
    for task in tasks.exclude(status=Task.Status.DROPPED).defer("description"):
        part = known[task.workstream_id]
        if part.workstream:
            task.workstream = part.workstream
        done, left = person_days(task, today=today)
        part.done, part.left = part.done + done, part.left + left
    for purchase in Purchase.objects.active().filter(workstream__in=streams).order_by("number"):
        part = known[purchase.workstream_id]
        if part.workstream:
            purchase.workstream = part.workstream
        part.purchases.append(purchase)
        if purchase.status == Purchase.Status.PAID:
            part.paid += purchase.amount
        else:
            part.to_pay += purchase.amount
    for part in known.values():
        part.worked, part.to_work = (days * (part.rate or NOTHING) for days in (part.done, part.left))
    return {one.pk: Costs(one, parts[one.pk], of_whole.get(one.pk)) for one in releases}


def person_days(task: Task, *, today: date) -> tuple[Decimal, Decimal]:
    """Of a task: the days of work that are done, and those that are left, times the people at once.

    Done is each working day of the department from its start on; of what was never said to be started, its estimate.
    """
    likely = UNKNOWN if task.likely is None else task.likely
    done, left = NOTHING, NOTHING
    if task.status == Task.Status.TODO:
        left = likely
    elif task.status == Task.Status.IN_PROGRESS:
        done = Decimal(workdays(task.workstream.department, task.started_on or today, today - timedelta(days=1)))
        left = days_left(task, today)
    elif task.started_on and task.done_on:
        done = Decimal(workdays(task.workstream.department, task.started_on, task.done_on))
    else:
        done = likely
    return done * task.people, left * task.people
