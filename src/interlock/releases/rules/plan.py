from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django.db.models import Exists, F, OuterRef

from interlock.alignment.rule import Rule, RuleScope, Severity, Violation, fix, keys_of
from interlock.organisation.concerned import people_of
from interlock.organisation.models import Department, Person
from interlock.releases.models import Forecast, Release, ReleaseTemplate, Task, TaskLink, Workstream
from interlock.workspaces.models import Member


class DepartmentWithoutWorkstream(Rule):
    """A release in which a department has no part, though its template asks for one.

    Why: teams in which every function has its part from the start are among what tells the best makers of new products
    from the rest. Cooper & Kleinschmidt (1995), doi:10.1111/1540-5885.1250374
    Wrong: a full launch, and Support hears of it from customers.
    Right: Support has its tasks in the plan from the day on which it is started.
    """

    code, severity = "RL101", Severity.WARNING
    subject = Release
    reads = {
        ReleaseTemplate: "template",
        Workstream: "workstreams",
        Department: "workstreams__department",
    }
    # A department that is renamed, added or archived may turn any release.
    scope = RuleScope.WORKSPACE

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        return rows.open().exclude(template=None)

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        releases = list(rows.select_related("template"))
        if not releases:
            return
        known = {one.name.casefold(): one for one in Department.objects.of(releases[0].workspace).active()}
        present: dict[int, set[int]] = defaultdict(set)
        streams = Workstream.objects.active().filter(release__in=[release.pk for release in releases])
        for release_id, department_id in streams.values_list("release", "department"):
            present[release_id].add(department_id)
        for release in releases:
            asked = [known[name.casefold()] for name in release.template.recipe.departments if name.casefold() in known]
            absent = [department for department in asked if department.pk not in present[release.pk]]
            if absent:
                names = ", ".join(department.name for department in absent)
                yield Violation(
                    [release],
                    says=f"{release} is planned without {names}",
                    evidence=f"Its template, {release.template}, has tasks for {names}.",
                    departments=frozenset(department.pk for department in absent),
                )

    @fix("Give a department its part")
    def add_department(self, release: Release, *, department: Department, by: Member) -> None:
        Workstream.objects.add(release=release, department=department, by=by)


class TaskRule(Rule):
    """A question that is asked of the tasks of open releases."""

    subject = Task

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        return rows.planned()


class TaskWithoutOwner(TaskRule):
    """A task of an open release that nobody owns, or whose owner has left.

    Why: where several could act, each waits for another: the more there are, the later anybody does.
    Darley & Latané (1968), doi:10.1037/h0025589
    Wrong: "Help articles" is in the plan, and no name is on it.
    Right: Greta owns "Help articles".
    """

    code, severity = "RL102", Severity.WARNING
    reads = {
        Workstream: "workstream",
        Release: "workstream__release",
        Person: "owner",
    }

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        return rows.planned().filter(kind=Task.Kind.TASK)

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        vacant = rows.exclude(owner__standing=Person.Standing.CURRENT, owner__archived_at=None)
        for task in vacant.select_related("workstream__release", "workstream__department", "owner").iterator():
            why = f"its owner, {task.owner}, is not here any more" if task.owner else "no name is on it"
            due = f", and it is due on {task.deadline:%-d %B %Y}" if task.deadline else ""
            yield Violation(
                [task],
                says=f"Nobody does “{task}” for {task.workstream.release}",
                evidence=f"It is {task.workstream.department}'s part; {why}{due}.",
                mentions=[task.workstream.release],
                people=people_of(task),
                departments=frozenset([task.workstream.department_id]),
            )

    @fix("Choose an owner", among={"owner": lambda rows, tasks: rows.current()})
    def choose_owner(self, task: Task, *, owner: Person, by: Member) -> None:
        task.change(owner=owner, by=by)

    @fix("Drop the task")
    def drop(self, task: Task, *, by: Member) -> None:
        task.change(status=Task.Status.DROPPED, by=by)


class LaunchBeforeReady(Rule):
    """A release whose target is earlier than the day by which its work is likely to be done.

    Why: estimates are optimistic, and a plan whose every task is most likely on time is itself most likely late; the
    85 % date of a simulated plan is what can be announced. Little (2006), doi:10.1109/MS.2006.82
    Wrong: the launch is announced for 14 March, and 38 of 100 simulations make it.
    Right: the date is moved, or work is, until 85 of 100 do.
    """

    code, severity = "RL103", Severity.ERROR
    subject = Release
    reads = {Forecast: "forecasts", Workstream: "workstreams"}
    # Per cent of the simulations that must make the target.
    settings = {"chance": 85}

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        latest = Forecast.objects.filter(release=OuterRef("pk"), target_on__isnull=False)
        return rows.open().exclude(target_on=None).filter(Exists(latest))

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        releases = keys_of(rows)
        told = Forecast.objects.newest().filter(release__in=releases).select_related("release")
        departments: dict[int, frozenset[int]] = defaultdict(frozenset)
        streams = Workstream.objects.active().filter(release__in=releases)
        for release_id, department_id in streams.values_list("release", "department"):
            departments[release_id] |= {department_id}
        for forecast in told.order_by("release__number"):
            release = forecast.release
            short = forecast.chance is not None and 100 * forecast.chance < settings["chance"]
            if not short or forecast.target_on != release.latest_target:
                continue
            days = forecast.days_late or 0
            late = f", {days} day{'' if days == 1 else 's'} later" if days > 0 else ""
            yield Violation(
                [release],
                says=f"{release} is to be out by {release.latest_target:%-d %B %Y}, and is likely to be later",
                evidence=f"{forecast.percent} of 100 simulations of its plan make the target; 85 of 100 are done by "
                f"{forecast.p85_on:%-d %B %Y}{late}.",
                departments=departments[release.pk],
            )

    @fix("Move the target")
    def move_target(self, release: Release, *, target_on: date, by: Member) -> None:
        release.change(target_on=target_on, target_precision=Release.Precision.DAY, by=by)


