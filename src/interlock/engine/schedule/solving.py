"""One function, several solvers behind it: `solve` finds a schedule at once, and better ones until the time is over.

List scheduling gives a first schedule in milliseconds, a genetic algorithm over lists improves it, and CP-SAT beside it
improves and proves. This module loads numba and OR-tools: only workers import it.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from interlock.engine.schedule.bounding import heads, least, tails
from interlock.engine.schedule.checker import broken
from interlock.engine.schedule.evolving import BROKEN, Population, evolve, population, settle
from interlock.engine.schedule.flat import NEVER, Flat, Numbers, flatten, span
from interlock.engine.schedule.listing import NOT_PLACED, cost
from interlock.engine.schedule.modelling import BULKY, Model, bulk, model_of, schedule_of
from interlock.engine.schedule.modelling import hint as tell
from interlock.engine.schedule.outcome import outcome
from interlock.engine.schedule.problem import Mode, Objective, Problem, Schedule, Solution, Status, Task
from interlock.engine.schedule.relaxing import Relaxation
from interlock.engine.schedule.validation import validate

CHUNK = 20_000
"""Tasks placed between two looks at the clock."""
MUTATION = 20
"""Per mille."""
PLACED_IN_A_SECOND = 600_000
WORK_IN_A_SECOND = 0.1
"""What list scheduling and CP-SAT, by its own measure, do at the least: of work that must not depend on the clock."""


def solve(
    problem: Problem,
    *,
    seconds: float,
    workers: int = 2,
    seed: int = 0,
    hint: Schedule | None = None,
    on_better: Callable[[Solution], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Solution:
    """The best schedule that is found within `seconds`, and how good it is at least.

    hint       a schedule to begin with; where it breaks constraints, it only says where to look
    on_better  called with each better solution, without float and chain, from whichever thread found it
    cancelled  asked some times a second; True ends the search with what there is

    With one worker the same seed gives the same solution, as long as the machine does in `seconds` the work that is
    allotted to them. Raises ValueError for a problem that makes no sense: see `validate`.
    """
    validate(problem)
    if not problem.tasks:
        return Solution(Status.OPTIMAL, Schedule((), (), (), ()), value=0)
    search = _Search(problem, seconds, max(1, workers), seed, on_better, cancelled)
    if not search.possible:
        return Solution(Status.INFEASIBLE)
    search.run(hint)
    return search.solution()


class _Search:
    """What the solvers share: the problem as arrays, the best schedule and the best bound so far, the clock."""

    def __init__(
        self,
        problem: Problem,
        seconds: float,
        workers: int,
        seed: int,
        on_better: Callable[[Solution], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self.problem, self.workers, self.seed, self.on_better = problem, workers, seed, on_better
        self.cancelled = cancelled or (lambda: False)
        self.flat = flatten(problem, span(problem))
        warm_up()
        self.seconds, self.until = seconds, time.monotonic() + seconds
        self.pinned = np.full(len(problem.tasks), NOT_PLACED)
        self.tail = np.zeros(len(problem.tasks), dtype=np.int64)
        for i in self.flat.topological[::-1]:
            after = self.flat.after_task[self.flat.after_ptr[i] : self.flat.after_ptr[i + 1]]
            self.tail[i] = self.flat.duration[self.flat.first_row[i]] + self.tail[after].max(initial=0)
        self.rate, self.generations = 0.0, 0
        self.solvers: list[cp_model.CpSolver] = []
        self.random = Random(seed)  # noqa: S311
        self.lock = threading.Lock()
        self.best: Schedule | None = None
        self.cost, self.bound = NEVER, 0
        self.proved_infeasible = False
        start, finish, self.possible = heads(self.flat)
        self.head = start
        if self.possible:
            horizon = self.flat.capacity.shape[1]
            last, end, self.possible = tails(self.flat, np.full(len(start), horizon))
            self.possible = self.possible and bool(np.all(start <= last) and np.all(finish <= end))
        if self.possible and problem.objective is Objective.MAKESPAN:
            self.bound = least(self.flat, start, finish, self._work())

    def _work(self) -> Numbers:
        flat = self.flat
        work = np.zeros((len(flat.duration), len(flat.capacity)), dtype=np.int64)
        for row in range(len(flat.duration)):
            needs = slice(flat.need_ptr[row], flat.need_ptr[row + 1])
            work[row, flat.need_resource[needs]] = flat.need_units[needs] * flat.duration[row]
        return sum((work[a:b].min(axis=0) for a, b in pairwise(flat.first_row)), np.zeros(len(flat.capacity), np.int64))

    @property
    def left(self) -> float:
        return self.until - time.monotonic()

    @property
    def over(self) -> bool:
        return self.proved_infeasible or self.cost <= self.bound or self.left <= 0 or self.cancelled()

    def offer(self, schedule: Schedule, value: int) -> None:
        """Keep a feasible schedule if it is the best so far."""
        with self.lock:
            if value >= self.cost:
                return
            self.best, self.cost = schedule, value
            if self.on_better:
                self.on_better(self._known(schedule))

    def raise_bound(self, bound: int) -> None:
        with self.lock:
            self.bound = max(self.bound, bound)

    def run(self, hint: Schedule | None) -> None:
        """Let the solvers work until the optimum is proved or the time is over.

        With one worker they take turns, and each turn is measured in work done, not in time, so that it can be
        repeated. With more, list scheduling has one of them to itself.
        """
        if hint and not broken(self.problem, hint):
            self.offer(hint, self.value_of(hint))
        workers, lists = self.workers, not len(self.flat.far_before)
        if lists:
            self.evolve(self.seconds / 30, lane=0)
        with self._watched():
            if workers == 1:
                for share in (1 / 6, 1 / 3) if lists else (1 / 2,):
                    self.model(1, hint, seconds=self.seconds * share)
                    if lists:
                        self.evolve(self.seconds * share, lane=0)
                    self.relax(self.seconds * share)
                seconds = self.seconds
                while not self.best and not self.over:
                    self.model(1, hint, seconds=seconds)
                    if lists:
                        self.evolve(seconds, lane=0)
                    seconds *= 2
            elif lists:
                beside = threading.Thread(target=self._beside_lists, args=(workers - 1, hint))
                beside.start()
                while not self.over:
                    self.evolve(self.left, lane=0)
                beside.join()
            else:
                self.model(workers, hint, until=self.left * 2 / 3)
                self.relax(self.left)
                self.model(workers, hint, until=self.left)

    def _beside_lists(self, workers: int, hint: Schedule | None) -> None:
        """What the others do while one follows lists: a proof while there is hope of it, then a second population."""
        self.model(workers, hint, until=self.left / 3)
        choices = len(self.flat.duration) > len(self.problem.tasks) or bool(self.problem.people)
        while not self.over:
            if choices and self.best:
                self.relax(self.left / 4)
                self.model(workers, hint, until=self.left / 2, interleaved=True)
            else:
                self.evolve(self.left, lane=1)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Stop whatever CP-SAT is doing as soon as the search is over."""
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.05):
                if self.over:
                    for solver in list(self.solvers):
                        solver.stop_search()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def evolve(self, seconds: float, *, lane: int) -> None:
        """List scheduling, for as much work as takes about so long, by a population that converges in that time."""
        flat, n = self.flat, len(self.problem.tasks)
        rate = self.rate or PLACED_IN_A_SECOND / (3 * n)
        children = max(1, int(seconds * rate))
        size = min(max(children // (150 + 3 * n // 2), 20), 2000)
        self.generations += 1
        pool = population(flat, size, self.seed + 1000 * self.generations + lane)
        if self.best:
            settle(flat, pool, self.best, self.cost)
        began, chunk, done = time.perf_counter(), 1, 0
        while done < children and not self.over:
            value = int(evolve(flat, self.pinned, self.tail, pool, min(chunk, children - done), MUTATION))
            done += chunk
            chunk = max(1, CHUNK // (3 * n))
            if value < min(self.cost, BROKEN):
                self.offer(_schedule(flat, pool), value)
        if self.workers > 1:
            self.rate = done / (time.perf_counter() - began)

    def model(
        self,
        workers: int,
        hint: Schedule | None,
        *,
        seconds: float = 0,
        until: float = 0,
        interleaved: bool = False,
    ) -> None:
        """CP-SAT on the whole problem, for as much work as takes about so many seconds, or until so many are over.

        interleaved  with all its strategies in turn, among them those that start from the best schedule
        """
        if self.over:
            return
        problem, flat = self.problem, self.flat
        best, cost = self.best, self.cost
        n, horizon = len(problem.tasks), flat.capacity.shape[1]
        latest, _, possible = tails(flat, self.latest(cost) if best else np.full(n, horizon))
        if not possible or np.any(latest < self.head):
            self.raise_bound(cost)
            return
        if bulk(problem, flat, (self.head, latest)) > (BULKY if best else 10 * BULKY):
            return
        model = model_of(problem, flat, (self.head, latest), cost if best else None)
        known = best or hint
        if known:
            tell(model, problem, flat, known)
        solver = self._solver(workers, seconds=until or self.left, work=seconds * WORK_IN_A_SECOND)
        solver.parameters.interleave_search = interleaved
        solver.best_bound_callback = lambda bound: self.raise_bound(int(np.ceil(bound - 1e-6)))
        status = self._solve(solver, model, _Listener(self, model))
        if status == cp_model.INFEASIBLE:
            self.proved_infeasible = best is None
            self.raise_bound(cost)
        elif status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            self.raise_bound(round(solver.best_objective_bound))

    def relax(self, seconds: float) -> None:
        """Large-neighbourhood search from the best schedule on, for as much work as takes about so long."""
        n, size, work = len(self.problem.tasks), 20.0, 0.0
        relaxation: Relaxation | None = None
        while self.best and not self.over and work < seconds * WORK_IN_A_SECOND:
            best, cost = self.best, self.cost
            if relaxation is None or relaxation.schedule is not best:
                relaxation = Relaxation(self.problem, best)
            free = relaxation.neighbourhood(int(size), self.random)
            latest = np.minimum(self.latest(cost - 1), max(best.finish))
            model = relaxation.model(free, latest, cost - 1)
            work += 0.0005
            status = cp_model.INFEASIBLE
            if model:
                solver = self._solver(1, seconds=self.left, work=0.05)
                status = self._solve(solver, model)
                work += solver.deterministic_time
                if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
                    schedule = relaxation.restored(free, schedule_of(model, self.problem, solver.value))
                    self.offer(schedule, self.value_of(schedule))
            if status == cp_model.INFEASIBLE:
                size = min(size * 1.02, n)
            elif status == cp_model.UNKNOWN:
                size = max(size * 0.95, 5)

    def _solver(self, workers: int, *, seconds: float, work: float) -> cp_model.CpSolver:
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = workers
        solver.parameters.random_seed = self.random.randrange(1 << 30)
        solver.parameters.max_time_in_seconds = max(0.01, min(seconds, self.left))
        if work:
            solver.parameters.max_deterministic_time = work
        return solver

    def _solve(self, solver: cp_model.CpSolver, model: Model, listener: Any = None) -> Any:
        self.solvers.append(solver)
        try:
            return solver.solve(model.cp, listener)
        finally:
            self.solvers.remove(solver)

    def latest(self, cost: int) -> Numbers:
        """When each task must have finished for what is minimised to be no more than `cost`."""
        flat = self.flat
        value, horizon = cost // flat.scale, flat.capacity.shape[1]
        ends = [min(horizon, t + value // w) if w else horizon for t, w in zip(flat.target, flat.weight, strict=True)]
        return np.array([*ends, horizon], dtype=np.int64)[flat.part]

    def value_of(self, schedule: Schedule) -> int:
        return int(cost(self.flat, np.array(schedule.start), np.array(schedule.finish)))

    def solution(self) -> Solution:
        if self.best is None:
            return Solution(Status.INFEASIBLE if self.proved_infeasible else Status.UNKNOWN)
        return outcome(self.problem, self._known(self.best))

    def _known(self, schedule: Schedule) -> Solution:
        scale = int(self.flat.scale)
        optimal = self.cost <= self.bound
        return Solution(
            Status.OPTIMAL if optimal else Status.FEASIBLE,
            schedule,
            value=self.cost // scale,
            bound=(self.cost if optimal else self.bound) // scale,
        )


class _Listener(cp_model.CpSolverSolutionCallback):
    """Hands on what CP-SAT finds."""

    def __init__(self, search: _Search, model: Any) -> None:
        super().__init__()
        self.search, self.model = search, model

    def on_solution_callback(self) -> None:
        schedule = schedule_of(self.model, self.search.problem, self.value)
        self.search.offer(schedule, self.search.value_of(schedule))


@cache
def warm_up() -> None:
    """Have everything compiled, as `solve` does: the first time on a machine that takes a minute, later a moment."""
    problem = Problem((Task("", (Mode(1),)), Task("", (Mode(1),))))
    schedule = Schedule((0, 0), (1, 1), (0, 0), ((), ()))
    tiny, pool = flatten(problem, 4), population(flatten(problem, 4), 2, 0)
    settle(tiny, pool, schedule, int(cost(tiny, np.array(schedule.start), np.array(schedule.finish))))
    evolve(tiny, np.full(2, NOT_PLACED), np.zeros(2, dtype=np.int64), pool, 3, MUTATION)
    outcome(problem, Solution(Status.FEASIBLE, schedule))


def _schedule(flat: Flat, pool: Population) -> Schedule:
    """The best of a population."""
    row, crew = pool.row[0], pool.crew[0]
    return Schedule(
        tuple(pool.start[0].tolist()),
        tuple(pool.finish[0].tolist()),
        tuple((row - flat.first_row[: len(row)]).tolist()),
        tuple(tuple((int(p), int(doing[p]) - 1) for p in np.flatnonzero(doing)) for doing in crew),
    )
