"""What ends with a member's seat."""

from interlock.launch.models import CalendarFeed
from interlock.workspaces.changes import Change, changed
from interlock.workspaces.models import Member

SEAT = Member._meta.label_lower


def listen() -> None:
    changed.connect(note, dispatch_uid="launch.forgetting")


def note(changes: list[Change], **_: object) -> None:
    seats = {change.pk for change in changes if change.model == SEAT}
    if seats:
        CalendarFeed.objects.end_with_seats(seats)
