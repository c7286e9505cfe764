"""Large-neighbourhood search: free some tasks of the best schedule, keep the order of the others, solve again.

Only workers import this.

Source: Godard, Laborie & Nuijten, "Randomized large neighborhood search for cumulative scheduling", ICAPS 2005: what is
kept is a partial order of the schedule, not its dates, so that everything may still move.
"""

from collections.abc import Set
from dataclasses import replace
from random import Random

import numpy as np

from interlock.engine.schedule.bounding import heads, tails
from interlock.engine.schedule.flat import Numbers, flatten
from interlock.engine.schedule.modelling import BULKY, Model, bulk, model_of
from interlock.engine.schedule.outcome import partial_order
from interlock.engine.schedule.problem import Problem, Schedule


class Relaxation:
    """A schedule, and the handovers between its tasks that a neighbourhood keeps or lets go."""

    def __init__(self, problem: Problem, schedule: Schedule) -> None:
        self.problem, self.schedule = problem, schedule
        n = len(problem.tasks)
        ordered, _ = partial_order(problem, schedule)
        handed = ordered.links[len(problem.links) :]
        self.handed = [link for link in handed if link.before < n and link.after < n]
        self.waits: list[list[int]] = [[] for _ in range(n)]
        for link in (*problem.links, *self.handed):
            self.waits[link.before].append(link.after)
            self.waits[link.after].append(link.before)

    def neighbourhood(self, size: int, random: Random) -> set[int]:
        """So many tasks: those around a time, those around a task in the order, or any."""
        n = len(self.problem.tasks)
        size = min(size, n)
        kind = random.randrange(4)
        if kind == 0:
            return set(random.sample(range(n), size))
        centre = random.randrange(n)
        if kind == 1:
            free, edge = {centre}, [centre]
            while edge and len(free) < size:
                at = edge.pop(random.randrange(len(edge)))
                new = [j for j in self.waits[at] if j not in free]
                free.update(new)
                edge += new
            return free
        moment = self.schedule.start[centre]
        start, finish = self.schedule.start, self.schedule.finish
        distance = [max(start[i] - moment, moment - finish[i], 0) + random.random() for i in range(n)]
        return set(sorted(range(n), key=distance.__getitem__)[:size])

    def model(self, free: Set[int], latest: Numbers, most: int) -> Model | None:
        """The problem with all but the free tasks in their order and modes; None where that cannot be."""
        problem, schedule = self.problem, self.schedule
        tasks = tuple(
            task if i in free or len(task.modes) == 1 else replace(task, modes=(task.modes[schedule.mode[i]],))
            for i, task in enumerate(problem.tasks)
        )
        kept = [link for link in self.handed if link.before not in free and link.after not in free]
        part = replace(problem, tasks=tasks, links=(*problem.links, *kept))
        flat = flatten(part, int(latest.max()) + 1)
        first, _, possible = heads(flat)
        if not possible:
            return None
        last, _, possible = tails(flat, latest)
        if not possible or np.any(first > last) or bulk(part, flat, (first, last)) > BULKY // 4:
            return None
        model = model_of(part, flat, (first, last), most)
        for (i, s, p), literal in model.does.items():
            if i not in free:
                model.cp.add(literal == ((p, s) in schedule.assignment[i]))
        return model

    def restored(self, free: Set[int], schedule: Schedule) -> Schedule:
        """What the part's schedule is in terms of the whole: kept tasks keep their modes."""
        return replace(
            schedule, mode=tuple(m if i in free else self.schedule.mode[i] for i, m in enumerate(schedule.mode))
        )
