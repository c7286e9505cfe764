"""RL109: who answers customers is trained before customers have it; and what Home says is due."""

from datetime import date, timedelta

import pytest

from interlock.launch.models import Communication
from interlock.launch.rules import EnablementAfterLaunch
from interlock.organisation.models import Department, Person
from interlock.people.models import Audience
from interlock.releases.models import Release, ReleaseTemplate, Task, TaskDates, TaskLink, Workstream
from interlock.web.home import Home
from interlock.workspaces.errors import DomainError

pytestmark = pytest.mark.django_db
MONDAY, LAUNCH = date(2027, 3, 1), date(2027, 3, 19)
DAY = timedelta(days=1)


@pytest.fixture
def today():
    return MONDAY


@pytest.fixture(autouse=True)
def on_monday(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *_: MONDAY)


@pytest.fixture
def release(payments, ada):
    return Release.objects.add(product=payments, name="4.2", target_on=LAUNCH, by=ada)


@pytest.fixture
def stream(release, ada):
    support = Department.objects.add(name="Support", by=ada)
    return Workstream.objects.add(release=release, department=support, by=ada)


def dated(task, ends_on):
    TaskDates.objects.keep([TaskDates(task=task, starts_on=ends_on - 2 * DAY, ends_on=ends_on)])
    return task


@pytest.fixture
def training(stream, ada):
    task = Task.objects.add(workstream=stream, title="Train support", enablement=True, likely=3, by=ada)
    return dated(task, LAUNCH + 3 * DAY)


@pytest.fixture
def lesson(release, ada):
    support = Audience.objects.add(name="Support teams", kind="internal", faces_customers=True, by=ada)
    return Communication.objects.add(
        release=release, audience=support, message="What changes", channel="training", goes_out_on=LAUNCH, by=ada
    )


def test_training_after_the_launch_is_found(alignment, release, training):
    assert alignment.subjects(EnablementAfterLaunch) == [release]
    assert alignment.evidence(EnablementAfterLaunch) == (
        "Customers have R-1 on 19 March 2027 by plan. “Train support” of Support ends on 22 March 2027."
    )


def test_training_is_brought_forward(alignment, training, ada):
    training.change(not_before=LAUNCH, by=ada)
    alignment.finding(EnablementAfterLaunch).fix("bring_forward", task=training, deadline=LAUNCH - DAY, by=ada)
    training.refresh_from_db()
    assert (training.not_before, training.deadline) == (None, LAUNCH - DAY)
    dated(training, LAUNCH - DAY)
    training.change(title="Train all of support", by=ada)
    assert alignment.subjects(EnablementAfterLaunch) == []


def test_the_launch_waits_for_training(alignment, stream, training, ada):
    finding = alignment.finding(EnablementAfterLaunch)
    with pytest.raises(DomainError, match="no launch to wait"):
        finding.fix("wait_for", task=training, by=ada)
    launch = Task.objects.add(workstream=stream, title="Launch", kind="milestone", not_before=LAUNCH, by=ada)
    finding.fix("wait_for", task=training, by=ada)
    assert TaskLink.objects.get().task == launch
    dated(launch, LAUNCH + 3 * DAY)
    launch.change(title="Launch day", by=ada)
    assert alignment.subjects(EnablementAfterLaunch) == []


def test_a_lesson_after_the_launch_is_found_until_it_is_moved(alignment, lesson, release, ada):
    assert alignment.checked(EnablementAfterLaunch) == 1
    assert alignment.subjects(EnablementAfterLaunch) == []
    lesson.change(goes_out_on=LAUNCH + DAY, by=ada)
    assert "Support teams are trained (“What changes”) on 20 March 2027" in alignment.evidence(EnablementAfterLaunch)
    alignment.finding(EnablementAfterLaunch).fix("send_before", message=lesson, goes_out_on=MONDAY, by=ada)
    assert alignment.subjects(EnablementAfterLaunch) == []


@pytest.mark.parametrize(
    "other",
    [
        lambda training, by: training.change(enablement=False, by=by),
        lambda training, by: training.change(status="dropped", by=by),
        lambda training, by: training.archive(by=by),
        lambda training, by: training.workstream.release.change(status="cancelled", by=by),
    ],
    ids=["no enablement", "dropped", "archived", "cancelled"],
)
def test_what_trains_nobody_for_it_need_not_be_early(other, alignment, training, ada):
    other(training, by=ada)
    assert alignment.checked(EnablementAfterLaunch) == 0


def test_moving_the_target_leaves_more_time(alignment, training, ada):
    alignment.finding(EnablementAfterLaunch).fix("move_target", target_on=LAUNCH + 9 * DAY, by=ada)
    assert alignment.subjects(EnablementAfterLaunch) == []


def test_a_template_says_which_of_its_tasks_train(release, ada):
    Department.objects.add(name="Support", by=ada)
    plan = "Support:\n  - {id: train, title: Train, enablement: true, ends: 2}\n  - {id: help, title: Help, ends: 2}\n"
    template = ReleaseTemplate.objects.add(name="Ours", plan=plan, by=ada)
    made = template.start(release, by=ada)
    assert {task.title: task.enablement for task in made} == {"Train": True, "Help": False}


# --- Home ----------------------------------------------------------------------------------------------


@pytest.fixture
def mine(ada, olga, lesson, engineering):
    person = Person.objects.add(name="Dana", department=engineering, by=ada)
    person.link(ada, by=olga)
    return lesson.change(owner=person, goes_out_on=MONDAY, by=ada)


def test_home_says_what_is_due_from_whom_it_is(client, ada, ben, mine):
    client.force_login(ada.user)
    page = client.get("/northwind/").content.decode()
    assert "1 thing needs you now" in page
    assert "Support teams: What changes" in page
    assert Home(ben, today=MONDAY).needing == 0


@pytest.mark.parametrize(
    "over",
    [
        lambda mine, by: mine.send(on=MONDAY, by=by),
        lambda mine, by: mine.change(status="dropped", by=by),
        lambda mine, by: mine.change(goes_out_on=MONDAY + DAY, by=by),
        lambda mine, by: mine.release.change(status="cancelled", by=by),
    ],
    ids=["sent", "dropped", "not yet", "cancelled"],
)
def test_what_is_over_or_to_come_is_not_on_it(over, ada, mine):
    over(mine, by=ada)
    assert Home(ada, today=MONDAY).needing == 0
