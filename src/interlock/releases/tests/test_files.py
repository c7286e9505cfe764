"""A release's plan as files."""

import csv
import re
from datetime import date
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.test import Client
from icalendar import Calendar

from interlock.organisation.models import Department, Person
from interlock.releases.files import KINDS, picture, project
from interlock.releases.models import Release, Task, TaskDates, TaskLink, Workstream
from interlock.releases.plans import Plan
from tests.api import Caller

pytestmark = pytest.mark.django_db
TOKENS = Path(__file__).parents[4] / "frontend/src/css/tokens.css"


@pytest.fixture
def release(payments, ada):
    return Release.objects.add(product=payments, name="4.2 <b>", target_on=date(2027, 3, 19), by=ada)


@pytest.fixture
def tasks(release, engineering, ada):
    support = Department.objects.add(name="Support", holidays_of="DE", working_days=[1, 2, 3, 4], by=ada)
    owner = Person.objects.add(name="Dana", department=engineering, by=ada)
    build, help_ = (Workstream.objects.add(release=release, department=one, by=ada) for one in (engineering, support))
    made = Task.objects.add_many(
        [
            {"workstream": build, "title": "=Build & review", "likely": 5, "optimistic": 4, "pessimistic": "9.5"},
            {"workstream": help_, "title": "Help articles", "likely": 3, "not_before": date(2027, 3, 8)},
            {"workstream": help_, "title": "Launch", "kind": "milestone", "fixed_on": date(2027, 3, 19)},
            {"workstream": help_, "title": "Dropped", "status": "dropped"},
        ],
        by=ada,
    )
    made[0].change(owner=owner, people=2, by=ada)
    for task, first, last in zip(made[:3], (1, 8, 19), (5, 11, 19), strict=True):
        TaskDates.objects.create(task=task, starts_on=date(2027, 3, first), ends_on=date(2027, 3, last))
    TaskLink.objects.add(task=made[1], predecessor=made[0], kind="ss", lag_days=-2, by=ada)
    TaskLink.objects.add(task=made[2], predecessor=made[1], by=ada)
    return made


@pytest.fixture
def plan(release, tasks, ada):
    return Plan.of(release, by=ada)


def fetched(member, release, ending):
    client = Client()
    client.force_login(member.user)
    return client.get(f"/northwind/releases/{release.key}/plan/{ending}/")


@pytest.mark.parametrize("ending", KINDS)
def test_page_and_api_give_the_same_file(ending, release, tasks, ada):
    page, api = fetched(ada, release, ending), Caller(ada).get(f"releases/{release.key}/plan/{ending}")
    assert page.status_code == api.status_code == 200
    assert page["Content-Disposition"] == f'attachment; filename="42-b-plan.{ending}"'
    assert page["Content-Type"].startswith(KINDS[ending].content_type)
    assert page.getvalue() == api.getvalue()


@pytest.mark.parametrize("ending", KINDS)
def test_guests_get_no_plan(ending, release, tasks, gus):
    assert fetched(gus, release, ending).status_code == 404


def test_the_page_offers_each(release, tasks, ada):
    client = Client()
    client.force_login(ada.user)
    shown = client.get(f"/northwind/releases/{release.key}/plan/?zoom=days").content.decode()
    for ending in KINDS:
        assert f"/plan/{ending}/?zoom=days" in shown


# --- pictures --------------------------------------------------------------------------------------


def test_the_picture_is_whole_by_itself(plan):
    drawn = picture.svg(plan, today=date(2027, 3, 3), site="https://plan.example.com")
    root = ElementTree.fromstring(drawn)
    text = " ".join(root.itertext())
    assert "Plan of 4.2 <b>" in text
    assert "=Build & review" in text
    assert "Help articles" in text
    assert "Dropped" not in text
    assert 'href="https://plan.example.com/northwind/tasks/' in drawn
    # Nothing is fetched, nothing is run, and every colour is written out.
    assert not re.search(r"<script|@import|url\(|var\(|color-mix|light-dark", drawn)


def test_its_colours_are_those_of_the_pages():
    tokens = TOKENS.read_text()
    for number, colour in enumerate(picture.DEPARTMENTS, start=1):
        assert f'[data-colour="{number}"] {{ --c: {colour}; }}' in tokens
    named = {"surface": "SURFACE", "ink": "INK", "ink-2": "INK_2", "ink-3": "INK_3", "line": "LINE", "bad": "BAD"}
    for token, name in {**named, "accent": "ACCENT"}.items():
        assert f"--{token}: light-dark({getattr(picture, name)}," in tokens


def test_what_is_large_is_drawn_less_sharply(plan):
    small = picture.png(picture.svg(plan, today=date(2027, 3, 3)))
    assert small.startswith(b"\x89PNG")
    wide = '<svg xmlns="http://www.w3.org/2000/svg" width="20000.0" height="100.0" viewBox="0 0 20000 100"></svg>'
    assert int.from_bytes(picture.png(wide)[16:20], "big") == picture.LONGEST_SIDE


