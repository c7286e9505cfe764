"""What an installation sends, and refuses, without anybody having configured it."""

import json
import os
import subprocess
import sys

import pytest
from django.core import mail
from django.test import Client

from interlock.workspaces.models import Invitation
from interlock.workspaces.permissions import Role
from tests.addresses import addresses, routes
from tests.figures import count
from tests.world import settle

pytestmark = pytest.mark.django_db

PRODUCTION = {"INTERLOCK_BASE_URL": "https://interlock.example.com", "INTERLOCK_TRUSTED_PROXIES": "1"}
ASK = """
import json, django
django.setup()
from django.conf import settings
from django.core import checks
found = [str(one) for one in checks.run_checks(include_deployment_checks=True)]
names = {json.loads(%r)}
print(json.dumps([found, {name: getattr(settings, name) for name in names}]))
"""


@pytest.fixture
def world(olga):
    return settle(olga)


@pytest.fixture
def in_production(tmp_path):
    """What Django's checks find under the settings of a server behind a proxy, and some of these settings."""

    def ask(*names):
        environment = {**os.environ, **PRODUCTION, "INTERLOCK_HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
        environment["DJANGO_SETTINGS_MODULE"] = "interlock.config.settings"
        environment.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)  # which the browser tests set for their own process
        script = ASK.replace("json.loads(%r)", ", ".join(map(repr, names)) + ("," if names else ""))
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    return ask


def test_djangos_checks_for_deployment_find_nothing(in_production):
    found, _ = in_production("DEBUG")
    assert found == []


def test_behind_tls_cookies_are_bound_to_the_host(in_production):
    _, set_to = in_production("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")
    assert set_to == {
        "SESSION_COOKIE_NAME": "__Host-sessionid",
        "CSRF_COOKIE_NAME": "__Host-csrftoken",
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
    }


# --- headers -------------------------------------------------------------------------------------------


def test_every_answer_tells_the_browser_what_not_to_allow(client, world, figures):
    client.force_login(world.owner.user)
    every = [one for one in addresses(world) if one.name != "live"]
    for address in every:
        headers = client.get(address.path).headers
        assert headers["X-Content-Type-Options"] == "nosniff", address
        assert headers["X-Frame-Options"] == "DENY", address
        assert headers["Referrer-Policy"] == "same-origin", address
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", address
        assert "Server" not in headers
        assert "X-Powered-By" not in headers
        assert refuses_what_is_not_ours(headers["Content-Security-Policy"]), address
    figures.measured("addresses with every protecting header", len(every))


def refuses_what_is_not_ours(policy):
    directives = dict(one.strip().split(" ", 1) for one in policy.split(";"))
    scripts = directives["script-src"].split()
    return (
        "unsafe" not in policy
        and "*" not in policy
        and directives["default-src"] == "'none'"
        and set(scripts) <= {"'self'"}
        and directives["style-src"] == "'self'"
        and directives["base-uri"] == directives["frame-ancestors"] == "'none'"
        and directives["form-action"] == "'self'"
    )


@pytest.mark.parametrize(
    "path", ["/nowhere/", "/northwind/features/F-0/", "/static/nothing.js", "/%00", "/" + "a" * 3000]
)
def test_what_is_not_there_is_protected_too(path, client):
    response = client.get(path)
    assert response.status_code in (301, 302, 404)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert refuses_what_is_not_ours(response.headers["Content-Security-Policy"])


def test_nobody_may_read_us_from_another_site(client, world):
    client.force_login(world.owner.user)
    for address in addresses(world):
        if address.name != "live":
            response = client.get(address.path, headers={"Origin": "https://elsewhere.example"})
            assert "Access-Control-Allow-Origin" not in response.headers, address


