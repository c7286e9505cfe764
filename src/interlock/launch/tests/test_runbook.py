"""Launch day: the runbook, its clock, its log."""

import csv
import io
from datetime import date, datetime, time, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from interlock.launch.models import LaunchEntry, RunbookStep
from interlock.launch.planned import Planned
from interlock.launch.runbook import Runbook
from interlock.organisation.models import Department, Person
from interlock.releases.models import Release, ReleaseTemplate, Workstream
from interlock.releases.recipes import Recipe, shipped
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import AuditEvent
from tests.api import Caller

pytestmark = pytest.mark.django_db

Status = RunbookStep.Status
LAUNCH = datetime(2027, 3, 19, 10)


@pytest.fixture
def release(payments, ada):
    return Release.objects.add(product=payments, name="4.2", target_on=LAUNCH.date(), by=ada)


@pytest.fixture
def steps(release, ada):
    rows = [("Deploy", "T-60", "Deploy the version before."), ("Smoke test", "T-30", ""), ("Open", "T", "Close it.")]
    return RunbookStep.objects.add_many(
        [{"release": release, "title": title, "planned": at, "rollback": back} for title, at, back in rows], by=ada
    )


def titles(release):
    return [step.title for step in RunbookStep.objects.in_order(release)]


def at(hour, minute=0):
    return timezone.make_aware(datetime.combine(LAUNCH, time(hour, minute)))


def said(act, *args, **how):
    with pytest.raises(DomainError) as refusal:
        act(*args, **how)
    return refusal.value.sentence


# --- when ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "kept", "words"),
    [
        ("T", "T+0", "T"),
        ("t - 90", "T-90", "T−1 h 30 min"),
        ("T−1h30", "T-90", "T−1 h 30 min"),
        ("T+2d", "T+2880", "T+2 d"),
        ("T+15 min", "T+15", "T+15 min"),
        ("9:05", "09:05", "09:05"),
    ],
)
def test_a_time_is_written_as_people_write_it(written, kept, words):
    assert str(Planned.read(written)) == kept
    assert Planned.read(written).words == words


@pytest.mark.parametrize("written", ["", "soon", "T-", "25:00", "T+61d", "30"])
def test_what_is_no_time_is_refused(written, release, ada):
    assert said(RunbookStep.objects.add, release=release, title="Deploy", planned=written, by=ada)


def test_steps_stand_by_their_time_be_it_counted_or_on_the_clock(release, ada):
    for title, planned in [("Press", "14:00"), ("Open", "T"), ("Deploy", "T-60"), ("Look", "09:30")]:
        RunbookStep.objects.add(release=release, title=title, planned=planned, by=ada)
    assert titles(release) == ["Deploy", "Look", "Open", "Press"]
    release.change(launch_time=time(15), by=ada)
    # Deploy is at 14:00 now, as the press is, which was added first.
    assert titles(release) == ["Look", "Press", "Deploy", "Open"]


def test_the_launch_hour_follows_the_target(release, steps, ada):
    assert steps[0].planned_at == at(9)
    release.change(target_on=date(2027, 3, 22), launch_time=time(12), by=ada)
    moved = RunbookStep.objects.in_order(release)[0]
    assert moved.planned_at == at(11) + timedelta(days=3)
    release.change(target_on=None, target_precision="tbc", by=ada)
    assert RunbookStep.objects.in_order(release)[0].planned_at is None


# --- ticking -------------------------------------------------------------------------------------------


def test_a_tick_says_who_and_when_and_the_log_keeps_it(release, steps, ada):
    deploy, _, _ = steps
    deploy.tick(Status.RUNNING, by=ada)
    deploy.tick(Status.DONE, by=ada)
    deploy.refresh_from_db()
    assert (deploy.status, deploy.ticked_by) == (Status.DONE, ada)
    assert [entry.status for entry in LaunchEntry.objects.order_by("pk")] == ["running", "done"]
    assert AuditEvent.objects.about(deploy).filter(verb="ticked").count() == 2


