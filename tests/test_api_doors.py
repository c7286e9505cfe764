"""Every operation of the API, as its description lists them, tried by everybody who should not get through.

Each is asked with its own example, on rows that exist, so that nothing but who asks decides.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.test.utils import CaptureQueriesContext

from interlock.organisation.models import Product
from interlock.workspaces.models import AuditEvent, Member, User
from interlock.workspaces.rest.openapi import operations
from tests.api import Caller
from tests.world import World, settle

SECRET = "Nightingale"
WITHIN = "/api/v1/workspaces/{workspace}"
# Answers to the parameters that an operation cannot do without.
ANSWERS = {"kind": "handle", "spelling": f"{SECRET}%20handle", "q": SECRET}
# What the fix of the finding asks for.
BODIES = {"fix_finding": {"answers": {"owner": "P-1"}}}
# What belongs to a product, and is hidden with it.
OF_A_PRODUCT = {
    "products",
    "features",
    "requirements",
    "dependencies",
    "releases",
    "objectives",
    "key-results",
    "metrics",
    "measurements",
    "findings",
}
# What everybody but guests may do to what is their own.
PERSONAL = {"save_view"}
# What a contributor may do to what is not theirs.
FOR_CONTRIBUTORS = {"waive_finding", "withdraw_waiver", "remark_on_launch"}


Keys = dict[str, str]


class Operation(NamedTuple):
    name: str
    method: str
    path: str
    body: Any
    query: str
    in_parts: bool = False

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    @property
    def folder(self) -> str:
        return self.path.removeprefix(WITHIN).strip("/").partition("/")[0]


def listed() -> Iterator[Operation]:
    for method, path, told in operations(Client(headers={"Host": "localhost"}).get("/api/v1/openapi.json").json()):
        kind, content = next(iter(told.get("requestBody", {}).get("content", {}).items()), ("", None))
        asked = [one["name"] for one in told["parameters"] if one["in"] == "query" and one["required"]]
        query = "&".join(f"{name}={ANSWERS[name]}" for name in asked)
        body = BODIES.get(told["operationId"], content and content["example"])
        yield Operation(told["operationId"], method.upper(), path, body, query, kind == "multipart/form-data")


ALL = list(listed())
INSIDE = [one for one in ALL if one.path.startswith(WITHIN)]
WRITES = [one for one in INSIDE if one.writes]


def ask(client: Client, operation: Operation, keys: Keys, workspace: str = "northwind") -> Any:
    places = {
        "workspace": workspace,
        "key": keys.get(operation.folder, ""),
        "team": keys["teams"],
        "person": keys["people"],
        "feature": keys["features"],
        "product": keys["products"],
        "code": keys["rules"],
        "name": "choose_owner",
    }
    path = re.sub(r"{(\w+)}", lambda place: places[place[1]], operation.path)
    return client.generic(
        operation.method,
        f"{path}?{operation.query}" if operation.query else path,
        b"" if operation.body is None else in_parts(operation.body) if operation.in_parts else as_json(operation.body),
        content_type=MULTIPART_CONTENT if operation.in_parts else "application/json",
        headers={"If-Match": "*"},
    )


def as_json(body: Any) -> bytes:
    return json.dumps(body).encode()


def in_parts(body: Any) -> bytes:
    file = SimpleUploadedFile("plan.csv", body["file"].encode())
    return encode_multipart(BOUNDARY, {**body, "file": file})


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def everything() -> tuple[Any, ...]:
    """What an operation must have left as it was."""
    return AuditEvent.objects.count(), User.objects.count()


def wrong(tried: Iterable[Operation], fits: Callable[[Operation], Any], *, changing: bool = False) -> dict[str, Any]:
    """The operations that did not answer as they should: `fits` returns what is wrong, or nothing."""
    found: dict[str, Any] = {}
    for operation in tried:
        with undone():
            before = everything()
            problem = fits(operation)
            if problem:
                found[operation.name] = problem
            elif not changing and everything() != before:
                found[operation.name] = "something was changed"
    return found


def unless(statuses: Iterable[int], answer: Any) -> Any:
    return None if answer.status_code in statuses else (answer.status_code, answer.content[:300])


@pytest.fixture(autouse=True)
def without_limit(settings):
    settings.API_REQUESTS_PER_MINUTE = 1_000_000


def settled(by: Member, *, restricted: bool = False) -> Keys:
    """One of everything, all of whose texts hold the secret word; returns a key for each folder of the API."""
    world = settle(by, text=lambda words: f"{SECRET} {words}")
    if restricted:
        Product.objects.filter(pk=world.product.pk).update(restricted=True)
    return keys_of(world)


def keys_of(world: World) -> Keys:
    rows = {
        "products": world.product,
        "departments": world.department,
        "teams": world.team,
        "people": world.person,
        "roles": world.role,
        "objectives": world.objective,
        "key-results": world.key_result,
        "metrics": world.metric,
        "measurements": world.measurement,
        "features": world.feature,
        "requirements": world.requirement,
        "dependencies": world.dependency,
        "releases": world.release,
        "absences": world.absence,
        "freeze-windows": world.freeze,
        "workstreams": world.workstream,
        "tasks": world.task,
        "task-links": world.task_link,
        "release-templates": world.template,
        "gates": world.gate,
        "gate-criteria": world.criterion,
        "votes": world.vote,
        "gate-decisions": world.decision,
        "runbook-steps": world.step,
        "launch-reviews": world.review,
        "review-notes": world.note,
        "follow-ups": world.follow_up,
        "audiences": world.audience,
        "communications": world.communication,
        "scope-baselines": world.agreement,
        "risks": world.risk,
        "risk-hits": world.risk_hit,
        "day-rates": world.day_rate,
        "budgets": world.budget,
        "purchases": world.purchase,
        "scenarios": world.scenario,
        "findings": world.finding,
        "views": world.view,
        "exports": world.export,
        "invitations": world.invitation,
        "tokens": world.token,
        "members": world.owner,
        "imports": world.import_run,
    }
    return {folder: row.key for folder, row in rows.items()} | {"rules": "BL107"}


@pytest.fixture
def keys(olga):
    return settled(olga)


def test_the_examples_are_understood_where_an_owner_asks(figures, olga, keys, client):
    """409: the plan does not allow it, or has it so already."""
    client.force_login(olga.user)
    figures.measured("operations, each tried by everybody", len(ALL))
    # An owner is not among the approvers of each gate.
    own = [one for one in INSIDE if one.name != "vote"]
    assert not wrong(own, lambda one: unless((200, 201, 204, 409), ask(client, one, keys)), changing=True)


def test_who_is_nobody_is_asked_who_they_are(keys):
    assert not wrong(ALL, lambda one: unless((401,), ask(Client(), one, keys)))


@pytest.mark.parametrize("door", ["token", "session"])
def test_an_outsider_is_told_that_there_is_nothing(door, keys, cleo, client):
    client.force_login(cleo.user)
    caller = Caller(cleo).client if door == "token" else client

    def fits(operation):
        there, nowhere = ask(caller, operation, keys), ask(caller, operation, keys, workspace="nowhere")
        return unless((404,), there) or (there.content != nowhere.content and "it differs from nothing")

    assert not wrong(INSIDE, fits)


def test_a_viewer_changes_nothing(ben, keys):
    """What is personal, such as the tokens and views of others, they do not even see."""
    caller = Caller(ben).client
    tried = [one for one in WRITES if one.name not in PERSONAL]
    assert not wrong(tried, lambda one: unless((403, 404), ask(caller, one, keys)))


def test_a_contributor_changes_only_what_is_theirs_and_nothing_here_is(cora, keys):
    caller = Caller(cora).client
    tried = [one for one in WRITES if one.name not in PERSONAL | FOR_CONTRIBUTORS]
    assert not wrong(tried, lambda one: unless((403, 404), ask(caller, one, keys)))


def test_a_token_that_reads_changes_nothing(olga, keys):
    caller = Caller(olga, scope="read").client
    assert not wrong(WRITES, lambda one: unless((403,), ask(caller, one, keys)))


def test_a_session_without_its_csrf_token_changes_nothing(olga, keys):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(olga.user)
    writes = [one for one in ALL if one.writes]
    assert not wrong(writes, lambda one: unless((403,), ask(browser, one, keys)))


def test_a_guest_sees_nothing_that_is_not_shared_with_them(gus, keys):
    caller = Caller(gus).client

    def fits(operation):
        answer = ask(caller, operation, keys)
        return unless((403, 404, 409) if operation.writes else (200, 403, 404), answer) or told(answer, "")

    assert not wrong(INSIDE, fits)


def test_a_guest_of_a_product_is_told_nobody_of_the_directory(olga, gus):
    world = settle(olga, text=lambda words: f"{SECRET} {words}")
    world.product.admit(gus, by=olga)
    User.objects.filter(pk=olga.user_id).update(name=f"{SECRET} owner")
    keys, caller = keys_of(world), Caller(gus).client

    def fits(operation):
        answer = ask(caller, operation, keys)
        named = told(answer, "person", "team", "department", "member", "owner", "handle", "title")
        aimed = operation.folder in OF_A_PRODUCT and not operation.writes and operation.path.endswith("{key}")
        return named or (aimed and unless((200,), answer))

    assert not wrong(INSIDE, fits)


@pytest.mark.parametrize(("who", "told_of"), [("ben", 0), ("amir", 3)])
def test_who_is_listed_for_a_product_is_told_to_those_who_list_them(who, told_of, olga, request):
    world = settle(olga)
    for seat in ("ben", "amir"):
        world.secret.admit(request.getfixturevalue(seat), by=olga)
    caller = Caller(request.getfixturevalue(who))
    product = caller.client.get(f"/api/v1/workspaces/northwind/products/{world.secret.key}").json()
    assert len(product["members"]) == told_of
    assert len(product["teams"]) == bool(told_of)


def told(answer: Any, *nouns: str) -> str:
    # The objective below the product's is the workspace's own.
    text = answer.content.decode().replace(f"{SECRET} objective below", "")
    return next((f"it tells of the {SECRET} {noun}" for noun in nouns if f"{SECRET} {noun}".strip() in text), "")


def test_what_hangs_on_a_restricted_product_does_not_exist_for_others(olga, ada):
    """Departments, teams and people are everybody's; the product, and what belongs to it, is not."""
    keys = settled(olga, restricted=True)
    caller = Caller(ada).client

    def fits(operation):
        answer = ask(caller, operation, keys)
        found = told(answer, "product", "role", "objective", "result", "feature", "requirement", "release")
        aimed = operation.folder in OF_A_PRODUCT and "{key}" in operation.path
        return found or (aimed and unless((404,), answer))

    assert not wrong(INSIDE, fits, changing=True)


