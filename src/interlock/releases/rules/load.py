from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q

from interlock.alignment.rule import Rule, Severity, Violation, fix
from interlock.organisation.models import Absence, Department, Person, Product
from interlock.releases.loads import Load
from interlock.releases.models import Forecast, FreezeWindow, Release, Task, Workstream
from interlock.workspaces.models import Member

# A quarter.
WEEKS = 13
TOLD = 4


class OverloadedDepartment(Rule):
    """A department of which the dates that were asked for need more than its people can do.

    The plan itself overloads nobody: it gives each department no more work than its people can do, and lets dates slip
    instead. So its load says nothing here. What is judged is the load of the dates that were asked for: what keeps its
    deadline, or the target where it has none, stands where the plan has it; what the plan would end later stands as if
    it were kept, or as soon as it can be done from today on, at the speed of its estimate. A department whose dates can
    all be kept is therefore never found; one that is found has promised, to several releases or to one, what it cannot
    do in these weeks. Absences, public holidays and freezes that stop work count. A department of which it is not known
    how many people it has is not checked. Only the next quarter is looked at.

    Why: one overload can tip a whole organisation into fire fighting for good, since what is late takes its people from
    what comes next.
    Repenning (2001), doi:10.1111/1540-5885.1850285
    Wrong: two launches in March, and Design would need five people in the three weeks before, of the three that it has.
    Right: one of the two moves to April, or a fourth designer is lent for these weeks.
    """

    code, severity = "RL106", Severity.WARNING
    subject = Department
    reads = {
        Workstream: "workstreams",
        Task: "workstreams__tasks",
        Release: "workstreams__release",
        Forecast: "workstreams__release__forecasts",
        Product: "workstreams__release__product",
        Person: "people",
        Absence: "people__absences",
        FreezeWindow: "freezes",
    }
    # By so many per cent, in so many weeks, is too much.
    settings = {"percent_over": 10, "weeks": 2}

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        known = Q(capacity__isnull=False) | Exists(Person.objects.current().filter(department=OuterRef("pk")))
        planned = Task.objects.planned().filter(dates__isnull=False, kind=Task.Kind.TASK)
        return rows.filter(known, Exists(planned.filter(workstream__department=OuterRef("pk"))))

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        departments = list(rows.select_related("workspace"))
        if not departments:
            return
        asked = Load.of(
            departments[0].workspace,
            today=today,
            weeks=WEEKS,
            departments=[one.pk for one in departments],
            asked=True,
        )
        for department, cells in asked.rows:
            full = [cell for cell in cells if cell.over(settings["percent_over"])]
            if len(full) < max(settings["weeks"], 1):
                continue
            made = [release for release, _ in asked.releases(full)]
            # What is restricted counts, and is not named: the finding is everybody's.
            shown = [release for release in made if not release.product.restricted]
            names = [str(release) for release in shown[:TOLD]]
            if len(made) > len(names):
                names.append(f"{len(made) - len(names)} more")
            weeks = [f"{cell.says} in the week of {cell.week:%-d %B %Y}" for cell in full[:TOLD]]
            if len(full) > TOLD:
                weeks.append(f"so {len(full) - TOLD} more")
            number = "one week" if len(full) == 1 else f"{len(full)} weeks"
            yield Violation(
                [department],
                says=f"{department} is asked for more than it can do in {number} of the next quarter",
                evidence=f"As the dates were asked for: {', '.join(weeks)}. It is for {', '.join(names)}.",
                departments=frozenset([department.pk]),
                mentions=shown[:TOLD],
            )

    @fix("Say how many people it has for releases")
    def raise_capacity(self, department: Department, *, capacity: Decimal, by: Member) -> None:
        department.change(capacity=capacity, by=by)

    @fix(
        "Move a release's target",
        changes="release",
        among={
            "release": lambda rows, departments: rows.open().filter(workstreams__department__in=departments).distinct()
        },
    )
    def move_target(self, department: Department, *, release: Release, target_on: date, by: Member) -> None:
        release.change(target_on=target_on, target_precision=Release.Precision.DAY, by=by)

    @fix(
        "Give a task another deadline",
        changes="task",
        among={"task": lambda rows, departments: rows.planned().filter(workstream__department__in=departments)},
    )
    def move_task(self, department: Department, *, task: Task, deadline: date, by: Member) -> None:
        task.change(deadline=deadline, by=by)

    @fix(
        "Drop a task",
        changes="task",
        among={"task": lambda rows, departments: rows.planned().filter(workstream__department__in=departments)},
    )
    def drop_task(self, department: Department, *, task: Task, by: Member) -> None:
        task.change(status=Task.Status.DROPPED, by=by)
