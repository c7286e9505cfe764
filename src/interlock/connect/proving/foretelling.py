"""The chance to slip, learnt from a history: how well it would have been foretold, and what it says of what is open."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from interlock.engine.promises import Freeze, History, signals
from interlock.engine.slips import UNKNOWN, Interval, SlipModel, auc, auc_interval, fit, rolling

# A freeze is foretold once so many outcomes of earlier ones are known, so many of each kind among them.
LEARNT_FROM, OF_EACH = 50, 10


class Case(NamedTuple):
    """A promise, by the number of its freeze, and what came of it; None where nobody can say."""

    freeze: int
    release: str
    item: str
    slipped: bool | None


class Chance(NamedTuple):
    release: str
    item: str
    chance: float
    because: list[str]


@dataclass(frozen=True)
class Foretold:
    """What the model has learnt, and how it did on releases of which it had seen nothing.

    since, n, auc, auc_interval  the first of those releases, their features, and how well they were told apart
    open                         what it says of the releases that are not out
    """

    model: SlipModel
    since: str
    n: int
    auc: float
    auc_interval: Interval
    open: Sequence[Chance]


Warnings = Mapping[str, frozenset[str]]


def foretell(
    history: History,
    promised: Mapping[str, Sequence[str]],
    cases: Sequence[Case],
    warned: Mapping[int, Warnings],
    open_: Mapping[Freeze, Warnings],
    *,
    seed: int,
) -> Foretold | None:
    """
    promised  release → the items promised at its freeze
    warned    number of a freeze → code of a rule → the items of which it warned
    open_     the releases that are not out, as they stand → the same of them

    None where too little is known to learn from.
    """
    freezes = history.freezes
    then = {n: signals(history, promised, freezes[n]) for n in warned}
    promises = [case for case in cases if case.freeze in warned]
    seen = [_told(then[case.freeze][case.item], warned[case.freeze], case.item) for case in promises]
    past = [(one, case.slipped) for one, case in zip(seen, promises, strict=True) if case.slipped is not None]
    if not _enough([came for _, came in past]):
        return None
    model = fit([one for one, _ in past], [came for _, came in past])

    def known(origin: int) -> list[bool | None]:
        """What was known at that freeze of the promises before it."""
        at = freezes[origin].at
        return [
            history.slipped(case.item, freezes[case.freeze], known=at) if case.freeze < origin else None
            for case in promises
        ]

    chances = []
    for freeze, warnings in open_.items():
        now = signals(history, promised, freeze)
        for item in promised[freeze.release]:
            told = _told(now[item], warnings, item)
            chances.append(Chance(freeze.release, item, model.chance(told), model.because(told)))
    outcomes = {n: known(n) for n in sorted(warned)}
    first = next((n for n, came in outcomes.items() if _enough(came)), None)
    if first is None:
        return Foretold(model, "", 0, math.nan, UNKNOWN, chances)
    foretold = rolling(seen, [case.freeze for case in promises], outcomes.__getitem__, first=first)
    rows = [
        (chance, case)
        for chance, case in zip(foretold, promises, strict=True)
        if not math.isnan(chance) and case.slipped is not None
    ]
    scores, came, releases = [one for one, _ in rows], [bool(c.slipped) for _, c in rows], [c.release for _, c in rows]
    interval = auc_interval(scores, came, releases, rng=np.random.default_rng(seed))
    return Foretold(model, freezes[first].release, len(rows), auc(scores, came), interval, chances)


def _told(of_plan: Mapping[str, float], warnings: Warnings, item: str) -> dict[str, float]:
    """What the plan tells of an item, and what the rules say of it."""
    return {**of_plan, **{f"{code} warns": float(item in items) for code, items in warnings.items()}}


def _enough(came: Sequence[Any]) -> bool:
    slips, rest = sum(one is True for one in came), sum(one is False for one in came)
    return slips + rest >= LEARNT_FROM and min(slips, rest) >= OF_EACH


def as_they_stand(history: History, *, now: datetime) -> list[Freeze]:
    """The releases that are frozen and not out, as of the last that the history tells."""
    at = min(now, history.until or now)
    return [
        freeze._replace(at=at)
        for freeze in history.freezes
        if freeze.at <= at and not (freeze.out and freeze.out <= now)
    ]