# --- hosts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["elsewhere.example", "127.0.0.1.elsewhere.example", "localhost@elsewhere.example", ""]
)
def test_another_hosts_name_is_refused(host, client, settings):
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
    assert client.get("/accounts/login/", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost:6666"},
        {"Host": "localhost"},
        {"X-Forwarded-Host": "elsewhere.example"},
        {"X-Forwarded-Proto": "https", "X-Forwarded-Port": "6666"},
        {"Forwarded": "host=elsewhere.example"},
    ],
)
def test_links_in_mails_lead_here_whatever_the_sender_claims(headers, ada, worker, settings):
    settings.ALLOWED_HOSTS = ["localhost", "testserver"]
    visitor = Client(headers=headers)
    visitor.post("/accounts/password/reset/", {"email": ada.user.email})
    visitor.post("/accounts/signup/", {"name": "Zoe", "email": "zoe@example.com", "password1": "long and secret"})
    visitor.post("/accounts/signup/", {"name": "Ada", "email": ada.user.email, "password1": "long and secret"})
    worker.work_off()
    assert len(mail.outbox) == 3
    for message in mail.outbox:
        links = [word for word in message.body.split() if "://" in word]
        assert links, message.body
        assert all(f"{link}/".startswith(f"{settings.BASE_URL}/") for link in links), links
        text = f"{message.subject} {message.body}"
        assert ":6666" not in text
        assert "elsewhere" not in text


# --- open redirects ------------------------------------------------------------------------------------

ELSEWHERE = [
    "https://elsewhere.example/",
    "//elsewhere.example/",
    "///elsewhere.example/",
    "/\\elsewhere.example/",
    "\\\\elsewhere.example/",
    "http:elsewhere.example",
    "http:///elsewhere.example",
    "https:\\\\elsewhere.example",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "/\t/elsewhere.example/",
    " //elsewhere.example/",
    "//elsewhere.example\\@testserver/",
    "https://testserver@elsewhere.example/",
    "https://testserver.elsewhere.example/",
    "\r\nLocation: https://elsewhere.example/",
]


def leads_here(location):
    return location.startswith("/") and not location.startswith(("//", "/\\")) and "\t" not in location


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_signing_in_leads_nowhere_else(wanted, ada):
    sent = {"login": ada.user.email, "password": "correct horse", "next": wanted}
    response = Client().post("/accounts/login/", sent)
    assert response.status_code == 302
    assert leads_here(response.headers["Location"])
    assert leads_here(Client().post("/accounts/logout/", {"next": wanted}).headers["Location"])


def test_no_page_leads_elsewhere(client, world, figures):
    client.force_login(world.owner.user)
    tried = 0
    for address in addresses(world):
        if address.name in ("live", "account_logout"):
            continue
        for wanted in ELSEWHERE[: count(2, len(ELSEWHERE))]:
            response = client.get(address.path, {"next": wanted})
            tried += 1
            if response.status_code in (301, 302, 303):
                assert leads_here(response.headers["Location"]), (str(address), wanted)
    figures.measured("addresses asked to lead elsewhere, that did", f"{tried:,}, 0")


# --- headers of mails ------------------------------------------------------------------------------------

INJECTIONS = [
    "\r\nBcc: mallory@example.com",
    "\nBcc: mallory@example.com",
    "\r\n\r\n<b>hello</b>",
    "\u2028Bcc: m@x",
]


def has_page(name):
    return any(one == name for one, _, _ in routes())


@pytest.mark.skipif("not has_page('invitation')", reason="invitations have no page to lead to yet")
@pytest.mark.parametrize("injection", INJECTIONS)
def test_a_name_cannot_add_a_header_to_a_mail(injection, olga, worker):
    olga.user.name = f"Olga{injection}"
    olga.user.save()
    olga.workspace.rename(f"Northwind{injection}", by=olga)
    Invitation.objects.invite("zoe@example.com", Role.VIEWER, by=olga)
    worker.work_off()
    [message] = mail.outbox
    sent = message.message()
    assert message.recipients() == ["zoe@example.com"]
    assert "Bcc" not in sent
    assert "\n" not in message.subject
    assert sent.get_content_type() == "text/plain"


@pytest.mark.parametrize(
    "address", ["zoe@example.com\r\nBcc: m@example.com", "zoe@example.com, m@example.com", "a@b\0.c"]
)
def test_an_address_cannot_be_two(address, client, olga):
    client.force_login(olga.user)
    client.post("/northwind/settings/invitations/new/", {"email": address, "role": "viewer"})
    client.post("/accounts/password/reset/", {"email": address})
    assert not Invitation.objects.exists()
    assert not mail.outbox
