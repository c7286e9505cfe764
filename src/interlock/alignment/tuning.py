"""How rules are applied, as a member may know it: what the pages of rule settings show."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count

from interlock.alignment import registry
from interlock.alignment.dimensions import Dimension
from interlock.alignment.explaining import explain
from interlock.alignment.models import Finding, RuleSetting
from interlock.alignment.rule import Rule, Severity
from interlock.alignment.terms import Terms
from interlock.workspaces.models import Member


@dataclass(frozen=True)
class Tuned:
    """A rule with its terms in the workspace, and in the products that the member sees and where they differ."""

    rule: Rule
    terms: Terms
    setting: RuleSetting | None = None
    products: list[tuple[RuleSetting, Terms]] = field(default_factory=list)
    open: int = 0
    waived: int = 0

    @property
    def says(self) -> str:
        return explain(self.rule).says

    @property
    def severity(self) -> str:
        return str(Severity(self.terms.severity).label)

    @property
    def thresholds(self) -> list[tuple[str, int, int]]:
        """Name in words, what holds, what it is out of the box."""
        return thresholds(self.rule, self.terms)


def thresholds(rule: Rule, terms: Terms) -> list[tuple[str, int, int]]:
    return [(in_words(name), terms.settings[name], usual) for name, usual in rule.settings.items()]


def in_words(name: str) -> str:
    return name.replace("_", " ")


def tuned(member: Member, rules: Iterable[Rule]) -> list[Tuned]:
    held: dict[str, dict[int | None, RuleSetting]] = defaultdict(dict)
    for setting in RuleSetting.objects.visible_to(member).select_related("product").order_by("product__name"):
        held[setting.code][setting.product_id] = setting
    rules = list(rules)
    counts = _counts(member, [rule.code for rule in rules])
    return [_tuned(rule, held[rule.code], counts) for rule in rules]


def by_dimension(member: Member) -> list[tuple[Dimension, list[Tuned]]]:
    every = tuned(member, registry.rules())
    found = [(dimension, [one for one in every if one.rule.dimension is dimension]) for dimension in Dimension]
    return [(dimension, rules) for dimension, rules in found if rules]


def _tuned(rule: Rule, held: Mapping[int | None, RuleSetting], counts: Mapping[tuple[str, str], int]) -> Tuned:
    terms = Terms(True, int(rule.severity), rule.settings)
    setting = held.get(None)
    if setting:
        terms = terms.amended(setting)
    products = [(one, terms.amended(one)) for product, one in held.items() if product is not None]
    status = Finding.Status
    return Tuned(rule, terms, setting, products, counts[rule.code, status.OPEN], counts[rule.code, status.WAIVED])


def _counts(member: Member, codes: list[str]) -> Mapping[tuple[str, str], int]:
    rows: Any = Finding.objects.visible_to(member).exclude(status=Finding.Status.RESOLVED).filter(code__in=codes)
    counted = rows.order_by().values_list("code", "status").annotate(Count("pk"))
    return Counter({(code, status): count for code, status, count in counted})
