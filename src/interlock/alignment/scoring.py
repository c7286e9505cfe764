"""The score: a rule's share is passed ÷ checked; a dimension is the mean of its rules' shares, weighted by
severity; the score is the mean of the dimensions present. What had nothing to check takes no part."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from statistics import fmean

from django.db import transaction

from interlock.alignment import registry
from interlock.alignment.dimensions import Dimension
from interlock.alignment.models import Score, Tally
from interlock.organisation.models import Product
from interlock.workspaces.changes import Change, announce
from interlock.workspaces.models import Workspace


@dataclass(frozen=True, slots=True)
class Share:
    """Of what a rule looked at, in one product or in several together, how much broke it, and how much that weighs."""

    code: str
    checked: int
    failed: int
    weight: int

    @property
    def passed(self) -> float:
        return 1 - self.failed / self.checked

    @property
    def dimension(self) -> Dimension:
        return registry.rule(self.code).dimension


def shares(tallies: Iterable[Tally], *, failed: str = "failed") -> list[Share]:
    """One share for each rule that had something to check. `failed` names the count of failures that holds.

    Where products differ in how severe they call a rule, the most severe counts.
    """
    of_rule: dict[str, list[Tally]] = defaultdict(list)
    for tally in tallies:
        if tally.checked:
            of_rule[tally.code].append(tally)
    broken = attrgetter(failed)
    return [
        Share(code, sum(t.checked for t in mine), sum(map(broken, mine)), max(t.severity for t in mine))
        for code, mine in sorted(of_rule.items())
    ]


def dimensions(shares: Iterable[Share]) -> dict[Dimension, float]:
    """Dimension → value between 0 and 100, of those that are present."""
    of: dict[Dimension, list[Share]] = defaultdict(list)
    for share in shares:
        of[share.dimension].append(share)
    return {
        dimension: 100 * fmean([share.passed for share in of[dimension]], [share.weight for share in of[dimension]])
        for dimension in Dimension
        if dimension in of
    }


def total(of: dict[Dimension, float]) -> float | None:
    """The mean of the dimensions present; None where nothing was checked."""
    return fmean(of.values()) if of else None


def keep_scores(workspace: Workspace, *, today: date) -> None:
    """Write today's scores of the workspace and of each product, where they are different."""
    scores = {(one.product_id, one.dimension): one for one in _scores(workspace, today)}
    with transaction.atomic():
        held = {(one.product_id, one.dimension): one for one in Score.objects.filter(workspace=workspace, on=today)}
        Score.objects.filter(pk__in=[one.pk for scope, one in held.items() if scope not in scores]).delete()
        Score.objects.bulk_create(one for scope, one in scores.items() if scope not in held)
        different = []
        for scope in held.keys() & scores.keys():
            old, new = held[scope], scores[scope]
            if (old.value, old.value_openly) != (new.value, new.value_openly):
                old.value, old.value_openly = new.value, new.value_openly
                different.append(old)
        Score.objects.bulk_update(different, ["value", "value_openly"])
        if different or held.keys() != scores.keys():
            announce([Change(workspace.pk, Score._meta.label_lower, 0, "")])


def _scores(workspace: Workspace, today: date) -> list[Score]:
    of_product: dict[int | None, list[Tally]] = defaultdict(list)
    for tally in Tally.objects.filter(workspace=workspace, code__in=registry.codes()):
        of_product[tally.product_id].append(tally)
    restricted = set(Product.objects.of(workspace).filter(restricted=True).values_list("pk", flat=True))
    everything = [tally for tallies in of_product.values() for tally in tallies]
    open_to_all = [tally for product, tallies in of_product.items() if product not in restricted for tally in tallies]
    found = _of_scope(workspace, None, everything, open_to_all, today)
    for product, tallies in of_product.items():
        if product is not None:
            found += _of_scope(workspace, product, tallies, tallies, today)
    return found


def _of_scope(
    workspace: Workspace, product: int | None, seen: Sequence[Tally], openly: Sequence[Tally], today: date
) -> list[Score]:
    values, values_openly = _values(shares(seen)), _values(shares(openly, failed="failed_openly"))
    return [
        Score(
            workspace=workspace,
            product_id=product,
            dimension=name,
            on=today,
            value=value,
            value_openly=values_openly.get(name),
        )
        for name, value in values.items()
    ]


def _values(shares: Sequence[Share]) -> dict[str, float]:
    of = dimensions(shares)
    whole = total(of)
    return {} if whole is None else {"": whole, **{dimension.value: value for dimension, value in of.items()}}
