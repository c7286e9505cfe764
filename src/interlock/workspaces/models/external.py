from collections.abc import Iterable

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.crypto import salted_hmac

from interlock.workspaces.models.workspace import Workspace

FORGOTTEN = "erased:"


class ExternalIdQuerySet(models.QuerySet["ExternalId"]):
    def forget(self) -> None:
        """Keep no more than it takes to know the row again when its source names it."""
        rows = list(self)
        for one in rows:
            one.record_id, one.record, one.digest = one.forgotten(one.record_id), {}, ""
        self.bulk_update(rows, ["record_id", "record", "digest"])


class ExternalId(models.Model):
    """Under which name another system knows a row of ours, and what it last said about it.

    `digest` is of the record as it was read: an import of the same record again changes nothing.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE)
    source = models.CharField(max_length=60)
    record_id = models.CharField(max_length=400)
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.BigIntegerField()
    digest = models.CharField(max_length=64, blank=True)
    record = models.JSONField(default=dict)
    seen_at = models.DateTimeField(auto_now=True)

    row = GenericForeignKey()

    objects = ExternalIdQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "content_type", "source", "record_id"], name="one_row_per_external_id"
            )
        ]
        indexes = [models.Index(fields=["content_type", "object_id"], name="external_by_row")]

    def __str__(self) -> str:
        return f"{self.source}: {self.record_id}"

    @staticmethod
    def forgotten(record_id: str) -> str:
        """What is kept of the name of somebody erased: a hash that nobody can guess at without our SECRET_KEY."""
        if record_id.startswith(FORGOTTEN):
            return record_id
        return FORGOTTEN + salted_hmac("interlock.external", record_id, algorithm="sha256").hexdigest()

    @classmethod
    def spelled(cls, names: Iterable[str]) -> dict[str, str]:
        """Each name under each spelling in which it may be kept: its own, and the one that erasing leaves."""
        return {kept: name for name in names for kept in (cls.forgotten(name), name)}
