"""Notes what changed, in the transaction that changed it, and has it judged anew in the background."""

from collections import defaultdict
from typing import Any

from django.db.models import Model

from interlock.alignment import registry
from interlock.alignment.models import PendingChange
from interlock.organisation.models import Product
from interlock.workspaces.changes import Change, changed


def listen() -> None:
    changed.connect(note, dispatch_uid="alignment.note")


def read_models() -> set[str]:
    """Labels of the models that some rule reads."""
    models: set[type[Model]] = {model for rule in registry.rules() for model in (*rule.subjects, *rule.reads)}
    return {model._meta.label_lower for model in models | {Product}}


def note(changes: list[Change], **_: Any) -> None:
    read = read_models()
    rows: dict[int, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    ends: dict[int, dict[str, dict[str, set[int]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(set)))
    for change in changes:
        if change.model in read:
            rows[change.workspace_id][change.model].add(change.pk)
            for end, keys in change.touched.items():
                if end in read:
                    ends[change.workspace_id][change.model][end] |= keys
    for workspace_id in rows:
        PendingChange.objects.note(workspace_id, rows[workspace_id], ends[workspace_id])
