"""What if, kept: changes of a plan that are tried on paper, and made together or not at all."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from interlock.backlog.models import Feature
from interlock.organisation.models import Department, Product
from interlock.releases import planning
from interlock.releases.models import Release, Scenario, ScenarioRun, Task, TaskLink, Workstream
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import AuditEvent
from tests.api import Caller

pytestmark = pytest.mark.django_db

API = "/api/v1/workspaces/northwind"


@pytest.fixture
def quick(monkeypatch):
    """Small plans need neither much time nor many runs."""
    monkeypatch.setattr(planning, "SECONDS", 1.0)
    monkeypatch.setattr(planning, "SECONDS_EACH", 1.0)
    monkeypatch.setattr(planning, "RUNS", 200)


@pytest.fixture
def release(payments, ada):
    return Release.objects.add(
        product=payments, name="4.2", target_on=timezone.localdate() + timedelta(days=14), by=ada
    )


@pytest.fixture
def later(payments, ada):
    return Release.objects.add(
        product=payments, name="4.3", target_on=timezone.localdate() + timedelta(days=90), by=ada
    )


@pytest.fixture
def stream(release, engineering, ada):
    return Workstream.objects.add(release=release, department=engineering, by=ada)


@pytest.fixture
def build(stream, payments, release, ada):
    feature = Feature.objects.add(product=payments, title="Auto-collect", by=ada)
    release.take([feature], by=ada)
    fields = {"optimistic": 6, "likely": 9, "pessimistic": 20}
    return Task.objects.add(workstream=stream, title="Build", feature=feature, by=ada, **fields)


@pytest.fixture
def publish(stream, build, ada):
    made = Task.objects.add(workstream=stream, title="Publish", likely=2, by=ada)
    TaskLink.objects.add(task=made, predecessor=build, by=ada)
    return made


@pytest.fixture
def scenario(release, publish, ada):
    return Scenario.objects.add(release=release, name="Smaller", changes=["estimate TASK-1 3"], by=ada)


def browser(member):
    client = Client()
    client.force_login(member.user)
    return client


# --- what it would do ----------------------------------------------------------------------------------


def test_it_is_computed_beside_the_plan_and_writes_nothing_of_it(scenario, build, worker, quick):
    events = AuditEvent.objects.count()
    worker.work_off()
    run = ScenarioRun.objects.get()
    assert (run.state, run.behind, run.overtaken) == ("done", False, False)
    before, after = (side["releases"]["R-1"] for side in (run.before, run.after))
    assert after["p85_on"] < before["p85_on"]
    assert after["chance"] > before["chance"]
    assert (run.before["person_days"], run.after["person_days"]) == (11, 5)
    assert run.after["load"]["D-1"] <= 1
    build.refresh_from_db()
    assert build.likely == 9
    assert AuditEvent.objects.count() == events


def test_what_slips_elsewhere_is_told(release, later, engineering, publish, worker, quick, ada, client):
    Task.objects.add(
        workstream=Workstream.objects.add(release=later, department=engineering, by=ada), title="Next", likely=5, by=ada
    )
    Scenario.objects.add(release=release, name="Sooner", changes=["estimate TASK-1 3"], by=ada)
    worker.work_off()
    run = ScenarioRun.objects.get()
    assert run.after["releases"]["R-2"]["p85_on"] < run.before["releases"]["R-2"]["p85_on"]
    text = browser(ada).get("/northwind/releases/R-1/scenarios/").content.decode()
    assert re.search(r"4\.3 \d+ days? earlier", text)
    assert "Sooner would bring 4.2" in text


def test_a_change_of_it_has_it_computed_again_and_ends_what_was_begun(scenario, monkeypatch, ada):
    def changed_meanwhile(*args, wanted, **how):
        scenario.suppose("drop TASK-2", by=ada)
        assert not wanted()
        raise planning.Cancelled

    monkeypatch.setattr(planning, "apart", changed_meanwhile)
    planning.compute_scenario(Scenario.objects.get())
    run = ScenarioRun.objects.get()
    assert run.behind
    assert run.after == {}


def test_a_scenario_of_a_release_without_work_says_so(later, worker, ada):
    Scenario.objects.add(release=later, name="Empty", changes=["target 2030-01-01"], by=ada)
    worker.work_off()
    assert ScenarioRun.objects.get().says == ("4.3 has no task that is still to be done: there is nothing to schedule.")


def test_the_plan_that_moves_on_makes_its_figures_old(scenario, publish, worker, quick, ada):
    worker.work_off()
    publish.change(likely=3, by=ada)
    assert ScenarioRun.objects.get().overtaken
    assert (
        "The plan was changed after this was computed"
        in browser(ada).get("/northwind/scenarios/SCN-1/").content.decode()
    )


# --- applying it ---------------------------------------------------------------------------------------


def test_applied_it_is_the_plan_by_ordinary_verbs(scenario, build, ada):
    scenario.apply(by=ada)
    build.refresh_from_db()
    assert (build.optimistic, build.likely) == (2, 3)
    assert scenario.status == "applied"
    told = AuditEvent.objects.order_by("-pk")[:2]
    assert [(event.key, event.verb, event.reason) for event in told] == [
        ("SCN-1", "applied", ""),
        ("TASK-1", "changed", "Scenario SCN-1"),
    ]
    with pytest.raises(DomainError, match="applied already"):
        scenario.apply(by=ada)
    with pytest.raises(DomainError, match="what it has changed is the plan now"):
        scenario.suppose("drop TASK-2", by=ada)


def test_where_the_plan_has_moved_nothing_is_applied_and_it_is_said_what_has(scenario, build, publish, ada):
    scenario.suppose("drop TASK-2", by=ada)
    build.change(likely=8, by=ada)
    publish.start(on=timezone.localdate(), by=ada)
    with pytest.raises(DomainError) as refusal:
        scenario.apply(by=ada)
    assert refusal.value.sentence == (
        "The plan has moved since: “Build”: likely was 9, and is 8. “Publish”: status was to do, and is in progress."
    )
    build.refresh_from_db()
    assert (build.likely, scenario.status) == (8, "open")
    scenario.take_as_it_is(by=ada)
    scenario.apply(by=ada)
    build.refresh_from_db()
    assert build.likely == 3


def test_a_change_that_cannot_be_made_any_more_is_told_and_can_be_taken_out(scenario, build, ada):
    build.finish(on=timezone.localdate(), by=ada)
    with pytest.raises(DomainError, match="There is no TASK-1 that is still to be done"):
        scenario.apply(by=ada)
    # What is written down already hinders no other change.
    scenario.suppose("estimate TASK-2 1", by=ada)
    scenario.forget("estimate TASK-1 3", by=ada)
    scenario.apply(by=ada)


def test_one_change_that_is_refused_undoes_all_of_them(release, publish, engineering, build, ada, cora):
    scenario = Scenario.objects.add(
        release=release, name="Two", changes=["estimate TASK-1 3", "add 1 to Engineering"], by=ada
    )
    with pytest.raises(DomainError, match="Not yours to change: D-1"):
        scenario.apply(by=cora)
    build.refresh_from_db()
    assert build.likely == 9


def test_an_empty_one_is_not_applied(release, ada):
    with pytest.raises(DomainError, match="changes nothing yet"):
        Scenario.objects.add(release=release, name="Empty", by=ada).apply(by=ada)


# --- who sees it ---------------------------------------------------------------------------------------


def test_who_does_not_see_all_that_it_speaks_of_does_not_see_it(release, publish, amir, ada, ben, gus):
    secret = Product.objects.add(name="Secret", restricted=True, by=amir)
    Release.objects.add(product=secret, name="Hidden 1.0", by=amir)
    Scenario.objects.add(release=release, name="To the hidden one", changes=["move TASK-1 to R-2"], by=amir)
    open_ = Scenario.objects.add(release=release, name="Open", changes=["estimate TASK-1 3"], by=ada)
    assert list(Scenario.objects.visible_to(ben)) == [open_]
    assert Scenario.objects.visible_to(amir).count() == 2
    assert not Scenario.objects.visible_to(gus).exists()
    assert browser(ben).get("/northwind/scenarios/SCN-1/").status_code == 404
    assert "Hidden" not in browser(ben).get("/northwind/releases/R-1/scenarios/").content.decode()


def test_hidden_releases_that_slip_are_not_told(scenario, amir, ada, ben, worker, quick, engineering):
    secret = Product.objects.add(name="Secret", restricted=True, by=amir)
    hidden = Release.objects.add(product=secret, name="Hidden 1.0", by=amir)
    Task.objects.add(
        workstream=Workstream.objects.add(release=hidden, department=engineering, by=amir), title="X", likely=9, by=amir
    )
    worker.work_off()
    ScenarioRun.objects.get()
    for path in ("/northwind/releases/R-1/scenarios/", "/northwind/scenarios/SCN-1/"):
        assert "Hidden" not in browser(ben).get(path).content.decode()


# --- its pages -----------------------------------------------------------------------------------------


def test_a_lever_is_tried_as_a_scenario_from_its_own_words(release, publish, ada, ben):
    form = {"name": "Let two people work on it", "changes": "split TASK-1"}
    answer = browser(ada).post("/northwind/releases/R-1/scenarios/new/", form)
    assert answer.headers["Location"].endswith("/northwind/scenarios/SCN-1/")
    assert Scenario.objects.get().changes == ["split TASK-1"]
    assert browser(ben).post("/northwind/releases/R-1/scenarios/new/", form).status_code == 403


@pytest.mark.parametrize(
    ("kind", "form", "line"),
    [
        ("drop", {"feature": "F-1"}, "drop F-1"),
        ("drop", {"task": "TASK-2"}, "drop TASK-2"),
        ("move", {"task": "TASK-2", "release": "R-2"}, "move TASK-2 to R-2"),
        ("day", {"task": "TASK-2", "day": "2030-01-31"}, "move TASK-2 to 2030-01-31"),
        ("people", {"people": "2", "to": "D-1"}, "add 2 to D-1"),
        ("people", {"people": "1", "to": "D-1", "of": "D-2"}, "lend 1 of D-2 to D-1"),
        ("estimate", {"task": "TASK-2", "days": "0.5"}, "estimate TASK-2 0.5"),
        ("split", {"task": "TASK-2"}, "split TASK-2"),
        ("overlap", {"before": "TASK-1", "after": "TASK-2", "days": "1"}, "overlap TASK-1 and TASK-2 by 1"),
        ("target", {"day": "2030-01-31"}, "target R-1 2030-01-31"),
    ],
)
def test_each_kind_of_change_has_a_form(kind, form, line, scenario, later, ada):
    Department.objects.add(name="Platform", capacity=3, by=ada)
    path = f"/northwind/scenarios/SCN-1/changes/{kind}/"
    client = browser(ada)
    assert client.get(path).status_code == 200
    assert client.post(path, form).status_code == 302
    scenario.refresh_from_db()
    assert scenario.changes == ["estimate TASK-1 3", line]
    client.post("/northwind/scenarios/SCN-1/changes/take-out/", {"line": line})
    scenario.refresh_from_db()
    assert scenario.changes == ["estimate TASK-1 3"]


def test_a_form_says_what_cannot_be(scenario, ada):
    client = browser(ada)
    answer = client.post("/northwind/scenarios/SCN-1/changes/drop/", {})
    assert answer.status_code == 422
    assert "Name a feature, or a task." in answer.content.decode()
    answer = client.post("/northwind/scenarios/SCN-1/edit/", {"name": "Odd", "changes": "do better", "version": 1})
    assert "“do better” is no change that is understood" in answer.content.decode()


def test_it_is_applied_and_thrown_away_by_buttons(scenario, build, ada, ben):
    assert browser(ben).post("/northwind/scenarios/SCN-1/apply/").status_code == 403
    assert browser(ada).post("/northwind/scenarios/SCN-1/apply/").status_code == 302
    build.refresh_from_db()
    assert build.likely == 3
    assert "is applied" in browser(ada).get("/northwind/scenarios/SCN-1/").content.decode()
    browser(ada).post("/northwind/scenarios/SCN-1/archive/")
    assert Scenario.objects.get().archived


# --- over the API --------------------------------------------------------------------------------------


def test_the_api_makes_computes_reads_and_applies_it(release, publish, build, worker, quick, ada):
    client = Caller(ada).client
    made = client.post(
        f"{API}/scenarios", {"release": "R-1", "name": "Smaller", "changes": ["estimate TASK-1 3"]}, "application/json"
    )
    assert made.status_code == 201
    assert made.json()["changes"] == ["estimate TASK-1 3"]
    assert client.get(f"{API}/scenarios/SCN-1/outcome").json()["computation"]["behind"]
    worker.work_off()
    told = client.get(f"{API}/scenarios/SCN-1/outcome").json()
    assert told["after"]["release"]["p85_on"] < told["before"]["release"]["p85_on"]
    applied = client.post(f"{API}/scenarios/SCN-1/application")
    assert (applied.status_code, applied.json()["status"]) == (200, "applied")
    again = client.post(f"{API}/scenarios/SCN-1/application")
    assert (again.status_code, again.json()["detail"]) == (409, "SCN-1 is applied already.")
    plan = client.get(f"{API}/releases/R-1/plan").json()
    assert plan["forecast"]["p85_on"] == told["before"]["release"]["p85_on"]
