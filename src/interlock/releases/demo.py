"""Northwind's releases, and what each takes."""

from collections import defaultdict
from datetime import date, timedelta
from itertools import cycle

from interlock.backlog.demo import LATE_NEED, VAGUE
from interlock.backlog.models import Feature
from interlock.organisation.models import Person, Product
from interlock.releases.models import Release, ReleaseTemplate, Task, TaskDates
from interlock.workspaces.models import Member

Status, Tier, Precision = Release.Status, Release.Tier, Release.Precision

# Product, name, tier, days from now, precision, status.
RELEASES = [
    ("Invoicing", "Invoicing 4.1", Tier.FEATURE, -30, Precision.DAY, Status.RELEASED),
    ("Invoicing", "Invoicing 4.2", Tier.FULL, 35, Precision.DAY, Status.IN_PROGRESS),
    ("Payments", "Payments 7.0", Tier.FULL, -25, Precision.DAY, Status.RELEASED),
    ("Payments", "Payments 7.1", Tier.FEATURE, 70, Precision.DAY, Status.IN_PROGRESS),
    ("Foresight", "Foresight 1.0", Tier.FULL, 150, Precision.QUARTER, Status.PLANNED),
    # RL114: past its target and still open.
    ("Payments", "Payments 7.0.1", Tier.HOTFIX, -6, Precision.DAY, Status.IN_PROGRESS),
]
# The releases of a product that take what is done, and what is under way or planned.
TAKES = {
    "Invoicing": ("Invoicing 4.1", "Invoicing 4.2"),
    "Payments": ("Payments 7.0", "Payments 7.1"),
    "Foresight": ("Foresight 1.0", "Foresight 1.0"),
}


def fill(by: Member, *, today: date) -> None:
    for product, name, tier, days, precision, status in RELEASES:
        target = today + timedelta(days=days)
        Release.objects.add(
            product=Product.objects.of(by.workspace).get(name=product),
            name=name,
            tier=tier,
            target_on=target,
            target_precision=precision,
            status=status,
            released_on=target if status == Status.RELEASED else None,
            by=by,
        )


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


# Release, template, and the departments of the template that Northwind does not have.
PLANS = [
    ("Invoicing 4.2", "Full launch", ["QA", "Security", "Legal", "Customer Success", "Finance", "Operations"]),
    # RL101: Support has no part in it.
    ("Payments 7.1", "Feature launch", ["QA", "Security", "Support"]),
]
# RL103: so many days are left of what was due to be nearly done.
BEHIND = {"Build and review": 20}
# RL102: nobody has taken it on.
VACANT = {"Help articles and answers to what will be asked"}
# RL104: due two days ago.
OVERDUE = {"Press kit, briefings and embargo"}
# RL105: begun, though what it needs from another department is not there yet.
EARLY = {"Brief the sales teams"}


def staff(by: Member, *, today: date) -> None:
    """Plan the next releases from templates: what is due is done, all the rest has an owner, but for what is planted."""
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
