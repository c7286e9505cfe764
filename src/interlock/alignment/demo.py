"""What Northwind does about its findings."""

from datetime import date, timedelta

from interlock.alignment import checking
from interlock.alignment.models import Finding
from interlock.workspaces.models import Member


def check(by: Member, *, today: date) -> None:
    checking.check(by.workspace, today=today)


def waive(code: str, *, reason: str, days: int, by: Member, today: date) -> None:
    """Accept one finding of a rule for a time."""
    finding = Finding.objects.of(by.workspace).open().filter(code=code).order_by("number").first()
    if finding:
        finding.waive(reason=reason, until=today + timedelta(days=days), by=by, today=today)
