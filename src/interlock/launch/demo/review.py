"""Payments 7.0: planned, late, out, and looked back on. Invoicing 4.1 has no review, as RL111 finds."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from decimal import Decimal
from itertools import cycle

from interlock.launch.models import FollowUp, LaunchReview, ReviewNote
from interlock.organisation.models import Department, Person
from interlock.releases.models import Release, ReleaseTemplate, Task
from interlock.strategy.models import KeyResult, Objective
from interlock.workspaces.models import Member

LOOKED_BACK = "Payments 7.0"
# By how many days each task was late; negative: early.
LATE = {
    "Build and review": 4,
    "Code freeze": 4,
    "Help articles": 2,
    "Brief the sales teams": -1,
    "Write the message": -3,
}
KEEP = [
    ("The way back was rehearsed two days before, and nobody was nervous.", "Engineering"),
    ("Support read every help article before it went out.", "Support"),
]
CHANGE = [
    ("Ask the bank for its test system before a date is promised.", "Product"),
    ("Two people wrote the e-mail, and neither knew of the other.", "Marketing"),
]
# What, whose, due in so many days, done so many days ago.
FOLLOW_UPS: list[tuple[str, str, int, int | None]] = [
    ("Put the bank's test system into the template", "Product", -10, 12),
    ("Agree on who writes what before each launch", "Marketing", 12, None),
    ("Alert on refunds that wait longer than an hour", "Engineering", -3, None),
]
SUMMARY = (
    "Out two weeks after the date that was promised first, because the bank's test system came late. Since then fewer "
    "customers ask where their money is, and no refund was lost. Next time we know of such systems before we promise."
)


def fill(by: Member, *, today: date, on: Callable[[date], AbstractContextManager[None]]) -> None:
    release = Release.objects.of(by.workspace).get(name=LOOKED_BACK)
    with on(today - timedelta(days=79)):
        _plan(release, by, today=today)
    _change_scope(release, by, today=today, on=on)
    departments = {one.name: one for one in Department.objects.of(by.workspace)}
    people = _first_of_each(by)
    with on(today - timedelta(days=20)):
        review = LaunchReview.objects.add(
            release=release, owner=people["Product"], due_on=today - timedelta(days=12), by=by
        )
        ReviewNote.objects.add_many(
            [
                {"review": review, "kind": kind, "text": text, "department": departments.get(name)}
                for kind, notes in ((ReviewNote.Kind.KEEP, KEEP), (ReviewNote.Kind.CHANGE, CHANGE))
                for text, name in notes
            ],
            by=by,
        )
        for title, name, due, done in FOLLOW_UPS:
            follow_up = FollowUp.objects.add(
                review=review, title=title, owner=people.get(name), due_on=today + timedelta(days=due), by=by
            )
            if done is not None:
                follow_up.finish(on=today - timedelta(days=done), by=by)
    with on(today - timedelta(days=15)):
        _measure(release, by)
    with on(today - timedelta(days=13)):
        review.conclude(SUMMARY, on=today - timedelta(days=13), by=by)


def _plan(release: Release, by: Member, *, today: date) -> None:
    template = ReleaseTemplate.objects.called_or_shipped("Feature launch", by=by)
    assert template  # noqa: S101
    tasks = template.start(release, by=by, left_out=["QA", "Security"])
    turns = {department_id: cycle(some) for department_id, some in _people(by).items()}
    for task in tasks:
        if task.title.startswith("Review the launch"):
            task.change(status=Task.Status.DROPPED, by=by)
            continue
        done = (task.deadline or today) + timedelta(days=LATE.get(task.title, 0))
        begun = done - timedelta(days=int(task.likely or 0))
        task.change(owner=next(turns[task.workstream.department_id]), started_on=begun, by=by)
        task.finish(on=done, by=by)


def _change_scope(
    release: Release, by: Member, *, today: date, on: Callable[[date], AbstractContextManager[None]]
) -> None:
    """One feature came in after the plan stood, one that was promised fell out."""
    mine = [item.feature for item in release.scope.select_related("feature").order_by("feature__number")]
    later = Release.objects.of(by.workspace).get(name="Payments 7.1")
    if len(mine) < 3:
        return
    with on(today - timedelta(days=80)):
        release.drop([mine[-1]], by=by)
    with on(today - timedelta(days=50)):
        release.take([mine[-1]], by=by)
    waits = later.scope.select_related("feature").order_by("feature__number").first()
    if waits:
        with on(today - timedelta(days=80)):
            release.take([waits.feature], by=by)
        with on(today - timedelta(days=41)):
            later.take([waits.feature], by=by)


def _measure(release: Release, by: Member) -> None:
    """Two of its key results came closer, one went further away."""
    served = Objective.objects.of(by.workspace).filter(features__scope__release=release).distinct()
    measured = KeyResult.objects.active().filter(objective__in=served).exclude(current=None).order_by("number")
    for result, share in zip(measured[:3], (Decimal("0.6"), Decimal("0.3"), Decimal("-0.1")), strict=False):
        before = result.current or result.start
        current = (before + (result.target - before) * share).quantize(Decimal(1))
        result.check_in(current=current, confidence=result.confidence, by=by)


def _people(by: Member) -> dict[int, list[Person]]:
    people: dict[int, list[Person]] = defaultdict(list)
    for person in Person.objects.of(by.workspace).current().order_by("pk"):
        if person.department_id:
            people[person.department_id].append(person)
    return people


def _first_of_each(by: Member) -> dict[str, Person]:
    named: dict[str, Person] = {}
    for person in Person.objects.of(by.workspace).current().select_related("department").order_by("pk"):
        if person.department:
            named.setdefault(person.department.name, person)
    return named
