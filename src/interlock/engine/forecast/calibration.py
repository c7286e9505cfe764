"""What finished tasks say about the estimates of the next ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log, sqrt

import numpy as np

from interlock.engine.forecast.uncertainty import Department, Estimate

WORTH = 5.0
"""Finished tasks: so much counts the belief that estimates are right as they are."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What was estimated, and the working slots that it took: more than 0."""

    estimate: Estimate
    actual: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a department's history does to its forecast.

    tasks   how many finished ones it rests on
    ratio   geometric mean of actual ÷ likely, as it was
    factor, spread   as in Department: the ratio to the median of the estimates, drawn towards 1 where tasks are few,
            and what the durations varied beyond their ranges
    """

    tasks: int
    ratio: float
    factor: float
    spread: float

    def applied(self, department: Department) -> Department:
        return replace(department, factor=self.factor, spread=self.spread)

    def sentence(self, name: str) -> str:
        """For people: “Engineering's likely estimates have been 1.3 × too short over 41 tasks.”"""
        if not self.tasks:
            return f"{name} has finished no estimated task yet."
        over = f"over {self.tasks} task{'s' * (self.tasks > 1)}"
        times = max(self.ratio, 1 / self.ratio)
        if times < 1.05:
            return f"{name}'s likely estimates have been about right {over}."
        return f"{name}'s likely estimates have been {times:.1f} × too {'short' if self.ratio > 1 else 'long'} {over}."


def calibrate(finished: Sequence[Finished]) -> Calibration:
    """Learn from what a department finished how far off its next estimates will be.

    Logarithms of actual ÷ median estimate are taken as normal. Their mean and variance are shrunk as if WORTH more
    tasks had been just as estimated; the variance grows by what so few tasks leave open about the mean (the predictive
    variance of a normal sample). What the ranges of the estimates already allow is taken off.

    Raises ValueError for an actual or a likely estimate that is not above 0.

    Source: Gelman et al., Bayesian Data Analysis, 3rd edition 2013, chapter 3; actual ÷ estimate as log-normal:
    Little, IEEE Software 23(3), 2006, doi:10.1109/MS.2006.82.

    >>> calibrate([Finished(Estimate(2, 4, 6), 6.0)] * 20).sentence("Engineering")
    "Engineering's likely estimates have been 1.5 × too short over 20 tasks."
    """
    for one in finished:
        if one.actual <= 0 or one.estimate.likely <= 0:
            raise ValueError(f"a task that took {one.actual} of {one.estimate.likely} slots teaches nothing")
    n = len(finished)
    if not n:
        return Calibration(0, 1.0, 1.0, 0.0)
    ratio = exp(float(np.mean([log(one.actual / one.estimate.likely) for one in finished])))
    off = [log(one.actual / _median(one.estimate)) for one in finished]
    allowed = float(np.mean([_variance(one.estimate) for one in finished]))
    seen = float(np.var(off, ddof=1)) if n > 1 else allowed
    variance = (WORTH * allowed + n * seen) / (WORTH + n) * (1 + 1 / (WORTH + n))
    factor = exp(float(np.mean(off)) * n / (n + WORTH))
    return Calibration(n, ratio, factor, max(0.0, sqrt(variance) - sqrt(allowed)))


def _median(estimate: Estimate) -> float:
    """Of the PERT beta; by Kerman, "A closed-form approximation for the median of the beta distribution", 2011."""
    return (estimate.optimistic + 6 * estimate.likely + estimate.pessimistic) / 8


def _variance(estimate: Estimate) -> float:
    """Of the logarithm of a PERT duration, nearly: the beta's variance over the square of its median."""
    low, likely, high = estimate.optimistic, estimate.likely, estimate.pessimistic
    if low == high:
        return 0.0
    a = 1 + 4 * (likely - low) / (high - low)
    return a * (6 - a) / 252 * ((high - low) / _median(estimate)) ** 2
