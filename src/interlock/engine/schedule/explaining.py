"""Why no schedule exists: a small set of constraints that contradict each other, in words. Only workers import this.

Source: the deletion filter of Chinneck & Dravnieks, ORSA Journal on Computing 3(2), 1991, doi:10.1287/ijoc.3.2.157,
here in halves, as Junker's QuickXplain (AAAI 2004) has it.
"""

import time
from collections.abc import Callable, Set
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from ortools.sat.python import cp_model

from interlock.engine.schedule.bounding import heads, tails
from interlock.engine.schedule.flat import FROM_FINISH, TO_FINISH, Flat, Numbers, flatten, span
from interlock.engine.schedule.listing import fit_early
from interlock.engine.schedule.modelling import BULKY, bulk, model_of
from interlock.engine.schedule.problem import Kind, Link, Problem, Resource, Task
from interlock.engine.schedule.validation import validate

# Of a slot, and whether it is meant as a moment: that of something that takes no time.
Say = Callable[[int, bool], str]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Constraints that cannot hold together.

    sentences  what they are; none when no contradiction was found in the time given
    tasks      whom they are about
    smallest   without any one of them the others could hold, as far as that was proved
    """

    sentences: tuple[str, ...] = ()
    tasks: tuple[int, ...] = ()
    smallest: bool = False


class Constraint(NamedTuple):
    """One that can be left out: the work of a task, a date of it, a link, a resource, or what people can do."""

    kind: Literal["work", "earliest", "deadline", "fixed", "lag", "longest", "resource", "people"]
    place: int = 0


def explain(problem: Problem, *, seconds: float = 10, say: Say = "day {}".format) -> Explanation:
    """A small contradiction in a problem that `solve` calls infeasible.

    say  what a slot is called, as in “14 March”; its second argument tells whether a moment is meant, of a milestone

    >>> from interlock.engine.schedule import Mode
    >>> tasks = (Task("Hardening", (Mode(5),)), Task("Press date", (Mode(0),), fixed=3))
    >>> print(*explain(Problem(tasks, (Link(0, 1),))).sentences)
    “Press date” is fixed to day 3, but needs “Hardening”, which cannot end before day 4.
    """
    validate(problem)
    return _along_a_path(problem, say) or _by_leaving_out(problem, say, time.monotonic() + seconds)


def _along_a_path(problem: Problem, say: Say) -> Explanation | None:
    """A date that comes too early for what must happen before it, whoever is there to do it."""
    patient = replace(problem, links=tuple(replace(link, longest=None) for link in problem.links))
    flat = flatten(patient, span(patient))
    start, finish, possible = heads(flat)
    if not possible:
        return None
    for i in flat.topological.tolist():
        task = problem.tasks[i]
        if task.fixed is not None and start[i] > task.fixed:
            begin = f"“{task.name}” is fixed to {_start(task, task.fixed, say)}"
        elif task.deadline is not None and finish[i] > task.deadline:
            begin = f"“{task.name}” must end by {_end(task, task.deadline, say)}"
        else:
            continue
        path = _path(flat, i, start, finish)
        if len(path) == 1:
            sentence = f"{begin}, but cannot end before {_end(task, int(finish[i]), say)}."
            return Explanation((sentence,), (i,), True)
        sentences = [f"{begin}, but needs {_before(problem, path[1], finish, say)}."]
        for after, before in pairwise(path[1:]):
            sentences.append(f"“{problem.tasks[after].name}” needs {_before(problem, before, finish, say)}.")
        first = problem.tasks[path[-1]]
        if first.earliest:
            sentences.append(f"“{first.name}” must not start before {_start(first, first.earliest, say)}.")
        return Explanation(tuple(sentences), tuple(path), True)
    return None


def _path(flat: Flat, i: int, start: Numbers, finish: Numbers) -> list[int]:
    """The task, the one whose end holds it, and so on back to one that nothing holds."""
    path = [i]
    while True:
        row = int(flat.first_row[i])
        for e in range(flat.before_ptr[i], flat.before_ptr[i + 1]):
            j, ends = int(flat.before_task[e]), flat.before_ends[e]
            bound = (finish if ends & FROM_FINISH else start)[j] + flat.before_lag[e]
            at, by = (flat.earliest[i], bound) if ends & TO_FINISH else (bound, 0)
            own = fit_early(flat, i, row, flat.earliest[i], 0, flat.capacity)
            if j not in path and start[i] > own and fit_early(flat, i, row, at, by, flat.capacity) >= start[i]:
                path.append(j)
                i = j
                break
        else:
            return path


def _before(problem: Problem, i: int, finish: Numbers, say: Say) -> str:
    task = problem.tasks[i]
    return f"“{task.name}”, which cannot end before {_end(task, int(finish[i]), say)}"


def _end(task: Task, finish: int, say: Say) -> str:
    """The last slot of the work; a milestone's own."""
    works = bool(task.modes[0].duration and finish)
    return say(finish - works, not works)


def _start(task: Task, start: int, say: Say) -> str:
    return say(start, not task.modes[0].duration)


