"""Whatever is refused is refused as RFC 9457 has it, with a sentence, and never as a page or a trace."""

import json

import pytest
from django.db import OperationalError
from django.test import Client

from interlock.organisation.models import Department
from tests.api import Caller

DEEP = b"[" * 200_000


def refusal(answer):
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"].startswith("/api/v1/reference#")
    assert body["title"]
    assert body["detail"]
    assert "Traceback" not in answer.content.decode()
    return body


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", DEEP, b'{"name": NaN}', b'{"name": Infinity}', b"1" * 5000, b'{"a":' * 50_000],
    ids=["empty", "cut", "no UTF-8", "deep", "NaN", "infinite", "long number", "deep objects"],
)
def test_what_is_no_json_is_refused(ada, body):
    assert refusal(Caller(ada).post("departments", body))["status"] in (400, 422)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"name": 7}, "name"),
        ({"name": ["Marketing"]}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "Marketing", "colour": "3"}, "colour"),
        ({"name": "Marketing", "colour": True}, "colour"),
        ({"name": "Marketing", "colour": 1.5}, "colour"),
        ({"name": "Marketing", "colour": 9}, "colour"),
        ({"name": "Marketing", "colour": 10**30}, "colour"),
        ({"name": "Marketing", "undeclared": 1}, "undeclared"),
    ],
)
def test_what_does_not_fit_the_schema_is_refused_at_its_field(ada, body, field):
    told = refusal(Caller(ada).post("departments", body))
    assert told["status"] == 422
    assert [error["field"] for error in told["errors"]] == [field]
    assert not Department.objects.exists()


def test_a_whole_number_may_be_written_with_a_point(ada, engineering):
    """To JSON, and so to a description that says integer, 4.0 is 4."""
    assert Caller(ada).patch("departments/D-1", b'{"colour": 4.0}').json()["colour"] == 4
    assert Caller(ada).patch("departments/D-1", b'{"colour": 4.5}').status_code == 422


@pytest.mark.parametrize("body", [[], "text", 7, None, [{"name": "Marketing"}]])
def test_a_body_that_is_no_object_is_refused(ada, body):
    assert refusal(Caller(ada).post("departments", json.dumps(body).encode()))["status"] == 422


@pytest.mark.parametrize("field", ["id", "key", "number", "version", "workspace", "created_at", "archived_at"])
def test_what_the_server_keeps_cannot_be_set(ada, engineering, field):
    caller = Caller(ada)
    assert caller.post("departments", {"name": "Marketing", field: 1}).status_code == 422
    assert caller.patch("departments/D-1", {field: 1}).status_code == 422
    assert Department.objects.get().version == 1


def test_what_the_plan_does_not_allow_is_refused_at_its_field(ada, engineering):
    told = refusal(Caller(ada).post("departments", {"name": "engineering"}))
    assert told["status"] == 409
    assert told["errors"] == [{"field": "name", "says": "A department of this name exists already."}]


def test_a_key_that_leads_nowhere_is_refused_at_its_field(ada, engineering):
    told = refusal(Caller(ada).post("teams", {"name": "Billing", "department": "D-99"}))
    assert (told["status"], told["detail"]) == (409, "There is no department D-99.")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "nowhere", 404),
        ("GET", "departments/D-99", 404),
        ("GET", "departments/d-1", 422),
        ("GET", "departments/D-0", 422),
        ("PUT", "departments", 405),
        ("TRACE", "departments", 405),
        ("GET", "departments?undeclared=1", 422),
        ("GET", "departments?limit=0", 422),
        ("GET", "departments?limit=201", 422),
        ("GET", "departments?limit=ten", 422),
        ("GET", "departments?limit=%00", 422),
        ("GET", "departments?order=salary", 422),
        ("GET", "departments?cursor=x", 422),
        ("GET", "departments?changed_since=yesterday", 422),
        ("GET", "/api/v2/", 404),
        ("GET", "/api/v1/nowhere", 404),
    ],
)
def test_every_refusal_is_a_problem(ada, method, path, status):
    assert refusal(Caller(ada).call(method, path))["status"] == status


def test_a_method_that_is_not_known_is_answered_with_those_that_are(ada):
    assert set(Caller(ada).put("departments")["Allow"].split(", ")) == {"GET", "POST"}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_must_say_that_it_is_json(ada, kind):
    caller = Caller(ada)
    path = "/api/v1/workspaces/northwind/departments"
    answer = caller.client.generic("POST", path, b'{"name": "Marketing"}', content_type=kind)
    assert refusal(answer)["status"] == 415


def test_a_body_that_is_too_large_is_refused_unread(ada, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert refusal(Caller(ada).post("departments", {"name": "x" * 2000}))["status"] == 413


def test_a_host_that_is_not_ours_is_refused_in_the_same_words(northwind):
    assert refusal(Client().get("/api/v1/me", headers={"Host": "evil.example"}))["status"] == 400


def test_a_fault_of_ours_tells_nothing_of_itself(ada, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("the secret of the house")

    caller = Caller(ada)
    caller.client.raise_request_exception = False
    monkeypatch.setattr("interlock.workspaces.rest.listing.paging.page", fail)
    answer = caller.get("departments")
    assert refusal(answer)["status"] == 500
    assert "secret" not in answer.content.decode()


def test_a_busy_database_is_asked_again_later(ada, monkeypatch):
    def fail(*_, **__):
        raise OperationalError("database is locked")

    monkeypatch.setattr("interlock.workspaces.rest.listing.paging.page", fail)
    answer = Caller(ada).get("departments")
    assert refusal(answer)["status"] == 503
    assert answer["Retry-After"] == "1"


def test_head_is_answered_as_get_without_the_body(ada, engineering):
    caller = Caller(ada)
    head, get = caller.call("HEAD", "departments/D-1"), caller.get("departments/D-1")
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", get["ETag"])
    assert head["Content-Length"] == get["Content-Length"]
