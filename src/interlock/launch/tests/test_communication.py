"""Who is told of a release: the plan, what is wrong with it in words, its page, its part of a template, RL108."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from interlock.launch.models import Communication
from interlock.launch.remarks import Outlook, remarks
from interlock.launch.rules import AudienceNotTold
from interlock.organisation.models import Absence, Department, Person
from interlock.people.models import Audience
from interlock.releases.models import Forecast, Release, ReleaseTemplate, Task, TaskDates, Workstream
from interlock.releases.recipes import Recipe, shipped
from interlock.workspaces.errors import DomainError
from tests.api import Caller

pytestmark = pytest.mark.django_db

# A Monday; the launch is on a Friday.
MONDAY, LAUNCH = date(2027, 3, 1), date(2027, 3, 19)
Status = Communication.Status


@pytest.fixture
def today():
    return MONDAY


@pytest.fixture(autouse=True)
def on_monday(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *_: MONDAY)


@pytest.fixture
def marketing(ada):
    return Department.objects.add(name="Marketing", by=ada)


@pytest.fixture
def wanda(marketing, ada):
    return Person.objects.add(name="Wanda", department=marketing, by=ada)


@pytest.fixture
def release(payments, ada):
    return Release.objects.add(product=payments, name="4.2", target_on=LAUNCH, by=ada)


@pytest.fixture
def customers(marketing, ada):
    return Audience.objects.add(name="Customers", department=marketing, channels=["email", "product"], by=ada)


@pytest.fixture
def support(ada):
    return Audience.objects.add(name="Support teams", kind="internal", faces_customers=True, by=ada)


@pytest.fixture
def entry(release, customers, wanda, ada):
    return Communication.objects.add(
        release=release, audience=customers, message="What is new", goes_out_on=LAUNCH, owner=wanda, by=ada
    )


def says(entry, **held):
    return [one.says for one in remarks(entry, Outlook(**{"today": MONDAY, "launch": LAUNCH, **held}))]


# --- audiences -----------------------------------------------------------------------------------------


def test_two_audiences_of_one_name_are_refused(customers, ada):
    with pytest.raises(DomainError, match="exists already"):
        Audience.objects.add(name="customers", by=ada)


def test_only_colleagues_answer_customers(ada, support):
    with pytest.raises(DomainError, match="make it internal"):
        Audience.objects.add(name="Press", faces_customers=True, by=ada)
    with pytest.raises(DomainError, match="make it internal"):
        support.change(kind="external", by=ada)


def test_channels_that_nobody_knows_are_refused_and_the_others_kept_in_order(ada, customers):
    with pytest.raises(DomainError, match="Channels are email"):
        customers.change(channels=["pigeon"], by=ada)
    customers.change(channels=["product", "email", "email"], by=ada)
    assert customers.channels == ["email", "product"]
    assert customers.get_channels_display() == "E-mail, In the product"


def test_an_audience_is_added_on_its_page_and_found_in_its_list(client, ada, marketing):
    client.force_login(ada.user)
    sent = {"name": "Partners", "kind": "external", "department": marketing.key, "channels": ["email"]}
    assert client.post("/northwind/audiences/new/", {**sent, "name": ""}).status_code == 422
    page = client.post("/northwind/audiences/new/", sent, follow=True)
    assert "External audience, spoken to by" in page.content.decode().replace("  ", " ")
    assert "Partners" in client.get("/northwind/audiences/?kind=external").content.decode()
    assert "Partners" not in client.get("/northwind/audiences/?kind=internal").content.decode()


# --- verbs ---------------------------------------------------------------------------------------------


def test_what_was_sent_says_when_and_can_be_taken_back(entry, ada):
    with pytest.raises(DomainError, match="which day it was sent"):
        entry.change(status=Status.SENT, by=ada)
    entry.send(on=MONDAY, by=ada)
    assert (entry.status, entry.day) == (Status.SENT, MONDAY)
    with pytest.raises(DomainError, match="Only what was sent"):
        entry.change(status=Status.DRAFT, by=ada)
    entry.take_back(by=ada)
    assert (entry.status, entry.day) == (Status.READY, LAUNCH)


def test_it_waits_only_for_what_belongs_to_its_release(entry, payments, engineering, ada):
    other = Release.objects.add(product=payments, name="4.3", by=ada)
    stream = Workstream.objects.add(release=other, department=engineering, by=ada)
    task = Task.objects.add(workstream=stream, title="Build", by=ada)
    with pytest.raises(DomainError, match="It can only wait for"):
        entry.change(needs=task, by=ada)


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "docs"])
def test_the_text_is_at_an_address_of_the_web(link, entry, ada):
    with pytest.raises(DomainError):
        entry.change(link=link, by=ada)


def test_who_is_affected_is_said_by_two_at_once_without_loss(release, customers, support, ada):
    stale = Release.objects.get(pk=release.pk)
    release.affect([customers], by=ada)
    stale.affect([support], by=ada)
    assert set(release.audiences.all()) == {customers, support}
    release.spare(customers, by=ada)
    assert list(release.audiences.all()) == [support]


# --- against the forecast ------------------------------------------------------------------------------


def test_nothing_is_said_of_what_can_go_out_as_planned(entry):
    assert says(entry, target=LAUNCH, likely=LAUNCH) == []


def test_it_says_that_a_release_is_there_before_it_likely_is(entry, ada):
    likely = LAUNCH + timedelta(days=9)
    assert says(entry, target=LAUNCH, likely=likely) == [
        "The release is likely to be out only by 28 March, after this has gone out."
    ]
    entry.change(goes_out_on=LAUNCH - timedelta(days=1), by=ada)
    assert says(entry, target=LAUNCH, likely=likely) == []


@pytest.mark.parametrize(
    ("ends", "likely", "told"),
    [
        (2, 2, []),
        (4, 9, ["It needs “Launch mail”, which is planned for 23 March, and likely by 28 March."]),
        (-1, 5, ["It needs “Launch mail”, which is likely to be done only by 24 March."]),
    ],
)
def test_it_goes_out_before_what_it_needs(ends, likely, told, entry, release, marketing, ada):
    stream = Workstream.objects.add(release=release, department=marketing, by=ada)
    task = Task.objects.add(workstream=stream, title="Launch mail", by=ada)
    day = timedelta(days=1)
    TaskDates.objects.create(task=task, starts_on=MONDAY, ends_on=LAUNCH + ends * day, likely_by=LAUNCH + likely * day)
    entry.change(needs=task, goes_out_on=LAUNCH + 3 * day if ends == 2 else LAUNCH, by=ada)
    assert [one for one in says(entry) if "needs" in one] == told
    task.finish(on=MONDAY, by=ada)
    assert not [one for one in says(entry) if "needs" in one]


def test_nothing_goes_out_on_a_day_off_nor_while_its_owner_is_away(entry, marketing, wanda, ada):
    entry.change(goes_out_on=LAUNCH - timedelta(days=5), by=ada)
    assert says(entry) == ["Sunday, 14 March is a day off in Marketing."]
    marketing.change(working_days=[7], by=ada)
    entry.audience.department = marketing
    assert says(entry, away=[(wanda.pk, MONDAY, LAUNCH)]) == ["Wanda is away on 14 March."]


def test_colleagues_who_hear_of_it_afterwards_hear_it_too_late(release, support, wanda, ada):
    late = Communication.objects.add(
        release=release,
        audience=support,
        message="What changes",
        goes_out_on=LAUNCH + timedelta(days=3),
        owner=wanda,
        by=ada,
    )
    told = "It goes out after customers have the release, on 19 March."
    assert told in says(late)
    # What follows a first word is no news any more; training still comes too late.
    assert told not in says(late, told={support.pk})
    late.change(channel="training", by=ada)
    assert told in says(late, told={support.pk})


def test_it_says_what_is_missing(entry, ada):
    assert says(entry, today=LAUNCH + timedelta(days=1)) == [
        "It was to go out on 19 March, and nobody has said that it did."
    ]
    entry.change(goes_out_on=None, owner=None, status=Status.READY, channel="press", by=ada)
    assert says(entry) == [
        "It has no day yet.",
        "Nobody sees to it yet.",
        "It is ready, and nobody has said where the text is.",
        "Customers: not reached by “Press”.",
    ]
    entry.change(status=Status.DROPPED, by=ada)
    assert says(entry) == []


# --- the page ------------------------------------------------------------------------------------------


def page_of(client, member):
    client.force_login(member.user)
    return client.get("/northwind/releases/R-1/communication/").content.decode()


def test_the_page_says_who_is_not_told_until_they_are(client, release, customers, support, entry, wanda, ada):
    release.affect([customers, support], by=ada)
    assert "Support teams are not told" not in (page := page_of(client, ada))
    assert "1 of 2 audiences are not told of 4.2" in page
    assert "Nothing in the plan is for them." in page
    sent = {"audience": support.key, "message": "What changes", "channel": "chat", "owner": wanda.key}
    response = client.post("/northwind/releases/R-1/communication/new/", {**sent, "goes_out_on": "2027-03-17"})
    assert response.status_code == 302
    assert "All 2 audiences are told of 4.2 in time" in page_of(client, ada)


def test_whom_it_does_not_affect_is_taken_out_and_back(client, release, customers, ada):
    client.force_login(ada.user)
    client.post("/northwind/releases/R-1/audiences/", {"audiences": [customers.key]})
    assert list(release.audiences.all()) == [customers]
    page = client.post(f"/northwind/releases/R-1/audiences/{customers.key}/remove/", follow=True).content.decode()
    assert not release.audiences.exists()
    undo = f"/northwind/releases/R-1/audiences/{customers.key}/add/"
    assert undo in page
    client.post(undo)
    assert list(release.audiences.all()) == [customers]


def test_an_entry_is_changed_in_its_place_and_sent(client, entry, ada):
    client.force_login(ada.user)
    at = f"/northwind/communications/{entry.key}/"
    script = {"HX-Request": "true", "HX-Target": "cell"}
    answer = client.post(f"{at}edit/goes_out_on/", {"goes_out_on": "2027-03-18", "version": 1}, headers=script)
    assert "18 Mar" in answer.content.decode()
    assert client.post(f"{at}sent/", {"on": "2027-03-18"}).status_code == 302
    entry.refresh_from_db()
    assert (entry.status, entry.sent_on) == (Status.SENT, date(2027, 3, 18))
    client.post(f"{at}take-back/")
    entry.refresh_from_db()
    assert entry.status == Status.READY


@pytest.mark.parametrize(("who", "status"), [("ben", 200), ("gus", 404), ("cleo", 404)])
def test_guests_see_the_release_and_not_who_is_told(who, status, client, release, entry, payments, request, amir):
    payments.admit(request.getfixturevalue("gus"), by=amir)
    client.force_login(request.getfixturevalue(who).user)
    answer = client.get("/northwind/releases/R-1/communication/")
    assert answer.status_code == status
    assert b"Plan a message" not in answer.content


def test_contributors_change_what_they_own(client, entry, wanda, cora, olga):
    client.force_login(cora.user)
    assert client.post(f"/northwind/communications/{entry.key}/sent/", {"on": "2027-03-18"}).status_code == 403
    wanda.link(cora, by=olga)
    assert f"/communications/{entry.key}/sent/" in page_of(client, cora)
    assert client.post(f"/northwind/communications/{entry.key}/sent/", {"on": "2027-03-18"}).status_code == 302


def test_the_page_asks_as_much_for_many_entries_as_for_few(client, release, customers, entry, wanda, ada, figures):
    asked = []
    for many in (1, 40):
        more = [{"name": f"Audience {many} {n}"} for n in range(many)]
        audiences = Audience.objects.add_many(more, by=ada)
        release.affect(audiences, by=ada)
        told = [{"release": release, "audience": one, "message": "Hear", "owner": wanda} for one in audiences]
        Communication.objects.add_many([{**one, "goes_out_on": LAUNCH} for one in told], by=ada)
        Absence.objects.add(person=wanda, starts_on=LAUNCH, ends_on=LAUNCH, by=ada)
        page_of(client, ada)
        with CaptureQueriesContext(connection) as queries:
            client.get("/northwind/releases/R-1/communication/")
        asked.append(len(queries))
    figures.measured("queries of a communication plan, with little and much", f"{asked}")
    assert asked[0] == asked[1] <= 15


# --- the template --------------------------------------------------------------------------------------

PLAN = """
Marketing:
  - {id: mail, title: Write the mail, days: 2, ends: 3}
