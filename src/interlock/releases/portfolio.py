"""All open releases over time, the load that they make together, and where they collide."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from itertools import groupby
from typing import Any

from interlock.organisation.models import Department, Product
from interlock.releases.launches import Launch, launches_of
from interlock.releases.loads import Cell, Load, dated, monday
from interlock.releases.models import Forecast, Freezes, FreezeWindow, Release, Task
from interlock.releases.models.freeze import taking_part
from interlock.workspaces.models import Member

SHOWN = 80
# What is this much above what the people can do is told; less is within what an estimate may be wrong by.
TOLERATED = 10


class Span(Enum):
    """How far the page looks, in weeks; and how wide a week is drawn."""

    QUARTER = 13, 70, "Quarter"
    HALF = 26, 36, "Half-year"
    YEAR = 52, 28, "Year"

    def __init__(self, weeks: int, width: int, label: str) -> None:
        self.weeks, self.width, self.label = weeks, width, label

    @property
    def word(self) -> str:
        return self.name.lower()

    @classmethod
    def named(cls, word: str) -> "Span":
        return next((span for span in cls if span.word == word), cls.HALF)


@dataclass(frozen=True)
class Collision:
    """Two things of the plan that cannot both be as they are said to be.

    kind      launches, freeze, day off or load
    releases  that it is about, as far as they are seen
    """

    kind: str
    day: date
    says: str
    releases: Sequence[Release] = ()
    cell: Cell | None = None

    KINDS = {"launches": "Launches", "freeze": "Freeze", "day off": "Day off", "load": "Load"}

    @property
    def word(self) -> str:
        return self.KINDS[self.kind]


@dataclass(frozen=True)
class Row:
    """A release on the page: when it is worked on, when it is likely, when it is to be out.

    launch  the day on which the plan has the launch itself
    """

    release: Release
    forecast: Forecast | None
    begins: date | None
    ends: date | None
    launch: date | None
    freezes: Sequence[FreezeWindow]

    @property
    def says(self) -> str:
        told = [f"target {self.release.due}" if self.release.due else "no target yet"]
        if self.forecast:
            told.append(f"done by {self.forecast.p50_on:%-d %B} in half of the simulations")
            told.append(f"by {self.forecast.p85_on:%-d %B %Y} in 85 of 100")
        elif self.ends:
            told.append(f"planned until {self.ends:%-d %B %Y}")
        return ", ".join(told)

    @property
    def late(self) -> bool:
        return bool(self.forecast and self.forecast.days_late and self.forecast.days_late > 0)


@dataclass(frozen=True)
class Portfolio:
    span: Span
    today: date
    rows: Sequence[Row]
    # Releases beyond those that are shown.
    more: int
    load: Load
    asked: Load
    collisions: Sequence[Collision]

    @classmethod
    def of(cls, member: Member, *, span: Span, today: date) -> "Portfolio":
        workspace = member.workspace
        seen = list(Release.objects.visible_to(member).open().select_related("product").prefetch_related("audiences"))
        seen.sort(key=lambda one: (one.latest_target or date.max, one.number))
        tasks = dated(workspace)
        windows = list(
            FreezeWindow.objects.of(workspace).active().not_over(today=today).prefetch_related("departments")
        )
        heeded = Freezes.of(windows)
        load, asked = Load.both(workspace, today=today, weeks=span.weeks, tasks=tasks, freezes=heeded)
        part = taking_part(seen)
        found = launches_of(seen, tasks, part, today=today)
        told = Freezes.of(one for one in windows if one.seen_by(member))
        shown = seen[:SHOWN]
        rows = _rows(shown, tasks, told, part)
        collisions = _collisions(found, told, asked, {one.pk for one in seen}, until=load.weeks[-1] + timedelta(days=6))
        return cls(span, today, rows, len(seen) - len(shown), load, asked, list(collisions))

    @property
    def first(self) -> date:
        return monday(self.today)

    @property
    def last(self) -> date:
        return self.first + timedelta(weeks=self.span.weeks, days=-1)


def _rows(
    releases: Sequence[Release],
    tasks: Iterable[Task],
    freezes: Freezes,
    part: Mapping[int, frozenset[Department]],
) -> list[Row]:
    forecasts = {one.release_id: one for one in Forecast.objects.newest().filter(release__in=releases).defer(*HEAVY)}
    mine: dict[int, list[Task]] = defaultdict(list)
    for task in tasks:
        mine[task.workstream.release_id].append(task)
    return [
        Row(
            one,
            forecasts.get(one.pk),
            min((task.started_on or task.dates.starts_on for task in mine[one.pk]), default=None),
            max((task.dates.ends_on for task in mine[one.pk]), default=None),
            next((task.dates.ends_on for task in mine[one.pk] if task.launch_day), None),
            freezes.concerning(product=one.product_id, departments=part[one.pk]),
        )
        for one in releases
    ]


HEAVY = ("finishes", "drivers", "levers")


# --- collisions --------------------------------------------------------------------------------------------


def _collisions(
    launches: Sequence[Launch], freezes: Freezes, asked: Load, seen: set[int], *, until: date
) -> Iterator[Collision]:
    near = [one for one in launches if one.day <= until]
    found = [*_together(near), *_frozen(near, freezes), *_off(near), *_overloaded(asked, seen)]
    yield from sorted(found, key=lambda one: (one.day, one.kind))


def _together(launches: Sequence[Launch]) -> Iterator[Collision]:
    """Launches to one audience in one week; of one product, where it is not said whom the releases affect."""
    told: dict[date, dict[Any, dict[Release, date]]] = defaultdict(lambda: defaultdict(dict))
    for one in launches:
        audiences: list[Any] = [audience for audience in one.release.audiences.all() if not audience.archived]
        for whom in audiences or [one.release.product]:
            told[monday(one.day)][whom].setdefault(one.release, one.day)
    for week, listeners in told.items():
        # Who hears of the same releases is told in one sentence.
        alike: dict[frozenset[Release], list[Any]] = defaultdict(list)
        for whom, releases in listeners.items():
            if len(releases) > 1:
                alike[frozenset(releases)].append(whom)
        for releases_, whoever in alike.items():
            some = sorted(releases_, key=lambda release: (listeners[whoever[0]][release], release.number))
            who = named(f"users of {one}" if isinstance(one, Product) else str(one) for one in whoever)
            yield Collision(
                "launches",
                listeners[whoever[0]][some[0]],
                f"{named(map(str, some))} launch in the week of {week:%-d %B %Y}, "
                f"{'both' if len(some) == 2 else 'all'} to {who}.",
                some,
            )


def _frozen(launches: Sequence[Launch], freezes: Freezes) -> Iterator[Collision]:
    for one in launches:
        for window in freezes.over_launch(one.day, product=one.release.product_id, departments=one.departments):
            yield Collision("freeze", one.day, f"{one.says}, in {window}: {window.days}.", [one.release])


def _off(launches: Sequence[Launch]) -> Iterator[Collision]:
    for one in launches:
        if off := one.off_work:
            who = named(department.name for department in off)
            yield Collision(
                "day off", one.day, f"{one.says}, a {one.day:%A} on which {who} {_do(off)} not work.", [one.release]
            )


def _do(some: Sequence[Department]) -> str:
    return "does" if len(some) == 1 else "do"


def _overloaded(asked: Load, seen: set[int]) -> Iterator[Collision]:
    """Weeks next to each other are told as one."""
    for department, cells in asked.rows:
        full = [(n, cell) for n, cell in enumerate(cells) if cell.over(TOLERATED)]
        for _, group in groupby(enumerate(full), key=lambda one: one[1][0] - one[0]):
            some = [cell for _, (_, cell) in group]
            worst = max(some, key=lambda cell: cell.percent or 10**9)
            made = asked.releases(some)
            known = [release for release, _ in made if release.pk in seen]
            by = [str(release) for release in known[:4]]
            if len(made) > len(by):
                by.append(f"{len(made) - len(by)} more")
            when = f"in the week of {some[0].week:%-d %B %Y}"
            if len(some) > 1:
                when = f"in {len(some)} weeks from {some[0].week:%-d %B %Y} on, most in that of {worst.week:%-d %B}"
            much = f"{worst.percent:,}% of what it can do" if worst.percent else "work, though nobody is there,"
            yield Collision(
                "load",
                some[0].week,
                f"{department} is asked for {much} {when}: for {named(by)}.",
                known,
                worst,
            )


def named(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
