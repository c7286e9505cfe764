"""What the plan asks of each department, week by week, against the people that it has.

Two readings of the same tasks:

planned  each where the plan has it. The plan gives nobody more than they can do, so it loads a department to the full
         at most; the price are dates that slip.
asked    what keeps its date stays where the plan has it. What the plan would end after the day by which it was asked
         for stands as if that day were kept: it ends then, or as soon as it can from today on. Where that is more than
         the people can do, the dates that were asked for cannot all be kept.

A week that has begun counts from today on.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from math import ceil
from typing import Any

from interlock.engine import load as engine
from interlock.engine.schedule.problem import Resource
from interlock.organisation.models import Department, Person
from interlock.releases import scheduling
from interlock.releases.models import Freezes, FreezeWindow, Release, Task
from interlock.workspaces.models import Workspace

WEEK = timedelta(weeks=1)
DAY = timedelta(days=1)


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


@dataclass
class Cell:
    """A department in a week.

    people    who are there on a day of work, on average
    there     person-days that they have
    by_task   person-days of each task, by its primary key
    """

    department: Department
    week: date
    people: float
    there: float
    by_task: dict[int, float] = field(default_factory=dict)

    @cached_property
    def needed(self) -> float:
        """Person-days."""
        return sum(self.by_task.values())

    @property
    def percent(self) -> int | None:
        """Of what the people can do; None where nobody is there."""
        if self.there:
            return round(100 * self.needed / self.there)
        return None if self.needed else 0

    def over(self, percent: int) -> bool:
        """Whether it holds so much more than the people can do."""
        return bool(self.needed) and (self.percent is None or self.percent > 100 + percent)

    @property
    def heat(self) -> int:
        """0: nothing to do; 1 to 3: up to what the people can do; 4: up to a tenth more; 5: more than that."""
        if not self.needed:
            return 0
        share = self.needed / self.there if self.there else 9.0
        return next((heat for heat, most in enumerate((0.5, 0.8, 1.0, 1.1), start=1) if share <= most + 0.005), 5)

    @property
    def says(self) -> str:
        """“4 people, 108% loaded”."""
        if self.percent is None:
            return f"nobody is there for {days(self.needed)} of work"
        return f"{people(self.people)}, {self.percent:,}% loaded"


def people(number: float) -> str:
    return "1 person" if round(number, 1) == 1 else f"{number:.1f}".removesuffix(".0") + " people"


def days(number: float) -> str:
    return "1 day" if round(number, 1) == 1 else f"{number:,.1f}".removesuffix(".0") + " days"


@dataclass(frozen=True)
class Load:
    """Of the departments that have something to do.

    rows     each with its weeks, by their names
    unknown  those of which nobody is known: the plan has their work done by one person, and how loaded they are
             cannot be told
    """

    weeks: Sequence[date]
    tasks: Mapping[int, Task]
    rows: Sequence[tuple[Department, Sequence[Cell]]]
    unknown: Sequence[Department] = ()

    @classmethod
    def of(cls, workspace: Workspace, *, asked: bool = False, **how: Any) -> "Load":
        """One of the two readings; `how` as for both."""
        return cls.both(workspace, **how)[asked]

    @classmethod
    def both(
        cls,
        workspace: Workspace,
        *,
        today: date,
        weeks: int,
        departments: Collection[int] | None = None,
        freezes: Freezes | None = None,
        tasks: Iterable[Task] | None = None,
    ) -> tuple["Load", "Load"]:
        """As planned, and as asked; of these departments, or of all.

        `freezes` and `tasks` (see `dated`) are read where they are not known already.
        """
        mine: dict[Department, list[Task]] = defaultdict(list)
        for task in dated(workspace, departments) if tasks is None else tasks:
            if task.kind == Task.Kind.TASK:
                mine[task.workstream.department].append(task)
        if freezes is None:
            freezes = FreezeWindow.objects.in_force(workspace, today=today)
        headcount = Counter(Person.objects.of(workspace).current().order_by().values_list("department_id", flat=True))
        unknown = {one for one in mine if one.capacity is None and not headcount[one.pk]}
        known = {one.pk: one for one in mine if one not in unknown}
        hands = scheduling.resources(
            workspace,
            known.values(),
            lambda one: Decimal(headcount[one.pk]) if one.capacity is None else one.capacity,
            today=today,
        )
        planned, asked = (
            cls(
                [monday(today) + n * WEEK for n in range(weeks)],
                {task.pk: task for some in mine.values() for task in some},
                sorted(
                    (
                        (one, cells)
                        for pk, one in known.items()
                        for cells in [_cells(one, mine[one], hands[pk], freezes, weeks, today=today, asked=as_asked)]
                        if any(cell.needed for cell in cells)
                    ),
                    key=lambda row: (row[0].name, row[0].pk),
                ),
                sorted(unknown, key=lambda one: one.name),
            )
            for as_asked in (False, True)
        )
        return planned, asked

    def of_department(self, department: Department) -> Sequence[Cell]:
        return next((cells for one, cells in self.rows if one == department), ())

    def while_at(self, release: Release, department: Department) -> str:
        """“4 people · 108% loaded”: while the department works for the release, by all that it does."""
        mine = {pk for pk, task in self.tasks.items() if task.workstream.release_id == release.pk}
        cells = self.of_department(department)
        at_it = [n for n, cell in enumerate(cells) if cell.by_task.keys() & mine]
        over = cells[at_it[0] : at_it[-1] + 1] if at_it else ()
        there = sum(cell.there for cell in over)
        if not there:
            return ""
        needed = sum(cell.needed for cell in over)
        return f"{people(round(max(cell.people for cell in over)))} · {100 * needed / there:,.0f}% loaded"

    def releases(self, cells: Iterable[Cell]) -> list[tuple[Release, float]]:
        """The releases that make the load of cells, each with its person-days, the most first."""
        made: dict[int, float] = defaultdict(float)
        known = {}
        for cell in cells:
            for pk, effort in cell.by_task.items():
                release = self.tasks[pk].workstream.release
                known[release.pk] = release
                made[release.pk] += effort
        return sorted(((known[pk], effort) for pk, effort in made.items()), key=lambda one: (-one[1], one[0].number))


def dated(workspace: Workspace, departments: Collection[int] | None = None) -> list[Task]:
    """Everything that is still to be done for open releases, and has dates in the plan."""
    tasks = Task.objects.of(workspace).planned().filter(dates__isnull=False).defer("description")
    if departments is not None:
        tasks = tasks.filter(workstream__department__in=departments)
    together = ("workstream__department", "workstream__release__product", "dates")
    return list(tasks.select_related(*together).order_by("number"))


def _cells(
    department: Department,
    tasks: Sequence[Task],
    hands: Resource,
    freezes: Freezes,
    weeks: int,
    *,
    today: date,
    asked: bool,
) -> list[Cell]:
    calendar = scheduling.calendar(department, freezes, today=today)
    first, weekday = monday(today), today.weekday()
    span = 7 * weeks - weekday
    there = engine.there(hands, calendar, span, slots=scheduling.SLOTS, units=scheduling.HALVES)
    placed = [(task, *_placed(task, asked=asked, today=today)) for task in tasks]
    furthest = min(max((last - today).days for _, _, last, _ in placed) + 1, scheduling.FURTHEST)
    able = [
        calendar.week[slot % len(calendar.week)] and slot not in calendar.closed
        for slot in range(0, max(span, furthest) * scheduling.SLOTS, scheduling.SLOTS)
    ]
    cells = []
    for n in range(weeks):
        mine = range(max(7 * n - weekday, 0), 7 * (n + 1) - weekday)
        worked = [there[day] for day in mine if able[day]]
        people = sum(worked) / len(worked) if worked else 0.0
        cells.append(Cell(department, first + n * WEEK, people, sum(worked)))
    for task, begins, ends, effort in placed:
        work = engine.Work((begins - today).days, (ends - today).days, effort)
        for week, share in engine.by_week(work, able, weekday=weekday).items():
            if week < weeks:
                cells[week].by_task[task.pk] = share
    return cells


def _placed(task: Task, *, asked: bool, today: date) -> tuple[date, date, float]:
    """Its first day and its last, from today on, and its person-days."""
    left = scheduling.slots_left(task, today)
    effort = task.people * left / scheduling.SLOTS
    first, last = max(task.dates.starts_on, today), max(task.dates.ends_on, today)
    due = _due(task)
    if not asked or task.fixed_on or due is None or last <= due:
        return first, last, effort
    department, days = task.workstream.department, ceil(left / scheduling.SLOTS)
    first = max(department.shifted(due, 1 - days) if days else due, today)
    # No earlier than today, and no faster than it goes: from then on, it takes its days.
    first = department.shifted(first, 0)
    return first, department.shifted(first, max(days - 1, 0)), effort


def _due(task: Task) -> date | None:
    """The day by which it was asked for: its own, or that of the launch, unless it only begins after it."""
    target = task.workstream.release.latest_target
    if task.deadline or target is None:
        return task.deadline
    return None if task.not_before and task.not_before > target else target
