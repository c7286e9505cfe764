"""What a rule must look at after a change, and what it may leave alone."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from interlock.alignment.models import PendingChange
from interlock.alignment.rule import Rule, RuleScope
from interlock.organisation.models import Product
from interlock.workspaces.models import Workspace
from interlock.workspaces.plan import PlanModel

# More rows than this are not picked out one by one: looking at everything is cheaper then.
MANY = 1000

PRODUCT = Product._meta.label_lower


@dataclass(frozen=True, slots=True)
class Touched:
    """Rows that changed, and the rows at the far ends of relations that were set or dropped with it.

    rows  label of a model → primary keys
    ends  label of what changed → label of what stands at the end → primary keys
    """

    rows: Mapping[str, set[Any]]
    ends: Mapping[str, Mapping[str, set[int]]] = field(default_factory=dict)

    @classmethod
    def together(cls, pending: Iterable[PendingChange]) -> "Touched":
        rows: dict[str, set[Any]] = defaultdict(set)
        ends: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        for one in pending:
            for label, keys in one.rows.items():
                rows[label].update(keys)
            for label, far in one.ends.items():
                for end, keys in far.items():
                    ends[label][end].update(keys)
        return cls(rows, ends)

    def of(self, label: str) -> set[Any]:
        return self.rows.get(label, set())

    def reached(self, rule: Rule, subject: str) -> Iterator[tuple[str, set[int]]]:
        """Lookups from a subject, with the keys to look for: every way by which the rule would see a change.

        What hung on another row before the change is not reached through it any more, but through that row.
        """
        lookups = rule.lookups()
        for label, paths in lookups.items():
            far = self.ends.get(label, {})
            for path in paths:
                yield path, self.of(label)
                yield "pk", far.get(subject, set())
                for end, keys in far.items():
                    for on_the_way in lookups.get(end, ()):
                        if path.startswith(f"{on_the_way}__"):
                            yield on_the_way, keys


@dataclass(frozen=True, slots=True)
class Universe:
    """Everything, or these rows and whatever belongs to these products (None: to no product)."""

    everything: bool = False
    rows: frozenset[int] = frozenset()
    products: frozenset[int | None] = frozenset()

    def __bool__(self) -> bool:
        return self.everything or bool(self.rows or self.products)

    def within(self, queryset: Any, *, row: str, product: str) -> Any:
        """Rows of the queryset that lie in here; `row` and `product` are the lookups to a subject and its product."""
        if self.everything:
            return queryset
        inside = Q(**{f"{row}__in": self.rows})
        if product and self.products:
            inside |= Q(**{f"{product}__in": self.products - {None}})
            if None in self.products:
                inside |= Q(**{product: None})
        return queryset.filter(inside)


EVERYTHING = Universe(everything=True)
Universes = Mapping[type[PlanModel], Universe]


def everything(rule: Rule) -> Universes:
    return dict.fromkeys(rule.subjects, EVERYTHING)


def affected(rule: Rule, workspace: Workspace, touched: Touched) -> Universes:
    """What the rule must look at, by subject; empty where it reads nothing of what was touched."""
    found = {subject: _affected(rule, subject, workspace, touched) for subject in rule.subjects}
    return {subject: universe for subject, universe in found.items() if universe}


def _affected(rule: Rule, subject: type[PlanModel], workspace: Workspace, touched: Touched) -> Universe:
    label, path = subject._meta.label_lower, product_path(subject)
    # A product that is archived, restored or restricted takes all that belongs to it along.
    products = set(touched.of(PRODUCT)) if path else set()
    own = touched.of(label)
    reached = [(lookup, keys) for lookup, keys in touched.reached(rule, label) if keys]
    if not (own or products or reached):
        return Universe()
    if any(len(keys) > MANY for keys in (own, *(keys for _, keys in reached))):
        return EVERYTHING
    rows = subject._base_manager.filter(workspace=workspace)
    subjects = set(own)
    for lookup, keys in reached:
        subjects.update(rows.filter(**{f"{lookup}__in": keys}).values_list("pk", flat=True)[: MANY + 1])
    if len(subjects) > MANY:
        return EVERYTHING
    if rule.scope is RuleScope.PRODUCT:
        products |= touched.ends.get(label, {}).get(PRODUCT, set())
    return Universe(rows=frozenset(subjects), products=frozenset(products))


def widened(universe: Universe, rule: Rule, subject: type[PlanModel]) -> Universe:
    """What must be looked at to judge a universe: rows that cannot be judged alone bring others along."""
    if rule.scope is RuleScope.SUBJECT or universe.everything:
        return universe
    if rule.scope is RuleScope.WORKSPACE:
        return EVERYTHING
    theirs = subject._base_manager.filter(pk__in=universe.rows).values_list(product_path(subject), flat=True)
    return Universe(products=universe.products | frozenset(theirs))


def product_path(subject: type[PlanModel]) -> str:
    """From a subject to its product; the subject itself where it is one, nothing where it has none."""
    return getattr(subject, "product_path", "pk" if subject is Product else "")
