"""Days on which nothing may launch, and what the plan makes of them."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from interlock.organisation.models import Department, Product
from interlock.releases import scheduling
from interlock.releases.launches import launches
from interlock.releases.models import FreezeWindow, PlanRun, Release, Task, TaskDates, Workstream
from interlock.workspaces.errors import DomainError
from tests.api import Caller

pytestmark = pytest.mark.django_db

MONDAY = date(2027, 3, 1)
DAY = timedelta(days=1)


@pytest.fixture
def release(payments, ada):
    return Release.objects.add(product=payments, name="4.2", target_on=MONDAY + 10 * DAY, by=ada)


@pytest.fixture
def stream(release, engineering, ada):
    return Workstream.objects.add(release=release, department=engineering, by=ada)


@pytest.fixture
def launch(stream, release, ada):
    day = release.target_on
    fields = {"kind": "milestone", "not_before": day, "deadline": day}
    return Task.objects.add(workstream=stream, title="Launch", by=ada, **fields)


def freeze(by, first, last, **fields):
    return FreezeWindow.objects.add(name="Quarter end", starts_on=first, ends_on=last, by=by, **fields)


def earliest(release):
    problem = scheduling.gather(release.workspace, today=MONDAY).problem
    return {one.name: MONDAY + (one.earliest - 1) // 2 * DAY for one in problem.tasks}


# --- what makes sense ----------------------------------------------------------------------------------


def test_it_ends_after_it_starts_and_within_a_year(ada):
    with pytest.raises(DomainError, match="ends before it starts"):
        freeze(ada, MONDAY, MONDAY - DAY)
    with pytest.raises(DomainError, match="a year long at most"):
        freeze(ada, MONDAY, MONDAY + 366 * DAY)
    assert freeze(ada, MONDAY, MONDAY).days == "1 March 2027"


def test_a_freeze_of_a_restricted_product_is_seen_by_those_who_see_it(ada, olga, release):
    secret = Product.objects.add(name="Foresight", restricted=True, by=olga)
    hidden, shown = freeze(olga, MONDAY, MONDAY, product=secret), freeze(ada, MONDAY, MONDAY)
    assert list(FreezeWindow.objects.visible_to(ada)) == [shown]
    assert set(FreezeWindow.objects.visible_to(olga)) == {hidden, shown}


# --- the plan ------------------------------------------------------------------------------------------


def test_a_launch_that_is_due_in_a_freeze_waits_until_it_is_over(launch, release, ada):
    day = release.target_on
    assert earliest(release) == {"Launch": day}
    freeze(ada, day - DAY, day + DAY)
    # One freeze behind the other: it waits for both.
    freeze(ada, day + 2 * DAY, day + 3 * DAY)
    assert earliest(release) == {"Launch": day + 4 * DAY}


def test_a_launch_that_is_fixed_stays_where_it_is(stream, release, ada):
    day = release.target_on
    Task.objects.add(workstream=stream, title="Launch", kind="milestone", fixed_on=day, deadline=day, by=ada)
    freeze(ada, day, day)
    [task] = scheduling.gather(release.workspace, today=MONDAY).problem.tasks
    assert MONDAY + (task.fixed - 1) // 2 * DAY == day


def test_a_freeze_holds_for_its_product_and_where_its_departments_take_part(launch, release, ada):
    day = release.target_on
    freeze(ada, day, day, product=Product.objects.add(name="Invoicing", by=ada))
    freeze(ada, day, day, departments=[Department.objects.add(name="Sales", by=ada)])
    assert earliest(release) == {"Launch": day}
    freeze(ada, day, day, departments=[launch.workstream.department])
    assert earliest(release) == {"Launch": day + DAY}


def test_where_work_stops_the_department_rests(stream, release, payments, ada):
    invoicing = Product.objects.add(name="Invoicing", by=ada)
    other = Release.objects.add(product=invoicing, name="Invoicing 5", target_on=MONDAY + 30 * DAY, by=ada)
    theirs = Workstream.objects.add(release=other, department=stream.department, by=ada)
    Task.objects.add_many(
        [{"workstream": one, "title": f"{one.release}", "likely": 1} for one in (stream, theirs)], by=ada
    )
    freeze(ada, MONDAY, MONDAY)
    freeze(ada, MONDAY + DAY, MONDAY + DAY, stops_work=True)
    freeze(ada, MONDAY + 2 * DAY, MONDAY + 2 * DAY, stops_work=True, product=payments)
    freeze(
        ada, MONDAY + 3 * DAY, MONDAY + 3 * DAY, stops_work=True, departments=[Department.objects.add(name="X", by=ada)]
    )
    problem = scheduling.gather(stream.workspace, today=MONDAY).problem
    closed = {one.name: sorted({slot // 2 for slot in problem.calendars[one.calendar].closed}) for one in problem.tasks}
    assert closed == {"4.2": [1, 2], "Invoicing 5": [1]}


def test_a_freeze_has_the_plan_computed_anew(stream, release, ada):
    Task.objects.add(workstream=stream, title="Build", likely=1, by=ada)
    wanted = PlanRun.objects.get().wanted
    window = freeze(ada, MONDAY, MONDAY)
    window.archive(by=ada)
    assert PlanRun.objects.get().wanted == wanted + 2


# --- launches ------------------------------------------------------------------------------------------


def test_a_launch_is_the_target_and_where_it_differs_the_day_that_the_plan_has(launch, release, ada):
    TaskDates.objects.create(task=launch, starts_on=release.target_on, ends_on=release.target_on)
    assert [(one.day, one.asked) for one in launches(ada, today=MONDAY)] == [(release.target_on, True)]
    TaskDates.objects.update(ends_on=release.target_on + 3 * DAY)
    days = [(release.target_on, True), (release.target_on + 3 * DAY, False)]
    assert [(one.day, one.asked) for one in launches(ada, today=MONDAY)] == days
    release.change(target_precision="month", by=ada)
    assert [(one.day, one.asked) for one in launches(ada, today=MONDAY)] == days[1:]


def test_a_launch_on_a_day_off_names_who_does_not_work(launch, release, ada):
    release.change(target_on=MONDAY + 6 * DAY, by=ada)
    [one] = launches(ada, today=MONDAY)
    assert [department.name for department in one.off_work] == ["Engineering"]
    release.change(target_on=MONDAY + 7 * DAY, by=ada)
    [one] = launches(ada, today=MONDAY)
    assert one.off_work == []


# --- doors ---------------------------------------------------------------------------------------------


def test_the_pages_say_which_launches_lie_in_it(client, release, stream, ada):
    today = timezone.localdate()
    release.change(target_on=today + 5 * DAY, by=ada)
    client.force_login(ada.user)
    answer = client.post(
        "/northwind/freeze-windows/new/",
        {"name": "Migration", "starts_on": today, "ends_on": today + 9 * DAY, "stops_work": "on"},
    )
    window = FreezeWindow.objects.get()
    assert answer["Location"] == f"/northwind/freeze-windows/{window.key}/"
    assert "1 launch lies in Migration" in client.get(answer["Location"]).content.decode()
    listed = client.get("/northwind/freeze-windows/").content.decode()
    assert "1 launch lies in a freeze" in listed
    assert release.get_absolute_url() in listed


def test_over_the_api_it_says_whose_it_is(payments, engineering, ada):
    caller = Caller(ada)
    given = {
        "name": "Migration",
        "starts_on": "2027-03-01",
        "ends_on": "2027-03-05",
        "product": payments.key,
        "departments": [engineering.key],
        "stops_work": True,
    }
    answer = caller.client.post("/api/v1/workspaces/northwind/freeze-windows", given, content_type="application/json")
    assert answer.status_code == 201
    told = answer.json()
    assert [one["key"] for one in told["departments"]] == [engineering.key]
    listed = caller.client.get(f"/api/v1/workspaces/northwind/freeze-windows?departments={engineering.key}").json()
    assert [one["key"] for one in listed["items"]] == [told["key"]]
