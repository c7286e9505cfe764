"""How far objectives are, each with the sentence that says from what that was computed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from interlock.strategy.models.key_result import Tally


@dataclass(frozen=True)
class Progress:
    """share  between 0 and 1; None where nothing was measured
    confidence  in per cent, the lowest that was given
    """

    share: float | None
    says: str
    confidence: int | None = None

    @property
    def per_cent(self) -> int | None:
        return None if self.share is None else round(100 * self.share)


def progress_of(nodes: Iterable[tuple[int, int | None]], tallies: Iterable[Tally]) -> dict[int, Progress]:
    """Of objectives, given as (key, parent's key), from their key results, else from the objectives under them."""
    nodes = list(nodes)
    mine = {tally.objective: tally for tally in tallies}
    below: dict[int | None, list[int]] = defaultdict(list)
    for pk, parent in nodes:
        below[parent].append(pk)
    found: dict[int, Progress] = {}
    for pk in _deepest_first(nodes, below):
        found[pk] = of_results(mine[pk]) if pk in mine else of_children([found[child] for child in below[pk]])
    return found


def of_results(results: Tally) -> Progress:
    told = _count(results.number, "key result")
    if not results.measured:
        return Progress(None, f"{told}, none measured yet", results.least_confidence)
    missing = results.number - results.measured
    says = f"Mean of {told}" + (f"; {missing} not measured yet, and counted as 0" if missing else "")
    return Progress(results.shares / results.number, says, results.least_confidence)


def of_children(children: Sequence[Progress]) -> Progress:
    shares = [child.share for child in children if child.share is not None]
    if not children:
        return Progress(None, "No key result")
    if not shares:
        return Progress(None, f"No key result, and none measured in {_count(len(children), 'objective')} below")
    confidence = min((child.confidence for child in children if child.confidence is not None), default=None)
    told = (
        _count(len(shares), "objective")
        if len(shares) == len(children)
        else f"{len(shares)} of {len(children)} objectives"
    )
    return Progress(fmean(shares), f"Mean of {told} below", confidence)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}"


def _deepest_first(nodes: Sequence[tuple[int, int | None]], below: Mapping[int | None, list[int]]) -> Iterable[Any]:
    known = {pk for pk, _ in nodes}
    order = [pk for pk, parent in nodes if parent not in known]
    for pk in order:
        order += below.get(pk, [])
    return reversed(order)
