"""When a department works: its week, and the public holidays of where it is."""

from collections.abc import Collection
from datetime import date, timedelta
from functools import lru_cache

# Nobody plans further than this; an endless search for a working day would.
HORIZON = 366 * 5


def is_known(place: str) -> bool:
    """Whether the public holidays of a country (“DE”) or a part of one (“DE-BY”) can be told."""
    country, _, part = place.partition("-")
    parts = _places().get(country)
    return parts is not None and (not part or part in parts)


def is_free(day: date, week: Collection[int], place: str) -> bool:
    """`week`: the days of work, Monday as 1."""
    return day.isoweekday() not in week or (bool(place) and day in _holidays(place, day.year))


def workdays(first: date, number: int, week: Collection[int], place: str) -> list[bool]:
    """For each of so many days from `first` on whether it is worked on."""
    return [not is_free(first + timedelta(days=n), week, place) for n in range(number)]


def shifted(day: date, working_days: int, week: Collection[int], place: str) -> date:
    """So many working days later, or earlier; zero leads to the next day of work, or to `day` where it is one."""
    step = timedelta(days=-1 if working_days < 0 else 1)
    left = abs(working_days)
    for _ in range(HORIZON):
        if not is_free(day, week, place):
            if not left:
                return day
            left -= 1
        day += step
    return day


@lru_cache
def _places() -> dict[str, list[str]]:
    from holidays import list_supported_countries

    return dict(list_supported_countries(include_aliases=False))


@lru_cache(maxsize=200)
def _holidays(place: str, year: int) -> frozenset[date]:
    from holidays import country_holidays

    country, _, part = place.partition("-")
    return frozenset(country_holidays(country, subdiv=part or None, years=year))
