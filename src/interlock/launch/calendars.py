"""What a calendar shows of a member's work, or of a release, as iCalendar (RFC 5545).

    @source
    def gates(asked: Asked) -> Iterator[Happening]:
        …

A source tells what falls on days of what the feed is about; it asks as the feed's member, so what they may no longer
see is no longer told. Titles, departments and days go out, and no names of people: calendars are kept by others.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from interlock.launch.models import CalendarFeed, Communication, Gate
from interlock.organisation.models import Person
from interlock.releases import calendar
from interlock.releases.models import Release, Task
from interlock.workspaces.models import Member

if TYPE_CHECKING:
    from icalendar import Event

# What is over stays so long, so that one can look back.
PAST = timedelta(days=90)
# Of a calendar; no program shows more, and some stop at fewer.
MOST = 5000


@dataclass(frozen=True)
class Asked:
    """Of whom, and of which release where it is of one; else of what `person` owns."""

    member: Member
    today: date
    person: Person | None = None
    release: Release | None = None

    def of(self, rows: Any, *, release: str) -> Any:
        """Those of the rows that it is about; `release` is the lookup to it."""
        if self.release:
            return rows.filter(**{release: self.release})
        kept = {f"{release}__archived_at": None}
        mine = rows.filter(owner=self.person, **kept) if self.person else rows.none()
        return mine.exclude(**{f"{release}__status": Release.Status.CANCELLED})


@dataclass(frozen=True)
class Happening:
    """Something on a day, or from one to another, the last included.

    rows    what it was read from, itself first
    """

    rows: Sequence[Any]
    says: str
    about: str
    category: str
    first: date
    last: date
    certain: bool = True
    # When what is no row changed, such as a computed date.
    also_changed: datetime | None = None

    @property
    def changed_at(self) -> datetime:
        moments = [row.changed_at for row in self.rows] + [self.also_changed]
        return max(moment for moment in moments if moment).astimezone(UTC)

    @property
    def sequence(self) -> int:
        """Grows with each change, since it counts the seconds until the last one."""
        return max(0, int((self.changed_at - self.rows[0].created_at).total_seconds()))

    def event(self, site: str) -> "Event":
        event = calendar.all_day(
            calendar.uid_of(self.rows[0], site=site),
            self.says,
            self.first,
            self.last,
            at=self.changed_at,
            version=self.sequence + 1,
            says=self.about,
            url=f"{site}{self.rows[0].get_absolute_url()}",
        )
        event.add("categories", [self.category])
        event.add("status", "CONFIRMED" if self.certain else "TENTATIVE")
        return event


Source = Callable[[Asked], Iterator[Happening]]

_sources: list[Source] = []


def source(tell: Source) -> Source:
    _sources.append(tell)
    return tell


def written(feed: CalendarFeed, *, today: date, site: str) -> bytes:
    """The calendar of a feed. `site` is where this installation is found, such as https://plan.example.com."""
    member, release = feed.reader(), None
    if feed.release_id:
        release = Release.objects.visible_to(member).active().filter(pk=feed.release_id).first()
        if release is None:
            return calendar.written("Interlock", [])
    person = Person.objects.visible_to(member).filter(member=member).first()
    asked = Asked(member, today, person, release)
    found = sorted((one for tell in _sources for one in tell(asked)), key=lambda one: (one.first, one.rows[0].key))
    name = str(release) if release else f"{member.workspace}: what I own"
    return calendar.written(name, [one.event(site) for one in found[:MOST]])


# --- what falls on days --------------------------------------------------------------------------------


@source
def launches(asked: Asked) -> Iterator[Happening]:
    release = asked.release
    if release is None:
        return
    day = release.released_on or release.latest_target
    if day and release.status != Release.Status.CANCELLED:
        out = release.status == Release.Status.RELEASED
        about = "Released." if out else f"Planned for {release.due}."
        certain = out or release.target_precision == Release.Precision.DAY
        yield Happening([release], f"Launch: {release}", about, "Launch", day, day, certain)


@source
def tasks(asked: Asked) -> Iterator[Happening]:
    """Tasks from their first to their last day, and milestones, as the plan stands."""
    rows = asked.of(Task.objects.visible_to(asked.member).active(), release="workstream__release")
    late = Q(status__in=Task.OPEN) | Q(status=Task.Status.DONE, done_on__gte=asked.today - PAST)
    rows = rows.filter(late, workstream__archived_at=None).defer("description").order_by("-number")
    for task in rows.select_related("workstream__department", "workstream__release", "dates")[:MOST]:
        span = task.span
        if span:
            dates, stream = getattr(task, "dates", None), task.workstream
            yield Happening(
                [task, stream.department, stream.release],
                str(task),
                f"{task.get_kind_display()} of {stream.department} for {stream.release}: "
                f"{task.get_status_display().lower()}.",
                task.get_kind_display(),
                first=span[0],
                last=span[1],
                also_changed=dates and dates.changed_at,
            )


@source
def communications(asked: Asked) -> Iterator[Happening]:
    rows = asked.of(Communication.objects.visible_to(asked.member).kept(), release="release")
    rows = rows.exclude(sent_on__lt=asked.today - PAST).select_related("release", "audience").order_by("-number")
    for entry in rows[:MOST]:
        if entry.day:
            yield Happening(
                [entry, entry.audience, entry.release],
                f"{entry.audience}: {entry}",
                f"By {entry.get_channel_display()}, for {entry.release}: {entry.get_status_display().lower()}.",
                "Communication",
                entry.day,
                entry.day,
                entry.status != Communication.Status.DRAFT,
            )


@source
def gates(asked: Asked) -> Iterator[Happening]:
    """The days by which gates are decided: those of the release, or those in which the person has a say."""
    rows = Gate.objects.visible_to(asked.member).active().filter(decide_by__isnull=False)
    if asked.release:
        rows = rows.filter(release=asked.release)
    elif asked.person:
        rows = rows.open().approved_by(asked.person, today=asked.today)
    else:
        return
    for gate in rows.select_related("release").order_by("number")[:MOST]:
        about = f"Gate of {gate.release}."
        if gate.decide_by:
            yield Happening([gate, gate.release], f"Gate: {gate}", about, "Gate", gate.decide_by, gate.decide_by)