def _by_leaving_out(problem: Problem, say: Say, until: float) -> Explanation:
    """What remains when everything is left out without which the contradiction stays."""
    kept = _constraints(problem)
    if not _impossible(problem, kept, until):
        return Explanation()
    smallest = True
    for kinds in ({"work"}, {"lag", "longest"}, {"earliest", "deadline", "fixed"}, {"resource", "people"}):
        candidates = [c for c in kept if c.kind in kinds]
        step = max(1, len(candidates) // 2)
        while step and candidates:
            for k in range(0, len(candidates), step):
                if time.monotonic() > until:
                    smallest = False
                    break
                without = [c for c in kept if c not in set(candidates[k : k + step])]
                if _impossible(problem, without, until):
                    kept = without
            kept_now = set(kept)
            candidates = [c for c in candidates if c in kept_now]
            step = 0 if step == 1 or not smallest else max(1, step // 2)
    working = {c.place for c in kept if c.kind == "work"}
    kept = [c for c in kept if _touches(problem, c, working)]
    sentences = [sentence for c in kept if (sentence := _words(problem, c, working, say))]
    return Explanation(tuple(sentences), tuple(sorted(working)), smallest)


def _constraints(problem: Problem) -> list[Constraint]:
    tasks = list(enumerate(problem.tasks))
    return [
        *(Constraint("fixed", i) for i, task in tasks if task.fixed is not None),
        *(Constraint("deadline", i) for i, task in tasks if task.deadline is not None),
        *(Constraint("earliest", i) for i, task in tasks if task.earliest),
        *(Constraint("lag", k) for k in range(len(problem.links))),
        *(Constraint("longest", k) for k, link in enumerate(problem.links) if link.longest is not None),
        *(Constraint("resource", r) for r in range(len(problem.resources))),
        *(Constraint("people") for _ in problem.people[:1]),
        *(Constraint("work", i) for i, _ in tasks),
    ]


def _touches(problem: Problem, constraint: Constraint, working: Set[int]) -> bool:
    kind, place = constraint
    if kind in ("earliest", "deadline", "fixed", "work"):
        return place in working
    if kind in ("lag", "longest"):
        return {problem.links[place].before, problem.links[place].after} <= working
    return True


def _part(problem: Problem, kept: list[Constraint]) -> Problem:
    """The problem with these constraints alone."""
    has = set(kept)
    working = [i for i in range(len(problem.tasks)) if ("work", i) in has]
    places = {i: k for k, i in enumerate(working)}
    tasks = tuple(
        replace(
            task,
            earliest=task.earliest if ("earliest", i) in has else 0,
            deadline=task.deadline if ("deadline", i) in has else None,
            fixed=task.fixed if ("fixed", i) in has else None,
            modes=task.modes if ("people", 0) in has else tuple(replace(mode, skills=()) for mode in task.modes),
        )
        for i in working
        for task in [problem.tasks[i]]
    )
    links = tuple(
        Link(
            places[link.before],
            places[link.after],
            link.kind,
            link.lag if ("lag", k) in has else -span(problem),
            link.longest if ("longest", k) in has else None,
        )
        for k, link in enumerate(problem.links)
        if link.before in places and link.after in places and (("lag", k) in has or ("longest", k) in has)
    )
    plenty = sum(max((sum(mode.demand) for mode in task.modes), default=0) for task in problem.tasks)
    resources = tuple(
        resource if ("resource", r) in has else Resource(resource.name, plenty, renewable=resource.renewable)
        for r, resource in enumerate(problem.resources)
    )
    return replace(problem, tasks=tasks, links=links, resources=resources)


def _impossible(problem: Problem, kept: list[Constraint], until: float) -> bool:
    """Whether these constraints alone are proved to contradict each other."""
    part = _part(problem, kept)
    if not part.tasks:
        return False
    flat = flatten(part, span(part))
    start, finish, possible = heads(flat)
    if not possible:
        return True
    last, end, possible = tails(flat, np.full(len(start), flat.capacity.shape[1]))
    if not possible or np.any(start > last) or np.any(finish > end):
        return True
    left = until - time.monotonic()
    if left <= 0 or bulk(part, flat, (start, last)) > 10 * BULKY:
        return False
    model = model_of(part, flat, (start, last), None)
    model.cp.clear_objective()
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = left
    solver.parameters.max_deterministic_time = 1
    return bool(solver.solve(model.cp) == cp_model.INFEASIBLE)


def _words(problem: Problem, constraint: Constraint, working: Set[int], say: Say) -> str:
    kind, place = constraint
    if kind in ("lag", "longest"):
        return _link_words(problem, problem.links[place], kind)
    if kind == "people":
        able = ", ".join(person.name for person in problem.people)
        return f"What people can do is what {able} have the skills for."
    if kind == "resource":
        resource = problem.resources[place]
        users = [
            f"“{problem.tasks[i].name}”"
            for i in sorted(working)
            if any(place < len(mode.demand) and mode.demand[place] for mode in problem.tasks[i].modes)
        ]
        less = ", at times less" if resource.changes else ""
        return (
            f"{_listed(users)} share “{resource.name}”, of which there are {resource.capacity}{less}." if users else ""
        )
    task = problem.tasks[place]
    if kind == "fixed":
        return f"“{task.name}” is fixed to {_start(task, task.fixed or 0, say)}."
    if kind == "deadline":
        return f"“{task.name}” must end by {_end(task, task.deadline or 0, say)}."
    if kind == "earliest":
        return f"“{task.name}” must not start before {_start(task, task.earliest, say)}."
    return ""


def _link_words(problem: Problem, link: Link, kind: str) -> str:
    before, after = (f"“{problem.tasks[i].name}”" for i in (link.before, link.after))
    if kind == "lag" and link.kind is Kind.FS and link.lag == 0:
        return f"{after} needs {before}."
    left = f"{before} {'ends' if link.kind.from_finish else 'starts'}"
    right = f"{after} {'ends' if link.kind.to_finish else 'starts'}"
    if kind == "lag":
        return f"{right} at least {link.lag} slots after {left}."
    return f"{right} at most {link.longest} slots after {left}."


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
