"""The dates that were agreed, and how far the plan has moved since."""

from datetime import date, timedelta

import pytest
from django.test import Client

from interlock.releases.drawing import Drawing
from interlock.releases.models import PlanBaseline, Release, Task, TaskDates, Workstream
from interlock.releases.plans import Plan
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import AuditEvent
from tests.api import Caller

pytestmark = pytest.mark.django_db
FRIDAY = date(2027, 3, 5)


@pytest.fixture
def release(payments, ada):
    return Release.objects.add(product=payments, name="4.2", target_on=date(2027, 3, 19), by=ada)


@pytest.fixture
def stream(release, engineering, ada):
    return Workstream.objects.add(release=release, department=engineering, by=ada)


@pytest.fixture
def build(stream, ada):
    task = Task.objects.add(workstream=stream, title="Build", likely=3, by=ada)
    TaskDates.objects.create(task=task, starts_on=date(2027, 3, 3), ends_on=FRIDAY)
    return task


def put_off(task, days):
    TaskDates.objects.filter(task=task).update(ends_on=FRIDAY + timedelta(days=days))


def page(member, release):
    client = Client()
    client.force_login(member.user)
    return client.get(release.plan_url).content.decode()


def test_the_newest_baseline_counts_and_says_who_kept_it(release, build, ada):
    PlanBaseline.objects.keep(release, by=ada)
    put_off(build, 3)
    kept = PlanBaseline.objects.keep(release, by=ada)
    plan = Plan.of(release, by=ada)
    assert (plan.baseline, plan.baseline.kept_by) == (kept, ada)
    assert plan.agreed == {build.key: (date(2027, 3, 3), FRIDAY + timedelta(days=3))}
    assert AuditEvent.objects.about(release).filter(verb="kept a baseline").count() == 2


@pytest.mark.parametrize(("days", "says"), [(3, "3 days later"), (-1, "1 day earlier"), (0, "as agreed")])
def test_the_table_says_in_words_how_far_a_task_has_moved(days, says, release, stream, build, ada):
    PlanBaseline.objects.keep(release, by=ada)
    put_off(build, days)
    Task.objects.add(workstream=stream, title="Test", by=ada)
    shown = page(ada, release)
    assert says in shown
    assert "new since" in shown


def test_it_is_drawn_below_the_bar_where_it_stood(release, build, ada):
    plan = Plan.of(release, by=ada)
    assert "agreed" not in Drawing.of(plan, zoom="days", today=FRIDAY, editable=False).days()
    PlanBaseline.objects.keep(release, by=ada)
    put_off(build, 7)
    drawn = Drawing.of(Plan.of(release, by=ada), zoom="days", today=FRIDAY, editable=False)
    left, right = drawn.axis.x(date(2027, 3, 3)), drawn.axis.x(FRIDAY + timedelta(days=1))
    assert f'class="agreed" d="M{left} ' in drawn.days()
    assert f"H{right}" in drawn.days()
    assert "7 days later than agreed" in drawn.days()


def test_it_is_kept_from_the_page_and_taken_back(release, build, ada):
    client = Client()
    client.force_login(ada.user)
    assert client.post(f"{release.plan_url}baseline/").status_code == 302
    kept = PlanBaseline.objects.get()
    shown = client.get(release.plan_url).content.decode()
    assert "Kept the dates of 1 tasks" not in shown
    assert "Kept the dates of 1 task as baseline." in shown
    undo = f"{release.plan_url}baseline/{kept.pk}/undo/"
    assert undo in shown
    assert client.post(undo).status_code == 302
    assert not PlanBaseline.objects.exists()
    assert client.post(undo).status_code == 404


def test_a_plan_without_dates_has_none_to_keep(release, stream, ada):
    with pytest.raises(DomainError, match="No task has dates yet"):
        PlanBaseline.objects.keep(release, by=ada)


def test_the_api_reads_keeps_and_takes_it_back(release, build, ada):
    caller, at = Caller(ada), f"releases/{release.key}/plan/baseline"
    assert caller.get(at).status_code == 404
    assert caller.post(at).status_code == 201
    [told] = caller.get(at).json()["dates"]
    assert told == {"task": build.key, "starts_on": "2027-03-03", "ends_on": "2027-03-05"}
    assert caller.delete(at).status_code == 204
    assert caller.get(at).status_code == 404


@pytest.mark.parametrize(("who", "status"), [("ben", 403), ("gus", 404), ("cleo", 404)])
def test_who_may_not_keep_cannot(who, status, release, build, request):
    client = Client()
    client.force_login(request.getfixturevalue(who).user)
    assert client.post(f"{release.plan_url}baseline/").status_code == status
    assert not PlanBaseline.objects.exists()