---
communication:
  - {audience: customers, message: What is new, channel: email, sent: 0, needs: mail}
  - {audience: Field sales, kind: internal, faces_customers: true, department: Marketing, message: How to sell, sent: 5}
  - {audience: Field sales, message: How it went, channel: meeting, sent: -3}
"""


def test_a_template_drafts_the_plan_and_adds_whom_the_workspace_does_not_know(release, customers, marketing, ada):
    template = ReleaseTemplate.objects.add(name="Ours", plan=PLAN, by=ada)
    template.start(release, by=ada)
    planned = {one.message: one for one in Communication.objects.select_related("audience", "needs")}
    assert {one.name for one in release.audiences.all()} == {"Customers", "Field sales"}
    assert planned["What is new"].audience == customers
    assert planned["What is new"].goes_out_on == LAUNCH
    assert planned["What is new"].needs.title == "Write the mail"
    field = planned["How to sell"].audience
    assert (field.kind, field.faces_customers, field.department) == ("internal", True, marketing)
    # Five working days before Friday 19 March, and three after it.
    assert planned["How to sell"].goes_out_on == date(2027, 3, 12)
    assert planned["How it went"].goes_out_on == date(2027, 3, 24)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ("{audience: A, message: B, sent: 0, needs: party}", "needs party, which the template does not have"),
        ("{audience: A, message: B, sent: 0, faces_customers: true}", "make it internal"),
        ("{audience: A, message: B, sent: soon}", "communication, entry 1, sent"),
        ("{audience: A, message: B, sent: 0, channel: pigeon}", "communication, entry 1, channel"),
        ("{message: B, sent: 0}", "communication, entry 1, audience"),
    ],
)
def test_a_template_that_makes_no_sense_says_where(told, sentence):
    with pytest.raises(DomainError, match=sentence):
        Recipe.parse(f"Support:\n  - {{id: help, title: Help, ends: 1}}\n---\ncommunication:\n  - {told}\n")


@pytest.mark.parametrize("one", shipped(), ids=lambda one: one.name)
def test_every_shipped_template_tells_somebody_in_time(one, alignment, release, ada):
    for name in Recipe.parse(one.plan).departments:
        Department.objects.add(name=name, by=ada)
    ReleaseTemplate.objects.take_in(one, by=ada).start(release, by=ada)
    assert release.audiences.count() >= 2
    assert alignment.subjects(AudienceNotTold) == []


# --- RL108 ---------------------------------------------------------------------------------------------


@pytest.fixture
def affected(release, customers, support, ada):
    release.affect([customers, support], by=ada)
    return release


def test_an_audience_that_nothing_reaches_is_found_until_something_does(
    alignment, affected, entry, support, wanda, ada
):
    assert alignment.subjects(AudienceNotTold) == [affected]
    assert alignment.evidence(AudienceNotTold) == (
        "R-1 affects Support teams, and nothing in its communication plan reaches them before customers have it, "
        "on 19 March 2027."
    )
    answers = {"audience": support, "message": "What changes", "goes_out_on": MONDAY, "owner": wanda}
    alignment.finding(AudienceNotTold).fix("plan_to_tell", **answers, by=ada)
    assert alignment.subjects(AudienceNotTold) == []


def test_whom_it_does_not_affect_need_not_be_told(alignment, affected, entry, support, ada):
    alignment.finding(AudienceNotTold).fix("spare", audience=support, by=ada)
    assert alignment.subjects(AudienceNotTold) == []
    assert alignment.checked(AudienceNotTold) == 1


@pytest.mark.parametrize(
    "undo",
    [
        lambda entry, by: entry.change(status=Status.DROPPED, by=by),
        lambda entry, by: entry.archive(by=by),
        lambda entry, by: entry.change(goes_out_on=LAUNCH + timedelta(days=1), by=by),
        lambda entry, by: entry.change(goes_out_on=None, by=by),
        lambda entry, by: entry.release.change(target_on=LAUNCH - timedelta(days=1), by=by),
    ],
    ids=["dropped", "archived", "after launch", "without a day", "launch before it"],
)
def test_what_does_not_go_out_in_time_tells_nobody(undo, alignment, release, customers, entry, ada):
    release.affect([customers], by=ada)
    assert alignment.subjects(AudienceNotTold) == []
    undo(entry, by=ada)
    assert alignment.subjects(AudienceNotTold) == [release]


def test_a_launch_that_slips_leaves_more_time(alignment, release, customers, entry, marketing, ada):
    release.affect([customers], by=ada)
    entry.change(goes_out_on=LAUNCH + timedelta(days=2), by=ada)
    stream = Workstream.objects.add(release=release, department=marketing, by=ada)
    launch = Task.objects.add(workstream=stream, title="Launch", kind="milestone", not_before=LAUNCH, by=ada)
    TaskDates.objects.create(task=launch, starts_on=LAUNCH, ends_on=LAUNCH + timedelta(days=2))
    assert alignment.subjects(AudienceNotTold) == []


@pytest.mark.parametrize("status", [Release.Status.RELEASED, Release.Status.CANCELLED])
def test_what_is_over_tells_nobody_any_more(status, alignment, affected, ada):
    affected.change(status=status, released_on=LAUNCH, by=ada)
    assert alignment.checked(AudienceNotTold) == 0


# --- the API -------------------------------------------------------------------------------------------


def test_the_plan_is_kept_over_the_api(release, customers, wanda, ada):
    caller = Caller(ada)
    affected = caller.client.patch(
        "/api/v1/workspaces/northwind/releases/R-1",
        {"audiences": [customers.key]},
        content_type="application/json",
        headers={"If-Match": "*"},
    )
    assert [one["key"] for one in affected.json()["audiences"]] == [customers.key]
    sent = {"release": "R-1", "audience": customers.key, "message": "What is new", "goes_out_on": "2027-03-19"}
    made = caller.post("communications", sent)
    assert made.status_code == 201
    assert made.json()["url"] == "/northwind/releases/R-1/communication/#COM-1"
    assert [one["key"] for one in caller.get("communications?release=R-1&status=draft").json()["items"]] == ["COM-1"]
    assert caller.post("communications", {**sent, "status": "sent"}).status_code == 409


def test_a_restricted_release_tells_nobody_of_its_plan(release, entry, customers, payments, amir, ben, client):
    payments.restrict(True, by=amir)
    assert Caller(ben).get("communications").json()["items"] == []
    client.force_login(ben.user)
    assert "What is new" not in client.get(f"/northwind/audiences/{customers.key}/").content.decode()


def test_the_forecast_of_the_release_is_what_counts(client, release, entry, ada):
    Forecast.objects.create(
        release=release,
        at=timezone.now(),
        planned_on=LAUNCH,
        p50_on=LAUNCH,
        p85_on=LAUNCH + timedelta(days=5),
        p95_on=LAUNCH + timedelta(days=9),
        runs=1000,
    )
    assert "likely to be out only by 24 March" in page_of(client, ada)
