"""Quarters and years: what an objective's dates are chosen from, and what a list of objectives is narrowed to."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Self


@dataclass(frozen=True)
class Period:
    """“2026-Q4” or “2026”, as it stands in an address."""

    name: str
    starts_on: date
    ends_on: date

    def __str__(self) -> str:
        year, _, quarter = self.name.partition("-")
        return f"{quarter} {year}".strip()

    @classmethod
    def quarter(cls, year: int, number: int) -> Self:
        starts = date(year, 3 * number - 2, 1)
        following = date(year + number // 4, 3 * number % 12 + 1, 1)
        return cls(f"{year}-Q{number}", starts, date.fromordinal(following.toordinal() - 1))

    @classmethod
    def year(cls, year: int) -> Self:
        return cls(str(year), date(year, 1, 1), date(year, 12, 31))

    @classmethod
    def named(cls, name: str) -> Self | None:
        found = re.fullmatch(r"([12]\d{3})(?:-Q([1-4]))?", name)
        if not found:
            return None
        return cls.quarter(int(found[1]), int(found[2])) if found[2] else cls.year(int(found[1]))

    @classmethod
    def of(cls, starts_on: date | None, ends_on: date | None) -> Self | None:
        """The quarter or year that the dates are, if they are one."""
        if not (starts_on and ends_on):
            return None
        quarter = cls.quarter(starts_on.year, (starts_on.month + 2) // 3)
        for period in (quarter, cls.year(starts_on.year)):
            if (starts_on, ends_on) == (period.starts_on, period.ends_on):
                return period
        return None


def around(today: date, *, quarters_back: int = 2, quarters_on: int = 5) -> Iterator[Period]:
    """The quarters about a day, and the years they are in."""
    here = 4 * today.year + (today.month - 1) // 3
    quarters = [Period.quarter(n // 4, n % 4 + 1) for n in range(here - quarters_back, here + quarters_on + 1)]
    yield from quarters
    yield from (Period.year(year) for year in sorted({period.starts_on.year for period in quarters}))
