from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar, Self
from uuid import uuid4

from django.core.exceptions import PermissionDenied
from django.core.files import File
from django.db import models, transaction
from django.utils import timezone

from interlock.connect.exporting.models import Export
from interlock.connect.importing.mapping import Mapping
from interlock.connect.importing.notes import Kind, Note
from interlock.connect.importing.project import mapping_for
from interlock.connect.importing.run import Report, Run
from interlock.connect.importing.staging import StagedRow
from interlock.connect.proving.models import SlipChance
from interlock.connect.readers import Refusal, opened
from interlock.connect.readers.refusal import place
from interlock.releases.models import Release
from interlock.workspaces import bulk
from interlock.workspaces.addresses import address
from interlock.workspaces.changes import Change, announce
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import KeyCounter, Member, Workspace
from interlock.workspaces.models.audit import Entry, record
from interlock.workspaces.permissions import Action

__all__ = ["Export", "ImportNote", "ImportRun", "SlipChance"]

PREFIX = "IMP"
KEPT_UNUSED = timedelta(days=7)
PREVIEWED = 10
NOTES_AT_ONCE = 1000
# How often progress is written down.
BEAT = timedelta(seconds=0.5)


def own_name(run: "ImportRun", filename: str) -> str:
    """Nothing of what the sender called the file reaches the disk."""
    return f"imports/{uuid4().hex}"


def label_of(file: File) -> str:
    """What the sender calls the file, as far as it can be shown and stored."""
    name = Path(file.name or "").name
    return "".join(character for character in name if character.isprintable())[:200] or "file"


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    def visible_to(self, member: Member) -> Self:
        """One's own; all of them for those who see all that they speak of."""
        rows = self.filter(workspace=member.workspace_id) if member.can(Action.IMPORT) else self.none()
        return rows if member.can(Action.CONFIGURE) else rows.filter(member=member)

    def editable_by(self, member: Member) -> Self:
        return self.visible_to(member).filter(member=member)

    def mapped(self) -> Self:
        """Those whose mapping another import could use."""
        return self.exclude(mapping="")

    def unused(self, *, now: datetime) -> Self:
        return self.filter(state__in=ImportRun.OPEN, started_at__lt=now - KEPT_UNUSED)

    def receive(self, file: File, *, by: Member) -> "ImportRun":
        """Keep what was sent, under a name of our own, until it is imported or forgotten."""
        by.require(Action.IMPORT)
        run = ImportRun(workspace=by.workspace, member=by, label=label_of(file), state=ImportRun.State.RECEIVED)
        # Outside of the transaction: nobody waits while a large file is copied.
        run.file.save("", file, save=False)
        try:
            opened(Path(run.file.path), run.label)
            with transaction.atomic():
                [run.number] = KeyCounter.take(by.workspace_id, PREFIX, 1)
                run.save()
                record([Entry(run, "sent", {"label": [None, run.label]})], by=by)
        except Exception:
            run.file.delete(save=False)
            raise
        return run

    def note_down(
        self, report: Report, notes: Iterable[Note], *, label: str, mapping: Mapping, by: Member
    ) -> "ImportRun":
        """Remember a run that a command made."""
        with transaction.atomic():
            [number] = KeyCounter.take(by.workspace_id, PREFIX, 1)
            about = {"label": label[:200], "mapping": mapping.text, "title": mapping.title[:120]}
            run = self.create(workspace=by.workspace, number=number, member=by, **about)
        # A long report goes in piece by piece, so that nobody waits for it.
        run.finish(report, notes)
        return run