class TaskLate(TaskRule):
    """A task that is still open after its deadline.

    Why: a date that has passed in silence is the first sign of a late release, and the cheapest one to act on.
    Kula et al. (2022), doi:10.1109/TSE.2021.3101192
    Wrong: the playbook was due on Monday, and nobody says when it comes.
    Right: it is done, or has another deadline that those who wait for it know.
    """

    code, severity = "RL104", Severity.WARNING
    reads = {Workstream: "workstream", Release: "workstream__release", Person: "owner"}

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        return rows.planned().exclude(deadline=None)

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        past = rows.filter(deadline__lt=today).select_related("workstream__release", "workstream__department", "owner")
        waiting = TaskLink.objects.in_force().filter(predecessor__in=past.values("pk"), task__status__in=Task.OPEN)
        held: dict[int, list[str]] = defaultdict(list)
        for before, key in waiting.order_by("task__number").values_list("predecessor", "task__number"):
            held[before].append(f"{Task.prefix}-{key}")
        for task in past.order_by("number"):
            waits = f" {len(held[task.pk])} wait{'s' * (len(held[task.pk]) == 1)} for it." if held[task.pk] else ""
            yield Violation(
                [task],
                says=f"“{task}” of {task.workstream.department} is past its deadline",
                evidence=f"It was due on {task.deadline:%-d %B %Y} for {task.workstream.release}, "
                f"and is {task.get_status_display().lower()}.{waits}",
                mentions=[task.workstream.release],
                people=people_of(task),
                departments=frozenset([task.workstream.department_id]),
            )

    @fix("It is done")
    def mark_done(self, task: Task, *, done_on: date, by: Member) -> None:
        task.finish(on=done_on, by=by)

    @fix("Give it another deadline")
    def move_deadline(self, task: Task, *, deadline: date, by: Member) -> None:
        task.change(deadline=deadline, by=by)


class HandoverOutOfOrder(Rule):
    """A department that has begun before the work of another, which it needs, is finished.

    Why: work that passes from one place to another takes about two and a half times as long, for want of knowing how
    far the other side is. Herbsleb & Mockus (2003), doi:10.1109/TSE.2003.1205177
    Wrong: Sales trains on a message that Marketing is still writing.
    Right: training starts when the message stands, or the two agree how far they may overlap.
    """

    code, severity = "RL105", Severity.WARNING
    subject = TaskLink
    reads = {
        Task: ("task", "predecessor"),
        Workstream: ("task__workstream", "predecessor__workstream"),
        Release: "task__workstream__release",
    }

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        release = "task__workstream__release"
        rows = rows.in_force().filter(kind=TaskLink.Kind.FINISH_START, lag_days__gte=0)
        rows = rows.filter(**{f"{release}__status__in": Release.OPEN, f"{release}__archived_at": None})
        return rows.exclude(task__workstream__department=F("predecessor__workstream__department"))

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        begun = rows.filter(task__status=Task.Status.IN_PROGRESS, predecessor__status__in=Task.OPEN)
        ends = [f"{end}__workstream__department" for end in ("task", "predecessor")]
        for link in begun.select_related(*ends, "task__workstream__release").order_by("number"):
            task, before = link.task, link.predecessor
            theirs, ours = before.workstream.department, task.workstream.department
            yield Violation(
                [link],
                says=f"{ours} has begun “{task}” before {theirs} has finished “{before}”",
                evidence=f"{task.key} needs {before.key}, which is {before.get_status_display().lower()}.",
                people=people_of(task) | people_of(before),
                departments=frozenset([theirs.pk, ours.pk]),
                mentions=[task, before],
            )

    @fix("The work before it is done")
    def mark_done(self, link: TaskLink, *, done_on: date, by: Member) -> None:
        before: Task = by.editable(Task, key=link.predecessor.key)
        before.finish(on=done_on, by=by)

    @fix("They may overlap")
    def overlap(self, link: TaskLink, *, by: Member) -> None:
        link.change(kind=TaskLink.Kind.START_START, by=by)

    @fix("It does not need that")
    def unlink(self, link: TaskLink, *, by: Member) -> None:
        link.archive(by=by)
