"""The problem as a model of constraints for CP-SAT. Only modules that workers import may import this.

Source: Laborie et al., "IBM ILOG CP optimizer for scheduling", Constraints 23, 2018, doi:10.1007/s10601-018-9281-x, for
tasks as intervals; the calendars, as intervals in working slots that elements tie to elapsed ones, are ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from interlock.engine.schedule.flat import NEVER, Flat, Numbers
from interlock.engine.schedule.problem import Objective, Problem, Schedule

BULKY = 200_000
"""A model of more numbers than this takes longer to read than there is time to solve it."""


@dataclass
class Model:
    """A model with the variables that a schedule is read from."""

    cp: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    start: list[Any] = field(default_factory=list)
    finish: list[Any] = field(default_factory=list)
    chosen: list[list[Any]] = field(default_factory=list)
    place: list[Any] = field(default_factory=list)
    places: dict[int, tuple[int, int]] = field(default_factory=dict)
    does: dict[tuple[int, int, int], Any] = field(default_factory=dict)
    ends: list[Any] = field(default_factory=list)
    late: list[Any] = field(default_factory=list)
    value: Any = None


def model_of(problem: Problem, flat: Flat, starts: tuple[Numbers, Numbers], most: int | None) -> Model:
    """The whole problem.

    starts  the earliest and the latest start of each task that need be looked at
    most    what is minimised shall not exceed this
    """
    model = Model()
    for i in range(len(problem.tasks)):
        _task(model, problem, flat, i, int(starts[0][i]), int(starts[1][i]))
    for link in problem.links:
        left = model.finish[link.before] if link.kind.from_finish else model.start[link.before]
        right = model.finish[link.after] if link.kind.to_finish else model.start[link.after]
        model.cp.add(right >= left + link.lag)
        if link.longest is not None:
            model.cp.add(right <= left + link.longest)
    renewable = [r for r, resource in enumerate(problem.resources) if resource.renewable]
    for k, r in enumerate(renewable):
        _resource(model, problem, flat, r, flat.capacity[k])
    for r, resource in enumerate(problem.resources):
        if not resource.renewable:
            used = [
                _demand(mode.demand, r) * chosen
                for task, literals in zip(problem.tasks, model.chosen, strict=True)
                for mode, chosen in zip(task.modes, literals, strict=True)
            ]
            model.cp.add(sum(used) <= resource.capacity)
    if problem.people:
        _people(model, problem, flat)
    _objective(model, problem, flat, most)
    return model


def _task(model: Model, problem: Problem, flat: Flat, i: int, earliest: int, latest: int) -> None:
    cp, modes, c = model.cp, problem.tasks[i].modes, int(flat.calendar[i])
    horizon = flat.capacity.shape[1]
    start = cp.new_int_var(earliest, latest, f"s{i}")
    chosen: list[Any] = [cp.new_bool_var(f"m{i}.{m}") for m in range(len(modes))] if len(modes) > 1 else [1]
    duration: Any = modes[0].duration
    finish: Any
    if len(modes) > 1:
        cp.add_exactly_one(chosen)
        duration = sum(mode.duration * literal for mode, literal in zip(modes, chosen, strict=True))
    if c == 0 or not any(mode.duration for mode in modes):
        place: Any = start
        if len(modes) > 1:
            finish = cp.new_int_var(earliest, horizon, f"e{i}")
            cp.add(finish == start + duration)
        else:
            finish = start + duration
    else:
        slot, count = flat.slot[c], flat.worked[c]
        works = int(count[horizon])
        low, high = int(count[min(earliest, horizon)]), min(int(count[min(latest + 1, horizon)]), works) - 1
        high = max(low, high)
        model.places[i] = low, high
        place = cp.new_int_var(low, high, f"k{i}")
        cp.add_element(place - low, [int(at) for at in slot[low : high + 1]], start)
        lengths = [mode.duration for mode in modes]
        first, last = low + min(lengths) - 1, min(high + max(lengths), works)
        finish = cp.new_int_var(earliest, horizon, f"e{i}")
        cp.add_element(place + duration - 1 - first, [int(at) + 1 for at in slot[first:last]], finish)
    if flat.deadline[i] < NEVER:
        cp.add(finish <= int(flat.deadline[i]))
    model.start.append(start)
    model.finish.append(finish)
    model.chosen.append(chosen)
    model.place.append(place)


def _resource(model: Model, problem: Problem, flat: Flat, r: int, capacity: Numbers) -> None:
    """Units in use in each slot. Where all users share a calendar, its working slots are all the time there is."""
    users = [
        (i, m, mode.duration, mode.demand[r])
        for i, task in enumerate(problem.tasks)
        for m, mode in enumerate(task.modes)
        if _demand(mode.demand, r) and mode.duration
    ]
    if not users:
        return
    calendars = {int(flat.calendar[i]) for i, *_ in users}
    intervals, demands = [], []
    if len(calendars) == 1:
        (c,) = calendars
        capacity = capacity[flat.slot[c][: int(flat.worked[c][-1])]]
        for i, m, duration, units in users:
            intervals.append(_interval(model, i, m, model.place[i], duration))
            demands.append(units)
    else:
        for i, m, duration, units in users:
            c = int(flat.calendar[i])
            if c == 0:
                pieces = [(model.start[i], duration)]
            else:
                pieces = [(_slot_at(model, flat, i, c, piece), 1) for piece in range(duration)]
            for at, length in pieces:
                intervals.append(_interval(model, i, m, at, length))
                demands.append(units)
    full = int(capacity.max())
    for at, length, missing in _dips(capacity, full):
        intervals.append(model.cp.new_fixed_size_interval_var(at, length, "away"))
        demands.append(missing)
    if len(users) > 1 or len(intervals) > 1:
        model.cp.add_cumulative(intervals, demands, full)


def _interval(model: Model, i: int, m: int, at: Any, length: int) -> Any:
    chosen = model.chosen[i]
    if len(chosen) == 1:
        return model.cp.new_fixed_size_interval_var(at, length, f"i{i}")
    return model.cp.new_optional_fixed_size_interval_var(at, length, chosen[m], f"i{i}.{m}")


def _slot_at(model: Model, flat: Flat, i: int, c: int, piece: int) -> Any:
    low, high = model.places[i]
    slots = [int(slot) for slot in flat.slot[c][low + piece : min(high + piece + 1, int(flat.worked[c][-1]))]]
    at = model.cp.new_int_var(0, flat.capacity.shape[1], f"p{i}.{piece}")
    model.cp.add_element(model.place[i] - low, slots, at)
    return at


def bulk(problem: Problem, flat: Flat, starts: tuple[Numbers, Numbers]) -> int:
    """About how many numbers the model would hold; calendars, listed slot by slot, make most of them."""
    mixed = [False] * len(problem.resources)
    for r in range(len(problem.resources)):
        users = {task.calendar for task in problem.tasks if any(_demand(mode.demand, r) for mode in task.modes)}
        mixed[r] = len(users) > 1
    total = 0
    for i, task in enumerate(problem.tasks):
        copies = 0
        if task.calendar is not None:
            copies = 2 + sum(
                mode.duration for mode in task.modes for r in range(len(mixed)) if mixed[r] and _demand(mode.demand, r)
            )
        total += int(starts[1][i] - starts[0][i] + 1) * copies + 10 * len(task.modes) * (1 + len(problem.resources))
    return total


def _dips(capacity: Numbers, full: int) -> list[tuple[int, int, int]]:
    """(from, slots, units missing) wherever less than the full capacity is there."""
    edges = [0, *(np.flatnonzero(np.diff(capacity)) + 1).tolist(), len(capacity)]
    spans = pairwise(edges)
    return [(a, b - a, full - int(capacity[a])) for a, b in spans if capacity[a] < full]


def _people(model: Model, problem: Problem, flat: Flat) -> None:
    cp = model.cp
    busy: list[list[Any]] = [[] for _ in problem.people]
    for i, task in enumerate(problem.tasks):
        if not any(any(mode.skills) for mode in task.modes):
            continue
        present: dict[int, list[Any]] = {}
        for s in range(len(problem.skills)):
            needed = [_demand(mode.skills, s) for mode in task.modes]
            if not any(needed):
                continue
            able = [p for p, person in enumerate(problem.people) if s in person.skills]
            for p in able:
                model.does[i, s, p] = cp.new_bool_var(f"x{i}.{s}.{p}")
                present.setdefault(p, []).append(model.does[i, s, p])
            wanted = sum(units * literal for units, literal in zip(needed, model.chosen[i], strict=True))
            cp.add(sum(model.does[i, s, p] for p in able) == wanted)
        for p, literals in present.items():
            if len(literals) > 1:
                there = cp.new_bool_var(f"y{i}.{p}")
                cp.add(sum(literals) == there)
            else:
                (there,) = literals
            if not any(mode.duration for mode in task.modes):
                continue
            if len(task.modes) == 1 and flat.calendar[i] == 0:
                interval = cp.new_optional_fixed_size_interval_var(
                    model.start[i], task.modes[0].duration, there, f"y{i}.{p}"
                )
            else:
                length = cp.new_int_var(0, flat.capacity.shape[1], f"l{i}.{p}")
                cp.add(length == model.finish[i] - model.start[i])
                interval = cp.new_optional_interval_var(model.start[i], length, model.finish[i], there, f"y{i}.{p}")
            busy[p].append(interval)
    for person, intervals in zip(problem.people, busy, strict=True):
        away = [cp.new_fixed_size_interval_var(a, b - a, "away") for a, b in person.absent]
        if intervals:
            cp.add_no_overlap([*intervals, *away])
    _crowds(model, problem, flat)


def _crowds(model: Model, problem: Problem, flat: Flat) -> None:
    """What follows for groups of skills: no more people of such skills at work than there are. It helps the search."""
    skills = range(len(problem.skills))
    groups = {(s,) for s in skills} | {(s, t) for s in skills for t in skills if s < t} | {tuple(skills)}
    if any(len(task.modes) > 1 for task in problem.tasks) or flat.calendar.any():
        return
    for group in groups:
        able = sum(1 for person in problem.people if person.skills & set(group))
        users = [
            (i, needed)
            for i, task in enumerate(problem.tasks)
            if (needed := sum(_demand(task.modes[0].skills, s) for s in group)) and task.modes[0].duration
        ]
        if sum(needed for _, needed in users) > able:
            model.cp.add_cumulative(
                [_interval(model, i, 0, model.start[i], problem.tasks[i].modes[0].duration) for i, _ in users],
                [needed for _, needed in users],
                able,
            )


def _objective(model: Model, problem: Problem, flat: Flat, most: int | None) -> None:
    cp, horizon = model.cp, flat.capacity.shape[1]
    for p in range(len(flat.target)):
        end = cp.new_int_var(0, horizon, f"end{p}")
        for i in np.flatnonzero(flat.part == p):
            if not _followed(problem, flat, int(i), p):
                cp.add(end >= model.finish[i])
        model.ends.append(end)
    if problem.objective is Objective.MAKESPAN:
        model.value = model.ends[0]
    else:
        for p, end in enumerate(model.ends):
            late = cp.new_int_var(0, horizon, f"late{p}")
            cp.add(late >= end - int(flat.target[p]))
            model.late.append(late)
        lateness = sum(int(weight) * late for weight, late in zip(flat.weight, model.late, strict=True))
        model.value = lateness * int(flat.scale) + sum(model.ends)
    if most is not None:
        cp.add(model.value <= most)
    cp.minimize(model.value)


def _followed(problem: Problem, flat: Flat, i: int, part: int) -> bool:
    """Whether a task of the same part ends no earlier, by a link."""
    after = range(flat.after_ptr[i], flat.after_ptr[i + 1])
    return any(
        flat.after_ends[e] & 1 and flat.after_lag[e] >= 0 and flat.part[flat.after_task[e]] == part for e in after
    )


def hint(model: Model, problem: Problem, flat: Flat, schedule: Schedule) -> None:
    """Tell the search of a schedule to begin with."""
    cp = model.cp
    for i in range(len(problem.tasks)):
        cp.add_hint(model.start[i], schedule.start[i])
        if model.place[i] is not model.start[i]:
            cp.add_hint(model.place[i], int(flat.worked[flat.calendar[i]][schedule.start[i]]))
        if len(model.chosen[i]) > 1:
            for m, literal in enumerate(model.chosen[i]):
                cp.add_hint(literal, m == schedule.mode[i])
    for (i, s, p), literal in model.does.items():
        cp.add_hint(literal, (p, s) in schedule.assignment[i])
    for p, end in enumerate(model.ends):
        finish = max((schedule.finish[i] for i in np.flatnonzero(flat.part == p)), default=0)
        cp.add_hint(end, finish)
        if model.late:
            cp.add_hint(model.late[p], max(0, finish - int(flat.target[p])))


def schedule_of(model: Model, problem: Problem, value: Any) -> Schedule:
    """The schedule that the variables have the values of; `value` gives a variable's."""
    tasks = range(len(problem.tasks))
    mode = [
        next(m for m, literal in enumerate(literals) if len(literals) == 1 or value(literal))
        for literals in model.chosen
    ]
    assignment: list[list[tuple[int, int]]] = [[] for _ in tasks]
    for (i, s, p), literal in model.does.items():
        if value(literal):
            assignment[i].append((p, s))
    return Schedule(
        start=tuple(int(value(model.start[i])) for i in tasks),
        finish=tuple(int(value(model.finish[i])) for i in tasks),
        mode=tuple(mode),
        assignment=tuple(tuple(sorted(doing)) for doing in assignment),
    )


def _demand(demand: Sequence[int], place: int) -> int:
    return demand[place] if place < len(demand) else 0
