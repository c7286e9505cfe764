"""What is logged of who came and who was turned away; and that no log ever holds a secret."""

import json
import logging
import re

import pytest
from django.test import Client

from interlock.organisation.models import Product
from interlock.workspaces.security import Unspoken
from tests.api import Caller

PASSWORD = "correct horse"
CANARY = "canary-7f3a9c"


class Kept(logging.Handler):
    """All that is logged, as the console's handler writes it."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.addFilter(Unspoken())
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))

    def events(self):
        told = [line.partition("interlock.security ")[2] for line in self.lines]
        return [json.loads(line) for line in told if line]


@pytest.fixture
def logs():
    kept = Kept()
    root = logging.getLogger()
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    yield kept
    root.removeHandler(kept)
    root.setLevel(level)


@pytest.fixture(autouse=True)
def without_verification(settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "none"


def sign_in(client, email, password):
    return client.post("/accounts/login/", {"login": email, "password": password})


def only(logs, **facts):
    found = [one for one in logs.events() if facts.items() <= one.items()]
    assert len(found) == 1, (facts, logs.events())
    return found[0]


def test_signing_in_and_out_is_logged(ada, client, logs):
    sign_in(client, ada.user.email, PASSWORD)
    client.post("/accounts/logout/")
    assert only(logs, event="signed in")["user"] == ada.user.pk
    assert only(logs, event="signed out")["user"] == ada.user.pk


def test_a_wrong_password_is_logged_by_a_fingerprint_of_the_account(ada, client, logs):
    sign_in(client, ada.user.email, "wrong")
    sign_in(client, ada.user.email.upper(), "wrong")
    sign_in(client, "somebody@else.example", "wrong")
    first, second, other = (one["typed"] for one in logs.events() if one["event"] == "sign-in failed")
    assert first == second != other
    assert "@" not in first


def test_being_blocked_is_logged(ada, client, logs):
    for _ in range(6):
        sign_in(client, ada.user.email, "wrong")
    assert only(logs, event="sign-in blocked")["address"] == "127.0.0.1"


def test_tokens_that_are_issued_and_revoked_are_logged(ada, logs, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        Caller(ada)
        ada.tokens.get().revoke(by=ada)
    assert only(logs, event="token issued")["member"] == str(ada.pseudonym)
    assert only(logs, event="token revoked")["token"] == only(logs, event="token issued")["token"]


def test_who_is_nobody_is_logged(northwind, client, logs):
    client.get("/api/v1/workspaces/northwind/features")
    assert only(logs, event="denied", status=401)["route"] == "api/v1/workspaces/<slug:workspace>/features"


@pytest.mark.parametrize("door", ["api", "page"])
def test_what_is_seen_and_not_theirs_to_change_is_logged(ben, client, logs, payments, door):
    if door == "api":
        Caller(ben).patch("products/PROD-1", {"name": "Mine"})
    else:
        client.force_login(ben.user)
        client.post("/northwind/products/PROD-1/edit/", {"name": "Mine"})
    assert only(logs, event="denied", status=403)["member"] == str(ben.pseudonym)


@pytest.mark.parametrize("door", ["api", "page"])
def test_what_exists_and_is_hidden_from_them_is_logged_and_what_does_not_exist_is_not(olga, ben, client, logs, door):
    Product.objects.add(name="Secret", by=olga).restrict(True, by=olga)
    client.force_login(ben.user)
    caller = Caller(ben)
    for key in ("PROD-1", "PROD-2"):
        answer = caller.get(f"products/{key}") if door == "api" else client.get(f"/northwind/products/{key}/")
        assert answer.status_code == 404
    assert only(logs, event="hidden")["member"] == str(ben.pseudonym)


@pytest.mark.parametrize("door", ["token", "session", "page"])
def test_an_outsider_at_a_workspace_is_logged(northwind, cleo, client, logs, door):
    client.force_login(cleo.user)
    if door == "token":
        Caller(cleo, workspace="northwind").get("features")
    else:
        client.get("/northwind/" if door == "page" else "/api/v1/workspaces/northwind/features")
    assert only(logs, event="hidden")["what"] == "workspace northwind"


def test_no_secret_is_in_any_log(figures, ada, worker, logs, monkeypatch, mailoutbox):
    """Secrets go everywhere that they can: right and wrong fields, headers, paths, faults of ours."""
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    secrets = {PASSWORD, CANARY}
    browser.get("/accounts/login/")
    csrf = browser.cookies["csrftoken"].value
    secrets.add(csrf)
    form = {"csrfmiddlewaretoken": csrf}
    browser.post("/accounts/login/", form | {"login": CANARY, "password": PASSWORD})
    browser.post("/accounts/login/", form | {"login": f"{CANARY}@northwind.example", "password": CANARY})
    browser.post("/accounts/login/", {"login": ada.user.email, "password": PASSWORD})
    browser.post("/accounts/login/", form | {"login": ada.user.email, "password": PASSWORD})
    secrets |= {browser.cookies["sessionid"].value, browser.cookies["csrftoken"].value}
    browser.post("/accounts/logout/", {})

    Client().post("/accounts/password/reset/", {"email": ada.user.email})
    worker.work_off()
    links = [link for message in mailoutbox for link in re.findall(r"https?://\S+/accounts/\S+", message.body)]
    assert links
    secrets |= {line for message in mailoutbox for line in message.body.splitlines() if len(line) > 30}
    for link in links:
        path = re.sub(r"https?://[^/]+", "", link)
        secrets.add(path.rstrip("/").rpartition("/")[2])
        Client(raise_request_exception=False).get(path)
        Client(raise_request_exception=False).get(f"{path}/nowhere")

    caller = Caller(ada)
    secrets.add(caller.token)
    wrong = f"ilk_{CANARY}"
    caller.client.raise_request_exception = False
    caller.get("features")
    caller.get(f"/api/v1/{caller.token}")
    caller.get(f"features?token={caller.token}")
    caller.post("features", {"title": CANARY})
    caller.post("features", CANARY.encode())
    Caller(ada, token=wrong).get("features")
    Client(raise_request_exception=False).get(f"/invitations/{CANARY}/")
    monkeypatch.setattr("interlock.workspaces.rest.listing.paging.page", lambda *_, **__: 1 / 0)
    assert caller.get("features").status_code == 500

    told = "\n".join(logs.lines)
    assert len(logs.lines) > 12
    found = {secret for secret in secrets if secret in told}
    figures.measured("secrets sown, and found in a log", f"{len(secrets)}, {len(found)}")
    assert not found
