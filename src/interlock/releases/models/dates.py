"""What was computed of a plan: dates of tasks, and how likely a release is to be ready when.

All of it follows from tasks, links and calendars, so nothing here is edited or audited. What was forecast in the past
follows from nothing any more: it is kept, and exported.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.utils import timezone

from interlock.releases.models.computation import Computation, ComputationQuerySet
from interlock.releases.models.release import Release
from interlock.releases.models.task import Task
from interlock.workspaces.models import Member, Workspace


class PlanRunQuerySet(ComputationQuerySet["PlanRun"]):
    def of_a_day_before(self, now: datetime) -> Self:
        return self.filter(at__lt=timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0))

    def want_for(self, workspace_id: int) -> None:
        """Have the plan of a workspace computed anew."""
        run, _ = self.get_or_create(workspace_id=workspace_id)
        run.want()


class PlanRun(Computation):
    """The last computation of a workspace's plan."""

    left_out_of_exports = "Computed anew from the tasks."

    workspace = models.OneToOneField(Workspace, models.CASCADE, related_name="plan_run")
    # Department → what its finished tasks did to the forecast, in a sentence.
    learnt = models.JSONField(default=dict)

    objects: ClassVar[Any] = PlanRunQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.workspace}: {self.get_state_display()}"

    def enqueue(self) -> None:
        from interlock.releases.tasks import compute_plan

        compute_plan.enqueue_once(workspace_id=self.workspace_id)


class TaskDatesQuerySet(models.QuerySet["TaskDates"]):
    def visible_to(self, member: Member) -> Self:
        return self.filter(task__in=Task.objects.visible_to(member))

    def keep(self, rows: Sequence["TaskDates"]) -> list[int]:
        """Write what differs from what is there; returns the keys of its tasks."""
        names = ("starts_on", "ends_on", "slack", "critical", "likely_by", "criticality")
        mine = self.filter(task__in=[row.task_id for row in rows])
        held = {pk: tuple(told) for pk, *told in mine.values_list("task", *names)}
        new = [row for row in rows if held.get(row.task_id) != tuple(getattr(row, name) for name in names)]
        now = timezone.now()
        for row in new:
            row.changed_at = now
        written = [*names, "changed_at"]
        self.bulk_create(new, batch_size=500, update_conflicts=True, unique_fields=["task"], update_fields=written)
        return [row.task_id for row in new]


class TaskDates(models.Model):
    """When a task is to be done, as the plan stands."""

    left_out_of_exports = "Computed anew from the tasks."

    task = models.OneToOneField(Task, models.CASCADE, related_name="dates", primary_key=True)
    starts_on = models.DateField()
    # The last day of work; of a milestone, its day.
    ends_on = models.DateField()
    # Days by which it may slip before the release does.
    slack = models.PositiveSmallIntegerField(null=True)
    critical = models.BooleanField(default=False)
    # The day by which it is done in 85 of 100 simulations, and the share of them in which it holds the release up.
    likely_by = models.DateField(null=True)
    criticality = models.FloatField(null=True)
    # When they became others than they were; None while they are as the template had them.
    changed_at = models.DateTimeField(null=True, editable=False)

    objects = TaskDatesQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.task}: {self.starts_on} to {self.ends_on}"


class ForecastQuerySet(models.QuerySet["Forecast"]):
    def visible_to(self, member: Member) -> Self:
        return self.filter(release__in=Release.objects.visible_to(member))

    def newest(self) -> Self:
        """The last one of each release."""
        last = Forecast.objects.filter(release=models.OuterRef("release")).order_by("-at", "-pk").values("pk")[:1]
        return self.filter(pk=models.Subquery(last))


class Forecast(models.Model):
    """When a release is likely to be ready, by simulation. Each that differs from the one before is kept."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="forecasts")
    at = models.DateTimeField()
    # The target that it was held against.
    target_on = models.DateField(null=True)
    # The last day of work as planned, without what may happen.
    planned_on = models.DateField()
    p50_on = models.DateField()
    p85_on = models.DateField()
    p95_on = models.DateField()
    # The share of the simulations that make the target.
    chance = models.FloatField(null=True)
    runs = models.PositiveIntegerField()
    seed = models.PositiveIntegerField(default=0)
    # Day → number of the simulations that end on it.
    finishes = models.JSONField(default=dict)
    # What holds it back most: [key of the task or risk, share of the variance], the most first.
    drivers = models.JSONField(default=list)
    # What would bring it back: see engine.outlook.Lever. Releases are told by their keys, since not all see them.
    levers = models.JSONField(default=list)

    objects = ForecastQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["release", "-at"], name="forecast_latest")]

    def __str__(self) -> str:
        return f"{self.release}: {self.p85_on}"

    @property
    def days_late(self) -> int | None:
        """Days between the target and the 85 % date; None without a target."""
        return (self.p85_on - self.target_on).days if self.target_on else None

    @property
    def percent(self) -> int | None:
        """The chance in per cent; 0 and 100 only where every simulation agrees."""
        if self.chance is None:
            return None
        rounded = round(100 * self.chance)
        return rounded if self.chance in (0, 1) else min(max(rounded, 1), 99)

    def holds_back(self, tasks: Iterable[Task]) -> Task | None:
        """Of its tasks, the one whose uncertainty moves it most; None where that is not among them."""
        first = next((key for key, _ in self.drivers if Task.number_of(key)), "")
        return next((task for task in tasks if task.key == first), None)

    def levers_for(self, member: Member) -> list[dict[str, Any]]:
        """What would bring it back, and what that does to others, as far as the member sees these."""
        named = {key for one in self.levers for key in [*one["releases"], *(key for key, _ in one["costs"])]}
        numbers = [Release.number_of(key) for key in named]
        releases = Release.objects.visible_to(member).filter(number__in=numbers) if named else ()
        seen = {release.key for release in releases}
        return [
            {
                "words": one["words"],
                "days": one["days"],
                "percent": round(100 * one["chance"]),
                "costs": [words for key, words in one["costs"] if key in seen],
                "changes": one.get("changes", []),
            }
            for one in self.levers
            if seen.issuperset(one["releases"])
        ]

    @property
    def days(self) -> tuple[Any, ...]:
        return self.target_on, self.planned_on, self.p50_on, self.p85_on, self.p95_on

    @property
    def told(self) -> tuple[Any, ...]:
        """All that is shown of it."""
        return (*self.days, self.chance, self.finishes, self.drivers, self.levers)
