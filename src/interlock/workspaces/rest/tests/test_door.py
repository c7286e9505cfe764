"""Who is let in at the API, and as whom."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from interlock.organisation.models import Department
from interlock.workspaces.models import APIToken, AuditEvent, Door
from tests.api import Caller

DEPARTMENTS = "/api/v1/workspaces/northwind/departments"


def test_a_token_acts_as_its_member(ada):
    assert Caller(ada).post("departments", {"name": "Marketing"}).status_code == 201
    event = AuditEvent.objects.get(key="D-1")
    assert (event.actor, event.door) == (ada.pseudonym, Door.API)


@pytest.mark.parametrize("text", ["ilk_unknown", "", "x" * 10_000, "ilk_\N{SNOWMAN}"])
def test_an_unknown_token_is_nobodys(ada, text):
    answer = Client().get(DEPARTMENTS, headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "ilk_x", ""])
def test_other_schemes_are_refused_even_beside_a_session(ada, client, header):
    client.force_login(ada.user)
    assert client.get(DEPARTMENTS, headers={"Authorization": header}).status_code == 401


def test_a_revoked_token_stops_at_once(ada):
    caller = Caller(ada)
    assert caller.get("departments").status_code == 200
    APIToken.objects.get(member=ada).revoke(by=ada)
    assert caller.get("departments").status_code == 401


def test_an_expired_token_stops(ada):
    caller = Caller(ada)
    APIToken.objects.filter(member=ada).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert caller.get("departments").status_code == 401


def test_a_token_ends_with_the_seat_of_its_member(ada, olga):
    caller = Caller(ada)
    ada.end(by=olga)
    assert caller.get("departments").status_code == 401


def test_a_token_that_reads_changes_nothing(ada):
    caller = Caller(ada, scope="read")
    assert caller.get("departments").status_code == 200
    assert caller.post("departments", {"name": "Marketing"}).status_code == 403
    assert not Department.objects.exists()


def test_a_token_finds_nothing_in_another_workspace(northwind, cleo):
    answer = Caller(cleo, workspace="northwind").get("departments")
    nowhere = Caller(cleo, workspace="nowhere").get("departments")
    assert answer.status_code == nowhere.status_code == 404
    assert answer.json() == nowhere.json()


def test_a_token_is_of_one_workspace_even_where_its_owner_has_two(ada, cleo):
    both = type(cleo).objects.create(workspace=cleo.workspace, user=ada.user, role="editor")
    assert Caller(ada, workspace="southwind").get("departments").status_code == 404
    assert Caller(both).get("departments").status_code == 200


def test_a_session_reads_and_changes(ada, client):
    client.force_login(ada.user)
    assert client.get(DEPARTMENTS).json() == {"items": [], "next": None}
    added = client.post(DEPARTMENTS, {"name": "Marketing"}, content_type="application/json")
    assert added.status_code == 201


def test_a_session_without_its_csrf_token_changes_nothing(ada):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ada.user)
    refused = browser.post(DEPARTMENTS, {"name": "Marketing"}, content_type="application/json")
    assert refused.status_code == 403
    browser.get("/accounts/password/change/")
    token = browser.cookies["csrftoken"].value
    sent = browser.post(
        DEPARTMENTS, {"name": "Marketing"}, content_type="application/json", headers={"X-CSRFToken": token}
    )
    assert sent.status_code == 201


def test_a_session_of_an_outsider_finds_nothing(northwind, cleo, client):
    client.force_login(cleo.user)
    assert client.get(DEPARTMENTS).status_code == 404


def test_whoever_is_nobody_is_asked_who_they_are(northwind, client):
    assert client.get(DEPARTMENTS).status_code == 401
    assert client.get("/api/v1/me").status_code == 401


def test_me_and_my_workspaces(ada, client):
    by_token = Caller(ada).get("/api/v1/me").json()
    assert [seat["workspace"]["slug"] for seat in by_token["seats"]] == ["northwind"]
    assert by_token["token"]["scope"] == "write"
    client.force_login(ada.user)
    assert client.get("/api/v1/me").json()["token"] is None
    assert [one["slug"] for one in client.get("/api/v1/workspaces").json()["items"]] == ["northwind"]


def test_founding_a_workspace_and_issuing_a_token_take_a_session(ada, client):
    caller = Caller(ada)
    wish = {"name": "Import", "scope": "read", "expires_at": "2100-01-01T00:00:00Z"}
    assert caller.post("/api/v1/workspaces", {"name": "Eastwind", "slug": "eastwind"}).status_code == 403
    assert caller.post("tokens", wish).status_code == 403
    client.force_login(ada.user)
    assert client.post("/api/v1/workspaces", {"name": "E", "slug": "e-1"}, "application/json").status_code == 201
    issued = client.post("/api/v1/workspaces/northwind/tokens", wish, "application/json")
    assert issued.status_code == 201
    assert Caller(ada, token=issued.json()["text"]).get("departments").status_code == 200
