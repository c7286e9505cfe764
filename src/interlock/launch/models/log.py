from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db import models, transaction
from django.utils import timezone

from interlock.releases.models import Release
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member, Workspace
from interlock.workspaces.models.audit import Entry, record
from interlock.workspaces.permissions import Action

if TYPE_CHECKING:
    from interlock.launch.models.runbook import RunbookStep

LONGEST = 2000


class LaunchEntryQuerySet(models.QuerySet["LaunchEntry"]):
    def visible_to(self, member: Member) -> Self:
        seen = Release.objects.visible_to(member) if member.reads_all else Release.objects.none()
        return self.filter(workspace=member.workspace_id, release__in=seen)

    def named(self) -> Self:
        return self.select_related("by__user", "step")

    def note(
        self, release: Release, text: str, *, by: Member, step: "RunbookStep | None" = None, status: str = ""
    ) -> "LaunchEntry":
        return self.create(
            workspace_id=release.workspace_id,
            release=release,
            step=step,
            status=status,
            text=text.strip()[:LONGEST],
            by=by,
            at=timezone.now(),
        )

    @transaction.atomic
    def remark(self, release: Release, text: str, *, by: Member) -> "LaunchEntry":
        """What somebody wants remembered of the launch. Whoever may comment may."""
        by.require(Action.CONTRIBUTE)
        text = text.strip()
        if not text:
            raise DomainError("Write what happened.", field="text")
        if len(text) > LONGEST:
            raise DomainError(f"A remark has at most {LONGEST:,} characters.", field="text")
        record([Entry(release, "remarked", {"remark": [None, text]}, itself=False)], by=by)
        return self.note(release, text, by=by)


class LaunchEntry(models.Model):
    """What happened at a launch, when, and who said so. The database refuses to change or delete one."""

    prefix = "LOG"

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    release = models.ForeignKey(Release, models.PROTECT, related_name="launch_log")
    at = models.DateTimeField()
    by = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+")
    step = models.ForeignKey("RunbookStep", models.PROTECT, null=True, related_name="log")
    # What the step was marked as; empty for a remark.
    status = models.CharField(max_length=7, blank=True)
    text = models.TextField(blank=True)

    objects: ClassVar[Any] = LaunchEntryQuerySet.as_manager()

    class Meta:
        verbose_name = "launch entry"
        verbose_name_plural = "launch entries"
        indexes = [models.Index(fields=["release", "-id"], name="launch_log")]

    def __str__(self) -> str:
        return self.says

    @property
    def key(self) -> str:
        return f"{self.prefix}-{self.pk}"

    @property
    def says(self) -> str:
        if self.step is None:
            return self.text
        word = {"running": "begun", "open": "open again"}.get(self.status, self.status)
        return f"“{self.step}” is {word}" + (f": {self.text}" if self.text else "")