def test_rows_of_another_workspace_do_not_exist(cleo, ada):
    """The keys are southwind's, where all of them exist. Northwind holds none."""
    keys = settled(cleo)
    caller = Caller(ada).client
    theirs = AuditEvent.objects.filter(workspace_id=cleo.workspace_id)
    before = theirs.count()

    def fits(operation):
        answer = ask(caller, operation, keys)
        aimed = "{key}" in operation.path
        return (
            (aimed and unless((403, 404), answer))
            or told(answer, "")
            or (theirs.count() != before and "southwind changed")
        )

    assert not wrong(INSIDE, fits, changing=True)


# A transaction's own settings end with it.
READING = ("SELECT", "SAVEPOINT", "RELEASE", "SET LOCAL")


def test_reading_writes_nothing(olga, keys):
    caller = Caller(olga).client

    def fits(operation):
        with CaptureQueriesContext(connection) as queries:
            ask(caller, operation, keys)
        return [query["sql"] for query in queries if not query["sql"].startswith(READING)]

    assert not wrong([one for one in ALL if not one.writes], fits)


@pytest.mark.parametrize("field", ["undeclared", "id", "number", "version", "workspace", "rank", "is_superuser"])
def test_what_is_not_declared_is_refused(field, olga, keys, client, figures):
    client.force_login(olga.user)
    tried = [one._replace(body={**one.body, field: 1}) for one in ALL if one.body is not None]
    assert not wrong(tried, lambda one: unless((422,), ask(client, one, keys)))
    figures.measured(f"operations sent “{field}”, taken", f"{len(tried)}, 0")
