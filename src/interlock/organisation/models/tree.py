"""Rows that have a parent of their own kind: objectives, teams."""

from collections.abc import Iterable
from typing import Any

from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Workspace


def lock_tree(workspace: Workspace) -> None:
    """One move at a time in a workspace: two opposite edges, added at once, would close a circle."""
    Workspace.objects.select_for_update().get(pk=workspace.pk)


def refuse_circle(row: Any, parent: Any) -> None:
    """Raise DomainError if `parent` stands under `row`. The tree must be locked."""
    rows = type(row)._base_manager
    seen: set[int] = set()
    above = parent.pk if parent else None
    while above is not None and above not in seen:
        if above == row.pk:
            raise DomainError(f"{parent.key} stands under {row.key}: the tree would close to a circle.", field="parent")
        seen.add(above)
        above = rows.filter(pk=above).values_list("parent_id", flat=True).first()


class TreeVerbs:
    """Mixed into the queryset of a tree: whatever sets a parent does so under lock and without circles."""

    def change_many(self, pairs: Iterable[Any], *, by: Any, **how: Any) -> list[Any]:
        from django.db import transaction

        pairs = list(pairs)
        moves = [(row, fields["parent"]) for row, fields in pairs if fields.get("parent") is not None]
        with transaction.atomic():
            if moves:
                lock_tree(moves[0][0].workspace)
            changed: list[Any] = super().change_many(pairs, by=by, **how)  # type: ignore[misc]
            for row, parent in moves:
                refuse_circle(row, parent)
            return changed
