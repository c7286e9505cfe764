"""The plan of a release: workstreams, tasks, links, templates, and the dates that follow."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conftest import seat
from interlock.backlog.models import Feature
from interlock.organisation import calendars
from interlock.organisation.models import Absence, Department, Person, Product
from interlock.releases import planning, scheduling
from interlock.releases.models import (
    Forecast,
    PlanRun,
    Release,
    ReleaseTemplate,
    Task,
    TaskDates,
    TaskLink,
    Workstream,
)
from interlock.releases.recipes import Recipe, shipped
from interlock.releases.tasks import keep_up_with_the_day
from interlock.workspaces.errors import DomainError, StaleVersion
from interlock.workspaces.models import AuditEvent
from interlock.workspaces.permissions import Role
from tests.api import Caller

pytestmark = pytest.mark.django_db

MONDAY = date(2027, 3, 1)
PLAN = """
Engineering:
  - {id: build, title: Build, days: [4, 5, 9], people: 2, ends: 5}
Support:
  - {id: help, title: Help articles, days: 3, ends: 2, needs: [build - 2]}
  - {id: launch, milestone: Launch, ends: 0, needs: [help, build]}
"""


@pytest.fixture
def support(ada):
    return Department.objects.add(name="Support", by=ada)


@pytest.fixture
def release(payments, ada):
    return Release.objects.add(product=payments, name="4.2", target_on=MONDAY + timedelta(days=18), by=ada)


@pytest.fixture
def template(ada):
    return ReleaseTemplate.objects.add(name="Ours", plan=PLAN, by=ada)


@pytest.fixture
def stream(release, engineering, ada):
    return Workstream.objects.add(release=release, department=engineering, by=ada)


def task(stream, by, title="Build", **fields):
    return Task.objects.add(workstream=stream, title=title, by=by, **{"likely": 2, **fields})


# --- templates -----------------------------------------------------------------------------------------


def test_a_template_and_a_date_give_a_dated_plan_at_once(template, release, engineering, support, ada):
    template.start(release, by=ada)
    planned = {one.title: one for one in Task.objects.select_related("dates", "workstream__department")}
    # The target is Friday 19 March; five working days before it is the Friday before.
    assert planned["Build"].deadline == date(2027, 3, 12)
    assert (planned["Build"].dates.starts_on, planned["Build"].dates.ends_on) == (date(2027, 3, 8), date(2027, 3, 12))
    assert planned["Help articles"].deadline == date(2027, 3, 17)
    assert planned["Launch"].dates.ends_on == release.target_on
    assert planned["Build"].workstream.department == engineering
    links = {(one.task.title, one.predecessor.title, one.lag_days) for one in TaskLink.objects.all()}
    assert links == {("Help articles", "Build", -2), ("Launch", "Help articles", 0), ("Launch", "Build", 0)}
    release.refresh_from_db()
    assert release.template == template


def test_a_department_that_is_gone_is_named_and_can_be_left_out(template, release, engineering, ada):
    with pytest.raises(DomainError) as refusal:
        template.start(release, by=ada)
    assert refusal.value.sentence == (
        "The template asks for Support, which this workspace does not have: add it, or leave it out."
    )
    assert not Workstream.objects.exists()
    template.start(release, by=ada, left_out=["Support"])
    assert [one.title for one in Task.objects.all()] == ["Build"]


def test_a_release_without_a_day_or_with_a_plan_is_not_planned(template, release, engineering, support, ada):
    template.start(release, by=ada)
    with pytest.raises(DomainError, match="has a plan already"):
        template.start(release, by=ada)
    release.change(target_precision=Release.Precision.TBC, by=ada)
    with pytest.raises(DomainError, match="give the release a target first"):
        template.start(release, by=ada)


@pytest.mark.parametrize("one", shipped(), ids=lambda one: one.name)
def test_what_comes_with_interlock_makes_a_plan_for_whoever_has_the_departments(one, release, ada):
    recipe = Recipe.parse(one.plan)
    for name in recipe.departments:
        Department.objects.add(name=name, by=ada)
    tasks = ReleaseTemplate.objects.take_in(one, by=ada).start(release, by=ada)
    assert len(tasks) == len(recipe.steps)
    assert ReleaseTemplate.objects.take_in(one, by=ada).pk == ReleaseTemplate.objects.get().pk
    ends = {step.id: step.ends for step in recipe.steps}
    assert not [
        (step.id, need)
        for step in recipe.steps
        for need, lag in step.waits_for()
        if step.days and ends[need] - lag < step.ends
    ]


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ("null", "A template lists departments"),
        ("Support: 5", "Support: list each task"),
        ("Support:\n - {title: Help, ends: 2}", "Support, task 1, id: field required."),
        ("Support:\n - {id: a, title: Help}", "Support, task 1, ends: field required."),
        ("Support:\n - {id: a, ends: 1}", "Support, task 1: give it either a title or a milestone."),
        ("Support:\n - {id: a, title: b, ends: 1, days: [3, 2, 1]}", "the optimistic, the likely and the pessimistic"),
        ("Support:\n - {id: a, title: b, ends: 1, hours: 3}", "hours: extra inputs are not permitted."),
        ("Support:\n - {id: a, title: b, ends: 1, needs: [x]}", "a needs x, which the template does not have."),
        ("Support:\n - {id: a, title: b, ends: 1, needs: [a]}", "a needs itself."),
        ("A:\n - {id: a, title: b, ends: 1}\nB:\n - {id: a, title: b, ends: 1}", "Two tasks have the id a."),
        (
            "A:\n - {id: a, title: b, ends: 1, needs: [b]}\n - {id: b, title: b, ends: 1, needs: [a]}",
            "in a circle: a → b → a.",
        ),
        ("A: &x\n - {id: a, title: b, ends: 1}\nB: *x", "anchors are not read"),
        ("A:\n  - {id: a", "no YAML in line 2"),
        ("A:\n - !!python/object:os.system {}", "no YAML in line 2"),
    ],
)
def test_what_a_template_cannot_mean_is_said_at_its_place(plan, says, ada):
    with pytest.raises(DomainError) as refusal:
        ReleaseTemplate.objects.add(name="Odd", plan=plan, by=ada)
    assert says in refusal.value.sentence
    assert refusal.value.field == "plan"


# --- tasks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"optimistic": 3, "likely": 2}, "The optimistic estimate is longer than the likely one."),
        ({"likely": 5, "pessimistic": 4}, "The likely estimate is longer than the pessimistic one."),
        ({"optimistic": 1, "likely": None}, "Say first how many days are likely."),
        ({"kind": "milestone", "likely": 2}, "A milestone is a moment: it takes no days."),
        ({"likely": -1}, "Likely: "),
        ({"likely": 5000}, "Likely: "),
        ({"people": 0}, "People: "),
        ({"not_before": MONDAY, "deadline": MONDAY - timedelta(days=1)}, "Its deadline lies before the day"),
        ({"fixed_on": MONDAY, "not_before": MONDAY + timedelta(days=1)}, "on which it may not begin yet"),
        ({"started_on": MONDAY, "done_on": MONDAY - timedelta(days=1)}, "done before it is started"),
    ],
)
def test_nonsense_is_refused_at_its_field(fields, says, stream, ada):
    with pytest.raises(DomainError) as refusal:
        task(stream, ada, **fields)
    assert says in refusal.value.sentence


def test_a_circle_is_named_task_by_task(stream, ada):
    first, second, third = (task(stream, ada, title) for title in ("Write", "Review", "Publish"))
    TaskLink.objects.add(task=second, predecessor=first, by=ada)
    TaskLink.objects.add(task=third, predecessor=second, by=ada)
    with pytest.raises(DomainError) as refusal:
        TaskLink.objects.add(task=first, predecessor=third, by=ada)
    assert refusal.value.sentence == "That would be a circle: “Publish” → “Write” → “Review” → “Publish”."
    with pytest.raises(DomainError, match="does not wait for itself"):
        TaskLink.objects.add(task=first, predecessor=first, by=ada)
    with pytest.raises(DomainError, match="linked already"):
        TaskLink.objects.add(task=second, predecessor=first, by=ada)


def test_what_was_unlinked_comes_back_only_where_it_closes_no_circle(stream, ada):
    first, second = task(stream, ada, "Write"), task(stream, ada, "Review")
    link = TaskLink.objects.add(task=second, predecessor=first, by=ada)
    link.archive(by=ada)
    TaskLink.objects.add(task=first, predecessor=second, by=ada)
    with pytest.raises(DomainError, match="would be a circle"):
        link.restore(by=ada)


def test_a_task_is_started_done_and_reopened(stream, ada):
    one = task(stream, ada)
    one.start(on=MONDAY, by=ada)
    one.finish(on=MONDAY + timedelta(days=2), by=ada)
    assert (one.status, one.started_on, one.done_on) == ("done", MONDAY, MONDAY + timedelta(days=2))
    one.reopen(by=ada)
    assert (one.status, one.done_on) == ("in_progress", None)
    verbs = AuditEvent.objects.filter(model="releases.task").values_list("verb", flat=True)
    assert sorted(verbs) == ["added", "changed", "changed", "changed"]


def test_stretching_keeps_the_distance_of_the_other_estimates(stream, ada):
    one = task(stream, ada, optimistic=1, likely=2, pessimistic=5)
    one.stretch(Decimal(4), by=ada)
    assert (one.optimistic, one.likely, one.pessimistic) == (2, 4, 10)


def test_a_department_has_one_part_in_a_release(stream, release, engineering, ada):
    with pytest.raises(DomainError, match="has its part in the release already"):
        Workstream.objects.add(release=release, department=engineering, by=ada)
    task(stream, ada)
    with pytest.raises(DomainError, match="1 task still belongs to it"):
        stream.archive(by=ada)


def test_guests_see_no_inner_workings(stream, ada, gus):
    task(stream, ada)
    assert not Task.objects.visible_to(gus).exists()
    assert not Workstream.objects.visible_to(gus).exists()


# --- calendars -----------------------------------------------------------------------------------------


def test_working_days_pass_over_weekends_and_holidays():
    week = [1, 2, 3, 4, 5]
    assert calendars.shifted(MONDAY, 5, week, "") == MONDAY + timedelta(days=7)
    assert calendars.shifted(MONDAY, -1, week, "") == MONDAY - timedelta(days=3)
    # Good Friday and Easter Monday of 2027.
    assert calendars.shifted(date(2027, 3, 25), 1, week, "DE") == date(2027, 3, 30)
    assert calendars.shifted(date(2027, 3, 25), 1, week, "") == date(2027, 3, 26)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"working_days": []}, "Somebody must work on some day of the week."),
        ({"working_days": [0]}, "numbers from 1 (Monday) to 7 (Sunday)"),
        ({"working_days": "12345"}, "numbers from 1 (Monday) to 7 (Sunday)"),
        ({"holidays_of": "XX"}, "The holidays of “XX” are not known."),
        ({"holidays_of": "DE-XX"}, "The holidays of “DE-XX” are not known."),
        ({"capacity": -1}, "Capacity: "),
    ],
)
def test_a_calendar_without_sense_is_refused(fields, says, engineering, ada):
    with pytest.raises(DomainError) as refusal:
        engineering.change(by=ada, **fields)
    assert says in refusal.value.sentence


def test_an_absence_ends_after_it_starts_and_is_forgotten_with_the_person(dana, olga):
    with pytest.raises(DomainError, match="ends before it starts"):
        Absence.objects.add(person=dana, starts_on=MONDAY, ends_on=MONDAY - timedelta(days=1), by=olga)
    Absence.objects.add(person=dana, starts_on=MONDAY, ends_on=MONDAY, by=olga)
    dana.erase(by=olga, on=MONDAY)
    assert not Absence.objects.exists()


# --- what the engine is told ---------------------------------------------------------------------------


def test_capacity_is_who_is_there(stream, engineering, dana, ada):
    Person.objects.add(name="Chen Wei", department=engineering, by=ada)
    Absence.objects.add(person=dana, starts_on=MONDAY + timedelta(days=1), ends_on=MONDAY + timedelta(days=2), by=ada)
    task(stream, ada, people=1)
    [resource] = scheduling.gather(stream.workspace, today=MONDAY).problem.resources
    # Slots are half days, and people are counted in halves.
    assert (resource.capacity, resource.changes) == (4, ((2, 2), (6, 4)))
    engineering.change(capacity=Decimal("7.5"), by=ada)
    [resource] = scheduling.gather(stream.workspace, today=MONDAY).problem.resources
    assert resource.capacity == 15


def test_what_is_begun_takes_what_is_left_and_what_is_done_takes_nothing(stream, ada):
    task(stream, ada, "Done", status="done", done_on=MONDAY)
    task(stream, ada, "Dropped", status="dropped")
    task(stream, ada, "Begun", status="in_progress", likely=6, started_on=MONDAY - timedelta(days=3))
    task(stream, ada, "Nearly", status="in_progress", likely=6, remaining=Decimal("0.5"))
    task(stream, ada, "Unknown", likely=None)
    problem = scheduling.gather(stream.workspace, today=MONDAY).problem
    assert {one.name: one.modes[0].duration for one in problem.tasks} == {"Begun": 10, "Nearly": 1, "Unknown": 2}


def test_releases_that_are_out_and_tasks_after_the_launch_make_nothing_late(stream, release, ada):
    task(stream, ada, "Before", deadline=release.target_on)
    task(stream, ada, "Review", deadline=release.target_on + timedelta(days=9))
    problem = scheduling.gather(stream.workspace, today=MONDAY).problem
    assert {one.name: one.release for one in problem.tasks} == {"Before": 0, "Review": None}
    release.change(status=Release.Status.RELEASED, by=ada)
    assert not scheduling.gather(stream.workspace, today=MONDAY).problem.tasks


def test_gathering_asks_the_same_however_much_there_is(stream, ada):
    def queries():
        with CaptureQueriesContext(connection) as done:
            scheduling.gather(stream.workspace, today=MONDAY)
        return len(done)

    first = task(stream, ada)
    few = queries()
    more = Task.objects.add_many([{"workstream": stream, "title": f"{n}", "likely": 1} for n in range(30)], by=ada)
    TaskLink.objects.add_many([{"task": one, "predecessor": first} for one in more], by=ada)
    assert queries() == few


# --- computing -----------------------------------------------------------------------------------------


def test_a_change_has_the_plan_computed_and_the_forecast_kept(stream, release, worker, ada):
    today = timezone.localdate()
    release.change(target_on=today + timedelta(days=60), by=ada)
    first = task(stream, ada, "Build", optimistic=2, likely=3, pessimistic=8)
    second = task(stream, ada, "Publish", likely=1)
    TaskLink.objects.add(task=second, predecessor=first, by=ada)
    assert PlanRun.objects.get().behind
    worker.work_off()
    run = PlanRun.objects.get()
    assert (run.state, run.behind) == ("done", False)
    build, publish = TaskDates.objects.get(task=first), TaskDates.objects.get(task=second)
    assert today <= build.starts_on <= build.ends_on < publish.starts_on
    assert build.likely_by >= build.ends_on
    forecast = Forecast.objects.get()
    assert (forecast.release, forecast.target_on) == (release, release.target_on)
    assert forecast.planned_on <= forecast.p85_on <= forecast.p95_on
    assert sum(forecast.finishes.values()) == forecast.runs == planning.RUNS
    assert forecast.holds_back([second, first]) == first

    # The same plan computed again is no news; and what has other words for the same dates takes the place of the last.
    Forecast.objects.update(chance=0.123)
    PlanRun.objects.want_for(stream.workspace_id)
    worker.work_off()
    assert Forecast.objects.get().chance == forecast.chance


def test_a_run_that_a_change_has_made_superfluous_writes_nothing(stream, ada, monkeypatch):
    one = task(stream, ada)

    def changed_meanwhile(*args, wanted, **how):
        one.change(likely=4, by=ada)
        assert not wanted()
        raise planning.Cancelled

    monkeypatch.setattr(planning, "apart", changed_meanwhile)
    planning.compute(stream.workspace)
    assert PlanRun.objects.get().behind
    assert not TaskDates.objects.exists()


def test_how_far_it_is_is_told_and_it_can_be_stopped(stream, ada, ben, monkeypatch):
    task(stream, ada)
    client = Client()
    client.force_login(ada.user)
    seen = {}

    def stopped_meanwhile(*args, wanted, progress, **how):
        progress("simulating", 0.42)
        seen["page"] = page(ben, "/northwind/releases/R-1/plan/run/").content.decode()
        seen["plan"] = page(ada, "/northwind/releases/R-1/plan/").content.decode()
        assert page(gus_of(stream), "/northwind/releases/R-1/plan/run/").status_code == 404
        assert wanted()
        assert client.post("/northwind/releases/R-1/plan/run/stop/").status_code == 302
        assert not wanted()
        progress("simulating", 0.99)
        raise planning.Cancelled

    monkeypatch.setattr(planning, "apart", stopped_meanwhile)
    planning.compute(stream.workspace)
    assert "Carrying the plan out by chance: 42%" in seen["page"]
    assert "Stop" not in seen["page"].split("<main")[1]
    assert "plan/run/stop/" in seen["plan"]
    run = PlanRun.objects.get()
    assert (run.state, run.behind, run.share, TaskDates.objects.count()) == ("stopped", False, 0, 0)
    assert "The computation was stopped" in page(ada, "/northwind/releases/R-1/plan/").content.decode()


def gus_of(stream):
    return seat(stream.workspace, "Gwen", Role.GUEST)


def test_what_was_stopped_stays_so_until_the_next_change_or_until_it_is_asked_for(stream, ada, ben):
    one = task(stream, ada)
    PlanRun.objects.get().stop()
    keep_up_with_the_day.call()
    assert not PlanRun.objects.get().behind
    one.change(likely=4, by=ada)
    assert PlanRun.objects.get().behind
    PlanRun.objects.get().stop()
    client = Client()
    client.force_login(ben.user)
    assert client.post("/northwind/releases/R-1/plan/run/again/").status_code == 403
    client.force_login(ada.user)
    client.post("/northwind/releases/R-1/plan/run/again/")
    assert PlanRun.objects.get().behind
    # Nothing is under way any more once it is done.
    PlanRun.objects.update(computed=99)
    assert not PlanRun.objects.get().stop()


def test_two_who_edit_a_plan_at_once_lose_nothing(stream, ada, amir):
    one = task(stream, ada, likely=2)
    seen = one.version
    one.change(likely=5, by=ada, version=seen)
    theirs = Task.objects.get()
    with pytest.raises(StaleVersion) as stale:
        theirs.change(likely=9, by=amir, version=seen)
    assert (stale.value.current.likely, Task.objects.get().likely) == (5, 5)
    # Other fields of the same task, and other tasks, are nobody's loss.
    theirs.change(people=2, by=amir, version=theirs.version)
    assert (Task.objects.get().likely, Task.objects.get().people) == (5, 2)
    # Over a page: who saves second is asked which of the two holds.
    client = Client()
    client.force_login(amir.user)
    answer = client.post("/northwind/tasks/TASK-1/edit/title/", {"title": "Mine", "version": seen})
    assert answer.status_code == 412
    assert Task.objects.get().title == "Build"


def test_a_plan_that_is_too_large_says_so(stream, ada, monkeypatch):
    task(stream, ada)

    def too_large(*args, **how):
        raise MemoryError

    monkeypatch.setattr(planning, "apart", too_large)
    planning.compute(stream.workspace)
    assert PlanRun.objects.get().says == (
        "The plan, 1 tasks in all, could not be computed: it takes too much memory or time."
    )


def test_what_cannot_be_scheduled_says_why(stream, engineering, worker, ada):
    task(stream, ada, "Build", people=900)
    engineering.change(capacity=1, by=ada)
    worker.work_off()
    run = PlanRun.objects.get()
    assert run.state == "refused"
    assert run.says == "“Build” needs 900 of Engineering at once, and there is never more than 1."


def test_a_department_in_which_nobody_works_is_named(stream, engineering, ada):
    task(stream, ada, "Build")
    engineering.change(capacity=0, by=ada)
    planning.compute(stream.workspace)
    assert PlanRun.objects.get().says == (
        "“Build” needs 1 of Engineering at once, and there is nobody who could do it."
    )
    assert "nobody who could do it" in page(ada, "/northwind/releases/R-1/plan/").content.decode()


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("tasks", {"workstream": "WS-1", "title": "X", "likely": -1}, "likely"),
        ("tasks", {"workstream": "WS-1", "title": "X", "likely": 1e9}, "likely"),
        ("tasks", {"workstream": "WS-1", "title": "X", "optimistic": 3, "likely": 2}, "longer than the likely one"),
        ("tasks", {"workstream": "WS-1", "title": "X", "people": 0}, "people"),
        (
            "tasks",
            {"workstream": "WS-1", "title": "X", "not_before": "2027-03-02", "deadline": "2027-03-01"},
            "Its deadline lies before the day on which it may begin.",
        ),
        ("task-links", {"task": "TASK-1", "predecessor": "TASK-2"}, "“Publish” → “Write” → “Publish”"),
        ("departments", {"name": "Idle", "working_days": []}, "working_days"),
        ("departments", {"name": "Idle", "capacity": -1}, "capacity"),
        (
            "releases/R-1/plan",
            {"template": "Ours"},
            "The template asks for Support, which this workspace does not have",
        ),
    ],
)
def test_the_api_says_what_makes_no_sense_and_keeps_what_there_was(path, body, says, stream, template, payments, ada):
    first, second = task(stream, ada, "Write"), task(stream, ada, "Publish")
    TaskLink.objects.add(task=second, predecessor=first, by=ada)
    if path.endswith("plan"):
        for row in (*TaskLink.objects.all(), *Task.objects.all(), *Workstream.objects.all()):
            row.archive(by=ada)
    client = Caller(ada).client
    events = AuditEvent.objects.count()
    answer = client.post(f"/api/v1/workspaces/northwind/{path}", body, "application/json")
    assert answer.status_code in (409, 422)
    assert says in str(answer.json())
    assert AuditEvent.objects.count() == events


@pytest.mark.parametrize(
    ("path", "form", "says"),
    [
        ("workstreams/WS-1/tasks/new/", {"title": "X", "kind": "task", "likely": "-1"}, "greater than or equal to 0"),
        ("workstreams/WS-1/tasks/new/", {"title": "X", "kind": "task", "likely": "5000"}, "less than or equal to 1000"),
        (
            "workstreams/WS-1/tasks/new/",
            {"title": "X", "kind": "task", "optimistic": "3", "likely": "2"},
            "The optimistic estimate is longer than the likely one.",
        ),
        (
            "tasks/TASK-1/predecessors/new/",
            {"predecessor": "TASK-2", "kind": "fs", "lag_days": "0"},
            "would be a circle",
        ),
        ("tasks/TASK-1/done/", {"on": "2027-02-01"}, "done before it is started"),
    ],
)
def test_a_form_says_what_makes_no_sense_and_keeps_what_was_typed(path, form, says, stream, ada):
    first, second = task(stream, ada, "Write", started_on=MONDAY, status="in_progress"), task(stream, ada, "Publish")
    TaskLink.objects.add(task=second, predecessor=first, by=ada)
    client = Client()
    client.force_login(ada.user)
    answer = client.post(f"/northwind/{path}", form)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert says in text
    assert not form.get("title") or 'value="X"' in text
    assert Task.objects.count() == 2


# --- the page ------------------------------------------------------------------------------------------


def page(member, path):
    client = Client()
    client.force_login(member.user)
    return client.get(path)


def test_the_plan_is_drawn_and_told(template, release, engineering, support, ada):
    template.start(release, by=ada)
    answer = page(ada, "/northwind/releases/R-1/plan/")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'data-key="TASK-1"' in text
    assert "TASK-2 Help articles, 15 March to 17 March, without an owner" in text
    assert text.count('class="link') == 3


def test_a_plan_asks_the_same_however_many_tasks_it_has(stream, ada):
    def queries():
        with CaptureQueriesContext(connection) as done:
            assert page(ada, "/northwind/releases/R-1/plan/").status_code == 200
        return len(done)

    first = task(stream, ada)
    few = queries()
    more = Task.objects.add_many([{"workstream": stream, "title": f"{n}", "likely": 1} for n in range(60)], by=ada)
    TaskDates.objects.bulk_create(TaskDates(task=one, starts_on=MONDAY, ends_on=MONDAY) for one in more)
    TaskLink.objects.add_many([{"task": one, "predecessor": first} for one in more], by=ada)
    assert queries() == few


def test_a_bar_that_is_dropped_sets_what_that_means(stream, ada, ben):
    one = task(stream, ada, likely=2)
    client = Client()
    client.force_login(ada.user)
    client.post("/northwind/tasks/TASK-1/drag/", {"starts_on": "2027-03-08"})
    client.post("/northwind/tasks/TASK-1/drag/", {"days": "3.5"})
    one.refresh_from_db()
    assert (one.not_before, one.likely) == (date(2027, 3, 8), Decimal("3.5"))
    assert client.post("/northwind/tasks/TASK-1/drag/", {"days": "many"}).status_code == 422
    client.force_login(ben.user)
    assert client.post("/northwind/tasks/TASK-1/drag/", {"days": "9"}).status_code == 403


def test_fixed_dates_that_contradict_the_work_before_them_are_told_in_words(stream, worker, ada):
    today = timezone.localdate()
    hardening = task(stream, ada, "Hardening", likely=20)
    press = Task.objects.add(
        workstream=stream, title="Press date", kind=Task.Kind.MILESTONE, fixed_on=today + timedelta(days=7), by=ada
    )
    TaskLink.objects.add(task=press, predecessor=hardening, by=ada)
    worker.work_off()
    run = PlanRun.objects.get()
    assert run.state == "refused"
    assert f"“Press date” is fixed to {today + timedelta(days=7):%-d %B %Y}, but needs “Hardening”" in run.says
    # There are dates all the same: those that it comes to.
    assert TaskDates.objects.get(task=press).ends_on > press.fixed_on
    assert "Not every date can be kept" in page(ada, "/northwind/releases/R-1/plan/").content.decode()


def test_what_would_bring_a_late_release_back_is_measured(stream, release, engineering, worker, ada):
    today = timezone.localdate()
    engineering.change(capacity=2, by=ada)
    release.change(target_on=today + timedelta(days=14), by=ada)
    first = task(stream, ada, "Build", optimistic=6, likely=9, pessimistic=20)
    second = task(stream, ada, "Publish", optimistic=2, likely=4, pessimistic=9)
    TaskLink.objects.add(task=second, predecessor=first, by=ada)
    worker.work_off()
    forecast = Forecast.objects.get()
    assert forecast.chance < 0.85
    told = forecast.levers_for(ada)
    assert told
    assert all(one["days"] > 0 or one["percent"] > forecast.percent for one in told)
    assert any("“Build”" in one["words"] for one in told)


def test_levers_that_speak_of_hidden_releases_are_not_told(release, ada, amir, ben):
    secret = Product.objects.add(name="Secret", restricted=True, by=amir)
    hidden = Release.objects.add(product=secret, name="Hidden 1.0", by=amir)
    day = release.target_on
    forecast = Forecast(
        release=release,
        at=timezone.now(),
        planned_on=day,
        p50_on=day,
        p85_on=day,
        p95_on=day,
        runs=1,
        levers=[
            {"words": "Move “X” to Hidden 1.0", "days": 2, "chance": 0.5, "costs": [], "releases": [hidden.key]},
            {
                "words": "Add a person",
                "days": 1,
                "chance": 0.4,
                "costs": [[hidden.key, "Hidden slips"]],
                "releases": [],
            },
        ],
    )
    assert forecast.levers_for(ben) == [{"words": "Add a person", "days": 1, "percent": 40, "costs": [], "changes": []}]
    assert [one["costs"] for one in forecast.levers_for(amir)] == [[], ["Hidden slips"]]


def test_a_new_day_and_a_lost_computation_have_the_plan_computed_again(stream, worker, ada):
    task(stream, ada)
    worker.work_off()
    keep_up_with_the_day.call()
    assert not PlanRun.objects.get().behind
    PlanRun.objects.update(at=timezone.now() - timedelta(days=1))
    keep_up_with_the_day.call()
    assert PlanRun.objects.get().behind
    worker.work_off()
    assert not PlanRun.objects.get().behind


def test_other_workspaces_dates_are_neither_read_nor_touched(stream, ada, cleo):
    theirs = Product.objects.add(name="Theirs", by=cleo)
    department = Department.objects.add(name="Engineering", by=cleo)
    release = Release.objects.add(product=theirs, name="1.0", by=cleo)
    other = task(Workstream.objects.add(release=release, department=department, by=cleo), cleo)
    TaskDates.objects.create(task=other, starts_on=MONDAY, ends_on=MONDAY)
    mine = task(stream, ada)
    assert TaskDates.objects.keep([TaskDates(task=mine, starts_on=MONDAY, ends_on=MONDAY)]) == [mine.pk]
    assert TaskDates.objects.count() == 2
    assert [one.name for one in scheduling.gather(stream.workspace, today=MONDAY).problem.tasks] == [mine.title]


def test_levers_name_no_feature_that_a_reader_of_the_release_may_not_see(stream, payments, ada, amir):
    secret = Product.objects.add(name="Secret", restricted=True, by=amir)
    open_ = Product.objects.add(name="Open", by=ada)
    for product in (payments, secret, open_):
        feature = Feature.objects.add(product=product, title=f"Of {product}", by=amir)
        task(stream, amir, feature=feature)
    assert set(scheduling.gather(stream.workspace, today=MONDAY).features) == {"Of Payments", "Of Open"}


def test_fixed_work_and_fixed_moments_are_said_by_their_own_day(stream):
    units = scheduling.gather(stream.workspace, today=MONDAY).units
    # Work that is fixed to the second day starts in slot 2; a moment of that day is its end, slot 4.
    assert units.say(2, False) == units.say(4, True) == "2 March 2027"


def test_what_is_begun_is_drawn_from_when_it_was_begun_and_is_not_dragged(stream, ada):
    one = task(stream, ada, status="in_progress", started_on=MONDAY)
    TaskDates.objects.create(task=one, starts_on=MONDAY + timedelta(days=7), ends_on=MONDAY + timedelta(days=9))
    text = page(ada, "/northwind/releases/R-1/plan/").content.decode()
    assert 'data-from="2027-03-01" data-drag=""' in text
