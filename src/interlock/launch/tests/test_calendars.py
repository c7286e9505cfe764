"""Calendars at secret addresses: what they show, to whom, and when they end."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from interlock.launch.models import CalendarFeed, Communication
from interlock.launch.views.calendars import MISSES_PER_MINUTE, PER_MINUTE
from interlock.organisation.models import Person
from interlock.people.models import Audience
from interlock.releases.models import Release, Task, TaskDates, Workstream
from interlock.workspaces.models import AuditEvent
from interlock.workspaces.permissions import Role

pytestmark = pytest.mark.django_db
LAUNCH = date(2027, 3, 19)
DAY = timedelta(days=1)


@pytest.fixture
def dana(ada, engineering, olga):
    person = Person.objects.add(name="Dana", department=engineering, by=ada)
    person.link(ada, by=olga)
    return person


@pytest.fixture
def release(payments, ada):
    return Release.objects.add(product=payments, name="4.2", target_on=LAUNCH, by=ada)


@pytest.fixture
def stream(release, engineering, ada):
    return Workstream.objects.add(release=release, department=engineering, by=ada)


@pytest.fixture
def build(stream, dana, ada):
    task = Task.objects.add(workstream=stream, title="Build; and, review", owner=dana, likely=3, by=ada)
    TaskDates.objects.keep([TaskDates(task=task, starts_on=LAUNCH - 9 * DAY, ends_on=LAUNCH - 3 * DAY)])
    return task


@pytest.fixture
def theirs(stream, ada):
    return Task.objects.add(workstream=stream, title="Somebody else's", deadline=LAUNCH, by=ada)


@pytest.fixture
def mail(release, dana, ada):
    customers = Audience.objects.add(name="Customers", by=ada)
    return Communication.objects.add(
        release=release, audience=customers, message="What is new", goes_out_on=LAUNCH, owner=dana, by=ada
    )


def address(member, release=None):
    return f"/calendars/{CalendarFeed.objects.issue(release, by=member)[1]}.ics"


def events(at, client=None):
    answer = (client or Client()).get(at)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    return {str(one["summary"]): one for one in Calendar.from_ical(answer.content).walk("vevent")}


# --- what it shows -------------------------------------------------------------------------------------


def test_ones_own_calendar_holds_what_one_owns(ada, build, theirs, mail):
    found = events(address(ada))
    assert set(found) == {"Build; and, review", "Customers: What is new"}
    task = found["Build; and, review"]
    # Whole days; the end is the day after the last.
    assert (task["dtstart"].dt, task["dtend"].dt) == (date(2027, 3, 10), date(2027, 3, 17))
    assert task["uid"] == f"{build.key.lower()}.northwind@testserver"
    assert task["url"] == f"http://testserver/northwind/tasks/{build.key}/"
    assert found["Customers: What is new"]["dtend"].dt == LAUNCH + DAY
    assert found["Customers: What is new"]["status"] == "TENTATIVE"


def test_a_releases_calendar_holds_all_of_it_and_names_nobody(ada, release, build, theirs, mail):
    at = address(ada, release)
    assert set(events(at)) == {"Launch: 4.2", "Build; and, review", "Somebody else's", "Customers: What is new"}
    assert b"Dana" not in Client().get(at).content


def test_what_is_dropped_cancelled_or_long_over_is_left_out(ada, release, build, mail):
    at = address(ada)
    mail.change(status="dropped", by=ada)
    assert set(events(at)) == {"Build; and, review"}
    build.finish(on=date(2020, 1, 1), by=ada)
    assert events(at) == {}
    build.reopen(by=ada)
    release.change(status="cancelled", by=ada)
    assert events(at) == {}


def test_a_change_keeps_the_uid_and_raises_the_sequence(ada, build, monkeypatch):
    at, later = address(ada), datetime.now(UTC) + timedelta(hours=3)
    before = events(at)["Build; and, review"]
    with monkeypatch.context() as patch:
        patch.setattr("django.utils.timezone.now", lambda: later)
        # The plan is computed anew; nobody touched the task.
        TaskDates.objects.keep([TaskDates(task=build, starts_on=LAUNCH - 9 * DAY, ends_on=LAUNCH - 2 * DAY)])
    after = events(at)["Build; and, review"]
    assert before["uid"] == after["uid"]
    assert before["sequence"] < after["sequence"]
    assert before["last-modified"].dt < after["last-modified"].dt
    assert after["last-modified"].dt.utcoffset() == timedelta(0)


def test_what_people_typed_cannot_break_out_of_its_line(ada, stream, dana):
    title = "Line\r\nDTSTART:19700101\nBEGIN:VEVENT\\,; ü\U0001f680" + "x" * 200
    Task.objects.add(workstream=stream, title=title, owner=dana, deadline=LAUNCH, by=ada)
    [event] = events(address(ada)).values()
    assert event["dtstart"].dt == LAUNCH
    assert "🚀" in event["summary"]


def test_the_same_plan_is_not_sent_twice(ada, build):
    at = address(ada)
    first = Client().get(at)
    again = Client().get(at, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    build.change(title="Build", by=ada)
    assert Client().get(at, headers={"If-None-Match": first["ETag"]}).status_code == 200
    assert Client().head(at).status_code == 200


def test_it_asks_as_much_for_many_tasks_as_for_few(ada, release, stream, dana, build, mail):
    asked = []
    for many in (1, 40):
        Task.objects.add_many(
            [{"workstream": stream, "title": f"T{n}", "deadline": LAUNCH} for n in range(many)], by=ada
        )
        told = [{"release": release, "audience": mail.audience, "message": f"M{n}"} for n in range(many)]
        Communication.objects.add_many([{**one, "goes_out_on": LAUNCH} for one in told], by=ada)
        at = address(ada, release)
        with CaptureQueriesContext(connection) as queries:
            Client().get(at)
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 10


# --- who reads it --------------------------------------------------------------------------------------


def test_the_database_does_not_hold_the_address(ada, build):
    feed, secret = CalendarFeed.objects.issue(None, by=ada)
    assert secret not in str(list(CalendarFeed.objects.values()))
    assert secret not in str(list(AuditEvent.objects.values()))
    assert len(secret) >= 43
    assert str(feed) == "Calendar of your own work"


def test_no_session_is_read_or_made(ada, build):
    answer = Client().get(address(ada))
    assert not answer.cookies
    assert answer["X-Robots-Tag"] == "noindex"
    assert "public" not in answer["Cache-Control"]


@pytest.mark.parametrize("wrong", ["x", "A" * 43, "%00", "..%2f..", "ilk_token"])
def test_a_wrong_address_is_none(wrong, client, ada):
    assert client.get(f"/calendars/{wrong}.ics").status_code == 404


def test_what_its_member_sees_no_longer_is_in_it_no_longer(ada, amir, release, payments, build, mail):
    mine, of_release = address(ada), address(ada, release)
    payments.restrict(True, by=amir)
    assert events(mine) == {}
    assert events(of_release) == {}
    assert b"4.2" not in Client().get(of_release).content


def test_it_ends_with_the_seat_and_does_not_live_again_with_it(ada, olga, build):
    at = address(ada)
    ada.end(by=olga)
    assert Client().get(at).status_code == 404
    ada.seat_again(by=olga)
    assert Client().get(at).status_code == 404


def test_a_guest_has_nothing_in_it_and_makes_none(ada, olga, build, gus, client):
    at = address(ada)
    ada.change_role(Role.GUEST, by=olga)
    assert events(at) == {}
    client.force_login(gus.user)
    assert client.get("/northwind/settings/calendars/").status_code == 404
    assert client.post("/northwind/settings/calendars/new/", {"release": ""}).status_code in (403, 404)


@pytest.mark.parametrize("end", ["user", "workspace"])
def test_it_ends_with_the_account_and_with_the_workspace(end, ada, olga, build):
    at = address(ada)
    if end == "user":
        ada.user.is_active = False
        ada.user.save()
    else:
        ada.workspace.delete_after_grace(named="Northwind", by=olga)
    assert Client().get(at).status_code == 404


# --- its address ---------------------------------------------------------------------------------------


def told(answer):
    return answer.content.decode().split('value="http://testserver')[1].split('"')[0]


def test_an_address_is_told_once_made_anew_and_revoked(client, ada, release, build):
    client.force_login(ada.user)
    first = told(client.post("/northwind/settings/calendars/new/", {"release": release.key}))
    assert "Launch: 4.2" in events(first)
    page = client.get("/northwind/settings/calendars/").content.decode()
    assert "4.2" in page
    assert first not in page
    feed = CalendarFeed.objects.get()
    second = told(client.post(f"/northwind/settings/calendars/{feed.pk}/anew/"))
    assert Client().get(first).status_code == 404
    assert "Launch: 4.2" in events(second)
    client.post(f"/northwind/settings/calendars/{feed.pk}/revoke/")
    assert Client().get(second).status_code == 404
    verbs = AuditEvent.objects.filter(key=feed.key).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["issued", "issued anew", "revoked"]


def test_there_is_one_address_for_each_calendar(client, ada, build):
    first, second = address(ada), address(ada)
    assert Client().get(first).status_code == 404
    assert events(second)
    assert CalendarFeed.objects.count() == 1


def test_nobody_touches_the_calendars_of_others(client, ada, amir, build):
    feed, _ = CalendarFeed.objects.issue(None, by=ada)
    client.force_login(amir.user)
    for act in ("anew", "revoke"):
        assert client.post(f"/northwind/settings/calendars/{feed.pk}/{act}/").status_code == 404
    assert CalendarFeed.objects.live().count() == 1


def test_a_release_that_one_does_not_see_has_no_calendar(client, ben, release, payments, amir):
    payments.restrict(True, by=amir)
    client.force_login(ben.user)
    assert client.post("/northwind/settings/calendars/new/", {"release": release.key}).status_code == 422
    assert not CalendarFeed.objects.exists()


def test_who_asks_too_often_waits(ada, build, clock):
    at = address(ada)
    assert {Client().get(at).status_code for _ in range(PER_MINUTE)} == {200}
    refused = Client().get(at)
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    assert {Client().get("/calendars/x.ics").status_code for _ in range(MISSES_PER_MINUTE)} == {404}
    assert Client().get("/calendars/x.ics").status_code == 429
    clock.now += 60
    assert Client().get(at).status_code == 200
