from datetime import datetime
from random import SystemRandom
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.utils import timezone

from interlock.engine import rank
from interlock.launch.models.log import LaunchEntry
from interlock.launch.planned import Planned
from interlock.organisation.models import Department, Person, ProductPlanModel, ProductPlanQuerySet
from interlock.releases.models import Release
from interlock.workspaces.addresses import address
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member
from interlock.workspaces.models.audit import Entry, record


class RunbookStepQuerySet(ProductPlanQuerySet["RunbookStep"]):
    def visible_to(self, member: Member) -> Self:
        """Guests see the release, and not who does what for it."""
        rows = super().visible_to(member)
        return rows if member.reads_all else rows.none()

    def in_order(self, release: Release) -> "list[RunbookStep]":
        """The runbook of a release: by planned time, and what is planned for the same time as it was put in order."""
        steps = list(self.active().filter(release=release).select_related("department", "owner", "ticked_by__user"))
        for step in steps:
            step.release = release
        return sorted(steps, key=lambda step: step.place)


class RunbookStep(ProductPlanModel):
    """Something that is done on launch day, and how it is seen that it worked."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        RUNNING = "running", "Under way"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        SKIPPED = "skipped", "Skipped"

    OVER = (Status.DONE, Status.SKIPPED)

    # What a runbook tells of its steps: the one that each still has to wait for.
    early: "RunbookStep | None"

    prefix = "RUN"
    product_path = "release__product"
    owner_path = "owner__member"

    release = models.ForeignKey(Release, models.PROTECT, related_name="runbook")
    title = models.CharField(max_length=300)
    # As launch.planned.Planned writes it: T-90, or 14:00.
    planned = models.CharField(max_length=12, default="T+0")
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="runbook_steps")
    owner = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="runbook_steps")
    description = models.TextField(blank=True, max_length=10_000)
    works_when = models.CharField(max_length=500, blank=True)
    rollback = models.TextField(blank=True, max_length=10_000)
    # Whether what comes later has to wait for it.
    blocking = models.BooleanField(default=True)
    status = models.CharField(max_length=7, choices=Status, default=Status.OPEN, editable=False)
    ticked_by = models.ForeignKey(Member, models.PROTECT, null=True, editable=False, related_name="+")
    ticked_at = models.DateTimeField(null=True, editable=False)
    rank = models.CharField(max_length=200, editable=False)

    objects: ClassVar[Any] = RunbookStepQuerySet.as_manager()

    class Meta:
        verbose_name = "runbook step"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="runbook_step_key"),
            models.UniqueConstraint(fields=["release", "rank"], name="runbook_step_rank"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"{address('release-launch', self.workspace.slug, self.release.key)}#{self.key}"

    @property
    def when(self) -> Planned:
        return Planned.read(self.planned)

    @property
    def planned_at(self) -> datetime | None:
        """None where the release has no target."""
        launch = self.release.launches_at
        return self.when.moment(launch) if launch else None

    @property
    def place(self) -> tuple[int, str]:
        return self.when.after(self.release.hour), self.rank

    @property
    def over(self) -> bool:
        """Nothing waits for it any more."""
        return self.status in RunbookStep.OVER

    @classmethod
    def before_add(cls, rows: list["RunbookStep"]) -> None:
        """New steps stand behind those that are planned for the same time."""
        last = cls.objects.filter(release__in=[row.release for row in rows]).aggregate(last=models.Max("rank"))["last"]
        for row, place in zip(rows, rank.spread(len(rows), last, rng=SystemRandom()), strict=True):
            row.rank = place

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        if "planned" in names:
            self.planned = str(Planned.read(self.planned))

    # --- on the day ------------------------------------------------------------------------------

    @transaction.atomic
    def tick(self, status: str, *, by: Member, was: str = "", note: str = "") -> LaunchEntry:
        """Say how far it is: under way, done, failed, skipped, or open again. The log keeps it.

        was  what whoever ticks has seen. Where somebody else has ticked it otherwise in the meantime, nothing is
             overwritten; where both say the same, the second confirms it.
        Raises DomainError, also where an earlier step that blocks is not over, and where one fails without a word.
        """
        self._alone()
        held = RunbookStep.objects.select_related("ticked_by__user", "release").get(pk=self.pk)
        if status not in RunbookStep.Status.values or held.archived:
            raise DomainError(f"{self.key} cannot be ticked so.", field="status")
        if was and held.status not in (was, status):
            raise DomainError(f"Meanwhile, {held.last_tick}. Look again before you change that.")
        if status == RunbookStep.Status.FAILED and not note.strip():
            raise DomainError("Say what happened: whoever has to go back needs to know.", field="note")
        if status in (RunbookStep.Status.RUNNING, RunbookStep.Status.DONE) and status != held.status:
            held.refuse_too_early()
        if status == held.status:
            record([Entry(held, "confirmed", {"confirmed": [None, status]}, itself=False)], by=by)
        else:
            mine = None if status == RunbookStep.Status.OPEN else by
            fields = {"status": status, "ticked_by": mine, "ticked_at": timezone.now() if mine else None}
            RunbookStep.objects.change_many([(self, fields)], by=by, verb="ticked", reason=note.strip())
        return LaunchEntry.objects.note(held.release, note, step=held, status=status, by=by)

    @property
    def last_tick(self) -> str:
        at = f" at {timezone.localtime(self.ticked_at):%H:%M}" if self.ticked_at else ""
        if self.status == RunbookStep.Status.OPEN:
            return f"“{self}” was opened again"
        return f"{self.ticked_by} marked “{self}” {self.get_status_display().lower()}{at}"

    def refuse_too_early(self) -> None:
        mine, _ = self.place
        for step in RunbookStep.objects.in_order(self.release):
            if step.blocking and not step.over and step.place[0] < mine:
                raise DomainError(
                    f"“{step}” comes first, and is {step.get_status_display().lower()}: finish or skip it."
                )

    def _alone(self) -> None:
        """Ticks and moves in one runbook take turns."""
        Release.objects.select_for_update(of=("self",)).get(pk=self.release_id)

    # --- in order --------------------------------------------------------------------------------

    @transaction.atomic
    def move(self, *, by: Member, after: "RunbookStep | None" = None, before: "RunbookStep | None" = None) -> Self:
        """Place it right behind or right before another. Where its time does not fit there, it takes the other's."""
        self._alone()
        order = RunbookStep.objects.in_order(Release.objects.get(pk=self.release_id))
        held = next((step for step in order if step.pk == self.pk), None)
        others = [step for step in order if step.pk != self.pk]
        anchor = next((step for step in others if step.pk == getattr(after or before, "pk", None)), None)
        if held is None or anchor is None:
            raise DomainError("There is no such step in this runbook.", field="after" if after else "before")
        place = others.index(anchor) + (1 if after else 0)
        if order.index(held) == place:
            return self
        earlier, later = ([None, *others][place], [*others, None][place])
        planned = _fitting(held, earlier, later)
        held.planned = planned
        held.rank = _between(held, earlier, later)
        changes: dict[str, list[Any]] = {"after" if after else "before": [None, anchor.key]}
        if planned != self.planned:
            changes["planned"] = [self.planned, planned]
        self.planned, self.rank, self.version = planned, held.rank, held.version + 1
        RunbookStep.objects.filter(pk=self.pk).update(
            planned=planned, rank=held.rank, version=models.F("version") + 1, changed_at=timezone.now()
        )
        record([Entry(self, "moved", changes)], by=by)
        return self

    def step_past(self, way: str, *, by: Member) -> bool:
        """One place up or down; False where it is at the end already."""
        order = RunbookStep.objects.in_order(self.release)
        at = [step.pk for step in order].index(self.pk)
        if way == "up" and at > 0:
            self.move(before=order[at - 1], by=by)
            return True
        if way == "down" and at < len(order) - 1:
            self.move(after=order[at + 1], by=by)
            return True
        return False


Neighbour = RunbookStep | None


def _fitting(step: RunbookStep, earlier: Neighbour, later: Neighbour) -> str:
    mine = step.place[0]
    if earlier and mine < earlier.place[0]:
        return earlier.planned
    return later.planned if later and mine > later.place[0] else step.planned


def _between(step: RunbookStep, earlier: Neighbour, later: Neighbour) -> str:
    """Only what is planned for the same time is kept in order by the rank."""
    same = [one for one in (earlier, later) if one and one.place[0] == step.place[0]]
    ranks = RunbookStep.objects.filter(release=step.release_id).exclude(pk=step.pk).values_list("rank", flat=True)
    ordered = sorted(ranks)
    if not same:
        return step.rank
    if same[0] is earlier:
        low = same[0].rank
        return rank.between(low, next((one for one in ordered if one > low), None), rng=SystemRandom())
    high = same[0].rank
    return rank.between(next((one for one in reversed(ordered) if one < high), None), high, rng=SystemRandom())
