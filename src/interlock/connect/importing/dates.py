"""Dates as people write them."""

import re
from calendar import day_name, month_name
from datetime import date, datetime

MONTHS = tuple(month.lower() for month in month_name[1:])
DAYS = tuple(day.lower() for day in day_name)

_MONTH = r"(?P<month>[A-Za-z]{3,9})\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s+(?P<year>\d{4})\b)?"
_WEEKDAY = r"(?:(?P<weekday>[A-Za-z]{3,9})\.?,?\s+(?:the\s+)?)?"
# “Wednesday 11th February 2026”, “23 - 26 March 2026”, “Tue March 24”, “Dec 8th, 2020”.
_DAY_FIRST = re.compile(
    rf"{_WEEKDAY}{_DAY}(?:\s*[-–]\s*(?:[A-Za-z]+\s+)?(?P<last>\d{{1,2}})(?:st|nd|rd|th)?)?\s+(?:of\s+)?{_MONTH}{_YEAR}"
)
_MONTH_FIRST = re.compile(rf"{_WEEKDAY}{_MONTH}\s+{_DAY}(?:\s*[-–]\s*(?P<last>\d{{1,2}})(?:st|nd|rd|th)?)?{_YEAR}")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?\Z")


class NoDate(ValueError):
    """The message says why, as part of a sentence."""


def iso(text: str) -> date:
    """2026-02-11, 2025-10-9, 2026-02-11T12:00:00Z."""
    found = _ISO.match(text.strip())
    if not found:
        raise NoDate("is no date")
    return _day(*(int(part) for part in found.groups()[:3]))


def formatted(text: str, formats: list[str]) -> date:
    for pattern in formats:
        try:
            return datetime.strptime(text.strip(), pattern).date()
        except ValueError:
            continue
    raise NoDate(f"is not written as {' or '.join(formats)}")


def in_words(text: str, *, pick: str = "first", year: int | None = None) -> tuple[date, str]:
    """The first or last date of a text, and a remark where its weekday says otherwise.

    A day that is written for two zones, or as a range, holds several dates. Without a year it takes `year`.
    """
    dates = [found for one in (_DAY_FIRST, _MONTH_FIRST) for found in one.finditer(text) if _month(found)]
    spans = sorted(dates, key=lambda found: (found.start(), -found.end()))
    if not spans:
        raise NoDate("holds no date")
    found = spans[0] if pick == "first" else max(spans, key=lambda one: one.end())
    number = found["last"] if pick == "last" and found["last"] else found["day"]
    said = found["year"] or next((one["year"] for one in spans if one["year"]), None) or year
    if said is None:
        raise NoDate("says no year")
    day = _day(int(said), _month(found), int(number))
    weekday = _index(found["weekday"] or "", DAYS)
    wrong = weekday is not None and number == found["day"] and day.weekday() != weekday
    return day, f"{day:%-d %B %Y} is a {DAYS[day.weekday()].title()}" if wrong else ""


def _month(found: re.Match[str]) -> int:
    index = _index(found["month"], MONTHS)
    return 0 if index is None else index + 1


def _index(word: str, names: tuple[str, ...]) -> int | None:
    return next((n for n, name in enumerate(names) if len(word) >= 3 and name.startswith(word.lower()[:4])), None)


def _day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise NoDate("is no date that exists") from error
