"""What a schedule means: float, critical chain, load. Only workers import this.

Who waits for whose people and machines is read off the schedule by handing units on from task to task; the links and
those handovers together are a partial order, every schedule of which is feasible.

Source: Policella, Cesta, Oddi & Smith, "From precedence constraint posting to partial order schedules", AI
Communications 20(3), 2007.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from interlock.engine.schedule.bounding import heads, tails
from interlock.engine.schedule.flat import FROM_FINISH, TO_FINISH, Flat, Numbers, flatten
from interlock.engine.schedule.listing import fit_early
from interlock.engine.schedule.problem import Kind, Link, Mode, Objective, Problem, Resource, Schedule, Solution, Task


def outcome(problem: Problem, solution: Solution) -> Solution:
    """The solution with float, chain and load, and everything as early as its order allows."""
    schedule = solution.schedule
    if schedule is None:
        return solution
    ordered, complete = partial_order(problem, schedule)
    flat = flatten(ordered, max(schedule.finish, default=0) + 1)
    n = len(problem.tasks)
    if complete:
        start, finish, _ = heads(flat)
        schedule = replace(schedule, start=tuple(start[:n].tolist()), finish=tuple(finish[:n].tolist()))
    latest = _latest(problem, ordered, schedule)
    last, _, possible = tails(flat, latest)
    slack = last[:n] - np.array(schedule.start, dtype=np.int64) if possible else np.zeros(n, dtype=np.int64)
    return replace(
        solution,
        schedule=schedule,
        total_float=tuple(np.maximum(slack, 0).tolist()),
        critical_chain=_chain(problem, flat, schedule),
        load=tuple(
            _load(problem, schedule, flat, r) if resource.renewable else ()
            for r, resource in enumerate(problem.resources)
        ),
    )


def partial_order(problem: Problem, schedule: Schedule) -> tuple[Problem, bool]:
    """The problem with one mode for each task, and a link for each handover of people and machines.

    Absences become tasks behind the others, fixed where they are. The second is False when some unit's way could not
    be followed: a task may use what another one leaves unused in its pauses.
    """
    tasks = [replace(task, modes=(task.modes[m],)) for task, m in zip(problem.tasks, schedule.mode, strict=True)]
    links, complete = list(problem.links), True
    linked = {(link.before, link.after) for link in links if link.kind is Kind.FS and link.lag >= 0}
    starts, finishes = list(schedule.start), list(schedule.finish)
    end = max(finishes, default=0)
    for r, resource in enumerate(problem.resources):
        if not resource.renewable:
            continue
        used = []
        for i, task in enumerate(tasks[: len(problem.tasks)]):
            mode = task.modes[0]
            if mode.duration and r < len(mode.demand) and mode.demand[r]:
                used.append((starts[i], finishes[i], i, mode.demand[r]))
        full = max([resource.capacity, *(units for _, units in resource.changes)])
        for a, b, missing in _dips(resource, full, end) if used else ():
            used.append((a, b, len(tasks), missing))
            tasks.append(Task(f"less of {resource.name}", (Mode(b - a),), fixed=a))
            starts.append(a)
            finishes.append(b)
        handed, all_found = _handovers(sorted(used), full, linked)
        links += [Link(i, j) for i, j in handed]
        linked |= set(handed)
        complete &= all_found
    for p, person in enumerate(problem.people):
        theirs = sorted(
            (starts[i], finishes[i], i)
            for i, doing in enumerate(schedule.assignment)
            if finishes[i] > starts[i] and any(q == p for q, _ in doing)
        )
        links += [Link(i, j) for (_, _, i), (_, _, j) in pairwise(theirs)]
        for start, finish, i in theirs:
            back = max((until for _, until in person.absent if until <= start), default=0)
            away = min((since for since, _ in person.absent if since >= finish), default=None)
            limits = [at for at in (tasks[i].deadline, away) if at is not None]
            earliest = max(tasks[i].earliest, back)
            tasks[i] = replace(tasks[i], earliest=earliest, deadline=min(limits, default=None))
    return replace(problem, tasks=tuple(tasks), links=tuple(links), people=()), complete


def _dips(resource: Resource, full: int, end: int) -> list[tuple[int, int, int]]:
    """(from, until, units missing) of what the fullest capacity has and the slots up to `end` have not."""
    changes = [(0, resource.capacity), *resource.changes]
    untils = [*(at for at, _ in resource.changes), end]
    spans = [(a, min(b, end), full - units) for (a, units), b in zip(changes, untils, strict=True)]
    return [(a, b, missing) for a, b, missing in spans if missing and a < b]


def _handovers(
    used: list[tuple[int, int, int, int]], full: int, linked: set[tuple[int, int]]
) -> tuple[list[tuple[int, int]], bool]:
    """From which task each takes its units: from one it waits for anyway, or who left them longest ago."""
    idle = [(0, -1, full)]
    handed, complete = [], True
    for start, finish, i, units in used:
        ready = [bunch for bunch in idle if bunch[0] <= start]
        ready.sort(key=lambda bunch: ((bunch[1], i) not in linked, bunch[0]))
        missing = units
        for bunch in ready:
            if not missing:
                break
            left, before, many = bunch
            taken = min(missing, many)
            missing -= taken
            idle.remove(bunch)
            if many > taken:
                idle.append((left, before, many - taken))
            if before >= 0:
                handed.append((before, i))
        complete &= not missing
        idle.append((finish, i, units - missing))
    return [pair for pair in dict.fromkeys(handed) if pair not in linked], complete


def _latest(problem: Problem, ordered: Problem, schedule: Schedule) -> Numbers:
    """Until when each task may finish without making the value worse."""
    end = max(schedule.finish, default=0)
    latest = np.full(len(ordered.tasks), end + 1, dtype=np.int64)
    latest[: len(problem.tasks)] = end
    if problem.objective is Objective.LATENESS:
        for p, release in enumerate(problem.releases):
            members = [i for i, task in enumerate(problem.tasks) if task.release == p]
            finish = max((schedule.finish[i] for i in members), default=0)
            latest[members] = min(max(finish, release.target), end) if release.weight else end
    return latest


def _chain(problem: Problem, flat: Flat, schedule: Schedule) -> tuple[int, ...]:
    n = len(problem.tasks)
    if not n:
        return ()
    at = _decisive(problem, schedule)
    chain = [at]
    while schedule.start[at] > fit_early(flat, at, at, flat.earliest[at], 0, flat.capacity):
        tight = []
        for e in range(flat.before_ptr[at], flat.before_ptr[at + 1]):
            i, ends = int(flat.before_task[e]), flat.before_ends[e]
            if i >= n:
                continue
            bound = (schedule.finish if ends & FROM_FINISH else schedule.start)[i] + flat.before_lag[e]
            first = (flat.earliest[at], bound) if ends & TO_FINISH else (bound, 0)
            if fit_early(flat, at, at, *first, flat.capacity) == schedule.start[at] and i not in chain:
                tight.append(i)
        if not tight:
            break
        at = min(tight, key=lambda i: (-schedule.finish[i], i))
        chain.append(at)
    return tuple(reversed(chain))


def _decisive(problem: Problem, schedule: Schedule) -> int:
    """The task whose finish decides the value: the last one, or that of the release whose lateness costs most."""
    n = range(len(problem.tasks))
    if problem.objective is Objective.MAKESPAN or not any(task.release is not None for task in problem.tasks):
        return max(n, key=lambda i: (schedule.finish[i], schedule.start[i]))

    def costs(i: int) -> tuple[int, int, int]:
        release = problem.tasks[i].release
        if release is None:
            return -1, 0, 0
        late = max(0, schedule.finish[i] - problem.releases[release].target)
        return late * problem.releases[release].weight, schedule.finish[i], schedule.start[i]

    return max(n, key=costs)


def _load(problem: Problem, schedule: Schedule, flat: Flat, r: int) -> tuple[tuple[int, int], ...]:
    units = np.zeros(max(schedule.finish, default=0) + 1, dtype=np.int64)
    for i, task in enumerate(problem.tasks):
        mode = task.modes[schedule.mode[i]]
        if mode.duration and r < len(mode.demand):
            c = flat.calendar[i]
            first = flat.worked[c, schedule.start[i]]
            units[flat.slot[c, first : first + mode.duration]] += mode.demand[r]
    changes = [0, *(np.flatnonzero(np.diff(units)) + 1).tolist()]
    return tuple((at, int(units[at])) for at in changes)