def test_what_comes_later_waits_for_what_blocks(release, steps, ada):
    deploy, smoke, opening = steps
    assert said(smoke.tick, Status.DONE, by=ada) == "“Deploy” comes first, and is open: finish or skip it."
    deploy.tick(Status.SKIPPED, note="It was deployed yesterday.", by=ada)
    smoke.change(blocking=False, by=ada)
    opening.tick(Status.DONE, by=ada)


def test_two_who_say_the_same_are_both_in_the_log(steps, ada, amir):
    deploy, _, _ = steps
    deploy.tick(Status.DONE, was="open", by=ada)
    RunbookStep.objects.get(pk=deploy.pk).tick(Status.DONE, was="open", by=amir)
    deploy.refresh_from_db()
    assert deploy.ticked_by == ada
    assert [entry.by for entry in LaunchEntry.objects.order_by("pk")] == [ada, amir]


def test_whoever_ticks_what_another_has_ticked_otherwise_is_told(steps, ada, amir):
    deploy, _, _ = steps
    seen = RunbookStep.objects.get(pk=deploy.pk)
    deploy.tick(Status.FAILED, was="open", note="It does not start.", by=ada)
    sentence = said(seen.tick, Status.DONE, was="open", by=amir)
    assert sentence.startswith("Meanwhile, Ada marked “Deploy” failed at ")
    deploy.refresh_from_db()
    assert deploy.status == Status.FAILED


def test_what_fails_says_why_and_shows_the_way_back(release, steps, ada):
    deploy, smoke, _ = steps
    assert said(deploy.tick, Status.FAILED, by=ada) == "Say what happened: whoever has to go back needs to know."
    deploy.tick(Status.DONE, by=ada)
    smoke.tick(Status.FAILED, note="Path 3 breaks.", by=ada)
    book = Runbook.of(release, now=at(9, 40))
    assert book.says == "The launch of 4.2 is stopped: “Smoke test” failed"
    assert [step.title for step in book.way_back] == ["Deploy"]


def test_the_clock_says_what_is_next_and_how_far_behind(release, steps, ada):
    assert Runbook.of(release, now=at(8)).says == "4.2 goes out in 2 hours"
    book = Runbook.of(release, now=at(9, 20))
    assert (book.next, book.behind) == (steps[0], timedelta(minutes=20))
    assert book.says == "The launch of 4.2 is 20 minutes behind"
    steps[0].tick(Status.DONE, by=ada)
    assert Runbook.of(release, now=at(9, 20)).says == "The launch of 4.2 is under way: 1 of 3 steps are over"
    for step in steps[1:]:
        step.tick(Status.DONE, by=ada)
    assert Runbook.of(release, now=at(12)).says == "The runbook of 4.2 is through"


# --- the log -------------------------------------------------------------------------------------------


