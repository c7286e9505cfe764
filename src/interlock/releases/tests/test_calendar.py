"""Tasks as events of a calendar."""

from datetime import date

import pytest
from icalendar import Calendar

from interlock.releases import calendar
from interlock.releases.models import Release, Task, TaskDates, Workstream

pytestmark = pytest.mark.django_db
SITE = "https://plan.example.com"


@pytest.fixture
def stream(payments, engineering, ada):
    release = Release.objects.add(product=payments, name="4.2", target_on="2027-03-19", by=ada)
    return Workstream.objects.add(release=release, department=engineering, by=ada)


def test_a_task_is_an_event_of_whole_days_until_the_day_after_its_last(stream, ada):
    task = Task.objects.add(workstream=stream, title="Build; and, review", likely=3, by=ada)
    TaskDates.objects.create(task=task, starts_on=date(2027, 3, 3), ends_on=date(2027, 3, 5))
    Task.objects.add(workstream=stream, title="Without dates", by=ada)
    file = calendar.written("4.2", calendar.of_tasks(Task.objects.select_related("dates"), site=SITE))
    [event] = Calendar.from_ical(file).walk("vevent")
    assert event["summary"] == "Build; and, review (4.2)"
    assert (event["dtstart"].dt, event["dtend"].dt) == (date(2027, 3, 3), date(2027, 3, 6))
    assert event["uid"] == f"{task.key.lower()}.northwind@plan.example.com"
    assert event["url"] == f"{SITE}/northwind/tasks/{task.key}/"
    assert event["transp"] == "TRANSPARENT"


def test_a_change_raises_the_sequence_and_keeps_the_uid(stream, ada):
    task = Task.objects.add(workstream=stream, title="Launch", kind="milestone", fixed_on=date(2027, 3, 19), by=ada)
    before = calendar.of_task(task, site=SITE)
    task.change(fixed_on=date(2027, 3, 22), by=ada)
    after = calendar.of_task(task, site=SITE)
    assert (before["uid"], before["sequence"], before["dtstart"].dt) == (after["uid"], 0, date(2027, 3, 19))
    assert (after["sequence"], after["dtstart"].dt) == (1, date(2027, 3, 22))
