"""How a workspace applies each rule: whether at all, how severe it is, by which thresholds, and where that differs."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from interlock.alignment import registry
from interlock.alignment.models import RuleSetting
from interlock.alignment.rule import Rule, RuleScope
from interlock.organisation.models import Product
from interlock.workspaces.models import Workspace


@dataclass(frozen=True, slots=True)
class Terms:
    enabled: bool
    severity: int
    settings: Mapping[str, int]

    def amended(self, setting: RuleSetting) -> "Terms":
        # A threshold that a later version of the rule no longer has is passed over.
        own = {name: value for name, value in setting.settings.items() if name in self.settings}
        return Terms(setting.enabled, setting.severity or self.severity, {**self.settings, **own})


@dataclass(frozen=True, slots=True)
class Part:
    """Products whose rows are judged together: these, or all but those."""

    settings: Mapping[str, int]
    products: frozenset[int]
    these: bool

    def of(self, rows: Any, path: str) -> Any:
        if not path:  # belongs to the whole workspace
            return rows.none() if self.these else rows
        among = Q(**{f"{path}__in": self.products})
        if self.these:
            return rows.filter(among)
        return rows.filter(Q(**{path: None}) | ~among) if self.products else rows


@dataclass(frozen=True, slots=True)
class Applied:
    """A rule as one workspace applies it."""

    rule: Rule
    terms: Terms
    of_product: Mapping[int, Terms]

    def at(self, product: int | None) -> Terms:
        return self.of_product.get(product, self.terms) if product else self.terms

    def parts(self) -> Iterator[Part]:
        """The rows to judge, cut where the terms differ.

        A rule that can only judge the whole workspace is not cut by thresholds: a circle through two products
        would be seen by neither part.
        """
        groups: dict[tuple[bool, tuple[tuple[str, int], ...]], set[int]] = defaultdict(set)
        for product, terms in self.of_product.items():
            groups[self._manner(terms)].add(product)
        ours = self._manner(self.terms)
        others = frozenset(product for manner, group in groups.items() if manner != ours for product in group)
        if self.terms.enabled:
            yield Part(self.terms.settings, others, these=False)
        for (enabled, settings), group in groups.items():
            if enabled and (enabled, settings) != ours:
                yield Part(dict(settings) or self.terms.settings, frozenset(group), these=True)

    def _manner(self, terms: Terms) -> tuple[bool, tuple[tuple[str, int], ...]]:
        whole = self.rule.scope is RuleScope.WORKSPACE
        return terms.enabled, () if whole else tuple(sorted(terms.settings.items()))


def in_force(workspace: Workspace) -> list[Applied]:
    """Every rule with its terms. An archived product is checked for nothing."""
    held: dict[str, dict[int | None, RuleSetting]] = defaultdict(dict)
    for setting in RuleSetting.objects.filter(workspace=workspace):
        held[setting.code][setting.product_id] = setting
    archived = list(Product.objects.of(workspace).archived().values_list("pk", flat=True))
    return [_applied(rule, held[rule.code], archived) for rule in registry.rules()]


def _applied(rule: Rule, settings: Mapping[int | None, RuleSetting], archived: list[int]) -> Applied:
    terms = Terms(True, int(rule.severity), rule.settings)
    if None in settings:
        terms = terms.amended(settings[None])
    of_product = {product: terms.amended(setting) for product, setting in settings.items() if product is not None}
    off = Terms(False, terms.severity, terms.settings)
    return Applied(rule, terms, of_product | dict.fromkeys(archived, off))
