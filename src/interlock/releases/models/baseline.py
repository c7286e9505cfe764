"""The dates that were agreed: what a plan is held against."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Self

from django.db import models, transaction

from interlock.releases.models.release import Release
from interlock.releases.models.task import Task
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member
from interlock.workspaces.models.audit import Entry, record

Span = tuple[date, date]


class PlanBaselineQuerySet(models.QuerySet["PlanBaseline"]):
    def visible_to(self, member: Member) -> Self:
        """Guests see the release, and not who does what for it."""
        rows = self.filter(release__in=Release.objects.visible_to(member))
        return rows if member.reads_all else rows.none()

    def of(self, release: Release) -> "PlanBaseline | None":
        """The one that counts: the newest."""
        return self.filter(release=release).order_by("-kept_at", "-pk").first()

    @transaction.atomic
    def keep(self, release: Release, *, by: Member) -> "PlanBaseline":
        """Keep the dates as they stand now. Raises DomainError where no task has any."""
        Release.objects.select_for_update().get(pk=release.pk)
        tasks = Task.objects.of(by.workspace).active().filter(workstream__release=release)
        tasks = tasks.filter(workstream__archived_at=None).exclude(status=Task.Status.DROPPED)
        spans = {task.key: task.span for task in tasks.select_related("dates").defer("description")}
        dates = {key: [day.isoformat() for day in span] for key, span in spans.items() if span}
        if not dates:
            raise DomainError("No task has dates yet that could be kept.")
        kept = self.create(release=release, kept_by=by, dates=dates)
        record([Entry(release, "kept a baseline", {"baseline": [None, len(dates)]}, itself=False)], by=by)
        return kept


class PlanBaseline(models.Model):
    """From when to when each task was to be done on the day on which somebody kept the plan; the newest counts."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="baselines")
    kept_by = models.ForeignKey(Member, models.PROTECT, related_name="+")
    kept_at = models.DateTimeField(auto_now_add=True)
    # Key of a task → first and last day.
    dates = models.JSONField(default=dict)

    objects = PlanBaselineQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["release", "-kept_at"], name="baseline_latest")]

    def __str__(self) -> str:
        return f"{self.release}, {self.kept_at:%-d %B %Y}"

    @property
    def spans(self) -> Mapping[str, Span]:
        return {key: (date.fromisoformat(first), date.fromisoformat(last)) for key, (first, last) in self.dates.items()}

    @transaction.atomic
    def take_back(self, *, by: Member) -> None:
        """The one before it counts again."""
        record(
            [Entry(self.release, "took a baseline back", {"baseline": [len(self.dates), None]}, itself=False)], by=by
        )
        self.delete()


def moved(task: Any, span: Span | None) -> int | None:
    """Days by which a task ends later than it was to; negative: earlier. None where one of the two has no dates."""
    return (task.span[1] - span[1]).days if span and task.span else None
