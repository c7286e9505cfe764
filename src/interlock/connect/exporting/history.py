"""Audit events in an export: they are about rows by name, and say members by address.

An event that was brought in stays what it was: moment, actor, door, verb and values. What names a row by a primary
key of the old installation (M-3, VIEW-7) names it by that of the new one. The founding of the workspace into which
a plan is brought, and the bringing itself, are not part of the plan, and not of its next export.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist

from interlock.connect.exporting.kinds import Kind, kinds
from interlock.connect.exporting.naming import Names
from interlock.workspaces.bulk import batches
from interlock.workspaces.models import AuditEvent, Workspace

BROUGHT_IN = "brought in"
WORKSPACE = Workspace._meta.label_lower
PRODUCT = "organisation.product"
FIELDS = ("at", "actor", "door", "verb", "kind", "row", "key", "product", "changes", "reason")


def events_of(workspace: Workspace) -> Any:
    """Without those of the move, where the plan was brought in from elsewhere."""
    events = AuditEvent.objects.filter(workspace_id=workspace.pk).order_by("pk")
    moved = events.filter(model=WORKSPACE, verb=BROUGHT_IN).first()
    if moved is None:
        return events
    own = list(events.values_list("pk", flat=True)[: moved.changes["before"][1]])
    return events.exclude(pk=moved.pk).filter(pk__gt=own[-1] if own else 0)


def told(workspace: Workspace, names: Names, size: int) -> Iterator[dict[str, Any]]:
    for batch in batches(events_of(workspace).iterator(size), size):
        rows = _rows(batch, names)
        products = names.of(PRODUCT, (event.product_id for event in batch))
        for event in batch:
            row = rows[event.model].get(event.object_id)
            renamed = event.model == WORKSPACE or (row is not None and _keyed_by_pk(event.model))
            yield {
                "at": event.at,
                "actor": names.actors.get(event.actor, str(event.actor)) if event.actor else None,
                "door": event.door,
                "verb": event.verb,
                "kind": event.model,
                "row": row,
                "key": None if renamed else event.key,
                "product": products.get(event.product_id),
                "changes": translated(event.model, event.changes, _name_of(names)),
                "reason": event.reason,
            }


def _rows(events: list[AuditEvent], names: Names) -> dict[str, dict[int, Any]]:
    about: dict[str, set[int]] = {}
    for event in events:
        about.setdefault(event.model, set()).add(event.object_id)
    return {label: names.of(label, keys) for label, keys in about.items()}


def _keyed_by_pk(label: str) -> bool:
    kind = kinds().get(label)
    return kind is not None and kind.keyed_by_pk


# --- keys in what changed ----------------------------------------------------------------------------

Translate = Callable[[Kind, str], Any]


def translated(label: str, changes: dict[str, Any], translate: Translate) -> dict[str, Any]:
    """With the keys that are made of primary keys said in other words."""
    return {
        name: [_with(value, kind, translate) for value in pair]
        if isinstance(pair, list) and (kind := _end_of(label, name))
        else pair
        for name, pair in changes.items()
    }


def _with(value: Any, kind: Kind, translate: Translate) -> Any:
    if isinstance(value, list):
        return [_with(one, kind, translate) for one in value]
    return translate(kind, value) if isinstance(value, str) else value


@cache
def _end_of(label: str, name: str) -> Kind | None:
    """The kind that a field points to, where rows of that have keys made of primary keys."""
    try:
        field: Any = apps.get_model(label)._meta.get_field(name)
    except (LookupError, ValueError, FieldDoesNotExist):
        return None
    if not field.is_relation or field.related_model is None:
        return None
    kind = kinds().get(field.related_model._meta.label_lower)
    return kind if kind and kind.keyed_by_pk else None


def _name_of(names: Names) -> Translate:
    def name_of(kind: Kind, key: str) -> Any:
        prefix, _, number = key.rpartition("-")
        if prefix != kind.model.prefix or not number.isdigit() or len(number) > 18:  # type: ignore[attr-defined]
            return key
        return names.of(kind.label, [int(number)]).get(int(number), key)

    return name_of


def key_of(held: dict[str, dict[Any, int]]) -> Translate:
    """The way back: names that are known become keys of the rows here."""

    def key(kind: Kind, name: str) -> Any:
        pk = held[kind.label].get(name)
        return name if pk is None else f"{kind.model.prefix}-{pk}"  # type: ignore[attr-defined]

    return key


def actor_of(told: Any, pseudonyms: dict[str, UUID]) -> UUID | None:
    return None if told is None else pseudonyms.get(told) or UUID(told)
