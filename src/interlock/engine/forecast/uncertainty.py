"""What is uncertain about a plan, and what a forecast says of it, as plain data. Importing this loads no compiler."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from interlock.engine.schedule import Problem, Schedule, Task
from interlock.engine.schedule.problem import LONGEST, Slot
from interlock.engine.schedule.validation import validate


class Shape(StrEnum):
    """How a duration lies between the three estimates.

    PERT       beta, never outside of them (Malcolm et al., Operations Research 7(5), 1959, doi:10.1287/opre.7.5.646)
    LOGNORMAL  likely is the median, one in twenty is shorter than the optimistic, one in twenty longer than the
               pessimistic: a log-normal whose two halves have spreads of their own. None may be zero then
    """

    PERT = "pert"
    LOGNORMAL = "lognormal"


@dataclass(frozen=True, slots=True)
class Estimate:
    """Working slots that a task takes, as those who do it see it: optimistic ≤ likely ≤ pessimistic."""

    optimistic: float
    likely: float
    pessimistic: float


@dataclass(frozen=True, slots=True)
class Department:
    """What its tasks have in common.

    factor    by which its durations are multiplied: above 1 for a department whose estimates have been too short
    spread    standard deviation of the logarithm of a duration beyond what the three estimates allow
    together  correlation between any two of its durations: work is late together. Where nothing is known, 0.25, the
              usual default for cost elements (GAO Cost Estimating and Assessment Guide, GAO-20-195G, 2020)
    """

    name: str
    factor: float = 1.0
    spread: float = 0.0
    together: float = 0.25


@dataclass(frozen=True, slots=True)
class Risk:
    """An event that happens or not, in each run anew, and then adds `impact` working slots to each of `tasks`.

    impact  the same in each run; or drawn in each, for all of the tasks at once, by three estimates (PERT)
    """

    name: str
    probability: float
    impact: int | Estimate
    tasks: tuple[int, ...]

    @property
    def three(self) -> Estimate:
        return self.impact if isinstance(self.impact, Estimate) else Estimate(self.impact, self.impact, self.impact)


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Of each task of a problem, in the problem's order; an empty tuple means None for all.

    estimates    None where the duration is certain: that of the mode the plan chose
    department   index into `departments`; None belongs to none
    keys         which draws a task gets: the same key, seed and run, the same luck, whatever else the problem holds.
                 Empty: its place. So two plans are compared with common random numbers
    """

    estimates: tuple[Estimate | None, ...] = ()
    department: tuple[int | None, ...] = ()
    departments: tuple[Department, ...] = ()
    risks: tuple[Risk, ...] = ()
    shape: Shape = Shape.PERT
    keys: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A plan, and what is uncertain about it.

    Of the plan count the modes, who does what, and the order of the starts: each run takes up the tasks in that order.
    """

    problem: Problem
    plan: Schedule
    uncertainty: Uncertainty = Uncertainty()

    def check(self) -> None:
        """Raise ValueError with a sentence about the first thing that does not fit or makes no sense."""
        validate(self.problem)
        tasks, unsure = self.problem.tasks, self.uncertainty
        lengths = {"plan": len(self.plan.start), "modes of the plan": len(self.plan.mode)}
        lengths |= {"estimates": len(unsure.estimates) or len(tasks), "keys": len(unsure.keys) or len(tasks)}
        lengths |= {"departments of tasks": len(unsure.department) or len(tasks)}
        for what, length in lengths.items():
            if length != len(tasks):
                raise ValueError(f"There are {len(tasks)} tasks, and {what}: {length}.")
        for task, estimate in zip(tasks, unsure.estimates, strict=False):
            _check_estimate(task, estimate, unsure.shape)
        if any(d is not None and not 0 <= d < len(unsure.departments) for d in unsure.department):
            raise ValueError("A task belongs to a department that is gone.")
        for department in unsure.departments:
            if not (0 < department.factor < LONGEST and 0 <= department.spread < 10 and 0 <= department.together <= 1):
                raise ValueError(
                    f"“{department.name}” needs a factor above 0, a spread from 0 on, and together from 0 to 1."
                )
        for risk in unsure.risks:
            three = risk.three
            if not (0 <= risk.probability <= 1 and 0 <= three.optimistic <= three.pessimistic <= LONGEST):
                raise ValueError(f"“{risk.name}” needs a probability from 0 to 1 and an impact from 0 on.")
            if not three.optimistic <= three.likely <= three.pessimistic:
                raise ValueError(f"“{risk.name}” needs its impact in the order optimistic, likely, pessimistic.")
            if any(not 0 <= task < len(tasks) for task in risk.tasks):
                raise ValueError(f"“{risk.name}” bears on a task that is gone.")


def _check_estimate(task: Task, estimate: Estimate | None, shape: Shape) -> None:
    if estimate is None:
        return
    three = (estimate.optimistic, estimate.likely, estimate.pessimistic)
    if not all(isfinite(slots) and 0 <= slots <= LONGEST for slots in three):
        raise ValueError(f"“{task.name}” has an estimate outside 0 to {LONGEST}.")
    if not three[0] <= three[1] <= three[2]:
        raise ValueError(
            f"“{task.name}” is estimated at {three}, and not in the order optimistic, likely, pessimistic."
        )
    if shape is Shape.LOGNORMAL and three[0] <= 0:
        raise ValueError(f"“{task.name}” may take no time, and a log-normal duration always takes some.")


class Cause(StrEnum):
    TASK = "task"
    DEPARTMENT = "department"
    RISK = "risk"


@dataclass(frozen=True, slots=True)
class Driver:
    """What makes the date uncertain: the share of its variance that goes with this one cause, by its own luck.

    index   of the task, department or risk
    share   0 to 1; together about 1 at most, and what is left is done by several causes at once
    """

    cause: Cause
    index: int
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What happened in each run.

    start, finish  (runs, tasks)     slots, as in a Schedule
    releases       (runs, releases)  the finish of the last task of each
    critical       (tasks)           share of runs in which the task decides the date of the release asked for
    drivers        the causes of that date's variance, the greatest first
    deadlines      (task, share of runs in which its deadline was met), of those that have one
    fixed          (task, share of runs in which it started in its very slot)
    longest_lags   (index of the link, share of runs in which its longest lag was kept)
    """

    start: NDArray[np.int32]
    finish: NDArray[np.int32]
    releases: NDArray[np.int32]
    critical: NDArray[np.float64]
    drivers: tuple[Driver, ...]
    deadlines: tuple[tuple[int, float], ...] = ()
    fixed: tuple[tuple[int, float], ...] = ()
    longest_lags: tuple[tuple[int, float], ...] = ()

    def finishes(self, *, task: int | None = None, release: int | None = None) -> NDArray[np.int32]:
        """(runs) the finish of a task, milestone or gate, of a release, or without either of everything."""
        if task is not None:
            return self.finish[:, task]
        return self.finish.max(axis=1, initial=0) if release is None else self.releases[:, release]

    def percentile(self, level: float, *, task: int | None = None, release: int | None = None) -> Slot:
        """The first slot by which it has finished in this share of the runs: 0.85 for the 85 % date."""
        finishes = self.finishes(task=task, release=release)
        return int(np.quantile(finishes, level, method="inverted_cdf"))

    def percentiles(self, levels: Sequence[float] = (0.5, 0.85, 0.95)) -> NDArray[np.int32]:
        """(levels, tasks) the same for all tasks at once."""
        return np.quantile(self.finish, levels, axis=0, method="inverted_cdf").astype(np.int32)

    def chance(self, by: Slot, *, task: int | None = None, release: int | None = None) -> float:
        """Share of runs in which it has finished by this slot: what an announced date is worth."""
        return float(np.mean(self.finishes(task=task, release=release) <= by))
