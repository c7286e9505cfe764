"""A problem as arrays, as compiled code wants it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from interlock.engine.schedule.problem import Kind, Link, Objective, Problem

Numbers = NDArray[np.int64]
NEVER = 1 << 40
FROM_FINISH, TO_FINISH = 1, 2
REVERSED = {Kind.FS: Kind.SF, Kind.SF: Kind.FS, Kind.SS: Kind.SS, Kind.FF: Kind.FF}


class Flat(NamedTuple):
    """A problem of n tasks as arrays; compiled functions take it as it is.

    A *row* is one mode of one task: those of task i are first_row[i] … first_row[i + 1] - 1. Lists within lists are
    kept end to end: what belongs to i lies from ptr[i] to ptr[i + 1] - 1.

    first_row     (n + 1)
    duration      (rows)         working slots
    need_ptr      (rows + 1)     into need_resource, need_units: renewable resources only, zero units left out
    budget_need   (rows, budgets), budget (budgets)
    before_ptr    (n + 1)        into before_task, before_lag, before_ends: what a task waits for
    after_ptr     (n + 1)        into after_…: the same links seen from the earlier task
    topological   (n)            the tasks, each after all that it waits for
    far_…         (longest lags) before, after, ends, and most slots between
    ends          FROM_FINISH of the earlier | TO_FINISH of the later task; finish-start is 1
    calendar      (n)            0 works always
    slot          (calendars, slots)      the k-th working slot; NEVER beyond the horizon
    worked        (calendars, slots + 1)  working slots before a slot
    capacity      (resources, slots)      units; its width is the horizon
    skill_need    (rows, skills)          people needed
    masters       (people, skills)        1 where a person has the skill
    away          (people, slots)         1 where a person is absent
    earliest, deadline, fixed    (n)      NEVER for no deadline, -1 for not fixed
    part          (n)            whose finish counts: a release, or 0 for all when the makespan is wanted; -1 for none
    target, weight  (parts)
    scale         what is minimised is value × scale + the sum of the parts' finishes; at 1 without the sum
    """

    first_row: Numbers
    duration: Numbers
    need_ptr: Numbers
    need_resource: Numbers
    need_units: Numbers
    budget_need: Numbers
    budget: Numbers
    before_ptr: Numbers
    before_task: Numbers
    before_lag: Numbers
    before_ends: Numbers
    after_ptr: Numbers
    after_task: Numbers
    after_lag: Numbers
    after_ends: Numbers
    topological: Numbers
    far_before: Numbers
    far_after: Numbers
    far_ends: Numbers
    far_most: Numbers
    calendar: Numbers
    slot: Numbers
    worked: Numbers
    capacity: Numbers
    skill_need: Numbers
    masters: Numbers
    away: Numbers
    earliest: Numbers
    deadline: Numbers
    fixed: Numbers
    part: Numbers
    target: Numbers
    weight: Numbers
    scale: int


def flatten(problem: Problem, horizon: int) -> Flat:
    """The problem as arrays, up to the slot `horizon`."""
    tasks = problem.tasks
    modes = [mode for task in tasks for mode in task.modes]
    renewable = [r for r, resource in enumerate(problem.resources) if resource.renewable]
    budgets = [r for r, resource in enumerate(problem.resources) if not resource.renewable]
    needs = [
        [(k, mode.demand[r]) for k, r in enumerate(renewable) if r < len(mode.demand) and mode.demand[r]]
        for mode in modes
    ]
    forth, back, topological = _without_circles(problem)
    before: list[list[tuple[int, int, int]]] = [[] for _ in tasks]
    after: list[list[tuple[int, int, int]]] = [[] for _ in tasks]
    for link in forth:
        before[link.after].append((link.before, link.lag, _ends(link.kind)))
        after[link.before].append((link.after, link.lag, _ends(link.kind)))
    far = [
        (link.before, link.after, _ends(link.kind), link.longest) for link in problem.links if link.longest is not None
    ]
    far += [(link.after, link.before, _ends(REVERSED[link.kind]), -link.lag) for link in back]
    skills = range(len(problem.skills))
    slot, worked = _calendars(problem, horizon)
    lateness = problem.objective is Objective.LATENESS
    return Flat(
        first_row=_numbers(np.cumsum([0, *(len(task.modes) for task in tasks)])),
        duration=_numbers([mode.duration for mode in modes]),
        need_ptr=_pointers(needs),
        need_resource=_column(needs, 0),
        need_units=_column(needs, 1),
        budget_need=_matrix([mode.demand for mode in modes], len(problem.resources)).take(budgets, axis=1),
        budget=_numbers([problem.resources[r].capacity for r in budgets]),
        before_ptr=_pointers(before),
        before_task=_column(before, 0),
        before_lag=_column(before, 1),
        before_ends=_column(before, 2),
        after_ptr=_pointers(after),
        after_task=_column(after, 0),
        after_lag=_column(after, 1),
        after_ends=_column(after, 2),
        topological=_numbers(topological),
        far_before=_column([far], 0),
        far_after=_column([far], 1),
        far_ends=_column([far], 2),
        far_most=_column([far], 3),
        calendar=_numbers([0 if task.calendar is None else task.calendar + 1 for task in tasks]),
        slot=slot,
        worked=worked,
        capacity=_capacities(problem, renewable, horizon),
        skill_need=_matrix([mode.skills for mode in modes], len(problem.skills)),
        masters=_matrix([tuple(s in p.skills for s in skills) for p in problem.people], len(skills)),
        away=_absences(problem, horizon),
        earliest=_numbers([task.earliest if task.fixed is None else task.fixed for task in tasks]),
        deadline=_numbers([NEVER if task.deadline is None else task.deadline for task in tasks]),
        fixed=_numbers([-1 if task.fixed is None else task.fixed for task in tasks]),
        part=_numbers([(-1 if task.release is None else task.release) if lateness else 0 for task in tasks]),
        target=_numbers([release.target for release in problem.releases] if lateness else [0]),
        weight=_numbers([release.weight for release in problem.releases] if lateness else [1]),
        scale=len(problem.releases) * horizon + 1 if lateness else 1,
    )


def span(problem: Problem) -> int:
    """A horizon that even a poor schedule keeps to: everything dated, and then twice the work that binds most."""
    dated = [1]
    for task in problem.tasks:
        dated += [task.earliest, task.fixed or 0]
    dated += [at for resource in problem.resources for at, _ in resource.changes]
    dated += [slot + 1 for calendar in problem.calendars for slot in calendar.closed]
    dated += [until for person in problem.people for _, until in person.absent]
    working = min((sum(calendar.week) / len(calendar.week) for calendar in problem.calendars), default=1.0)
    rests = max((len(calendar.week) for calendar in problem.calendars), default=0)
    work = sum(max(mode.duration for mode in task.modes) for task in problem.tasks)
    lags = sum(max(0, link.lag) for link in problem.links)
    return max(dated) + int(work / working) + rests * (len(problem.tasks) + 1) + lags + 1


def _without_circles(problem: Problem) -> tuple[list[Link], list[Link], list[int]]:
    """Links that list scheduling can follow, those that close circles, and the tasks in the order of the former.

    Circles are nothing unusual: that two tasks start together are two links. What a negative lag asks for is a
    longest lag seen from the other side, so those links go first, and then whatever else may close a circle.
    """
    n, back = len(problem.tasks), list[Link]()
    forth = list(problem.links)
    for harmless in (lambda link: link.lag >= 0, lambda link: link.kind is Kind.FS and link.lag >= 0):
        order = _topological(n, forth)
        if len(order) == n:
            break
        placed = set(order)
        inside = [link.before not in placed and link.after not in placed and not harmless(link) for link in forth]
        back += [link for link, out in zip(forth, inside, strict=True) if out]
        forth = [link for link, out in zip(forth, inside, strict=True) if not out]
    order = _topological(n, forth)
    if len(order) < n:
        raise ValueError("some tasks wait for themselves")
    return forth, back, order


def _topological(n: int, links: Sequence[Link]) -> list[int]:
    """The tasks each after all that it waits for; those on circles, and those behind them, are left out."""
    after: list[list[int]] = [[] for _ in range(n)]
    waiting = [0] * n
    for link in links:
        after[link.before].append(link.after)
        waiting[link.after] += 1
    order = [i for i in range(n) if not waiting[i]]
    for i in order:
        for j in after[i]:
            waiting[j] -= 1
            if not waiting[j]:
                order.append(j)
    return order


def _ends(kind: Kind) -> int:
    return FROM_FINISH * kind.from_finish + TO_FINISH * kind.to_finish


def _calendars(problem: Problem, horizon: int) -> tuple[Numbers, Numbers]:
    """Of each calendar, and of the one that always works before them: the working slots, and how many came before."""
    working = np.ones((len(problem.calendars) + 1, horizon), dtype=bool)
    for c, calendar in enumerate(problem.calendars, start=1):
        working[c] = np.resize(np.array(calendar.week, dtype=bool), horizon)
        working[c, [slot for slot in calendar.closed if 0 <= slot < horizon]] = False
    slot = np.full(working.shape, NEVER, dtype=np.int64)
    for c, works in enumerate(working):
        at = np.flatnonzero(works)
        slot[c, : len(at)] = at
    worked = np.zeros((len(working), horizon + 1), dtype=np.int64)
    np.cumsum(working, axis=1, out=worked[:, 1:])
    return slot, worked


def _capacities(problem: Problem, renewable: list[int], horizon: int) -> Numbers:
    capacity = np.zeros((len(renewable), horizon), dtype=np.int64)
    for k, r in enumerate(renewable):
        resource = problem.resources[r]
        capacity[k] = resource.capacity
        for at, units in resource.changes:
            capacity[k, max(0, at) :] = units
    return capacity


def _absences(problem: Problem, horizon: int) -> Numbers:
    away = np.zeros((len(problem.people), horizon), dtype=np.int64)
    for p, person in enumerate(problem.people):
        for since, until in person.absent:
            away[p, since:until] = 1
    return away


def _matrix(rows: Sequence[tuple[int, ...]], width: int) -> Numbers:
    """Rows that may be shorter than the others, filled up with zeros."""
    matrix = np.zeros((len(rows), width), dtype=np.int64)
    for k, row in enumerate(rows):
        matrix[k, : len(row)] = row
    return matrix


def _numbers(values: object) -> Numbers:
    return np.ascontiguousarray(values, dtype=np.int64)


def _pointers(lists: Sequence[Sequence[object]]) -> Numbers:
    return _numbers(np.cumsum([0, *map(len, lists)]))


def _column(lists: Sequence[Sequence[tuple[int, ...]]], column: int) -> Numbers:
    return _numbers([entry[column] for entries in lists for entry in entries])