def test_nobody_changes_or_deletes_what_the_log_says(release, steps, ada):
    entry = LaunchEntry.objects.remark(release, "The status page was slow.", by=ada)
    for wrong in (lambda: LaunchEntry.objects.update(text="All went well."), entry.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            wrong()
    assert LaunchEntry.objects.get().text == "The status page was slow."


def test_the_log_is_a_table(release, steps, ada, client):
    steps[0].tick(Status.DONE, by=ada)
    LaunchEntry.objects.remark(release, "=SUM(1)", by=ada)
    client.force_login(ada.user)
    answer = client.get(f"/northwind/releases/{release.key}/launch/log/?format=csv")
    [head, tick, remark] = csv.reader(io.StringIO(answer.getvalue().decode().removeprefix("\ufeff")))
    assert head == ["at", "by", "step", "title", "status", "text"]
    assert tick[1:] == ["Ada", "RUN-1", "Deploy", "done", ""]
    assert remark[5] == "'=SUM(1)"


# --- in order ------------------------------------------------------------------------------------------


def test_a_step_that_is_moved_takes_the_time_that_fits(release, steps, ada):
    deploy, smoke, opening = steps
    deploy.move(after=smoke, by=ada)
    assert (titles(release), deploy.planned) == (["Smoke test", "Deploy", "Open"], "T-30")
    opening.move(before=deploy, by=ada)
    assert (titles(release), opening.planned) == (["Smoke test", "Open", "Deploy"], "T-30")
    version = RunbookStep.objects.get(pk=deploy.pk).version
    deploy.move(after=opening, by=ada)
    assert RunbookStep.objects.get(pk=deploy.pk).version == version


def test_a_step_is_moved_among_those_of_the_same_minute(release, ada):
    rows = [{"release": release, "title": title, "planned": "T"} for title in "abc"]
    a, _, c = RunbookStep.objects.add_many(rows, by=ada)
    c.move(before=a, by=ada)
    assert titles(release) == ["c", "a", "b"]
    assert a.step_past("down", by=ada)
    assert titles(release) == ["c", "b", "a"]
    assert not RunbookStep.objects.get(pk=a.pk).step_past("down", by=ada)


# --- from a template -----------------------------------------------------------------------------------

PLAN = """
Support:
  - {id: launch, milestone: Launch, ends: 0}
---
runbook:
  - {title: Deploy, at: T-60, department: Support, works_when: It answers, rollback: Back}
  - {title: Watch, at: "14:00", department: Nobody we have, blocking: false}
"""


def test_starting_from_a_template_makes_the_steps(release, ada):
    support = Department.objects.add(name="Support", by=ada)
    ReleaseTemplate.objects.add(name="Ours", plan=PLAN, by=ada).start(release, by=ada)
    deploy, watch = RunbookStep.objects.in_order(release)
    assert (deploy.planned, deploy.department, deploy.works_when, deploy.rollback) == (
        "T-60",
        support,
        "It answers",
        "Back",
    )
    assert (watch.planned, watch.department, watch.blocking) == ("14:00", None, False)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("{title: A, at: 14:00}", "runbook, entry 1, at: write T-30, T+1h30, or a time of the day in quotes"),
        ("{title: A, at: soon}", "runbook, entry 1, at: Write T-30"),
        ("{at: T}", "runbook, entry 1, title"),
    ],
)
def test_a_template_says_where_its_runbook_is_wrong(entry, says):
    sentence = said(Recipe.parse, PLAN.split("---")[0] + f"---\nrunbook:\n  - {entry}\n")
    assert sentence.casefold().startswith(says.casefold())


def test_a_template_shows_the_day_on_its_page(ada, client):
    template = ReleaseTemplate.objects.add(name="Ours", plan=PLAN, by=ada)
    client.force_login(ada.user)
    shown = client.get(f"/northwind/release-templates/{template.key}/").content.decode()
    assert "Launch day" in shown
    assert "T−1 h" in shown


def test_shipped_templates_know_the_day():
    known = {one.name: Recipe.parse(one.plan).parts.get("runbook", []) for one in shipped()}
    assert {name for name, entries in known.items() if len(entries) >= 5} == {
        "Full launch",
        "Feature launch",
        "Hotfix",
    }


def test_a_release_that_is_planned_already_takes_a_runbook_from_a_template(release, engineering, ada, client):
    lead = Person.objects.add(name="Dana", department=engineering, by=ada)
    Workstream.objects.add(release=release, department=engineering, owner=lead, by=ada)
    client.force_login(ada.user)
    at_ = f"/northwind/releases/{release.key}/launch/start/"
    assert client.post(at_, {"template": "Silent release"}).status_code == 422
    assert client.post(at_, {"template": "Hotfix"}).status_code == 302
    assert RunbookStep.objects.in_order(release)[1].owner == lead
    assert "has a runbook already" in client.post(at_, {"template": "Hotfix"}).content.decode()


# --- the page ------------------------------------------------------------------------------------------


