"""What is left of a deleted workspace when its grace is over: one audit event, without a name.

Rows go in batches, each a short transaction, those that point at others first.
"""

from collections.abc import Iterator
from graphlib import TopologicalSorter
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.dispatch import Signal

from interlock.workspaces.models import AuditEvent, Workspace
from interlock.workspaces.models.audit import Entry, record
from interlock.workspaces.turns import Turns

BATCH = 1000

# For rooms that keep something of a workspace outside its tables.
purged = Signal()


def purge(workspace: Workspace) -> None:
    """Can be taken up again where it was broken off."""
    _delete(AuditEvent.objects.filter(workspace_id=workspace.pk))
    for model, path in _pointing_first():
        rows = model._base_manager.filter(**{path: workspace.pk})
        for field in _foreign_keys(model):
            if field.related_model is model:
                rows.update(**{field.name: None})
        _delete(rows)
    with transaction.atomic():
        purged.send(sender=Workspace, workspace_id=workspace.pk)
        Workspace.objects.filter(pk=workspace.pk).delete()
        record([Entry(workspace, "purged", {})], by=None)


def _delete(rows: Any) -> None:
    turns = Turns()
    while keys := list(rows.order_by().values_list("pk", flat=True)[:BATCH]):
        turns.give()
        with transaction.atomic():
            batch = rows.model._base_manager.filter(pk__in=keys)
            batch._raw_delete(batch.db)


def _pointing_first() -> Iterator[tuple[type[models.Model], str]]:
    """The models whose rows belong to a workspace, each with the lookup that leads there."""
    paths = paths_to_workspace()
    order: TopologicalSorter[type[models.Model]] = TopologicalSorter({model: set() for model in paths})
    for model in paths:
        for field in _foreign_keys(model):
            if field.related_model in paths and field.related_model is not model:
                order.add(field.related_model, model)
    for model in order.static_order():
        yield model, paths[model]


def paths_to_workspace() -> dict[type[models.Model], str]:
    """The lookup from each model whose rows belong to a workspace to that workspace."""
    found: dict[type[models.Model], str] = {}
    # Straight to the workspace where there is such a field, else by a row that must be there.
    reached: dict[type[models.Model], str] = {Workspace: ""}
    while reached:
        reached = {
            model: f"{field.name}__{path}".rstrip("_")
            for model in apps.get_models(include_auto_created=True)
            if model not in found and model is not Workspace and model._meta.managed and not model._meta.proxy
            for field in _foreign_keys(model)
            for path in [reached.get(field.related_model)]
            if path is not None and not field.null
        }
        found |= reached
    return found


def _foreign_keys(model: type[models.Model]) -> list[Any]:
    return [field for field in model._meta.concrete_fields if field.many_to_one or field.one_to_one]
