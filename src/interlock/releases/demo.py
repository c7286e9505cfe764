"""Northwind's releases, and what each takes."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import cycle

from django.utils import timezone

from interlock.backlog.demo import LATE_NEED, VAGUE
from interlock.backlog.models import Feature
from interlock.organisation.models import Absence, Department, Person, Product
from interlock.releases.models import (
    Budget,
    DayRate,
    Forecast,
    FreezeWindow,
    PlanBaseline,
    Purchase,
    Release,
    ReleaseTemplate,
    RiskHit,
    Scenario,
    ScopeBaseline,
    Task,
    TaskDates,
    Workstream,
)
from interlock.risks.models import Risk
from interlock.workspaces.models import Member

Status, Tier, Precision = Release.Status, Release.Tier, Release.Precision

# Product, name, tier, days from now, precision, status.
RELEASES = [
    ("Invoicing", "Invoicing 4.1", Tier.FEATURE, -45, Precision.DAY, Status.RELEASED),
    ("Invoicing", "Invoicing 4.2", Tier.FULL, 35, Precision.DAY, Status.IN_PROGRESS),
    ("Payments", "Payments 7.0", Tier.FULL, -33, Precision.DAY, Status.RELEASED),
    ("Payments", "Payments 7.1", Tier.FEATURE, 70, Precision.DAY, Status.IN_PROGRESS),
    ("Foresight", "Foresight 1.0", Tier.FULL, 150, Precision.QUARTER, Status.PLANNED),
    # RL114: past its target and still open.
    ("Payments", "Payments 7.0.1", Tier.HOTFIX, -6, Precision.DAY, Status.IN_PROGRESS),
]
# Releases whose target was another before: so many days ago, how many days from today it was moved to, and why.
MOVED = {
    "Invoicing 4.2": [
        (80, 21, ""),
        (48, 28, "The ledger migration takes two weeks longer than Engineering thought."),
        (16, 35, "Legal needs a week for the new terms."),
    ],
    "Payments 7.0": [(80, -47, ""), (55, -33, "The bank opened its test system two weeks late.")],
}
# The 85 % dates that were foretold: so many days ago, how many days from today.
FORETOLD = {
    "Invoicing 4.2": [(60, 24), (48, 33), (30, 41), (16, 47)],
    "Payments 7.0": [(70, -43), (55, -32), (40, -30)],
}
# The releases of a product that take what is done, and what is under way or planned.
TAKES = {
    "Invoicing": ("Invoicing 4.1", "Invoicing 4.2"),
    "Payments": ("Payments 7.0", "Payments 7.1"),
    "Foresight": ("Foresight 1.0", "Foresight 1.0"),
}


# As if it were that day.
On = Callable[[date], AbstractContextManager[None]]


def fill(by: Member, *, today: date, on: On) -> None:
    for product, name, tier, days, precision, status in RELEASES:
        target = today + timedelta(days=days)
        [(ago, first, _), *later] = MOVED.get(name, [(2, days, "")])
        with on(today - timedelta(days=ago)):
            release = Release.objects.add(
                product=Product.objects.of(by.workspace).get(name=product),
                name=name,
                tier=tier,
                target_on=today + timedelta(days=first),
                target_precision=precision,
                by=by,
            )
        for ago, day, why in later:
            with on(today - timedelta(days=ago)):
                release.change(target_on=today + timedelta(days=day), reason=why, by=by)
        with on(min(target, today - timedelta(days=2))):
            release.change(status=status, released_on=target if status == Status.RELEASED else None, by=by)
        Forecast.objects.bulk_create(
            _foretold(release, today - timedelta(days=ago), today + timedelta(days=day))
            for ago, day in FORETOLD.get(name, [])
        )


def _foretold(release: Release, day: date, p85_on: date) -> Forecast:
    at = timezone.make_aware(datetime.combine(day, time(11)))
    before, after = p85_on - timedelta(days=6), p85_on + timedelta(days=4)
    days = {"planned_on": before, "p50_on": before, "p85_on": p85_on, "p95_on": after}
    return Forecast(release=release, at=at, target_on=None, runs=10_000, seed=1, **days)


def plan(by: Member) -> None:
    releases = {release.name: release for release in Release.objects.of(by.workspace)}
    features = Feature.objects.of(by.workspace).exclude(tags=None)
    for product, (before, after) in TAKES.items():
        mine = features.filter(product__name=product)
        releases[before].take(list(mine.filter(status="done")), by=by)
        releases[after].take(list(mine.filter(status__in=["planned", "in_progress"])), by=by)
    named = {feature.title: feature for feature in features}
    releases["Payments 7.0.1"].take([named["Handle payments in another currency"]], by=by)
    releases["Invoicing 4.2"].take([named[LATE_NEED[0]]], by=by)
    releases["Payments 7.1"].take([named[LATE_NEED[1]], named[VAGUE[0]]], by=by)


AGREED = ("Invoicing 4.2", "Payments 7.1", "Foresight 1.0")
# RL110: what came in after the scope was agreed on, and why; a tenth more than agreed.
CREPT = {
    "Compare with the last invoice": "The first ten firms ask for it in every call.",
    "List of all corrections": "The auditors of two customers will not sign without it.",
    "Stop after the third reminder": "Sales has promised it to a customer.",
}
# What fell out for that.
WAITS = {"Glossary of invoice terms": "Marketing writes it when the articles are done."}


def agree(by: Member) -> None:
    releases = [Release.objects.of(by.workspace).get(name=name) for name in AGREED]
    note = "Agreed in the planning meeting of all departments."
    ScopeBaseline.objects.add_many([{"release": release, "note": note} for release in releases], by=by)
    release = releases[0]
    named = {feature.title: feature for feature in Feature.objects.of(by.workspace)}
    for title, reason in CREPT.items():
        release.take([named[title]], by=by, reason=reason)
    for title, reason in WAITS.items():
        release.drop([named[title]], by=by, reason=reason)


# Release, template, and the departments of the template that Northwind does not have.
PLANS = [
    ("Invoicing 4.2", "Full launch", ["QA", "Security", "Legal", "Customer Success", "Finance", "Operations"]),
    # RL101: Support has no part in it.
    ("Payments 7.1", "Feature launch", ["QA", "Security", "Support"]),
]
# RL106: two of its four work on releases, and each of these takes both for two weeks; all are due in twelve days of work.
OVERLOADED, CAPACITY, IN_DAYS = "Design", 2, 12
REDRAWN = ["Redraw the payment form", "Redraw receipts and reminders"]
# Who is away, from so many days on, for how many.
AWAY = [("Greta Olsen", 20, 14), ("Felix Roth", 9, 5), ("Omar Diaz", 40, 10)]
# RL103: so many days are left of what was due to be nearly done.
BEHIND = {"Build and review": 20}
# RL102: nobody has taken it on.
VACANT = {"Help articles and answers to what will be asked"}
# RL104: due two days ago.
OVERDUE = {"Press kit, briefings and embargo"}
# RL105: begun, though what it needs from another department is not there yet.
EARLY = {"Brief the sales teams"}


# What is weighed for the release that is late: name, and a change for the task of that title.
TRIED = [
    ("Two pairs build it", "split {0}", "Build and review"),
    ("Launch without the press kit", "drop {0}", "Press kit, briefings and embargo"),
]


def weigh(by: Member) -> None:
    tasks = Task.objects.of(by.workspace).planned().filter(workstream__release__name=PLANS[0][0])
    for name, line, title in TRIED:
        task = tasks.get(title=title)
        Scenario.objects.add(release=task.workstream.release, name=name, changes=[line.format(task.key)], by=by)


def staff(by: Member, *, today: date) -> None:
    """Plan the next releases from templates: what is due is done, all the rest has an owner, but for what is planted."""
    FreezeWindow.objects.add(
        name="Move of the data centre",
        starts_on=today + timedelta(days=45),
        ends_on=today + timedelta(days=49),
        reason="Two of three sites are down by turns: nothing new goes out.",
        by=by,
    )
    for name, starts, days in AWAY:
        first = today + timedelta(days=starts)
        person = Person.objects.of(by.workspace).get(name=name)
        Absence.objects.add(person=person, starts_on=first, ends_on=first + timedelta(days=days - 1), by=by)
    people = defaultdict(list)
    for person in Person.objects.of(by.workspace).current().order_by("pk"):
        people[person.department_id].append(person)
    turns = {department: cycle(some) for department, some in people.items()}
    for name, template, left_out in PLANS:
        release = Release.objects.of(by.workspace).get(name=name)
        started = ReleaseTemplate.objects.called_or_shipped(template, by=by)
        assert started  # noqa: S101
        tasks = started.start(release, by=by, left_out=left_out)
        owned = [task for task in tasks if task.kind == Task.Kind.TASK and task.title not in VACANT]
        Task.objects.change_many(
            [(task, {"owner": next(turns[task.workstream.department_id])}) for task in owned], by=by
        )
        for dates in TaskDates.objects.filter(task__in=tasks).select_related("task").order_by("ends_on"):
            task = dates.task
            if dates.starts_on <= today and task.kind == Task.Kind.TASK and task.title not in VACANT:
                task.start(on=dates.starts_on, by=by)
            if task.title in OVERDUE:
                task.change(deadline=today - timedelta(days=2), by=by)
            if task.title in EARLY:
                task.start(on=today, by=by)
            if task.title in BEHIND and task.status == Task.Status.IN_PROGRESS:
                task.change(remaining=BEHIND[task.title], by=by)
            if dates.ends_on < today - timedelta(days=3):
                task.finish(on=dates.ends_on, by=by)
        # As the template counted them back, before anything moved.
        PlanBaseline.objects.keep(release, by=by)
    overload(by, turns, today=today)


def overload(by: Member, turns: Mapping[int | None, Iterator[Person]], *, today: date) -> None:
    design = Department.objects.of(by.workspace).get(name=OVERLOADED)
    design.change(capacity=CAPACITY, by=by)
    stream = design.workstreams.get(release__name="Payments 7.1")
    how = {"likely": 10, "people": CAPACITY, "deadline": design.shifted(today, IN_DAYS), "workstream": stream}
    Task.objects.add_many([{"title": title, "owner": next(turns[design.pk]), **how} for title in REDRAWN], by=by)


# Risk → release, and the department or the task that it hits.
HITS = {
    "The tax office changes the format of invoices again": ("Invoicing 4.2", "Engineering"),
    "The translator of the help articles falls ill": (
        "Invoicing 4.2",
        "Help articles and answers to what will be asked",
    ),
    "The bank's test system comes late": ("Payments 7.1", "Engineering"),
}


def endanger(by: Member) -> None:
    risks = {risk.title: risk for risk in Risk.objects.of(by.workspace)}
    for title, (release, what) in HITS.items():
        parts = Workstream.objects.of(by.workspace).filter(release__name=release, department__name=what)
        tasks = Task.objects.of(by.workspace).filter(workstream__release__name=release, title=what)
        RiskHit.objects.add(risk=risks[title], workstream=parts.first(), task=tasks.first(), by=by)


RATES = {"Engineering": 640, "Design": 600, "Product": 680, "Marketing": 520, "Sales": 560, "Support": 440}
# Release, department (none: the release as a whole), amount.
BUDGETS = [
    ("Invoicing 4.2", "", 180_000),
    ("Invoicing 4.2", "Marketing", 30_000),
    ("Payments 7.1", "", 80_000),
]
# RL115: what Marketing buys for Invoicing 4.2 comes to more than it may spend.
BUYS = [
    ("Invoicing 4.2", "Marketing", "Stand at the autumn fair", "24500", Purchase.Status.ORDERED, 14),
    ("Invoicing 4.2", "Marketing", "Film of the new invoice", "12800.50", Purchase.Status.PAID, -9),
    ("Invoicing 4.2", "Engineering", "Load tests from outside", "6400", Purchase.Status.PLANNED, 20),
    ("Payments 7.1", "Engineering", "Audit of the payment pages", "9900", Purchase.Status.ORDERED, 30),
]


def price(by: Member, *, today: date) -> None:
    departments = {one.name: one for one in Department.objects.of(by.workspace)}
    DayRate.objects.add_many(
        [{"department": departments[name], "amount": amount} for name, amount in RATES.items()], by=by
    )
    releases = {release.name: release for release in Release.objects.of(by.workspace)}
    parts = {
        (stream.release.name, stream.department.name): stream
        for stream in Workstream.objects.of(by.workspace).select_related("release", "department")
    }
    for release, department, amount in BUDGETS:
        Budget.objects.add(release=releases[release], workstream=parts.get((release, department)), amount=amount, by=by)
    for release, department, title, told, status, days in BUYS:
        Purchase.objects.add(
            workstream=parts[release, department],
            title=title,
            amount=Decimal(told),
            status=status,
            on=today + timedelta(days=days),
            by=by,
        )
