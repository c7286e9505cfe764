from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, ClassVar, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from interlock.backlog.models import Feature
from interlock.engine.paths import path_between
from interlock.organisation.models import Person, ProductPlanModel, ProductPlanQuerySet
from interlock.organisation.models.product import products_seen
from interlock.releases.models.release import Release
from interlock.releases.models.workstream import Workstream
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member, Workspace

LONGEST_DAYS = 1000
ESTIMATES = ("optimistic", "likely", "pessimistic")


def working_days(**how: Any) -> Any:
    bounds = [MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(LONGEST_DAYS))]
    return models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True, validators=bounds, **how)


class TaskQuerySet(ProductPlanQuerySet["Task"]):
    def visible_to(self, member: Member) -> Self:
        """Guests see the release, and not who does what for it."""
        rows = super().visible_to(member)
        return rows if member.reads_all else rows.none()

    def open(self) -> Self:
        return self.active().filter(status__in=Task.OPEN, workstream__archived_at=None)

    def planned(self) -> Self:
        """Of releases that are still to come."""
        release = "workstream__release"
        return self.open().filter(**{f"{release}__status__in": Release.OPEN, f"{release}__archived_at": None})

    def without_owner(self) -> Self:
        return self.filter(owner=None)


class Task(ProductPlanModel):
    """A piece of a department's work for a release; a milestone is a moment in it."""

    class Kind(models.TextChoices):
        TASK = "task", "Task"
        MILESTONE = "milestone", "Milestone"

    class Status(models.TextChoices):
        TODO = "todo", "To do"
        IN_PROGRESS = "in_progress", "In progress"
        DONE = "done", "Done"
        DROPPED = "dropped", "Dropped"

    OPEN = (Status.TODO, Status.IN_PROGRESS)

    prefix = "TASK"
    page = "task"
    product_path = "workstream__release__product"
    owner_path = "owner__member"

    workstream = models.ForeignKey(Workstream, models.PROTECT, related_name="tasks")
    title = models.CharField(max_length=300)
    description = models.TextField(blank=True, max_length=100_000)
    kind = models.CharField(max_length=9, choices=Kind, default=Kind.TASK)
    status = models.CharField(max_length=11, choices=Status, default=Status.TODO)
    # It makes those who answer customers ready to do so: training, briefing. It is to end before customers have it.
    enablement = models.BooleanField(default=False)
    owner = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="tasks")
    feature = models.ForeignKey(Feature, models.PROTECT, null=True, blank=True, related_name="tasks")
    # Working days of its department.
    optimistic = working_days()
    likely = working_days()
    pessimistic = working_days()
    # What is left of it, once it is begun.
    remaining = working_days()
    people = models.PositiveSmallIntegerField(
        default=1, blank=True, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    not_before = models.DateField(null=True, blank=True)
    fixed_on = models.DateField(null=True, blank=True)
    deadline = models.DateField(null=True, blank=True)
    started_on = models.DateField(null=True, blank=True)
    done_on = models.DateField(null=True, blank=True)

    objects: ClassVar[Any] = TaskQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="task_key")]
        indexes = [models.Index(fields=["workstream", "archived_at", "status"], name="task_by_workstream")]

    def __str__(self) -> str:
        return self.title

    @property
    def open(self) -> bool:
        return self.status in Task.OPEN and not self.archived

    @property
    def misses_deadline(self) -> bool:
        """Whether it is planned to end after its deadline; `dates` are to be fetched with it."""
        dates = getattr(self, "dates", None)
        return bool(self.open and self.deadline and dates and dates.ends_on > self.deadline)

    @property
    def span(self) -> tuple[date, date] | None:
        """From which day to which: as it was done, where it is, else as it is planned; None for what has no dates."""
        dates = getattr(self, "dates", None)
        if self.status == Task.Status.DONE and self.done_on:
            first, last = self.started_on or self.done_on, self.done_on
        elif dates:
            # What is begun was begun when it was, though what is left of it is planned from today on.
            first, last = self.started_on or dates.starts_on, dates.ends_on
        elif day := self.fixed_on or self.deadline:
            first = last = day
        else:
            return None
        return first, max(first, last)

    @property
    def launch_day(self) -> date | None:
        """Of the milestone that is the launch itself, which waits for its day; None for any other task."""
        day = self.fixed_on or self.not_before
        due = self.deadline or self.workstream.release.latest_target
        return day if self.kind == Task.Kind.MILESTONE and day == due else None

    def start(self, *, on: date, by: Member) -> Self:
        return self.change(status=Task.Status.IN_PROGRESS, started_on=self.started_on or on, by=by)

    def finish(self, *, on: date, by: Member) -> Self:
        begun = self.started_on if self.started_on or self.kind == Task.Kind.MILESTONE else on
        return self.change(status=Task.Status.DONE, started_on=begun, done_on=on, remaining=None, by=by)

    def reopen(self, *, by: Member) -> Self:
        return self.change(status=Task.Status.IN_PROGRESS if self.started_on else Task.Status.TODO, done_on=None, by=by)

    def hold_until(self, day: date, *, by: Member) -> Self:
        """It is not to begin before that day; where it is fixed on one, on that day instead."""
        return self.change(**self.held_until(day), by=by)

    def held_until(self, day: date) -> dict[str, Any]:
        return {"fixed_on": day} if self.fixed_on else {"not_before": day}

    def stretch(self, days: Decimal, *, by: Member) -> Self:
        """It takes so many days most likely; the other estimates keep their distance from it, as shares."""
        return self.change(**self.stretched(days), by=by)

    def stretched(self, days: Decimal) -> dict[str, Any]:
        if self.kind == Task.Kind.MILESTONE:
            raise DomainError("A milestone is a moment: it takes no days.", field="likely")
        share = days / self.likely if self.likely else Decimal(1)
        less, more = (
            None if value is None else (value * share).quantize(Decimal("0.1"))
            for value in (self.optimistic, self.pessimistic)
        )
        return {"optimistic": less, "likely": days, "pessimistic": more}

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        # Without names nothing was set by itself, and all is looked at together.
        if not names or names & {"kind", *ESTIMATES}:
            self._refuse_odd_estimates()
        if not names or names & {"not_before", "fixed_on", "deadline"}:
            self._refuse_crossed_dates()
        if self.started_on and self.done_on and self.done_on < self.started_on:
            raise DomainError("It is done before it is started.", field="done_on")

    def _refuse_odd_estimates(self) -> None:
        if self.kind == Task.Kind.MILESTONE:
            if any(getattr(self, name) for name in ESTIMATES):
                raise DomainError("A milestone is a moment: it takes no days.", field="likely")
            return
        given = [(name, value) for name in ESTIMATES if (value := getattr(self, name)) is not None]
        if given and self.likely is None:
            raise DomainError("Say first how many days are likely.", field="likely")
        for (lower, less), (upper, more) in pairwise(given):
            if less > more:
                raise DomainError(f"The {lower} estimate is longer than the {upper} one.", field=lower)

    def _refuse_crossed_dates(self) -> None:
        if self.fixed_on and self.not_before and self.fixed_on < self.not_before:
            raise DomainError("It is fixed on a day on which it may not begin yet.", field="fixed_on")
        if self.fixed_on and self.deadline and self.deadline < self.fixed_on:
            raise DomainError("It is fixed on a day after its deadline.", field="fixed_on")
        if self.not_before and self.deadline and self.deadline < self.not_before:
            raise DomainError("Its deadline lies before the day on which it may begin.", field="deadline")