class ImportRun(models.Model):
    """One import from a page or a command: what was sent, how far it is, what became of it."""

    class State(models.TextChoices):
        RECEIVED = "received", "Waiting for a mapping"
        CHECKING = "checking", "Being checked"
        CHECKED = "checked", "Checked"
        WRITING = "writing", "Being imported"
        DONE = "done", "Imported"
        REFUSED = "refused", "Refused"
        FAILED = "failed", "Failed"

    prefix = PREFIX

    OPEN = (State.RECEIVED, State.CHECKED, State.REFUSED, State.FAILED)
    AT_WORK = (State.CHECKING, State.WRITING)
    # What was begun is begun anew elsewhere: its file is not part of an export.
    exported: ClassVar = models.Q(state=State.DONE)

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    label = models.CharField(max_length=200)
    file = models.FileField(upload_to=own_name, max_length=200, blank=True)
    mapping = models.TextField(blank=True)
    title = models.CharField(max_length=120, blank=True)
    strict = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State, default=State.DONE)
    stage = models.CharField(max_length=20, blank=True)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    # Noun → created, changed, unchanged, refused.
    counts = models.JSONField(default=dict)
    note_counts = models.JSONField(default=dict)
    # The first rows of each kind as they would become: [{"entity", "ext", "place", "state", "fields"}].
    preview = models.JSONField(default=list)
    sentence = models.TextField(blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = ImportRunQuerySet.as_manager()

    class Meta:
        verbose_name = "import"
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="import_run_key")]

    def __str__(self) -> str:
        return f"{self.title or 'Import'} from {self.label}"

    def get_absolute_url(self) -> str:
        return address("import-run", self.workspace.slug, self.key)

    @property
    def key(self) -> str:
        return f"{PREFIX}-{self.number}"

    @classmethod
    def number_of(cls, key: str) -> int | None:
        prefix, _, number = key.rpartition("-")
        return int(number) if prefix == PREFIX and number.isascii() and number.isdigit() and len(number) < 10 else None

    @property
    def at_work(self) -> bool:
        return self.state in self.AT_WORK

    @property
    def written(self) -> bool:
        return self.state == self.State.DONE

    @property
    def checked(self) -> bool:
        return self.state == self.State.CHECKED

    @property
    def open(self) -> bool:
        """Whether its file is here, and waits for what is to become of it."""
        return self.state in self.OPEN and bool(self.file)

    @property
    def whose(self) -> int:
        return self.member_id

    @property
    def mapping_digest(self) -> str:
        """By which it is told whether the mapping is still the one that somebody looked at."""
        return sha256(self.mapping.encode()).hexdigest()

    @property
    def totals(self) -> dict[str, int]:
        return {
            outcome: sum(counts[outcome] for counts in self.counts.values())
            for outcome in ("created", "changed", "unchanged", "refused")
        }

    # --- verbs -----------------------------------------------------------------------------------

    def map(self, text: str, *, by: Member) -> None:
        """Say what becomes what, and have it checked in the background."""
        from interlock.connect.tasks import check_import

        self._require_own(by)
        mapping = Mapping.parse(text)
        with transaction.atomic():
            self._refuse_while_at_work()
            self.mapping, self.title = text, mapping.title[:120]
            self._move(ImportRun.State.CHECKING)
            check_import.enqueue(run_id=self.pk, member_id=by.pk)

    def begin(self, *, strict: bool, digest: str, by: Member) -> None:
        """Import what was checked, in the background; `digest` is of the mapping that whoever says so was shown."""
        from interlock.connect.tasks import write_import

        self._require_own(by)
        with transaction.atomic():
            self._refuse_while_at_work()
            if self.state != ImportRun.State.CHECKED:
                raise DomainError("Check the file with a mapping first.")
            if digest != self.mapping_digest:
                raise DomainError(
                    f"The mapping of {self.key} was changed in the meantime: look at what it would do now."
                )
            self.strict = strict
            self._move(ImportRun.State.WRITING)
            write_import.enqueue(run_id=self.pk, member_id=by.pk)

    def _require_own(self, by: Member) -> None:
        by.require(Action.IMPORT)
        if by.pk != self.member_id:
            raise PermissionDenied(f"{self.key} is {self.member}'s: nobody else can map, import or forget it.")

    def _refuse_while_at_work(self) -> None:
        """Under lock, and as it stands now."""
        self.refresh_from_db(from_queryset=ImportRun.objects.select_for_update())
        if self.at_work:
            raise DomainError(f"{self.key} is at work: wait until it is done.")
        if not self.file:
            raise DomainError("The file is no longer here. Send it again.")

    def _move(self, state: str) -> None:
        self.state, self.sentence, self.stage, self.done, self.total = state, "", "", 0, 0
        self.notes.all().delete()
        self.save()
        self._tell()

    def work(self, *, write: bool, by: Member) -> None:
        """What the background does: check, or check and write. Doing it again after a crash does no harm."""
        try:
            source = opened(Path(self.file.path), self.label)
            with Run(source, Mapping.parse(self.mapping), by=by, strict=self.strict, progress=self._progress()) as run:
                report = run.check()
                if write:
                    report = run.write()
                # What is written needs no preview, and what it shows of people need not be kept.
                self.preview = [] if not report.dry else [_previewed(row) for row in run.preview(PREVIEWED)]
                self.finish(report, run.notes())
        except Refusal as refusal:
            self._end(ImportRun.State.REFUSED, refusal.sentence)
        except PermissionDenied as denied:
            self._end(ImportRun.State.REFUSED, str(denied))
        except Exception:
            self._end(ImportRun.State.FAILED, "Something went wrong on our side; the server's log says what.")
            raise

    def finish(self, report: Report, notes: Iterable[Note]) -> None:
        self.counts = {
            noun: {
                "created": one.created,
                "changed": one.changed,
                "unchanged": one.unchanged,
                "refused": one.refused,
            }
            for noun, one in report.counts.items()
        }
        self.note_counts = {str(kind): count for kind, count in report.notes.items()}
        self.notes.all().delete()
        batch: list[ImportNote] = []
        for note in notes:
            batch.append(ImportNote(run=self, **_fitting(note)))
            if len(batch) == NOTES_AT_ONCE:
                bulk.create(batch)
                batch = []
        bulk.create(batch)
        if report.dry:
            self._end(ImportRun.State.CHECKED, report.stopped)
        else:
            self._end(ImportRun.State.DONE, "")
            self.file.delete(save=True)

    def _end(self, state: str, sentence: str) -> None:
        self.state, self.sentence, self.finished_at = state, sentence, timezone.now()
        with transaction.atomic():
            self.save()
            if state == ImportRun.State.DONE:
                record([Entry(self, "imported", {"counts": [None, self.totals]})], by=self.member)
            else:
                self._tell()

    def _progress(self) -> Any:
        last = timezone.now() - BEAT

        def note(stage: str, done: int, total: int) -> None:
            nonlocal last
            if timezone.now() - last < BEAT:
                return
            last = timezone.now()
            self.stage, self.done, self.total = stage, done, total
            ImportRun.objects.filter(pk=self.pk).update(stage=stage, done=done, total=total)
            self._tell()

        return note

    def _tell(self) -> None:
        """Pages that show this run hear of it."""
        model = self._meta.label_lower
        announce([Change(self.workspace_id, model, self.pk, self.key, member_id=self.whose)])

    @transaction.atomic
    def forget(self, *, by: Member) -> None:
        """Drop an import that was never written, with its file."""
        self._require_own(by)
        self._refuse_while_at_work()
        record([Entry(self, "forgotten", {})], by=by)
        self.file.delete(save=False)
        self.delete()


