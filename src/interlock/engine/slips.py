"""How well warnings foretold what slipped, and a small readable model of the chance that something will."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

# The 97.5% quantile of the standard normal distribution: all intervals here are of 95%.
Z = 1.959963984540054


class Interval(NamedTuple):
    """The ends of a 95% interval; nan where there is too little to tell."""

    low: float
    high: float


UNKNOWN = Interval(math.nan, math.nan)


def auc(scores: ArrayLike, slipped: ArrayLike) -> float:
    """The chance that what slipped was scored above what did not; equal scores count half.

    scores   (n,) float  higher where a slip is more to be feared
    slipped  (n,) bool   what came of it

    Returns a share in [0, 1], 0.5 for scores that tell nothing; nan where all or none slipped.
    Raises ValueError when the lengths disagree.

    Source: Hanley & McNeil, Radiology 1982, doi:10.1148/radiology.143.1.7063747: the area under the ROC curve
    is the Mann-Whitney statistic.

    >>> auc([0.9, 0.5, 0.5, 0.1], [True, True, False, False])
    0.875
    """
    from scipy.stats import rankdata

    values, came = np.asarray(scores, float), np.asarray(slipped, bool)
    if values.shape != came.shape:
        raise ValueError(f"{values.shape} scores for {came.shape} outcomes")
    late = int(came.sum())
    if late in (0, len(came)):
        return math.nan
    ranks = rankdata(values)
    return float((ranks[came].sum() - late * (late + 1) / 2) / (late * (len(came) - late)))


def auc_interval(
    scores: ArrayLike,
    slipped: ArrayLike,
    groups: ArrayLike,
    *,
    rng: np.random.Generator,
    against: ArrayLike | None = None,
    rounds: int = 2000,
) -> Interval:
    """A bootstrap interval of the AUC that draws whole groups: what is released together slips together.

    groups   (n,) whatever can be compared  the release of each
    against  (n,) float  other scores of the same cases: then the interval is of how much the AUC is above theirs
    rounds   samples of as many groups as there are, drawn with replacement

    Returns unknown ends for fewer than two groups. Raises ValueError when the lengths disagree.

    Source: the cluster bootstrap; Field & Welsh, JRSS B 2007, doi:10.1111/j.1467-9868.2007.00593.x
    """
    values, came, release = np.asarray(scores, float), np.asarray(slipped, bool), np.asarray(groups)
    others = None if against is None else np.asarray(against, float)
    if not values.shape == came.shape == release.shape == (came if others is None else others).shape:
        raise ValueError(f"{values.shape} scores and {release.shape} groups for {came.shape} outcomes")
    members = [np.flatnonzero(release == one) for one in np.unique(release)]
    if len(members) < 2:
        return UNKNOWN
    found = []
    for drawn in rng.integers(len(members), size=(rounds, len(members))):
        sample = np.concatenate([members[one] for one in drawn])
        above = 0.0 if others is None else auc(others[sample], came[sample])
        found.append(auc(values[sample], came[sample]) - above)
    told = np.asarray(found)[~np.isnan(found)]
    return Interval(*map(float, np.percentile(told, [2.5, 97.5]))) if len(told) else UNKNOWN


def share_interval(hits: int, of: int) -> Interval:
    """Wilson's interval of a share, which holds for small numbers too; unknown for a share of nothing.

    Source: Wilson, JASA 1927, doi:10.1080/01621459.1927.10502953

    >>> [round(end, 3) for end in share_interval(0, 10)]
    [0.0, 0.278]
    """
    if not of:
        return UNKNOWN
    share, spread = hits / of, Z * Z / of
    middle = (share + spread / 2) / (1 + spread)
    reach = Z * math.sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    return Interval(max(0.0, middle - reach), min(1.0, middle + reach))


@dataclass(frozen=True, slots=True)
class Contrast:
    """What a warning was worth: how often what it named slipped, against how often the rest did.

    warned, warned_slipped  how many were warned of, and how many of them slipped
    spared, spared_slipped  the same of those that were not warned of
    """

    warned: int
    warned_slipped: int
    spared: int
    spared_slipped: int

    @classmethod
    def of(cls, warned: ArrayLike, slipped: ArrayLike) -> "Contrast":
        """Both (n,) bool. Raises ValueError when the lengths disagree."""
        named, came = np.asarray(warned, bool), np.asarray(slipped, bool)
        if named.shape != came.shape:
            raise ValueError(f"{named.shape} warnings for {came.shape} outcomes")
        counts = named.sum(), (named & came).sum(), (~named).sum(), (~named & came).sum()
        return cls(*map(int, counts))

    @property
    def n(self) -> int:
        return self.warned + self.spared

    @property
    def precision(self) -> float:
        """The share of what was warned of that slipped."""
        return self.warned_slipped / self.warned if self.warned else math.nan

    @property
    def precision_interval(self) -> Interval:
        return share_interval(self.warned_slipped, self.warned)

    @property
    def recall(self) -> float:
        """The share of what slipped that was warned of."""
        slips = self.warned_slipped + self.spared_slipped
        return self.warned_slipped / slips if slips else math.nan

    @property
    def recall_interval(self) -> Interval:
        return share_interval(self.warned_slipped, self.warned_slipped + self.spared_slipped)

    @property
    def lift(self) -> float:
        """How many times as likely to slip as the rest; nan without a rest that slipped now and then.

        >>> Contrast(warned=10, warned_slipped=5, spared=40, spared_slipped=10).lift
        2.0
        """
        if not (self.warned and self.spared and self.spared_slipped):
            return math.nan
        return self.precision / (self.spared_slipped / self.spared)

    @property
    def lift_interval(self) -> Interval:
        """Of the ratio of two shares, on its logarithm, with half a slip added to each side.

        Source: Katz et al., Biometrics 1978, doi:10.2307/2530610; the halves: Pettigrew et al., Biometrika 1986,
        doi:10.1093/biomet/73.2.425
        """
        if not (self.warned and self.spared):
            return UNKNOWN
        a, n, b, m = self.warned_slipped + 0.5, self.warned + 0.5, self.spared_slipped + 0.5, self.spared + 0.5
        ratio, error = (a / n) / (b / m), math.sqrt(1 / a - 1 / n + 1 / b - 1 / m)
        return Interval(ratio * math.exp(-Z * error), ratio * math.exp(Z * error))


@dataclass(frozen=True, slots=True)
class Weight:
    """One line of the model: what one standard deviation more adds to the log odds of a slip.

    name    of the signal, in words
    weight  in log odds for each standard deviation
    mean    of the signal where the model was learnt
    spread  its standard deviation there
    """

    name: str
    weight: float
    mean: float
    spread: float


@dataclass(frozen=True, slots=True)
class SlipModel:
    """The chance of a slip as a sum that can be read: a base, and a weight for each signal."""

    base: float
    weights: tuple[Weight, ...]

    def chance(self, signals: Mapping[str, float]) -> float:
        """In [0, 1]. A signal that is not there counts as 0."""
        return 1 / (1 + math.exp(-self.base - sum(self._adds(one, signals) for one in self.weights)))

    def because(self, signals: Mapping[str, float], *, at_most: int = 3) -> list[str]:
        """The signals that raise the chance most above the usual, by a twentieth of the log odds at least.

        Their names; behind one that raises it by being small, “(low)”.
        """
        adds = sorted(((self._adds(one, signals), one) for one in self.weights), key=lambda pair: -pair[0])
        return [f"{one.name}{' (low)' if one.weight < 0 else ''}" for much, one in adds[:at_most] if much > 0.05]

    @staticmethod
    def _adds(one: Weight, signals: Mapping[str, float]) -> float:
        return one.weight * (signals.get(one.name, 0.0) - one.mean) / one.spread


def fit(signals: Sequence[Mapping[str, float]], slipped: Sequence[bool], *, strength: float = 0.03) -> SlipModel:
    """Regularised logistic regression on standardised signals; those that never differ have no weight.

    signals   for each case, name → value; what is not there counts as 0
    slipped   what came of each
    strength  how much the weights may grow (scikit-learn's C): the smaller, the nearer to no difference at all

    Returns the model, its weights from the largest to the smallest. Where all or none slipped there is nothing to
    tell apart: the base alone says how many, pulled a little to the middle.
    Raises ValueError when there are no cases or the lengths disagree.

    Source: ridge-penalised logistic regression; le Cessie & van Houwelingen, Applied Statistics 1992,
    doi:10.2307/2347628
    """
    if not signals or len(signals) != len(slipped):
        raise ValueError(f"{len(signals)} cases with {len(slipped)} outcomes: nothing to learn from")
    names = sorted({name for one in signals for name in one})
    table = np.array([[one.get(name, 0.0) for name in names] for one in signals], float).reshape(len(signals), -1)
    means, spreads = table.mean(axis=0), table.std(axis=0)
    told = spreads > 1e-9
    came = np.asarray(slipped, bool)
    if came.all() or not came.any() or not told.any():
        share = (came.sum() + 0.5) / (len(came) + 1)
        return SlipModel(float(np.log(share / (1 - share))), ())
    from sklearn.linear_model import LogisticRegression

    learnt = LogisticRegression(C=strength, max_iter=1000)
    learnt.fit((table[:, told] - means[told]) / spreads[told], came)
    kept = [name for name, differs in zip(names, told, strict=True) if differs]
    weights = [
        Weight(name, *map(float, three))
        for name, *three in zip(kept, learnt.coef_[0], means[told], spreads[told], strict=True)
    ]
    return SlipModel(float(learnt.intercept_[0]), tuple(sorted(weights, key=lambda one: (-abs(one.weight), one.name))))


def rolling(
    signals: Sequence[Mapping[str, float]],
    freezes: Sequence[int],
    known: Callable[[int], Sequence[bool | None]],
    *,
    first: int,
    strength: float = 0.03,
) -> NDArray[np.float64]:
    """The chance given to each case by a model that had seen nothing but what came before its freeze.

    signals  for each case, as they were at its freeze
    freezes  (n,) the number of each case's freeze, in the order of time
    known    from the number of a freeze to what was known then of each case: slipped, not, or None
    first    the first freeze to foretell; those before are only learnt from

    Returns (n,) chances in [0, 1]; nan before `first`, and where nothing was known yet.
    Raises ValueError when the lengths disagree.

    Source: evaluation with a rolling origin; Tashman, International Journal of Forecasting 2000,
    doi:10.1016/S0169-2070(00)00065-0
    """
    if len(signals) != len(freezes):
        raise ValueError(f"{len(signals)} cases with {len(freezes)} freezes")
    chances = np.full(len(signals), np.nan)
    for origin in sorted({freeze for freeze in freezes if freeze >= first}):
        outcomes = known(origin)
        past = [(signals[n], came) for n, came in enumerate(outcomes) if freezes[n] < origin and came is not None]
        if past:
            model = fit([one for one, _ in past], [came for _, came in past], strength=strength)
            for n, freeze in enumerate(freezes):
                if freeze == origin:
                    chances[n] = model.chance(signals[n])
    return chances
