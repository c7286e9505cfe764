"""Times as people say them: relative while fresh, absolute once they are not.

Formatted by hand: Django's date filter costs 60 µs a cell, which a table of fifty rows feels.
"""

from datetime import date, datetime, time, timedelta

from django.utils import timezone

FRESH = timedelta(days=7)
# Time zones and databases give up at the ends of the calendar, and nothing of ours happened there.
FIRST, LAST = date(1900, 1, 1), date(9000, 1, 1)


def midnight(day: date) -> datetime:
    """The moment at which the day begins, here."""
    return timezone.make_aware(datetime.combine(min(max(day, FIRST), LAST), time.min))


def midnight_after(day: date) -> datetime:
    return midnight(min(day, LAST) + timedelta(days=1))


def day(value: date, *, today: date) -> str:
    """“14 March”, with the year where it is another."""
    return f"{value.day} {value:%B}" if value.year == today.year else f"{value.day} {value:%b} {value.year}"


def distance(value: date, *, today: date) -> str:
    days = (value - today).days
    if days in (-1, 0, 1):
        return {-1: "yesterday", 0: "today", 1: "tomorrow"}[days]
    told = _count(abs(days))
    return f"in {told}" if days > 0 else f"{told} ago"


def _count(days: int) -> str:
    if days < 14:
        return f"{days} days"
    if days < 60:
        return f"{days // 7} weeks"
    return f"{days // 30} months" if days < 730 else f"{days // 365} years"


def ago(moment: datetime, *, now: datetime) -> str | None:
    """“3 hours ago”; None once it is older than a week."""
    passed = now - moment
    if passed >= FRESH:
        return None
    minutes = int(passed.total_seconds() // 60)
    for size, unit in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            number = minutes // size
            return f"{number} {unit}{'s' if number > 1 else ''} ago"
    return "just now"


def exact(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{local:%A}, {local.day} {local:%B %Y, %H:%M} {local.tzname()}"