def test_the_page_is_ticked_by_buttons_and_by_remarks(release, steps, ada, client):
    client.force_login(ada.user)
    page = f"/northwind/releases/{release.key}/launch/"
    tick = f"/northwind/runbook-steps/{steps[0].key}/tick/"
    assert client.post(tick, {"status": "done", "was": "open"}).status_code == 302
    fail = f"/northwind/runbook-steps/{steps[1].key}/fail/"
    assert client.post(fail, {"note": ""}).status_code == 422
    assert client.post(fail, {"note": "Path 3 breaks.", "was": "open"}).status_code == 302
    assert client.post(f"{page}log/", {"text": ""}).status_code == 422
    assert client.post(f"{page}log/", {"text": "Calling the bank."}).status_code == 302
    shown = client.get(page).content.decode()
    for words in ("“Smoke test” failed", "The way back", "Deploy the version before.", "Path 3 breaks.", "Calling the"):
        assert words in shown


def test_who_was_slower_hears_of_it(steps, ada, amir, client):
    steps[0].tick(Status.DONE, by=amir)
    client.force_login(ada.user)
    tick = f"/northwind/runbook-steps/{steps[0].key}/tick/"
    told = client.post(tick, {"status": "done", "was": "open"}, follow=True).content.decode()
    assert "Amir was faster" in told


def test_the_hour_is_set_and_another_day_moves_the_target(release, ada, client):
    client.force_login(ada.user)
    client.post(f"/northwind/releases/{release.key}/launch/hour/", {"on": "2027-03-22", "at": "09:30"})
    release.refresh_from_db()
    assert (release.target_on, release.launch_time) == (date(2027, 3, 22), time(9, 30))


@pytest.mark.parametrize(("who", "status"), [("ben", 403), ("gus", 404), ("cleo", 404)])
def test_who_may_not_cannot(who, status, release, steps, request, client):
    client.force_login(request.getfixturevalue(who).user)
    assert client.post(f"/northwind/runbook-steps/{steps[0].key}/tick/", {"status": "done"}).status_code == status
    assert client.post(f"/northwind/releases/{release.key}/launch/log/", {"text": "x"}).status_code == status
    assert not LaunchEntry.objects.exists()


def test_a_contributor_ticks_what_they_own_and_notes_what_they_see(release, steps, cora, ada, amir, client):
    mine = Person.objects.add(name="Cora", by=ada)
    mine.link(cora, by=amir)
    steps[0].change(owner=mine, by=ada)
    client.force_login(cora.user)
    assert client.post(f"/northwind/runbook-steps/{steps[0].key}/tick/", {"status": "done"}).status_code == 302
    assert client.post(f"/northwind/runbook-steps/{steps[1].key}/tick/", {"status": "done"}).status_code == 403
    assert client.post(f"/northwind/releases/{release.key}/launch/log/", {"text": "Seen."}).status_code == 302


def test_a_longer_runbook_costs_no_more_queries(release, steps, ada, client):
    client.force_login(ada.user)
    page = f"/northwind/releases/{release.key}/launch/"

    def queries():
        client.get(page)
        with CaptureQueriesContext(connection) as spent:
            client.get(page)
        return len(spent)

    few = queries()
    RunbookStep.objects.add_many([{"release": release, "title": str(n)} for n in range(40)], by=ada)
    for n in range(40):
        LaunchEntry.objects.remark(release, str(n), by=ada)
    assert queries() == few


# --- over the API --------------------------------------------------------------------------------------


def test_the_api_ticks_moves_and_reads_the_log(release, steps, ada):
    caller = Caller(ada)
    told = caller.post(f"runbook-steps/{steps[0].key}/tick", {"status": "done", "was": "open"}).json()
    assert (told["status"], told["ticked_by"]["name"]) == ("done", "Ada")
    assert told["planned_at"].startswith("2027-03-19T09:00")
    assert caller.post(f"runbook-steps/{steps[0].key}/tick", {"status": "failed"}).status_code == 409
    assert caller.post(f"releases/{release.key}/launch-log", {"text": "All calm."}).status_code == 201
    log = caller.get(f"launch-log?release={release.key}").json()["items"]
    assert [(one["status"], one["text"]) for one in log] == [("", "All calm."), ("done", "")]