# --- what must come before what ------------------------------------------------------------------------


class TaskLinkQuerySet(ProductPlanQuerySet["TaskLink"]):
    def visible_to(self, member: Member) -> Self:
        """Seen by whoever sees both ends."""
        rows = super().visible_to(member)
        seen = products_seen(member)
        if not member.reads_all:
            return rows.none()
        return rows if seen is None else rows.filter(predecessor__workstream__release__product__in=seen)

    def in_force(self) -> Self:
        """Between tasks that are still to be done, or are done already: not of what was dropped."""
        left = Q()
        for end in ("task", "predecessor"):
            left &= Q(**{f"{end}__archived_at": None, f"{end}__workstream__archived_at": None})
            left &= ~Q(**{f"{end}__status": Task.Status.DROPPED})
        return self.active().filter(left)


class TaskLink(ProductPlanModel):
    """That a task waits for another, its predecessor; between departments it is a handover."""

    class Kind(models.TextChoices):
        FINISH_START = "fs", "Finish to start"
        START_START = "ss", "Start to start"
        FINISH_FINISH = "ff", "Finish to finish"
        START_FINISH = "sf", "Start to finish"

    prefix = "LINK"
    product_path = "task__workstream__release__product"
    taken = ("These two are linked already.", "predecessor")

    task = models.ForeignKey(Task, models.PROTECT, related_name="predecessors")
    predecessor = models.ForeignKey(Task, models.PROTECT, related_name="successors")
    kind = models.CharField(max_length=2, choices=Kind, default=Kind.FINISH_START)
    # Days between the two, weekends included; negative where they may overlap.
    lag_days = models.SmallIntegerField(
        default=0, blank=True, validators=[MinValueValidator(-LONGEST_DAYS), MaxValueValidator(LONGEST_DAYS)]
    )

    objects: ClassVar[Any] = TaskLinkQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="task_link_key"),
            models.UniqueConstraint(
                fields=["task", "predecessor"], condition=models.Q(archived_at=None), name="one_link_per_pair"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task.key} after {self.predecessor.key}"

    def get_absolute_url(self) -> str:
        return self.task.get_absolute_url()

    @classmethod
    def before_add(cls, rows: list["TaskLink"]) -> None:
        # The counter of keys is locked by now, so nobody adds the other half of a circle at the same time.
        for row in rows:
            if row.task_id == row.predecessor_id:
                raise DomainError("A task does not wait for itself.", field="predecessor")
        _refuse_circles(rows[0].workspace, [(row.predecessor_id, row.task_id) for row in rows])

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        if "archived_at" in names and not self.archived:
            _refuse_circles(self.workspace, [(self.predecessor_id, self.task_id)])


def _refuse_circles(workspace: Workspace, new: Collection[tuple[int, int]]) -> None:
    """Refuse links (predecessor, task) that would close a circle, and name it task by task."""
    follows: dict[int, set[int]] = defaultdict(set)
    links: Iterable[tuple[int, int]] = TaskLink.objects.of(workspace).active().values_list("predecessor_id", "task_id")
    for before, after in links:
        follows[before].add(after)
    for before, after in new:
        if way := path_between(after, before, follows):
            named = dict(Task.objects.of(workspace).filter(pk__in=way).values_list("pk", "title"))
            told = " → ".join(f"“{named[pk]}”" for pk in [before, *way])
            raise DomainError(f"That would be a circle: {told}.", field="predecessor")
        follows[before].add(after)
