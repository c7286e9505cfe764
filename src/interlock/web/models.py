from typing import Any, ClassVar

from django.contrib.contenttypes.models import ContentType
from django.db import models

from interlock.web.search import SearchQuerySet
from interlock.workspaces.models import Workspace


class SearchDocument(models.Model):
    """A row of the plan as the search knows it. The index over it is the database's own (migration 0002)."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    content_type = models.ForeignKey(ContentType, models.CASCADE, related_name="+")
    object_id = models.BigIntegerField()
    product_id = models.BigIntegerField(null=True)
    key = models.CharField(max_length=60)
    title = models.CharField(max_length=300)
    body = models.TextField(blank=True)
    url = models.CharField(max_length=300)
    # As they are searched, where that differs from what is shown.
    plain_title = models.TextField(null=True)
    plain_body = models.TextField(null=True)

    objects: ClassVar[Any] = SearchQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["content_type", "object_id"], name="one_document_per_row")]
        indexes = [models.Index(fields=["workspace", "key"], name="document_by_key")]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"


class LiveEvent(models.Model):
    """That something changed: what the live stream tells, kept for a quarter of an hour."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    product_id = models.BigIntegerField(null=True)
    # Of what is one member's: besides them, only those who configure the workspace hear of it.
    member_id = models.BigIntegerField(null=True)
    topics = models.JSONField(default=list)
    # Of the rows that changed, while they are few.
    keys = models.JSONField(default=list)

    def __str__(self) -> str:
        return ", ".join(self.topics)
