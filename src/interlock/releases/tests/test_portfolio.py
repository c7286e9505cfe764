"""All releases together: what they ask of each department, and where they collide."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.utils import timezone

from interlock.organisation.models import Absence, Department, Person, Product
from interlock.people.models import Audience
from interlock.releases.loads import Load
from interlock.releases.models import FreezeWindow, Release, Task, TaskDates, Workstream
from interlock.releases.portfolio import Portfolio, Span
from interlock.releases.rules import OverloadedDepartment
from tests.api import Caller

pytestmark = pytest.mark.django_db

MONDAY = date(2027, 3, 1)
DAY = timedelta(days=1)
FRIDAY = MONDAY + 4 * DAY


@pytest.fixture
def today():
    return MONDAY


@pytest.fixture
def release(payments, ada):
    return Release.objects.add(product=payments, name="4.2", target_on=MONDAY + 16 * DAY, by=ada)


@pytest.fixture
def stream(release, engineering, ada):
    engineering.change(capacity=2, by=ada)
    return Workstream.objects.add(release=release, department=engineering, by=ada)


def task(stream, by, title, first, last, **fields):
    """Of whole days, with the dates that the plan has for it."""
    days = sum((first + n * DAY).weekday() < 5 for n in range((last - first).days + 1))
    made = Task.objects.add(workstream=stream, title=title, by=by, **{"likely": days, **fields})
    TaskDates.objects.create(task=made, starts_on=first, ends_on=last)
    return made


def load(workspace, *, asked=False, today=MONDAY, weeks=3):
    """Department → per cent in each week."""
    found = Load.of(workspace, today=today, weeks=weeks, asked=asked)
    return {department.name: [cell.percent for cell in cells] for department, cells in found.rows}


# --- the load ------------------------------------------------------------------------------------------


def test_work_is_held_against_what_the_people_can_do(stream, ada):
    # Two people of two for a week, and one of two for the week after.
    task(stream, ada, "Build", MONDAY, FRIDAY, people=2)
    task(stream, ada, "Polish", MONDAY + 7 * DAY, FRIDAY + 7 * DAY)
    assert load(stream.workspace) == {"Engineering": [100, 50, 0]}
    [(_, cells)] = Load.of(stream.workspace, today=MONDAY, weeks=3).rows
    assert [cell.says for cell in cells] == ["2 people, 100% loaded", "2 people, 50% loaded", "2 people, 0% loaded"]


def test_who_is_away_and_days_off_leave_less_time(stream, engineering, dana, ada):
    task(stream, ada, "Build", MONDAY, FRIDAY)
    engineering.change(capacity=None, by=ada)
    Person.objects.add(name="Chen Wei", department=engineering, by=ada)
    assert load(stream.workspace) == {"Engineering": [50, 0, 0]}
    Absence.objects.add(person=dana, starts_on=MONDAY, ends_on=FRIDAY, by=ada)
    assert load(stream.workspace) == {"Engineering": [100, 0, 0]}


def test_where_a_freeze_stops_work_nobody_has_time(stream, ada):
    task(stream, ada, "Build", MONDAY, FRIDAY)
    FreezeWindow.objects.add(name="Move", starts_on=MONDAY, ends_on=FRIDAY, stops_work=True, by=ada)
    [(_, [cell, *_])] = Load.of(stream.workspace, today=MONDAY, weeks=3).rows
    assert (cell.percent, cell.says) == (None, "nobody is there for 5 days of work")


def test_a_week_that_has_begun_counts_from_today_on(stream, ada):
    task(stream, ada, "Build", MONDAY, FRIDAY, status="in_progress", remaining=2, started_on=MONDAY)
    # Two days of two people are left of Thursday and Friday, and one person works on it.
    assert load(stream.workspace, today=MONDAY + 3 * DAY) == {"Engineering": [50, 0, 0]}


def test_half_days_are_not_counted_as_whole_ones(stream, engineering, ada):
    engineering.change(capacity=1, by=ada)
    task(stream, ada, "In the morning", MONDAY, MONDAY, likely="0.5")
    task(stream, ada, "After it", MONDAY, MONDAY, likely="0.5")
    [(_, [cell, *_])] = Load.of(stream.workspace, today=MONDAY, weeks=1).rows
    assert cell.needed == 1


def test_of_a_department_of_which_nobody_is_known_nothing_is_told(stream, engineering, ada):
    engineering.change(capacity=None, by=ada)
    task(stream, ada, "Build", MONDAY, FRIDAY)
    found = Load.of(stream.workspace, today=MONDAY, weeks=3)
    assert (list(found.rows), list(found.unknown)) == ([], [engineering])


def test_as_asked_what_is_planned_too_late_stands_where_it_was_asked_for(stream, ada):
    task(stream, ada, "Build", MONDAY, FRIDAY, people=2, deadline=FRIDAY)
    task(stream, ada, "Migrate", MONDAY + 7 * DAY, FRIDAY + 7 * DAY, people=2, deadline=FRIDAY)
    assert load(stream.workspace) == {"Engineering": [100, 100, 0]}
    assert load(stream.workspace, asked=True) == {"Engineering": [200, 0, 0]}


def test_as_asked_what_keeps_its_date_stays_where_the_plan_has_it(stream, ada):
    late = FRIDAY + 7 * DAY
    task(stream, ada, "Build", MONDAY, FRIDAY, people=2, deadline=late)
    task(stream, ada, "Migrate", MONDAY + 7 * DAY, late, people=2, deadline=late)
    assert load(stream.workspace, asked=True) == load(stream.workspace)


def test_without_a_deadline_the_target_is_what_was_asked_for(stream, release, ada):
    release.change(target_on=FRIDAY, by=ada)
    task(stream, ada, "Build", MONDAY + 7 * DAY, FRIDAY + 7 * DAY)
    after = task(stream, ada, "Review", MONDAY + 14 * DAY, FRIDAY + 14 * DAY, not_before=MONDAY + 14 * DAY)
    assert load(stream.workspace, asked=True) == {"Engineering": [50, 0, 50]}
    after.change(fixed_on=MONDAY + 14 * DAY, not_before=None, by=ada)
    assert load(stream.workspace, asked=True) == {"Engineering": [50, 0, 50]}


def test_what_should_be_done_already_takes_its_days_from_today_on(stream, ada):
    task(stream, ada, "Build", MONDAY, FRIDAY + 7 * DAY, deadline=MONDAY - 3 * DAY)
    assert load(stream.workspace, asked=True) == {"Engineering": [50, 50, 0]}


# --- collisions ----------------------------------------------------------------------------------------


def collisions(member, span=Span.QUARTER):
    return [(one.kind, one.says) for one in Portfolio.of(member, span=span, today=MONDAY).collisions]


def test_two_launches_of_a_product_in_one_week_collide(release, payments, ada):
    other = Release.objects.add(product=payments, name="4.3", target_on=release.target_on + DAY, by=ada)
    assert collisions(ada) == [
        (
            "launches",
            "4.2 and 4.3 launch in the week of 15 March 2027, both to users of Payments.",
        )
    ]
    other.change(target_on=release.target_on + 7 * DAY, by=ada)
    assert collisions(ada) == []


def test_launches_to_one_audience_in_one_week_collide_whatever_the_product(release, payments, ada):
    invoicing = Product.objects.add(name="Invoicing", by=ada)
    other = Release.objects.add(product=invoicing, name="Invoicing 5", target_on=release.target_on - DAY, by=ada)
    partners, press = (Audience.objects.add(name=name, by=ada) for name in ("Partners", "Press"))
    release.affect([partners, press], by=ada)
    assert collisions(ada) == []
    other.affect([partners, press], by=ada)
    assert collisions(ada) == [
        ("launches", "Invoicing 5 and 4.2 launch in the week of 15 March 2027, both to Partners and Press.")
    ]
    # Of one product, to different people.
    Release.objects.add(product=payments, name="4.3", target_on=release.target_on, by=ada)
    partners.archive(by=ada)
    assert [says for _, says in collisions(ada)] == [
        "Invoicing 5 and 4.2 launch in the week of 15 March 2027, both to Press."
    ]


def test_a_launch_in_a_freeze_and_on_a_day_off_collides(stream, release, ada):
    release.change(target_on=MONDAY + 6 * DAY, by=ada)
    FreezeWindow.objects.add(name="Move", starts_on=MONDAY, ends_on=MONDAY + 6 * DAY, by=ada)
    assert collisions(ada) == [
        ("day off", "4.2 is to launch on 7 March 2027, a Sunday on which Engineering does not work."),
        ("freeze", "4.2 is to launch on 7 March 2027, in Move: 1 March to 7 March 2027."),
    ]


def test_overloaded_weeks_that_follow_each_other_are_one_collision(stream, ada):
    for n in range(2):
        first, last = MONDAY + 7 * n * DAY, FRIDAY + 7 * n * DAY
        task(stream, ada, f"Build {n}", first, last, people=2, deadline=last)
        task(stream, ada, f"Migrate {n}", first + 28 * DAY, last + 28 * DAY, people=1 + n, deadline=last)
    assert collisions(ada) == [
        (
            "load",
            "Engineering is asked for 200% of what it can do in 2 weeks from 1 March 2027 on, most in that of 8 March: "
            "for 4.2.",
        )
    ]


@pytest.fixture
def secret(engineering, ada, olga):
    """A release of a product that Ada does not see, for which Engineering works."""
    product = Product.objects.add(name="Foresight", restricted=True, by=olga)
    hidden = Release.objects.add(product=product, name="Foresight 1.0", target_on=MONDAY + 16 * DAY, by=olga)
    stream = Workstream.objects.add(release=hidden, department=engineering, by=olga)
    task(stream, olga, "Secret work", MONDAY, FRIDAY, people=2)
    return hidden


def test_releases_that_one_does_not_see_count_and_are_not_named(client, stream, secret, ada, monkeypatch):
    monkeypatch.setattr(timezone, "localdate", lambda *_: MONDAY)
    task(stream, ada, "Build", MONDAY, FRIDAY, people=1)
    client.force_login(ada.user)
    page = client.get("/northwind/portfolio/").content.decode()
    assert "2 people, 150% loaded" in page
    assert "Foresight" not in page
    cell = client.get(f"/northwind/portfolio/departments/{stream.department.key}/2027-03-01/").content.decode()
    assert "10 days more are for releases of products that are not open to you" in cell
    assert "Secret" not in cell
    assert "Foresight" not in cell
    assert "Build" in cell
    lines = client.get("/northwind/portfolio/?format=csv").getvalue().decode("utf-8-sig")
    first = next(csv.DictReader(io.StringIO(lines)))
    assert (first["department"], first["week"], first["percent"]) == ("Engineering", "2027-03-01", "150")
    assert first["releases"] == "4.2"
    told = Caller(ada).client.get(f"/api/v1/workspaces/northwind/departments/{stream.department.key}/load").json()
    assert [(one["release"] and one["release"]["name"], one["days"]) for one in told["weeks"][0]["releases"]] == [
        ("4.2", 5),
        (None, 10),
    ]


def test_the_portfolio_is_not_for_guests_and_a_week_that_is_none_is_not_there(client, gus, ada, engineering):
    client.force_login(gus.user)
    assert client.get("/northwind/portfolio/").status_code == 404
    client.force_login(ada.user)
    assert client.get("/northwind/portfolio/").status_code == 200
    for week in ("2020-01-06", "soon"):
        assert client.get(f"/northwind/portfolio/departments/{engineering.key}/{week}/").status_code == 404


def test_the_command_palette_leads_there(client, ada):
    client.force_login(ada.user)
    assert "/northwind/portfolio/" in client.get("/northwind/palette/?q=portf").content.decode()


def test_a_lane_of_a_plan_says_how_loaded_its_people_are(client, stream, release, ada, monkeypatch):
    monkeypatch.setattr(timezone, "localdate", lambda *_: MONDAY)
    task(stream, ada, "Build", MONDAY, FRIDAY, people=1)
    client.force_login(ada.user)
    assert "2 people · 50% loaded" in client.get(f"{release.plan_url}lanes/").content.decode()
    assert f'hx-get="{release.plan_url}lanes/' in client.get(release.plan_url).content.decode()


# --- RL106 ---------------------------------------------------------------------------------------------


@pytest.fixture
def overloaded(stream, ada):
    """In two weeks, twice what Engineering can do is asked of it."""
    for n in range(2):
        first, last = MONDAY + 7 * n * DAY, FRIDAY + 7 * n * DAY
        task(stream, ada, f"Build {n}", first, last, people=2, deadline=last)
        task(stream, ada, f"Migrate {n}", first + 14 * DAY, last + 14 * DAY, people=2, deadline=last)
    return stream.department


def test_a_department_that_is_asked_for_too_much_is_found_with_weeks_and_releases(alignment, overloaded, release):
    alignment.check()
    assert alignment.subjects(OverloadedDepartment) == [overloaded]
    finding = alignment.finding(OverloadedDepartment)
    assert finding.says == "Engineering is asked for more than it can do in 2 weeks of the next quarter"
    assert finding.evidence == (
        "As the dates were asked for: 2 people, 200% loaded in the week of 1 March 2027, "
        "2 people, 200% loaded in the week of 8 March 2027. It is for 4.2."
    )


def test_one_week_is_no_finding_and_nor_is_a_plan_that_keeps_its_dates(alignment, overloaded, ada):
    Task.objects.get(title="Migrate 1").change(deadline=FRIDAY + 21 * DAY, by=ada)
    alignment.check()
    assert alignment.checked(OverloadedDepartment) == 1
    assert alignment.subjects(OverloadedDepartment) == []


def test_it_ends_with_more_people_with_less_work_or_with_other_dates(alignment, overloaded, release, ada):
    alignment.check()
    finding = alignment.finding(OverloadedDepartment)
    finding.fix("raise_capacity", capacity=4, by=ada)
    assert alignment.subjects(OverloadedDepartment) == []
    overloaded.change(capacity=2, by=ada)
    assert alignment.subjects(OverloadedDepartment) == [overloaded]
    finding = alignment.finding(OverloadedDepartment)
    finding.fix("drop_task", task=Task.objects.get(title="Migrate 0"), by=ada)
    assert alignment.subjects(OverloadedDepartment) == []
    alignment.agrees_with_itself()


def test_a_restricted_release_counts_and_is_not_named(alignment, stream, secret, olga, ada):
    for n in range(2):
        last = FRIDAY + 7 * n * DAY
        task(stream, ada, f"Build {n}", MONDAY + 21 * DAY, MONDAY + 21 * DAY, likely=5, people=2, deadline=last)
    theirs = Workstream.objects.get(release=secret)
    task(theirs, olga, "More", MONDAY + 7 * DAY, FRIDAY + 7 * DAY, people=2)
    alignment.check()
    finding = alignment.finding(OverloadedDepartment)
    assert finding.evidence.endswith("It is for 4.2, 1 more.")
    assert list(finding.subjects.values_list("title", flat=True)) == ["Engineering", "4.2"]


def test_of_whom_nobody_is_known_is_not_checked(alignment, overloaded, ada):
    overloaded.change(capacity=None, by=ada)
    alignment.check()
    assert alignment.checked(OverloadedDepartment) == 0


def test_a_department_is_as_many_as_belong_to_it_where_nothing_else_is_said(alignment, overloaded, dana, ada):
    overloaded.change(capacity=None, by=ada)
    alignment.check()
    assert "1 person, 400% loaded" in alignment.evidence(OverloadedDepartment)
    assert Department.objects.get().name == "Engineering"
