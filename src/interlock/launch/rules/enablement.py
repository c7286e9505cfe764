from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q

from interlock.alignment.rule import Rule, Severity, Violation, fix
from interlock.launch.days import launch_days, launch_milestones
from interlock.launch.models import Communication
from interlock.organisation.concerned import people_of
from interlock.people.models import Audience, Channel
from interlock.releases.models import Forecast, Release, Task, TaskLink, Workstream
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member


def readying_tasks() -> Any:
    """Tasks that are marked as enablement."""
    rows = Task.objects.active().filter(enablement=True, workstream__archived_at=None)
    return rows.exclude(status=Task.Status.DROPPED)


def readying_messages() -> Any:
    """Training of an audience that answers customers."""
    return Communication.objects.kept().filter(channel=Channel.TRAINING, audience__faces_customers=True)


class EnablementAfterLaunch(Rule):
    """A release for which sales or support are trained after customers have it: by a task that is marked as enablement,
    or by training of an audience that answers customers.

    Why: what a sales force is able to do is among what tells launches that succeed from those that fail.
    Di Benedetto (1999), doi:10.1111/1540-5885.1660530
    Wrong: customers ask about 4.2 on Monday, and support is trained on Thursday.
    Right: the launch waits for the training, or the training is brought forward.
    """

    code, severity = "RL109", Severity.WARNING
    subject = Release
    reads = {
        Task: "workstreams__tasks",
        Workstream: "workstreams",
        Forecast: "forecasts",
        Communication: "communications",
        Audience: "communications__audience",
    }

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        tasks = Exists(readying_tasks().filter(workstream__release=OuterRef("pk")))
        messages = Exists(readying_messages().filter(release=OuterRef("pk")))
        return rows.open().filter(Q(tasks) | Q(messages))

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        releases = list(rows.order_by("number"))
        keys, launches = [one.pk for one in releases], launch_days(releases)
        late: dict[int, list[Task | Communication]] = defaultdict(list)
        tasks = readying_tasks().filter(workstream__release__in=keys).select_related("workstream__department", "dates")
        for task in tasks.defer("description").order_by("number"):
            if _after(_end_of(task), launches[task.workstream.release_id]):
                late[task.workstream.release_id].append(task)
        messages = readying_messages().filter(release__in=keys).select_related("audience").order_by("number")
        for message in messages:
            if _after(message.day, launches[message.release_id]):
                late[message.release_id].append(message)
        for release in releases:
            if late[release.pk]:
                yield _violation(release, late[release.pk], launches[release.pk])

    @fix(
        "Have the task done before",
        changes="task",
        among={"task": lambda rows, releases: rows.filter(workstream__release__in=releases, enablement=True)},
    )
    def bring_forward(self, release: Release, *, task: Task, deadline: date, by: Member) -> None:
        """Whatever holds it until after its new deadline does not any more."""
        fixed_on = None if task.fixed_on and task.fixed_on > deadline else task.fixed_on
        not_before = None if task.not_before and task.not_before > deadline else task.not_before
        task.change(deadline=deadline, fixed_on=fixed_on, not_before=not_before, by=by)

    @fix(
        "Let the launch wait for the task",
        among={"task": lambda rows, releases: rows.filter(workstream__release__in=releases, enablement=True)},
    )
    def wait_for(self, release: Release, *, task: Task, by: Member) -> None:
        launch = launch_milestones([release]).order_by("-not_before", "number").first()
        if launch is None:
            raise DomainError("The plan has no launch to wait: no milestone with a day before which it may not be.")
        TaskLink.objects.add(task=launch, predecessor=task, by=by)

    @fix(
        "Send the message before",
        changes="message",
        among={"message": lambda rows, releases: rows.filter(release__in=releases, channel=Channel.TRAINING)},
    )
    def send_before(self, release: Release, *, message: Communication, goes_out_on: date, by: Member) -> None:
        message.change(goes_out_on=goes_out_on, by=by)

    @fix("Move the target")
    def move_target(self, release: Release, *, target_on: date, by: Member) -> None:
        release.change(target_on=target_on, target_precision=Release.Precision.DAY, by=by)


def _end_of(task: Task) -> date | None:
    dates = getattr(task, "dates", None)
    end: date | None = task.done_on or (dates.ends_on if dates else task.deadline)
    return end


def _after(day: date | None, launch: date | None) -> bool:
    return bool(day and launch and day > launch)


def _violation(release: Release, late: Sequence[Task | Communication], launch: date | None) -> Violation:
    told, fixes = [], ["move_target"]
    departments: set[int | None] = set()
    for one in late:
        if isinstance(one, Task):
            told.append(f"“{one}” of {one.workstream.department} ends on {_end_of(one):%-d %B %Y}")
            departments.add(one.workstream.department_id)
            fixes += ["bring_forward", "wait_for"]
        else:
            told.append(f"{one.audience} are trained (“{one}”) on {one.day:%-d %B %Y}")
            departments.add(one.audience.department_id)
            fixes.append("send_before")
    return Violation(
        [release],
        says=f"Those who answer customers are trained for {release} after customers have it",
        evidence=f"Customers have {release.key} on {launch:%-d %B %Y} by plan. {'; '.join(told)}.",
        people=frozenset().union(*map(people_of, late)),
        departments=frozenset(pk for pk in departments if pk),
        mentions=list(late),
        fixes=list(dict.fromkeys(fixes)),
    )