def receive_project(file: File, release: Release, *, by: Member) -> ImportRun:
    """A plan of Microsoft Project for a release: checked in the background, written when its sender says so."""
    run = ImportRun.objects.receive(file, by=by)
    run.map(mapping_for(release), by=by)
    return run


class ImportNote(models.Model):
    """One thing that a run has to tell, with the place in the source that it speaks of."""

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="notes")
    kind = models.CharField(max_length=10)
    entity = models.CharField(max_length=20, blank=True)
    field = models.CharField(max_length=60, blank=True)
    file = models.CharField(max_length=400, blank=True)
    line = models.PositiveIntegerField(default=0)
    text = models.TextField()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["run", "kind", "id"], name="import_note_by_kind")]

    def __str__(self) -> str:
        return self.text

    @property
    def heading(self) -> str:
        return Kind(self.kind).heading

    @property
    def about(self) -> str:
        """“Feature, effort days”."""
        return ", ".join(one.replace("_", " ") for one in (self.entity, self.field) if one).capitalize()

    @property
    def place(self) -> str:
        return place(self.file, self.line) if self.file else ""


def _fitting(note: Note) -> dict[str, Any]:
    return {
        "kind": note.kind,
        "entity": note.entity,
        "field": note.field[:60],
        "file": note.file[-400:],
        "line": note.line,
        "text": note.text,
    }


def _previewed(row: StagedRow) -> dict[str, Any]:
    return {
        "entity": row.entity,
        "ext": row.ext,
        "place": place(row.file, row.line),
        "state": row.state,
        "fields": {name: _shown(_plain(value)) for name, value in row.fields.items()},
    }


def _plain(value: Any) -> Any:
    """References by their texts."""
    return [one[1] if isinstance(one, list) else one for one in value] if isinstance(value, list) else value


def _shown(value: Any) -> str:
    """As the preview shows it: long texts cut."""
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value)[:300]
    if isinstance(value, dict):
        return str(value.get("title", ""))
    return str(value)[:300]
