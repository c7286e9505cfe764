"""What a release came to, from what the history of the plan tells: outcomes, dates, scope."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Min, Q

from interlock.backlog.models import Feature
from interlock.releases.models import Release, Task, Workstream
from interlock.strategy.models import KeyResult, Objective
from interlock.workspaces.models import AuditEvent, Member
from interlock.workspaces.times import midnight_after

# --- outcomes ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """A key result that the release was to move.

    then  what it was on the day of the release; None where it was not measured yet
    now   what it is today
    """

    result: KeyResult
    then: Decimal | None
    now: Decimal | None

    @property
    def moved(self) -> Decimal | None:
        return None if self.then is None or self.now is None else self.now - self.then

    @property
    def reached(self) -> bool:
        up = self.result.target >= self.result.start
        return self.now is not None and (self.now >= self.result.target if up else self.now <= self.result.target)

    @property
    def closer(self) -> bool | None:
        """Whether it came closer to its target since; None where nothing is known or moved."""
        if not self.moved:
            return None
        return (self.moved > 0) == (self.result.target >= self.result.start)

    @property
    def level(self) -> str:
        return "good" if self.reached else "info" if self.closer else "warn" if self.closer is False else "none"

    @property
    def verdict(self) -> str:
        if self.reached:
            return "Reached"
        if self.now is None:
            return "Not measured"
        return {True: "Closer", False: "Further away", None: "Unmoved"}[self.closer]


def outcomes(release: Release, *, by: Member) -> list[tuple[Objective, list[Outcome]]]:
    """Of the objectives that the features of a release serve, as far as the member sees these."""
    features = Feature.objects.visible_to(by).active().filter(scope__release=release)
    objectives = Objective.objects.visible_to(by).active().filter(features__in=features).distinct()
    results = list(
        KeyResult.objects.visible_to(by).active().filter(objective__in=objectives).select_related("objective", "owner")
    )
    then = _values_on(results, release.released_on)
    told: dict[Objective, list[Outcome]] = {objective: [] for objective in objectives.order_by("number")}
    for result in results:
        told[result.objective].append(Outcome(result, then[result.pk], result.current))
    return list(told.items())


def _values_on(results: Sequence[KeyResult], day: date | None) -> dict[int, Decimal | None]:
    """What they were at the end of a day: what the first measurement after it replaced; without one, as today."""
    values = {result.pk: result.current for result in results}
    if day is None or not results:
        return values
    later = AuditEvent.objects.filter(
        workspace_id=results[0].workspace_id,
        model=KeyResult._meta.label_lower,
        key__in=[result.key for result in results],
        at__gte=midnight_after(day),
        changes__has_key="current",
    )
    for pk, changes in later.order_by("-pk").values_list("object_id", "changes"):
        values[pk] = _number(changes["current"][0])
    return values


def _number(told: Any) -> Decimal | None:
    try:
        return None if told is None else Decimal(str(told))
    except InvalidOperation:
        return None


# --- dates -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """A task, the day that was planned for its end at first, and the one on which it ended."""

    task: Task
    planned_on: date | None

    @property
    def done_on(self) -> date | None:
        return self.task.done_on

    @property
    def days_late(self) -> int | None:
        """Negative: early."""
        return (self.done_on - self.planned_on).days if self.done_on and self.planned_on else None


@dataclass(frozen=True)
class Part:
    """What a department did, task by task."""

    stream: Workstream
    kept: Sequence[Kept]

    @property
    def done(self) -> int:
        return sum(one.done_on is not None for one in self.kept)

    @property
    def late(self) -> int:
        return sum((one.days_late or 0) > 0 for one in self.kept)

    @property
    def planned_on(self) -> date | None:
        return max((one.planned_on for one in self.kept if one.planned_on), default=None)

    @property
    def done_on(self) -> date | None:
        """When all of it was done."""
        ends = [one.done_on for one in self.kept]
        return max((day for day in ends if day), default=None) if all(ends) else None

    @property
    def days_late(self) -> int | None:
        return (self.done_on - self.planned_on).days if self.done_on and self.planned_on else None


def parts(release: Release, *, by: Member) -> list[Part]:
    streams = Workstream.objects.visible_to(by).active().filter(release=release).select_related("department")
    tasks = (
        Task.objects.visible_to(by)
        .active()
        .filter(workstream__release=release, workstream__archived_at=None)
        .exclude(status=Task.Status.DROPPED)
        .select_related("owner")
    )
    first = _first_deadlines(release, list(tasks))
    of_each: dict[int, list[Kept]] = defaultdict(list)
    for task in tasks:
        of_each[task.workstream_id].append(Kept(task, first.get(task.pk, task.deadline)))
    far = date.max
    return [
        Part(stream, sorted(of_each[stream.pk], key=lambda one: (one.planned_on or far, one.task.number)))
        for stream in streams
        if of_each[stream.pk]
    ]


def _first_deadlines(release: Release, tasks: Sequence[Task]) -> dict[int, date]:
    """The first day that each task was to end by: plans are moved, and what was said at first is the plan."""
    if not tasks:
        return {}
    told = AuditEvent.objects.filter(
        workspace_id=release.workspace_id,
        model=Task._meta.label_lower,
        object_id__in=[task.pk for task in tasks],
        changes__has_key="deadline",
    )
    first: dict[int, date] = {}
    for pk, changes in told.order_by("pk").values_list("object_id", "changes"):
        before, after = changes["deadline"]
        if pk not in first and (before or after):
            first[pk] = date.fromisoformat(before or after)
    return first


# --- scope -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ScopeChange:
    feature: Feature
    at: datetime
    came_in: bool


def scope_since(release: Release) -> datetime | None:
    """From when on a change of scope is news: when its plan was started; without one, when work on it began."""
    began = Workstream.objects.filter(release=release).aggregate(first=Min("created_at"))["first"]
    if began:
        return began
    started = AuditEvent.objects.about(release).filter(changes__status__1=Release.Status.IN_PROGRESS)
    return started.order_by("pk").values_list("at", flat=True).first()


def scope_changes(release: Release, since: datetime | None, *, by: Member) -> list[ScopeChange]:
    """The features that came in or fell out for good until the release was out, and are seen by the member."""
    if since is None:
        return []
    events = AuditEvent.objects.filter(
        workspace_id=release.workspace_id, model=Feature._meta.label_lower, verb="replanned", at__gt=since
    ).filter(Q(changes__release__0=release.key) | Q(changes__release__1=release.key))
    if release.released_on:
        events = events.filter(at__lt=midnight_after(release.released_on))
    first: dict[int, Any] = {}
    last: dict[int, tuple[Any, datetime]] = {}
    for pk, at, changes in events.order_by("pk").values_list("object_id", "at", "changes"):
        before, after = changes["release"]
        first.setdefault(pk, before)
        last[pk] = after, at
    # What left and came back did neither.
    moved = {
        pk: (after == release.key, at)
        for pk, (after, at) in last.items()
        if (first[pk] == release.key) != (after == release.key)
    }
    features: Mapping[int, Feature] = Feature.objects.visible_to(by).defer("description").in_bulk(list(moved))
    return [
        ScopeChange(features[pk], at, came_in)
        for pk, (came_in, at) in sorted(moved.items(), key=lambda one: one[1][1])
        if pk in features
    ]
