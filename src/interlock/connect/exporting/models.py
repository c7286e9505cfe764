import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone

from interlock.connect.exporting.writing import PARTIAL, Summary, export
from interlock.workspaces.models import Member, Workspace
from interlock.workspaces.models.audit import Entry, record
from interlock.workspaces.permissions import Action
from interlock.workspaces.purging import purged

KEPT = timedelta(days=7)
# One that is not made by then never will be.
PATIENCE = timedelta(hours=2)
# An export holds everything: so it takes whoever may see everything.
TAKES = (Action.EXPORT, Action.CONFIGURE, Action.MANAGE_MEMBERS, Action.READ_AUDIT, Action.READ_COSTS)


def folder_of(workspace_id: int) -> str:
    return f"exports/{workspace_id}"


class ExportQuerySet(models.QuerySet["Export"]):
    def visible_to(self, member: Member) -> Self:
        return self.filter(workspace=member.workspace_id) if all(map(member.can, TAKES)) else self.none()

    def editable_by(self, member: Member) -> Self:
        return self.visible_to(member)

    def past(self, *, now: datetime) -> Self:
        return self.filter(asked_at__lt=now - KEPT)

    @transaction.atomic
    def ask(self, *, by: Member) -> "Export":
        """Have everything exported in the background. One that is under way is enough."""
        from interlock.connect.tasks import make_export

        require_all(by)
        # Under lock, since two may ask at once.
        Workspace.objects.select_for_update().get(pk=by.workspace_id)
        lately = timezone.now() - PATIENCE
        waiting = self.filter(workspace=by.workspace_id, state=Export.State.WAITING, asked_at__gt=lately).first()
        if waiting:
            return waiting
        asked = self.create(workspace=by.workspace, member=by)
        record([Entry(asked, "asked for", {})], by=by)
        make_export.enqueue(export_id=asked.pk)
        return asked

    def write(self, target: Path, *, by: Member) -> Summary:
        """To a place of the caller's own, for commands."""
        require_all(by)
        made = export(by.workspace, target)
        record([Entry(by.workspace, "exported", {})], by=by)
        return made


def require_all(by: Member) -> None:
    for action in TAKES:
        by.require(action)


class Export(models.Model):
    """Everything that a workspace holds, as it was at a moment, kept for some days to be fetched."""

    class State(models.TextChoices):
        WAITING = "waiting", "Being made"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    prefix = "EXP"

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    member = models.ForeignKey(Member, models.CASCADE, related_name="+")
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    file = models.FileField(upload_to="exports", max_length=200, blank=True)
    kinds = models.PositiveIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    asked_at = models.DateTimeField(auto_now_add=True)
    made_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = ExportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"Export of {self.asked_at:%-d %B %Y}"

    @property
    def key(self) -> str:
        return f"{self.prefix}-{self.pk}"

    @property
    def ready(self) -> bool:
        return self.state == Export.State.READY

    @property
    def waiting(self) -> bool:
        return self.state == Export.State.WAITING

    @property
    def until(self) -> datetime:
        return self.asked_at + KEPT

    @property
    def filename(self) -> str:
        return f"{self.workspace.slug}-{self.asked_at:%Y-%m-%d}.zip"

    def get_absolute_url(self) -> str:
        return reverse("export-file", args=[self.workspace.slug, self.pk])

    def make(self) -> None:
        """What the background does. Doing it again after a crash does no harm."""
        name = f"{folder_of(self.workspace_id)}/{self.pk}.zip"
        target = Path(settings.MEDIA_ROOT, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            made = export(self.workspace, target)
        except Exception:
            self._become(Export.State.FAILED)
            raise
        self.file.name, self.kinds, self.rows, self.size = name, made.kinds, made.rows, target.stat().st_size
        self._become(Export.State.READY)

    def _become(self, state: str) -> None:
        self.state, self.made_at = state, timezone.now()
        self.save()

    @transaction.atomic
    def forget(self, *, by: Member | None) -> None:
        """Its days are over, or somebody wants it gone sooner."""
        record([Entry(self, "forgotten", {})], by=by)
        file = self.file
        # What a process left that was killed while it wrote.
        for draft in Path(settings.MEDIA_ROOT, folder_of(self.workspace_id)).glob(f"{self.pk}.zip.*{PARTIAL}"):
            draft.unlink(missing_ok=True)
        self.delete()
        if file:
            transaction.on_commit(lambda: file.storage.delete(file.name))


def forget_folder(workspace_id: int, **_: Any) -> None:
    """With a workspace go its exports."""
    shutil.rmtree(Path(settings.MEDIA_ROOT, folder_of(workspace_id)), ignore_errors=True)


purged.connect(forget_folder, dispatch_uid="connect.forget_exports")
