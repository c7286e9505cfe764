"""Northwind, the sample organisation: a made-up company that sells software for invoices and payments.

Its last twelve weeks are lived through by the verbs themselves, each at its time, so that history, findings and
scores are what they would have been. Each app's demo.py holds its part.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from unittest.mock import patch

from django.utils import timezone

from interlock.alignment import demo as alignment
from interlock.backlog import demo as backlog
from interlock.launch import demo as launch
from interlock.organisation import demo as organisation
from interlock.people import demo as people
from interlock.releases import demo as releases
from interlock.releases import planning
from interlock.risks import demo as risks
from interlock.strategy import demo as strategy
from interlock.workspaces.models import Member, User, Workspace
from interlock.workspaces.permissions import Role

WEEKS = 12


def live_through(users: Mapping[Role, User], *, today: date) -> None:
    first = today - timedelta(weeks=WEEKS)
    with on(today - timedelta(days=180)):
        seats = seat(users)
        by = seats[Role.OWNER]
        organisation.fill(by, seats, today=today)
        people.fill(by, today=today)
        strategy.fill(by, today=today)
        backlog.forget(by)
    editor = seats[Role.EDITOR]
    with on(first):
        story = backlog.fill(editor)
        alignment.check(editor, today=first)
    for week in range(1, WEEKS):
        day = first + timedelta(weeks=week)
        with on(day):
            backlog.advance(story[week - 1 :: WEEKS - 1], editor)
            alignment.check(editor, today=day)
    with on(today - timedelta(days=2)):
        strategy.watch(editor, today=today)
        releases.fill(editor, today=today, on=on)
        backlog.plant(editor)
        releases.plan(editor)
        launch.introduce(editor)
        releases.agree(editor)
        releases.staff(editor, today=today)
        launch.decide(editor, today=today - timedelta(days=2))
        launch.fill(editor, today=today, on=on)
        launch.tell(editor, today=today)
        risks.fill(editor)
        releases.endanger(editor)
        releases.price(editor, today=today)
        releases.weigh(editor)
        planning.compute(editor.workspace)
        backlog.tie(editor)
        organisation.leave(backlog.LEFT, editor)
        alignment.check(editor, today=today - timedelta(days=2))
        alignment.waive(
            "BL101", reason="Decided at the next design review.", days=30, by=editor, today=today - timedelta(days=2)
        )
    alignment.check(editor, today=today)


def seat(users: Mapping[Role, User]) -> dict[Role, Member]:
    owner = Workspace.objects.found("Northwind", by=users[Role.OWNER])
    others: dict[Role, Member] = {
        role: Member.objects.create(workspace=owner.workspace, user=user, role=role)
        for role, user in users.items()
        if role != Role.OWNER
    }
    return {Role.OWNER: owner, **others}


@contextmanager
def on(day: date) -> Iterator[None]:
    """As if it were ten in the morning of that day."""
    moment = timezone.make_aware(datetime.combine(day, time(10)))
    with patch("django.utils.timezone.now", lambda: moment):
        yield
