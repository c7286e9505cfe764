"""Where on a drawing of a plan each thing stands. Lengths are in pixels, and of everything the left edge is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import Generic, TypeVar

ROW, PAD, HEAD = 32, 8, 34
# Of a letter, on average; what does not fit in a bar stands beside it.
LETTER = 6.6
DAY = timedelta(days=1)


class Zoom(Enum):
    """How wide a day is."""

    DAYS = 28.0
    WEEKS = 14.0
    MONTHS = 5.0
    QUARTERS = 1.8

    @property
    def word(self) -> str:
        return self.name.lower()

    @classmethod
    def named(cls, word: str, *, days: int) -> "Zoom":
        """The one that was asked for, else the closest at which so many days need no more than a screen."""
        asked = next((zoom for zoom in cls if zoom.word == word), None)
        return asked or next((zoom for zoom in cls if days * zoom.value <= 1100), cls.QUARTERS)


@dataclass(frozen=True)
class Axis:
    first: date
    last: date
    zoom: Zoom

    @property
    def width(self) -> float:
        return ((self.last - self.first).days + 1) * self.zoom.value

    def x(self, day: date) -> float:
        """The left edge of a day."""
        return (day - self.first).days * self.zoom.value

    def ticks(self) -> list[tuple[float, str]]:
        """Weeks, months or quarters, each with its name; so many that the names do not run into each other."""
        ticks, day, weekly = [], self.first, self.zoom in (Zoom.DAYS, Zoom.WEEKS)
        while day <= self.last:
            if weekly and day.weekday() == 0:
                ticks.append((self.x(day), f"{day:%-d %b}"))
            elif not weekly and day.day == 1 and (self.zoom is Zoom.MONTHS or day.month % 3 == 1):
                named = f"{day:%b %Y}" if day.month == 1 or not ticks else f"{day:%b}"
                ticks.append((self.x(day), named))
            day += DAY
        return ticks


@dataclass
class Mark:
    """Something on a lane: what it is called, from which day to which, and, once it is packed, its row."""

    label: str
    first: date
    last: date
    moment: bool = False
    row: int = 0
    inside: bool = True

    @property
    def wanted(self) -> float:
        """The room that its name takes."""
        return len(self.label) * LETTER + 16


M = TypeVar("M", bound=Mark)


@dataclass
class Lane(Generic[M]):
    marks: Sequence[M]
    rows: int

    @property
    def height(self) -> float:
        return self.rows * ROW + 2 * PAD


def pack(marks: Sequence[M], axis: Axis) -> Lane[M]:
    """Put marks into as few rows as keep them, and their names, from touching: each into the first that has room."""
    ends: list[float] = []
    for mark in sorted(marks, key=lambda one: (one.first, one.last)):
        left, width = axis.x(mark.first), axis.x(mark.last + DAY) - axis.x(mark.first)
        mark.inside = not mark.moment and mark.wanted <= width
        right = left + (width if mark.inside else (24 if mark.moment else width) + mark.wanted)
        mark.row = next((row for row, end in enumerate(ends) if end + 4 <= left), len(ends))
        ends[mark.row : mark.row + 1] = [right]
    return Lane(marks, max(1, len(ends)))
