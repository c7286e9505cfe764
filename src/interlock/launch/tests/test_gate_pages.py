"""Readiness of a release, and the page of a gate, through their pages and the API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from interlock.launch.models import Choice, Gate, GateCriterion, GateDecision, Vote
from interlock.strategy.models import Metric
from tests.api import Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def today():
    return timezone.localdate()


@pytest.fixture
def sign_in(client):
    def act(member):
        client.force_login(member.user)
        return client

    return act


def read(client, path):
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_readiness_holds_departments_against_gates(gate, release, engineering, ada, sign_in):
    GateCriterion.objects.add(gate=gate, text="It is built", department=engineering, by=ada).say("met", by=ada)
    page = read(sign_in(ada), f"{release.get_absolute_url()}readiness/")
    assert "4.2: 1 of 2 criteria are met, 2 votes missing" in page
    missing = page.split("What is missing")[1]
    assert "Support is staffed" in missing.split("Who must vote")[0]
    assert "It is built" not in missing
    assert "Engineering Lead" in missing.split("Who must vote")[1]


def test_a_release_without_gates_says_what_to_do(release, ada, ben, sign_in):
    at = f"{release.get_absolute_url()}readiness/"
    assert "Add the first gate" in read(sign_in(ada), at)
    assert "Add the first gate" not in read(sign_in(ben), at)


@pytest.mark.parametrize(("who", "status"), [("ben", 200), ("gus", 404), ("cleo", 404)])
def test_guests_and_outsiders_see_no_gate(who, status, gate, release, payments, amir, request, sign_in):
    payments.admit(request.getfixturevalue("gus"), by=amir)
    client = sign_in(request.getfixturevalue(who))
    assert client.get(gate.get_absolute_url()).status_code == status
    assert client.get(f"{release.get_absolute_url()}readiness/").status_code == status


def test_a_gate_and_its_criteria_are_added_where_one_stands(release, freeze, payments, ada, sign_in):
    client = sign_in(ada)
    metric = Metric.objects.add(name="Errors", product=payments, by=ada)
    sent = {"name": "Code freeze", "milestone": freeze.key, "required": "on", "quorum": ""}
    assert client.post(f"{release.get_absolute_url()}gates/new/", sent | {"name": ""}).status_code == 422
    assert client.post(f"{release.get_absolute_url()}gates/new/", sent).status_code == 302
    gate = Gate.objects.get()
    assert gate.milestone == freeze
    new = f"{gate.get_absolute_url()}criteria/new/"
    for kind, how, status in (
        ("word", {}, 302),
        ("link", {"link": "https://docs.example/kit"}, 302),
        ("link", {"link": "javascript:alert(1)"}, 422),
        ("metric", {"metric": metric.key, "comparison": "at_most", "bound": "2"}, 302),
        ("metric", {"metric": metric.key, "comparison": "at_most", "bound": ""}, 422),
        ("rule", {"rule": "RL102"}, 302),
        ("task", {"task": ""}, 422),
        ("vibes", {}, 404),
    ):
        assert client.post(f"{new}{kind}/", {"text": "It holds", **how}).status_code == status, (kind, how)
    assert [one.kind for one in gate.criteria.all()] == ["word", "link", "metric", "rule"]
    assert "2 of 4 criteria are met" in read(client, gate.get_absolute_url())


def test_an_approver_votes_in_place_and_the_page_says_so(gate, cora, sign_in):
    client, at = sign_in(cora), f"{gate.get_absolute_url()}vote/"
    assert "Your vote" in read(client, gate.get_absolute_url())
    assert client.post(at, {"choice": "go", "reason": ""}).status_code == 422
    assert client.post(at, {"choice": "conditions", "reason": "If the page is quick"}).status_code == 302
    page = read(client, gate.get_absolute_url())
    assert "Change your vote" in page
    assert "If the page is quick" in page
    assert "1 go, with conditions" in page


@pytest.mark.parametrize(("who", "status"), [("ada", 403), ("ben", 403), ("gus", 404), ("cleo", 404)])
def test_who_has_no_say_cannot_vote(who, status, gate, request, sign_in):
    client = sign_in(request.getfixturevalue(who))
    at = f"{gate.get_absolute_url()}vote/"
    assert client.post(at, {"choice": "go", "reason": "Because"}).status_code == status
    assert not Vote.objects.exists()


def test_the_record_is_read_after_the_decision(gate, greta, ada, cora, sign_in, today):
    gate.vote(Choice.GO, reason="Built and tested", by=cora, today=today)
    client = sign_in(ada)
    assert (
        client.post(f"{gate.get_absolute_url()}decision/", {"outcome": "go", "reason": "All agree"}).status_code == 422
    )
    page = client.get(f"{gate.get_absolute_url()}votes/{greta.key}/").content.decode()
    assert "Greta has no account" in page
    client.post(f"{gate.get_absolute_url()}votes/{greta.key}/", {"choice": "go", "reason": "Two on the late shift"})
    assert (
        client.post(f"{gate.get_absolute_url()}decision/", {"outcome": "go", "reason": "All agree"}).status_code == 302
    )
    gate.criteria.get().change(text="Nobody is staffed", by=ada)
    page = read(client, gate.get_absolute_url())
    assert "Go or no-go: go" in page
    record = page.split("How it stood then")[1].split("</details>")[0]
    assert "Support is staffed" in record
    assert "Nobody is staffed" not in record
    assert "written down by Ada" in page
    assert "Your vote" not in page


def test_whoever_sees_to_a_criterion_may_give_their_word(gate, dana, ada, cora, sign_in):
    criterion = gate.criteria.get()
    client, at = sign_in(cora), f"/northwind/gate-criteria/{criterion.key}/word/"
    assert client.post(at, {"word": "met", "note": ""}).status_code == 403
    criterion.change(owner=dana, by=ada)
    assert client.post(at, {"word": "met", "note": "Two more"}).status_code == 302
    assert "Two more" in read(client, gate.get_absolute_url())


def test_the_next_gate_stands_on_the_release_and_on_what_it_rests_on(gate, release, freeze, lead, ada, sign_in):
    client = sign_in(ada)
    for path in (release.get_absolute_url(), freeze.get_absolute_url(), lead.get_absolute_url()):
        assert "Go or no-go" in read(client, path), path


def test_votes_and_decisions_over_the_api(gate, release, greta, ada, cora, today):
    editor, approver = Caller(ada), Caller(cora)
    sent = {"choice": "go", "reason": "Built and tested"}
    assert editor.post(f"gates/{gate.key}/votes", sent).status_code == 403
    [told] = approver.post(f"gates/{gate.key}/votes", sent).json()
    assert (told["choice"], told["role"]["name"], told["person"]["name"]) == (
        "go",
        "Engineering Lead of Payments",
        "Dana",
    )
    decision = {"outcome": "go", "reason": "All agree"}
    assert editor.post(f"gates/{gate.key}/decisions", decision).status_code == 409
    assert editor.post(f"gates/{gate.key}/votes", {**sent, "person": greta.key}).status_code == 201
    assert editor.post(f"gates/{gate.key}/decisions", decision).status_code == 201
    [standing] = editor.get(f"releases/{release.key}/readiness").json()
    assert (standing["state"], standing["outcome"]) == ("Go", "go")
    assert [one["choice"] for one in standing["approvers"]] == ["go", "go"]
    assert len(editor.get(f"votes?gate={gate.key}").json()["items"]) == 2
    assert editor.get(f"gate-decisions?release={release.key}").json()["items"][0]["record"]["criteria"]
    assert GateDecision.objects.get().gate == gate


def test_what_is_likely_too_late_stands_beside_the_day(gate, freeze, release, ada, sign_in, today):
    from interlock.releases.models import TaskDates

    gate.change(decide_by=today, by=ada)
    TaskDates.objects.create(task=freeze, starts_on=today, ends_on=today, likely_by=today + timedelta(days=3))
    assert "3 days late" in read(sign_in(ada), gate.get_absolute_url())
    assert "Code freeze is likely 3 days late" in read(sign_in(ada), f"{release.get_absolute_url()}readiness/")


def test_home_says_which_gates_wait_for_ones_vote(gate, lead, greta, dana, ada, cora, sign_in, today):
    lead.change(product=None, by=ada)
    client = sign_in(cora)
    assert "Gates that wait for your vote" in read(client, "/northwind/")
    gate.vote(Choice.NO_GO, reason="Because", by=cora, today=today)
    gate.vote(Choice.NO_GO, reason="Because", by=ada, person=greta, today=today)
    assert "Gates that wait for your vote" not in read(client, "/northwind/")
    gate.decide(Choice.NO_GO, reason="Because", by=ada, today=today)
    assert "Gates that wait for your vote" in read(client, "/northwind/")
