"""What is told of a plan, by keys alone: to be kept, compared, and shown to whoever may read each of them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypedDict

from interlock.engine import schedule as engine
from interlock.engine.outlook import Outlook
from interlock.releases.models import Release, Task
from interlock.releases.scheduling import HALVES, SLOTS, Gathered


class ReleaseFigures(TypedDict):
    """Days as YYYY-MM-DD; the chance of the target as a share, where it has one."""

    target_on: str | None
    planned_on: str
    p50_on: str
    p85_on: str
    p95_on: str
    chance: float | None


class TaskFigures(TypedDict):
    starts_on: str
    # The last day of work; of a milestone, its day.
    ends_on: str
    # Days by which it may slip before the release does.
    slack: int | None
    critical: bool
    likely_by: str | None


class Figures(TypedDict):
    """Of a plan, seen from one of its releases.

    against      sentences that contradict each other, where not every date can be kept
    releases     of each open release with something left to do
    tasks        of the release itself
    load         of each department that works on it: the share of its working time, until the release's last task
                 ends, that is planned for tasks of all releases
    person_days  of work that is left in the release
    drivers      [task, share of the variance of the date that goes with it], the greatest first
    """

    against: list[str]
    releases: dict[str, ReleaseFigures]
    tasks: dict[str, TaskFigures]
    load: dict[str, float]
    person_days: float
    drivers: list[tuple[str, float]]


def figures(gathered: Gathered, outlook: Outlook, release: Release) -> Figures:
    """Raises ValueError where no schedule was found in the time given."""
    solution, problem, units = outlook.solution, gathered.problem, gathered.units
    if solution.schedule is None:
        raise ValueError("No dates were found in the time given that keep every constraint.")
    place = place_of(gathered, release)
    mine = [n for n, task in enumerate(gathered.tasks) if task.workstream.release_id == release.pk]
    until = max((solution.schedule.finish[n] for n in mine), default=0)
    critical = set(solution.critical_chain)
    tasks: dict[str, TaskFigures] = {}
    for n in mine:
        task, start, finish = gathered.tasks[n], solution.schedule.start[n], solution.schedule.finish[n]
        moment = task.kind == Task.Kind.MILESTONE
        tasks[task.key] = {
            "starts_on": f"{units.day_before(start) if moment else units.day_of(start)}",
            "ends_on": f"{units.day_before(finish)}",
            "slack": solution.total_float[n] // SLOTS if solution.total_float else None,
            "critical": n in critical,
            "likely_by": f"{units.day_before(outlook.likely_by[n])}" if outlook.likely_by else None,
        }
    found = outlook.releases[place] if place is not None and outlook.releases else None
    return {
        "against": list(outlook.against),
        "releases": {
            one.key: told
            for n, one in enumerate(gathered.releases)
            if (told := _of_release(gathered, outlook, n, one)) is not None
        },
        "tasks": tasks,
        "load": {
            gathered.departments[n].key: round(_load(problem, solution, n, until), 4)
            for n in sorted({gathered.department[task] for task in mine})
        },
        "person_days": sum(_work(problem.tasks[n]) for n in mine),
        "drivers": [(gathered.tasks[n].key, round(share, 4)) for n, share in (found.drivers if found else ())],
    }


def place_of(gathered: Gathered, release: Release) -> int | None:
    return next((n for n, one in enumerate(gathered.releases) if one.pk == release.pk), None)


def _of_release(gathered: Gathered, outlook: Outlook, n: int, release: Release) -> ReleaseFigures | None:
    found = outlook.releases[n] if outlook.releases else None
    schedule, units = outlook.solution.schedule, gathered.units
    if found is None or schedule is None:
        return None
    ends = [end for task, end in zip(gathered.problem.tasks, schedule.finish, strict=True) if task.release == n]
    p50, p85, p95 = (f"{units.day_before(slot)}" for slot in found.levels)
    target = release.latest_target
    return {
        "target_on": f"{target}" if target else None,
        "planned_on": f"{units.day_before(max(ends))}",
        "p50_on": p50,
        "p85_on": p85,
        "p95_on": p95,
        "chance": round(found.chance, 4) if target else None,
    }


def _work(task: engine.Task) -> float:
    """In person-days."""
    mode = task.modes[0]
    return mode.duration * max(mode.demand, default=0) / (SLOTS * HALVES)


def _load(problem: engine.Problem, solution: engine.Solution, n: int, until: int) -> float:
    """The share of a department's working time before that slot that is planned; 0 where it has none."""
    resource, calendar = problem.resources[n], problem.calendars[n]
    worked = [calendar.week[slot % len(calendar.week)] and slot not in calendar.closed for slot in range(until)]
    there = _levels(((0, resource.capacity), *resource.changes), until)
    used = _levels(solution.load[n] if solution.load else (), until)
    whole = sum(units for units, at_work in zip(there, worked, strict=True) if at_work)
    return sum(used) / whole if whole else 0.0


def _levels(changes: Sequence[tuple[int, int]], until: int) -> list[int]:
    """In each slot, where (slot, level) says from when on the level holds."""
    at, level, found = dict(changes), 0, []
    for slot in range(until):
        level = at.get(slot, level)
        found.append(level)
    return found


def days_between(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, name: str = "p85_on") -> int | None:
    """By how many days it is later than before; None where one of the two does not say."""
    if not (before and after and before[name] and after[name]):
        return None
    return (date.fromisoformat(after[name]) - date.fromisoformat(before[name])).days
