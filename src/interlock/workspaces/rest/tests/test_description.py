"""The description of the API: complete, and true."""

import json
import re
from collections import defaultdict

import pytest
from django.urls import get_resolver
from jsonschema_rs import Draft202012Validator

from interlock.workspaces.rest.openapi import TAGS, example_of, operations
from interlock.workspaces.rest.problems import KINDS
from interlock.workspaces.rest.schemas import Out
from tests.api import Caller


@pytest.fixture(scope="module")
def described():
    from django.test import Client

    return Client().get("/api/v1/openapi.json").json()


def routes(patterns, prefix=""):
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns, path)
        else:
            yield path


def test_every_address_of_the_api_is_described(described):
    ours = {f"/{path}" for path in routes(get_resolver().url_patterns) if path.startswith("api/v1/")}
    ours -= {"/api/v1/openapi.json", "/api/v1/reference", "/api/v1/"}
    assert {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path) for path in ours} == set(described["paths"])


def test_it_says_which_version_of_openapi_it_speaks(described):
    assert described["openapi"] == "3.1.0"


def test_every_operation_has_a_name_of_its_own_a_summary_and_a_tag(described):
    told = [operation for _, _, operation in operations(described)]
    names = [operation["operationId"] for operation in told]
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch("[a-z]+(_[a-z]+)*", name)] == []
    assert all(operation["summary"] for operation in told)
    assert {tag for operation in told for tag in operation["tags"]} <= set(TAGS)


def test_no_two_schemas_share_a_name(described):
    """The description knows schemas by their names: of two, one would be told as the other."""
    known = defaultdict(set)
    kinds = [Out]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        # What a listing makes of one has its name, and is the same to whoever reads it.
        if kind.__module__.startswith("interlock.") and ".rest." not in kind.__module__:
            known[kind.__name__].add(kind.__module__)
    assert {name: homes for name, homes in known.items() if len(homes) > 1} == {}


def test_every_refusal_is_described(described):
    for method, path, operation in operations(described):
        assert {"401", "403", "422", "429", "500"} <= set(operation["responses"]), (method, path)


def test_every_body_and_answer_has_an_example_that_fits(described):
    definitions = {"components": described["components"]}
    for method, path, operation in operations(described):
        held = [operation["requestBody"]] if "requestBody" in operation else []
        held += [answer for answer in operation["responses"].values() if "content" in answer]
        for media in (media for one in held for media in one["content"].values()):
            problems = list(Draft202012Validator(definitions | media["schema"]).iter_errors(media["example"]))
            assert not problems, (method, path, problems)


def test_a_number_s_bounds_are_told(described):
    parameters = described["paths"]["/api/v1/workspaces/{workspace}/features"]["get"]["parameters"]
    [limit] = [one["schema"] for one in parameters if one["name"] == "limit"]
    assert (limit["minimum"], limit["maximum"]) == (1, 200)


def test_what_is_written_is_refused_where_it_is_not_declared(described):
    bodies = [operation["requestBody"] for _, _, operation in operations(described) if "requestBody" in operation]
    for body in bodies:
        [media] = body["content"].values()
        schema = media["schema"]
        if "properties" in schema:  # sent in parts
            assert schema["additionalProperties"] is False
            continue
        names = re.findall(r"schemas/(\w+)", json.dumps(schema))
        assert names
        assert all(described["components"]["schemas"][name]["additionalProperties"] is False for name in names)


def test_the_reference_needs_no_account(client):
    assert client.get("/api/v1/reference").status_code == 200


def test_the_reference_shows_every_operation_and_every_refusal(client, described):
    page = client.get("/api/v1/reference").content.decode()
    for methods in described["paths"].values():
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in page
    assert all(f'id="{kind.name}"' in page for kind in KINDS.values())


def test_an_example_can_be_made_of_any_schema():
    schema = {"type": "object", "properties": {"a": {"type": "string", "examples": ["b"]}, "c": {"type": "integer"}}}
    assert example_of(schema | {"required": ["c"]}, {}) == {"a": "b", "c": 1}


def test_the_limit_that_is_told_is_the_limit_that_holds(ada, described):
    amount = re.search(r"q=(\d+)", Caller(ada).get("departments")["RateLimit-Policy"])[1]
    assert f"has {amount} requests a minute" in described["info"]["description"]
