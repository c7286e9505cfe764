"""Audit events as people read them: names instead of pseudonyms, labels instead of field names."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q
from django.urls import NoReverseMatch, reverse

from interlock.workspaces.forms import HIDDEN
from interlock.workspaces.models import AuditEvent, Member, Workspace
from interlock.workspaces.plan import PlanModel

SYSTEM, NAMELESS = "Interlock", "Somebody who left"
LONG = 300
PRIVATE = ["…", "…"]


class End(NamedTuple):
    text: str
    url: str = ""


@dataclass(frozen=True)
class Difference:
    """What was, and what is; neither is kept where it is about a person."""

    label: str
    before: list[End]
    after: list[End]
    kept: bool = True


@dataclass(frozen=True)
class Told:
    event: AuditEvent
    actor: str
    kind: str
    url: str
    differences: list[Difference]


def told(events: Sequence[AuditEvent], workspace: Workspace, *, reader: Member | None = None) -> list[Told]:
    """With a `reader`, keys become the names that rows have today; a query for each kind of row."""
    teller = _Teller(events, workspace, titles_of(events, reader) if reader else {})
    return [
        Told(
            event,
            teller.members.get(str(event.actor), NAMELESS) if event.actor else SYSTEM,
            kind(event.model),
            teller.address(_model(event.model), event.key),
            [teller.difference(event, name, pair) for name, pair in event.changes.items()],
        )
        for event in events
    ]


class _Teller:
    """Knows the members that some events name, whether as actors or in what they changed, and titles of rows."""

    def __init__(self, events: Sequence[AuditEvent], workspace: Workspace, titles: Mapping[str, str]) -> None:
        self.workspace, self.titles = workspace, titles
        actors = {event.actor for event in events if event.actor}
        told = re.findall(r"\bM-\d{1,18}\b", " ".join(str(event.changes) for event in events))
        numbers = {Member.number_of(key) for key in told}
        found = Member.objects.filter(workspace=workspace).filter(Q(pseudonym__in=actors) | Q(pk__in=numbers))
        self.members = {
            name: str(member)
            for member in (found.select_related("user") if actors or numbers else ())
            for name in (str(member.pseudonym), member.key)
        }

    def difference(self, event: AuditEvent, name: str, pair: Sequence[Any]) -> Difference:
        field = _field(event.model, name)
        label = str(getattr(field, "verbose_name", name)).replace("_", " ").capitalize()
        if list(pair) == PRIVATE:
            return Difference(label, [], [], kept=False)
        before, after = (self._ends(value, field) for value in pair)
        return Difference(label, before, after)

    def _ends(self, value: Any, field: Any) -> list[End]:
        """Choices by their words, rows by their pages; of a long text the beginning, since the export has it whole."""
        if value in (None, "", []):
            return []
        if isinstance(value, list):
            return [end for one in value for end in self._ends(one, field)]
        choices = dict(getattr(field, "flatchoices", ()) or ())
        text = str(choices.get(value, value)) if isinstance(value, str | int) else str(value)
        if text in self.members:
            return [End(self.members[text])]
        if text in self.titles:
            hidden = self.titles[text] == HIDDEN
            model = models_by_prefix()[text.rpartition("-")[0]]
            return [End(self.titles[text], "" if hidden else self.address(model, text))]
        related = getattr(field, "related_model", None)
        return [End(f"{text[:LONG]} …" if len(text) > LONG else text, self.address(related, text) if related else "")]

    def address(self, model: Any, key: str) -> str:
        try:
            return reverse(model._meta.model_name, args=[self.workspace.slug, key]) if model else ""
        except NoReverseMatch:
            return ""


def titles_of(events: Iterable[AuditEvent], reader: Member) -> dict[str, str]:
    """What the rows are called of which the events tell; those that the reader does not see are not named."""
    wanted: dict[type[PlanModel], set[int]] = defaultdict(set)
    titles = {}
    for key in {key for event in events for name, pair in event.changes.items() for key in _keys(event, name, pair)}:
        model = models_by_prefix()[key.rpartition("-")[0]]
        wanted[model].add(model.number_of(key) or 0)
        titles[key] = HIDDEN
    for model, numbers in wanted.items():
        rows = model._default_manager.visible_to(reader).filter(number__in=numbers)  # type: ignore[attr-defined]
        titles |= {row.key: str(row) for row in rows}
    return titles


def _keys(event: AuditEvent, name: str, pair: Sequence[Any]) -> Iterator[str]:
    """Keys in what was changed; words that look like one are none where the field is not about rows."""
    field = _field(event.model, name)
    if field is not None and not (field.is_relation and issubclass(field.related_model, PlanModel)):
        return
    for value in pair:
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and one.rpartition("-")[0] in models_by_prefix():
                yield one


@cache
def models_by_prefix() -> dict[str, type[PlanModel]]:
    return {model.prefix: model for model in apps.get_models() if issubclass(model, PlanModel)}


def kind(label: str) -> str:
    model = _model(label)
    return str(model._meta.verbose_name).capitalize() if model else label


def _model(label: str) -> Any:
    """None where an upgrade has removed it."""
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        return None


def _field(label: str, name: str) -> Any:
    model = _model(label)
    try:
        return model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        return None
