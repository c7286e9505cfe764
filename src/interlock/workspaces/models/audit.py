"""Who changed what, when, from what to what, and through which door.

The database itself refuses to change or delete an event (see the migration): a log that an
administrator can edit proves nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Self

from django.db import connection, models
from django.utils import timezone

from interlock.workspaces import bulk
from interlock.workspaces.changes import Change, announce
from interlock.workspaces.permissions import Action
from interlock.workspaces.times import midnight, midnight_after

if TYPE_CHECKING:
    from interlock.workspaces.models.workspace import Member


class Door(models.TextChoices):
    PAGE = "page", "Page"
    API = "api", "API"
    IMPORT = "import", "Import"
    COMMAND = "command", "Command"
    FIX = "fix", "Rule fix"
    SYSTEM = "system", "System"


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def visible_to(self, member: "Member") -> Self:
        return self.filter(workspace_id=member.workspace_id) if member.can(Action.READ_AUDIT) else self.none()

    def about(self, row: Any) -> Self:
        return self.filter(workspace_id=row.workspace_id, key=row.key, model=row._meta.label_lower)

    def between(self, first: date | None, last: date | None, *, workspace_id: int) -> Self:
        """Of these days, in the time zone of the installation.

        Said by primary key too, in whose order the log is read: a database that has to choose between walking
        that order and sorting a span of days chooses wrong for one of a short and a long span.
        """
        rows, all_ = self, self.model._default_manager.filter(workspace_id=workspace_id)
        if first:
            start = midnight(first)
            edge = all_.filter(at__gte=start).order_by("at").values_list("pk", flat=True).first()
            rows = rows.filter(at__gte=start, pk__gt=(edge or 0) - AT_ONCE)
        if last:
            end = midnight_after(last)
            edge = all_.filter(at__gte=end).order_by("at").values_list("pk", flat=True).first()
            rows = rows.filter(at__lt=end)
            rows = rows.filter(pk__lt=edge + AT_ONCE) if edge else rows
        return rows

    def occurring(self, field: str, *, workspace_id: int) -> list[str]:
        """The values of an indexed field that occur in a workspace, found without looking at every event."""
        table, column = connection.ops.quote_name(self.model._meta.db_table), connection.ops.quote_name(field)
        least = f"SELECT MIN({column}) FROM {table} WHERE workspace_id = %s"  # noqa: S608 names of ours
        query = (
            f"WITH RECURSIVE found(value) AS ({least} UNION ALL"  # noqa: S608
            f" SELECT ({least} AND {column} > found.value) FROM found WHERE found.value IS NOT NULL)"
            " SELECT value FROM found WHERE value IS NOT NULL"
        )
        with connection.cursor() as cursor:
            cursor.execute(query, [workspace_id, workspace_id])
            return [row[0] for row in cursor.fetchall()]


# Events written at the same time may have their keys and their moments in a different order.
AT_ONCE = 10_000


class AuditEvent(models.Model):
    # Numbers rather than foreign keys: an event outlives what it speaks of.
    workspace_id = models.BigIntegerField()
    at = models.DateTimeField(auto_now_add=True)
    actor = models.UUIDField(null=True)
    door = models.CharField(max_length=8, choices=Door)
    verb = models.CharField(max_length=40)
    model = models.CharField(max_length=60)
    object_id = models.BigIntegerField()
    key = models.CharField(max_length=60)
    product_id = models.BigIntegerField(null=True)
    changes = models.JSONField(default=dict)
    reason = models.TextField(blank=True)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        # One for each way in which the log is read: it grows without end.
        indexes = [
            models.Index(fields=["workspace_id", "-id"], name="audit_by_workspace"),
            models.Index(fields=["workspace_id", "at"], name="audit_by_day"),
            *(
                models.Index(fields=["workspace_id", field, "-id"], name=f"audit_by_{field}")
                for field in ("key", "actor", "model", "verb", "door")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.verb}"


@dataclass(slots=True)
class Entry:
    """One row's change, before it is written down: field → [before, after]."""

    row: Any
    verb: str
    changes: dict[str, list[Any]]
    touched: dict[str, set[int]] = field(default_factory=dict)
    # As in a Change.
    itself: bool = True


def record(entries: Sequence[Entry], *, by: "Member | None", reason: str = "") -> None:
    """Write the audit events of rows that were just changed, and announce the changes."""
    now = timezone.now()
    actor, door = (by.pseudonym, by.door) if by else (None, Door.SYSTEM)
    bulk.insert(
        AuditEvent,
        ["workspace_id", "at", "actor", "door", "verb", "model", "object_id", "key", "product_id", "changes", "reason"],
        [
            (
                entry.row.workspace_id,
                now,
                actor,
                door,
                entry.verb,
                entry.row._meta.label_lower,
                entry.row.pk,
                entry.row.key,
                product_of(entry.row),
                entry.changes,
                reason,
            )
            for entry in entries
        ],
    )
    announce(
        Change(
            workspace_id=entry.row.workspace_id,
            model=entry.row._meta.label_lower,
            pk=entry.row.pk,
            key=entry.row.key,
            product_id=product_of(entry.row),
            member_id=getattr(entry.row, "whose", None),
            touched=entry.touched,
            itself=entry.itself,
            # Only of a new row is what is in memory surely what the database holds.
            row=entry.row if entry.verb == "added" else None,
        )
        for entry in entries
    )


def product_of(row: Any) -> int | None:
    return row.product_scope() if hasattr(row, "product_scope") else None
