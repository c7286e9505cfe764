"""What a rule is. A newcomer writes one in twenty lines: see docs/howto/add-a-rule.md.

A rule is a class in an app's `rules.py`. Its docstring is its page: first line what is wrong, then
`Why:` with the source, `Wrong:` and `Right:`. Its name is the class name in kebab-case, its dimension
is said by the letters of its code. Codes are never used again.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Any, ClassVar

from django.db import models

from interlock.alignment.dimensions import OF_LETTERS, Dimension
from interlock.workspaces.models import Member
from interlock.workspaces.permissions import Action
from interlock.workspaces.plan import PlanModel


class Severity(models.IntegerChoices):
    """The value is the weight in the score."""

    ERROR = 4, "Error"
    WARNING = 2, "Warning"
    NOTE = 1, "Note"

    @property
    def word(self) -> str:
        return self.name.lower()


class RuleScope(Enum):
    """What must be looked at again when a row changes."""

    SUBJECT = "each row can be judged by itself"
    PRODUCT = "only a whole product can be judged"
    WORKSPACE = "only the whole workspace can be judged"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong.

    subjects     the rows that are wrong; with the rule they are the finding's identity
    says         what is wrong, as a sentence that names the thing
    evidence     what shows it, in a sentence or two; dates rather than “12 days ago”, which is wrong tomorrow
    people       primary keys of the persons concerned
    departments  primary keys of the departments concerned
    mentions     further rows that the text speaks of: whoever may not see them does not see the finding
    fixes        names of the fixes that can help here, where that is not all of them
    """

    subjects: Sequence[PlanModel]
    says: str
    evidence: str
    people: frozenset[int] = frozenset()
    departments: frozenset[int] = frozenset()
    mentions: Sequence[PlanModel] = ()
    fixes: Sequence[str] = ()


# From the rows of a model and the subjects of a finding to the rows that make sense as an answer.
Among = Callable[[Any, Sequence[Any]], Any]


@dataclass(frozen=True, slots=True)
class Fix:
    """A way out of a finding that a person can take from where they stand.

    name     of the method
    label    what the button says
    safe     nobody could object: it needs no confirmation
    asks     what it must be told, by keyword: a model of which to choose a row, `date`, `str`, `Decimal`
    changes  those answers that it changes, and not only points to
    among    which rows make sense as an answer, where that is not all of the model's
    """

    name: str
    label: str
    safe: bool
    asks: Mapping[str, type]
    changes: frozenset[str] = frozenset()
    among: Mapping[str, Among] = field(default_factory=dict)

    def offers(self, asked: str, subjects: Sequence[PlanModel], *, by: Member) -> Any:
        """The rows of which this member may choose the answer."""
        manager: Any = self.asks[asked]._default_manager  # type: ignore[attr-defined]
        rows = manager.editable_by(by) if asked in self.changes else manager.visible_to(by)
        return self.among.get(asked, _all)(rows.active(), subjects)


def _all(rows: Any, subjects: Sequence[Any]) -> Any:
    return rows


def fix(
    label: str, *, safe: bool = False, changes: str = "", among: Mapping[str, Among] | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a rule's method a fix. Keyword-only parameters other than `by` are what it asks for."""

    def mark(method: Callable[..., None]) -> Callable[..., None]:
        parameters = inspect.signature(method).parameters.values()
        asks = {p.name: p.annotation for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "by"}
        changed = frozenset(changes.split())
        method.fix = Fix(method.__name__, label, safe, asks, changed, dict(among or {}))  # type: ignore[attr-defined]
        return method

    return mark


FEW = 500


def keys_of(rows: Any) -> Any:
    """What a lookup such as `feature__in` takes: few rows by their keys, from which a database starts; many as a query.

    Within many joins, PostgreSQL does not see that a subquery leaves next to nothing.
    """
    keys = list(rows.values_list("pk", flat=True)[: FEW + 1])
    return keys if len(keys) <= FEW else rows.values("pk")


class Rule:
    code: ClassVar[str] = ""
    severity: ClassVar[Severity]
    # The model whose rows are checked; several, where the same question is asked of each.
    subject: ClassVar[type[PlanModel] | tuple[type[PlanModel], ...]]
    # What else the rule reads: model → the lookups that lead from a subject to it. A change there judges anew.
    reads: ClassVar[Mapping[type[models.Model], str | tuple[str, ...]]] = {}
    scope: ClassVar[RuleScope] = RuleScope.SUBJECT
    # The fields on which its verdict rests, as `feature.owner`: a history that does not tell how they changed proves
    # nothing about it.
    rests_on: ClassVar[tuple[str, ...]] = ()
    # What its findings tell of: who may not read that does not see them.
    tells: ClassVar[Action] = Action.READ
    # Thresholds that a workspace may set, with their defaults.
    settings: ClassVar[Mapping[str, int]] = {}

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        """The rows to which the rule applies: the score's denominator."""
        return rows

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        """What is wrong among the rows to which the rule applies. The number of queries must not depend on them.

        Long texts of the rows are not loaded.
        """
        raise NotImplementedError

    # --- what a rule's class says about itself ----------------------------------------------------

    name: ClassVar[str]
    subjects: ClassVar[tuple[type[PlanModel], ...]]
    dimension: ClassVar[Dimension]
    fixes: ClassVar[tuple[Fix, ...]]

    def __init_subclass__(cls) -> None:
        if not cls.code:
            return
        cls.subjects = cls.subject if isinstance(cls.subject, tuple) else (cls.subject,)
        cls.name = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()
        cls.dimension = OF_LETTERS[cls.code[:2]]
        methods = [member for base in reversed(cls.__mro__) for member in vars(base).values()]
        cls.fixes = tuple(member.fix for member in methods if hasattr(member, "fix"))

    @classmethod
    def lookups(cls) -> dict[str, tuple[str, ...]]:
        """Label of a model that the rule reads → the lookups that lead there."""
        return {
            model._meta.label_lower: (paths,) if isinstance(paths, str) else paths for model, paths in cls.reads.items()
        }
