"""How many weeks until so many items are done, from nothing but how many were done in each past week.

The common way draws past weeks at random until the items are done. It takes the pace of today for the pace of
tomorrow, and so its dates are met less often than they say. Here the pace of today is only the point from which
a history is read: how many times longer than "items divided by pace" did backlogs of this size take before?
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

HALF_LIFE = 3.0
"""Weeks after which a week counts half in the pace of today."""

WORTH = 10.0
"""What is known before any history counts as much as this many backlogs that the project itself finished."""

MEDIAN, DRIFT, NOISE = 0.15, 0.2, 2.5
"""Before any history, the logarithm of a backlog's weeks over "items divided by pace" is normal about MEDIAN with
variance DRIFT + NOISE / items: the pace will change, and so few items, seen and to come, are a sample."""

WARM_UP, HORIZON = 4, 52
"""Weeks. A pace is read from so many at least; of a past forecast beyond the horizon nothing is learned."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """When `items` more will be done.

    pace      items a week, as it is now
    ratio     of the weeks it takes to items ÷ pace: values in rising order; weeks are rounded, so that 0 means one week
    chance    of each of these values or a smaller one, in (0, 1]
    finished  how many backlogs of this size, one after the other, the project's own history has shown
    """

    items: int
    pace: float
    ratio: tuple[float, ...]
    chance: tuple[float, ...]
    finished: float

    def weeks(self, level: float) -> int:
        """The number of weeks within which all will be done with this chance: 0.85 for the 85 % date.

        Raises ValueError unless 0 < level < 1.
        """
        if not 0 < level < 1:
            raise ValueError(f"a chance lies between 0 and 1, and {level} does not")
        at = min(int(np.searchsorted(self.chance, level)), len(self.ratio) - 1)
        return max(1, int(self.items / self.pace * self.ratio[at] + 0.5))

    def chance_within(self, weeks: int) -> float:
        """The chance that all will be done in so many weeks."""
        if weeks < 1:
            return 0.0
        known = int(np.searchsorted(self.ratio, (weeks + 0.5) * self.pace / self.items))
        return self.chance[known - 1] if known else 0.0


def delivery(finished: Sequence[int] | NDArray[np.integer], items: int) -> Delivery:
    """Forecast when the next `items` will be done.

    finished  items done in each past week, the oldest first, the present week left out; weeks of zero belong to it
    items     how many are to be done, at least 1

    The point forecast is items ÷ pace, the pace an exponentially weighted mean. It is replayed in every past week; by
    how much it was wrong, where this is known by now, are the scores of split conformal prediction. A backlog that is
    still open says that it takes longer than so far: a censored score, which a weighted Kaplan-Meier estimate takes in
    (leaving these out is what makes a forecast too hopeful). Backlogs that overlap tell the same story, hence a history
    weighs as much as the backlogs that fit into it one after the other; a log-normal prior worth ten of these is mixed
    in, and decides where the history is short. Scores are taken after rounding to weeks, so that the dates of a fast
    project, which finishes nearly always within the week, are not met too often at every level.

    Raises ValueError without a past week, for a negative count, or for items < 1.

    Sources: Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World, Springer 2005 (conformal prediction);
    Candès, Lei & Ren, JRSS B 85(1), 2023, doi:10.1093/jrsssb/qkac004 (under censoring); Kaplan & Meier, JASA 53, 1958.
    The weights and the prior are ours; benchmarks/forecast.py says what they are worth.

    >>> d = delivery([2, 3, 1, 2, 0, 4, 2, 2, 3, 1], 10)
    >>> d.weeks(0.5), d.weeks(0.85), d.weeks(0.95)
    (5, 10, 15)
    """
    done = np.asarray(finished, dtype=np.int64)
    if not len(done):
        raise ValueError("no past week is known")
    if done.min() < 0:
        raise ValueError("in no week are fewer than zero items done")
    if items < 1:
        raise ValueError(f"{items} items need no forecast")
    pace = _pace(done)
    total = np.concatenate([[0], np.cumsum(done)])
    then = np.arange(min(WARM_UP, len(done)), len(done))
    expected = items / pace[then - 1]
    then, expected = then[expected <= HORIZON], expected[expected <= HORIZON]
    weeks = np.searchsorted(total, total[then] + items) - then
    known = then + weeks <= len(done)
    so_far = len(done) - then
    scores = np.where(known, np.where(weeks == 1, 0.0, weeks - 0.5), so_far + 0.5) / expected
    worth = float(np.sum(1 / np.where(known, weeks, np.maximum(so_far, expected))))
    prior = _prior(items)
    ratio, chance = _kaplan_meier(
        np.concatenate([scores, prior]),
        np.concatenate([known, np.ones(len(prior), bool)]),
        np.concatenate([np.full(len(then), worth / max(1, len(then))), np.full(len(prior), WORTH / len(prior))]),
    )
    return Delivery(items, float(pace[-1]), tuple(ratio.tolist()), tuple(chance.tolist()), worth)


def _pace(done: NDArray[np.int64]) -> NDArray[np.float64]:
    """After each week, as it was then. An item on top, so that a pause is not the end of all work."""
    fade = 0.5 ** (1 / HALF_LIFE)
    pace, seen, weight = np.empty(len(done)), 0.0, 0.0
    for week, items in enumerate(done):
        seen, weight = seen * fade + items, weight * fade + 1
        pace[week] = (seen + 1) / weight
    return pace


def _prior(items: int) -> NDArray[np.float64]:
    normal = NormalDist(MEDIAN, (DRIFT + NOISE / items) ** 0.5)
    return np.exp(np.array([normal.inv_cdf((n + 0.5) / 100) for n in range(100)]))


def _kaplan_meier(
    values: NDArray[np.float64], known: NDArray[np.bool_], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The known values in rising order, and the chance of each or a smaller one; of the others, they are greater."""
    order = np.lexsort((~known, values))
    values, known, weights = values[order], known[order], weights[order]
    at_risk = np.cumsum(weights[::-1])[::-1]
    beyond = np.cumprod(np.where(known, np.maximum(0.0, 1.0 - weights / at_risk), 1.0), dtype=np.float64)
    return values[known], 1.0 - beyond[known]