def test_a_plan_without_a_task_is_a_picture_too(release, ada):
    assert "Plan of" in picture.svg(Plan.of(release, by=ada), today=date(2027, 3, 3))


# --- table and calendar ----------------------------------------------------------------------------


def test_the_table_tells_of_each_task_what_it_waits_for(release, tasks, ada):
    text = fetched(ada, release, "csv").getvalue().decode("utf-8-sig")
    rows = {row["title"]: row for row in csv.DictReader(StringIO(text))}
    assert rows["'=Build & review"]["owner"] == "Dana"
    assert rows["'=Build & review"]["pessimistic days"] == "9.5"
    assert rows["Help articles"]["waits for"] == f"{tasks[0].key} SS − 2 days"
    assert rows["Launch"]["waits for"] == tasks[1].key
    assert (rows["Help articles"]["starts"], rows["Help articles"]["ends"]) == ("2027-03-08", "2027-03-11")


def test_the_calendar_holds_tasks_and_milestones(release, tasks, ada):
    events = Calendar.from_ical(fetched(ada, release, "ics").content).walk("vevent")
    assert [str(one["summary"]) for one in events] == [
        "=Build & review (4.2 <b>)",
        "Help articles (4.2 <b>)",
        "Launch (4.2 <b>)",
    ]


# --- Microsoft Project -------------------------------------------------------------------------------


@pytest.fixture
def written(plan):
    return ElementTree.fromstring(project.written(plan))


def told(element, name):
    found = element.find(f"{{{project.NAMESPACE}}}{name}")
    return None if found is None else found.text


def all_of(root, name):
    return list(root.iter(f"{{{project.NAMESPACE}}}{name}"))


def test_departments_are_summary_tasks_with_their_tasks_below(written):
    outline = [(told(one, "OutlineNumber"), told(one, "Name"), told(one, "Summary")) for one in all_of(written, "Task")]
    assert outline == [
        ("1", "Engineering", "1"),
        ("1.1", "=Build & review", "0"),
        ("2", "Support", "1"),
        ("2.1", "Help articles", "0"),
        ("2.2", "Launch", "0"),
    ]


def test_estimates_are_durations_and_dates_are_constraints(written):
    tasks = {told(one, "Name"): one for one in all_of(written, "Task")}
    assert told(tasks["=Build & review"], "Duration") == "PT40H0M0S"
    extended = {
        told(one, "FieldID"): told(one, "Value") for one in all_of(tasks["=Build & review"], "ExtendedAttribute")
    }
    assert extended[project.OPTIMISTIC] == "PT32H0M0S"
    assert extended[project.PESSIMISTIC] == "PT76H0M0S"
    help_, launch = tasks["Help articles"], tasks["Launch"]
    assert (told(help_, "ConstraintType"), told(help_, "ConstraintDate")) == ("4", "2027-03-08T08:00:00")
    assert (told(launch, "ConstraintType"), told(launch, "ConstraintDate")) == ("2", "2027-03-19T17:00:00")
    assert (told(launch, "Duration"), told(launch, "Milestone")) == ("PT0H0M0S", "1")


def test_links_keep_kind_and_lag(written, tasks):
    links = [
        (told(one, "PredecessorUID"), told(one, "Type"), told(one, "LinkLag"), told(one, "LagFormat"))
        for one in all_of(written, "PredecessorLink")
    ]
    # Two elapsed days are 2 × 24 × 60 × 10 tenths of a minute.
    assert links == [(str(tasks[0].number), "3", "-28800", "8"), (str(tasks[1].number), "1", "0", "8")]


def test_calendars_hold_the_week_and_the_holidays_of_each_department(written):
    calendars = {told(one, "Name"): one for one in all_of(written, "Calendar")}
    worked = [told(day, "DayWorking") for day in all_of(calendars["Support"], "WeekDay")]
    # From Sunday on.
    assert worked == ["0", "1", "1", "1", "1", "0", "0"]
    free = {told(period, "FromDate")[:10] for period in all_of(calendars["Support"], "TimePeriod")}
    # Easter Monday; Good Friday is no day of work of theirs.
    assert "2027-03-29" in free
    assert "2027-03-26" not in free


def test_owners_and_departments_are_assigned(written):
    names = {told(one, "UID"): told(one, "Name") for one in all_of(written, "Resource")}
    titles = {told(one, "UID"): told(one, "Name") for one in all_of(written, "Task")}
    assigned = [
        (titles[told(one, "TaskUID")], names[told(one, "ResourceUID")], told(one, "Units"))
        for one in all_of(written, "Assignment")
    ]
    assert assigned == [
        ("=Build & review", "Dana", "1"),
        ("=Build & review", "Engineering", "1"),
        ("Help articles", "Support", "1"),
    ]
