"""What is wrong with an entry of a communication plan, in words."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from interlock.launch.models import Communication
from interlock.organisation.models import Person
from interlock.people.models import Audience


@dataclass(frozen=True)
class Remark:
    """`level` as the page colours it: bad where it cannot go out as planned, warn where something is missing."""

    level: str
    says: str


@dataclass(frozen=True)
class Outlook:
    """What an entry is held against.

    launch  the day on which customers have it, by plan
    likely  the day by which 85 of 100 simulations have it done
    target  the day that was announced
    told    audiences that something reaches by the launch: primary keys
    away    persons who are absent: primary key, first and last day
    """

    today: date
    launch: date | None = None
    likely: date | None = None
    target: date | None = None
    told: Collection[int] = frozenset()
    away: Collection[tuple[int, date, date]] = ()

    def absent(self, person: Person, day: date) -> bool:
        return any(pk == person.pk and first <= day <= last for pk, first, last in self.away)


def remarks(entry: Communication, held: Outlook) -> list[Remark]:
    """Reads audience, its department, owner, its department, and what it needs with its dates: fetch them with it.

    Of what was sent or dropped there is nothing to say, but that it came too late.
    """
    if entry.archived or entry.status == Communication.Status.DROPPED:
        return []
    if entry.status == Communication.Status.SENT:
        return list(_after_the_fact(entry, held))
    return [
        *_overdue(entry, held),
        *_too_early(entry, held),
        *_after_the_fact(entry, held),
        *_day_off(entry, held),
        *_missing(entry, held),
    ]


def _overdue(entry: Communication, held: Outlook) -> Iterator[Remark]:
    if entry.goes_out_on and entry.goes_out_on < held.today:
        yield Remark("bad", f"It was to go out on {entry.goes_out_on:%-d %B}, and nobody has said that it did.")


def _too_early(entry: Communication, held: Outlook) -> Iterator[Remark]:
    """Before what it speaks of is likely to be there."""
    if entry.goes_out_on is None:
        return
    waits = _for_what_it_needs(entry, entry.goes_out_on)
    # What goes out before the day that was announced says that it comes; from that day on, that it is there.
    there = held.target and entry.goes_out_on >= held.target
    if waits:
        yield waits
    elif there and held.likely and entry.goes_out_on < held.likely:
        yield Remark("bad", f"The release is likely to be out only by {held.likely:%-d %B}, after this has gone out.")


def _for_what_it_needs(entry: Communication, day: date) -> Remark | None:
    need = entry.needs
    if need and need.status == need.Status.DROPPED:
        return Remark("bad", f"It needs “{need}”, which is dropped.")
    dates = getattr(need, "dates", None) if need and need.open else None
    if dates is None:
        return None
    later = dates.likely_by if dates.likely_by and dates.likely_by > max(day, dates.ends_on) else None
    if dates.ends_on > day:
        likely = f", and likely by {later:%-d %B}" if later else ""
        return Remark("bad", f"It needs “{need}”, which is planned for {dates.ends_on:%-d %B}{likely}.")
    return Remark("warn", f"It needs “{need}”, which is likely to be done only by {later:%-d %B}.") if later else None


def _after_the_fact(entry: Communication, held: Outlook) -> Iterator[Remark]:
    """Colleagues who hear of it, or are trained, when customers have it already."""
    first = entry.trains or (entry.audience.kind == Audience.Kind.INTERNAL and entry.audience_id not in held.told)
    if first and entry.day and held.launch and entry.day > held.launch:
        verb = "went" if entry.sent_on else "goes"
        yield Remark("bad", f"It {verb} out after customers have the release, on {held.launch:%-d %B}.")


def _day_off(entry: Communication, held: Outlook) -> Iterator[Remark]:
    day, speaker = entry.goes_out_on, entry.speaker
    if day is None:
        return
    if speaker and not speaker.workdays(day, 1)[0]:
        yield Remark("warn", f"{day:%A, %-d %B} is a day off in {speaker}.")
    if entry.owner and held.absent(entry.owner, day):
        yield Remark("warn", f"{entry.owner} is away on {day:%-d %B}.")


def _missing(entry: Communication, held: Outlook) -> Iterator[Remark]:
    if entry.goes_out_on is None:
        yield Remark("warn", "It has no day yet.")
    if entry.owner is None:
        yield Remark("warn", "Nobody sees to it yet.")
    elif entry.owner.standing != Person.Standing.CURRENT or entry.owner.archived:
        yield Remark("warn", f"{entry.owner}, who was to see to it, is not here any more.")
    if entry.status == Communication.Status.READY and not entry.link:
        yield Remark("warn", "It is ready, and nobody has said where the text is.")
    if not entry.audience.reached_by(entry.channel):
        yield Remark("warn", f"{entry.audience}: not reached by “{entry.get_channel_display()}”.")
