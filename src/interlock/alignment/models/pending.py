from collections.abc import Mapping, Set

from django.db import models

from interlock.workspaces.models import Workspace

# In the place of a model's label, with codes of rules in the place of keys: the terms of these rules are different …
TERMS = "terms"
# … and of these findings were waived, or are not any more.
WAIVERS = "waivers"


class PendingChangeQuerySet(models.QuerySet["PendingChange"]):
    def note(
        self,
        workspace_id: int,
        rows: Mapping[str, Set[int] | Set[str]],
        ends: Mapping[str, Mapping[str, Set[int]]] | None = None,
    ) -> None:
        """Remember, with the caller's transaction, that these rows are to be judged anew, and have it done."""
        from interlock.alignment.tasks import recheck_pending

        self.create(
            workspace_id=workspace_id,
            rows={label: sorted(keys) for label, keys in rows.items()},
            ends={
                label: {end: sorted(keys) for end, keys in far.items() if keys} for label, far in (ends or {}).items()
            },
        )
        recheck_pending.enqueue_once(workspace_id=workspace_id)


class PendingChange(models.Model):
    """Rows that changed, and that the rules have not looked at since. For `ends`, see universe.Touched."""

    workspace = models.ForeignKey(Workspace, models.CASCADE)
    rows = models.JSONField()
    ends = models.JSONField(default=dict)

    objects = PendingChangeQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{sum(map(len, self.rows.values()))} rows"
