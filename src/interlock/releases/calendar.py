"""Tasks and milestones as events of a calendar: the same in a file that is fetched once and in a feed.

Nothing here asks the database: tasks come with `dates`, `owner`, `workspace` and their workstream's department and
release. All events are whole days, and leave those who see them free.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from interlock.releases.models import Task
from interlock.workspaces.plan import PlanModel

if TYPE_CHECKING:
    from icalendar import Event

ENTITY = "-//Interlock//Release plan//EN"
# How often a program that reads it along is to look again.
REFRESHED = timedelta(hours=6)


def all_day(
    uid: str, title: str, first: date, last: date, *, at: datetime, version: int = 1, says: str = "", url: str = ""
) -> "Event":
    """An event from the morning of the first day to the evening of the last.

    uid       what tells it from all others, for good: a calendar that has it already changes it
    at        when it was last changed
    version   one more with each change
    """
    # Here, since it takes a tenth of a second to load.
    from icalendar import Event

    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", at)
    event.add("last-modified", at)
    event.add("sequence", version - 1)
    event.add("summary", title)
    event.add("dtstart", first)
    # The day after: the end itself does not belong to it.
    event.add("dtend", last + timedelta(days=1))
    event.add("transp", "TRANSPARENT")
    if says:
        event.add("description", says)
    if url:
        event.add("url", url)
    return event


def of_task(task: Task, *, site: str) -> "Event | None":
    """None for a task that has no dates yet. `site` is where this installation is found, such as https://plan.example.com."""
    if task.span is None:
        return None
    first, last = task.span
    stream = task.workstream
    says = [f"{task.get_kind_display()} of {stream.department} for {stream.release}."]
    if task.owner:
        says.append(f"Owner: {task.owner}.")
    if task.deadline:
        says.append(f"Deadline: {task.deadline:%-d %B %Y}.")
    says.append(f"Status: {task.get_status_display().lower()}.")
    return all_day(
        uid_of(task, site=site),
        f"{task.title} ({stream.release})",
        first,
        last,
        at=task.changed_at,
        version=task.version,
        says="\n".join(says),
        url=site + task.get_absolute_url(),
    )


def uid_of(row: PlanModel, *, site: str) -> str:
    return f"{row.key}.{row.workspace.slug}@{site.partition('://')[2] or site}".lower()


def of_tasks(tasks: Iterable[Task], *, site: str) -> list["Event"]:
    """In the order of the tasks, without those that have no dates."""
    return [event for task in tasks if (event := of_task(task, site=site))]


def written(name: str, events: Iterable["Event"]) -> bytes:
    """The calendar as a file. The same events give the same bytes."""
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", ENTITY)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", " ".join(name.split()))
    # Days are days wherever one is; programs that ask for a zone all the same are told the plan's.
    calendar.add("x-wr-timezone", settings.TIME_ZONE)
    calendar.add("refresh-interval", REFRESHED, parameters={"VALUE": "DURATION"})
    for event in events:
        calendar.add_component(event)
    return bytes(calendar.to_ical())
