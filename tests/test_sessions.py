"""Sessions begin anew at every sign-in, and end when they should: on the server, not in the browser alone."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.utils import timezone

from interlock.web.live import Subscriber, still_welcome

pytestmark = pytest.mark.django_db
PASSWORD, NEW = "correct horse", "a better battery staple"


@pytest.fixture
def ada(ada):
    EmailAddress.objects.create(user=ada.user, email=ada.user.email, primary=True, verified=True)
    return ada


def sign_in(member, password=PASSWORD, client=None):
    client = client or Client()
    response = client.post("/accounts/login/", {"login": member.user.email, "password": password})
    assert response.status_code == 302, response.content.decode()
    return client


def signed_in(client):
    return client.get("/account/").status_code == 200


def cookie_of(client):
    return client.cookies["sessionid"].value


def with_cookie(key):
    """Somebody who has come by a session's cookie."""
    thief = Client()
    thief.cookies["sessionid"] = key
    return thief


# --- how they begin ------------------------------------------------------------------------------------


def test_signing_in_changes_the_sessions_id(ada):
    client = Client()
    client.get("/accounts/password/reset/")
    session = client.session
    session["planted"] = True
    session.save()
    planted = cookie_of(client)
    sign_in(ada, client=client)
    assert cookie_of(client) != planted
    assert not signed_in(with_cookie(planted))
    assert not Session.objects.filter(session_key=planted).exists()


def test_signing_in_changes_the_csrf_token(ada):
    client = Client()
    client.get("/accounts/login/")
    before = client.cookies["csrftoken"].value
    sign_in(ada, client=client)
    client.get("/northwind/")
    assert client.cookies["csrftoken"].value != before


def test_an_id_that_the_server_did_not_give_is_not_taken(ada):
    client = with_cookie("a" * 32)
    sign_in(ada, client=client)
    assert cookie_of(client) != "a" * 32


def test_cookies_are_hidden_from_scripts_and_other_sites(ada):
    client = sign_in(ada)
    client.get("/northwind/")
    for name in ("sessionid", "csrftoken"):
        cookie = client.cookies[name]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")


def test_no_cache_between_keeps_a_page(ada):
    assert sign_in(ada).get("/northwind/").headers["Cache-Control"] == "private, no-cache"


# --- how they end --------------------------------------------------------------------------------------


def test_signing_out_ends_the_session_on_the_server(ada):
    client = sign_in(ada)
    key = cookie_of(client)
    assert signed_in(with_cookie(key))
    client.post("/accounts/logout/")
    assert not signed_in(with_cookie(key))
    assert not Session.objects.filter(session_key=key).exists()


def test_looking_at_the_sign_out_page_signs_nobody_out(ada):
    client = sign_in(ada)
    client.get("/accounts/logout/")
    assert signed_in(client)


def test_signing_out_tells_the_browser_to_forget_what_it_kept(ada):
    assert sign_in(ada).post("/accounts/logout/").headers["Clear-Site-Data"] == '"cache"'


def test_a_new_password_ends_every_other_session(ada):
    here, elsewhere = sign_in(ada), sign_in(ada)
    key = cookie_of(elsewhere)
    changed = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert here.post("/accounts/password/change/", changed).status_code == 302
    assert signed_in(here)
    assert not signed_in(elsewhere)
    assert not Session.objects.filter(session_key=key).exists()


def test_a_password_reset_ends_every_session(ada, worker):
    there, elsewhere = sign_in(ada), sign_in(ada)
    reset(ada, worker)
    assert not signed_in(there)
    assert not signed_in(elsewhere)
    assert Session.objects.count() <= 1  # that of whoever did the resetting
    assert signed_in(sign_in(ada, NEW))


def reset(member, worker):
    visitor = Client()
    visitor.post("/accounts/password/reset/", {"email": member.user.email})
    worker.work_off()
    link = next(word for word in mail.outbox[-1].body.split() if "/accounts/password/reset/key/" in word)
    form = visitor.get(link[link.index("/accounts/") :], follow=True)
    answer = visitor.post(form.request["PATH_INFO"], {"password1": NEW, "password2": NEW})
    assert answer.status_code == 302, answer.content.decode()
    return link


def test_a_reset_link_works_once(ada, worker):
    link = reset(ada, worker)
    again = Client().get(link[link.index("/accounts/") :], follow=True).content.decode()
    assert "password1" not in again


def test_a_disabled_account_is_out_at_once(ada):
    client = sign_in(ada)
    ada.user.is_active = False
    ada.user.save()
    assert not signed_in(client)
    assert client.get("/northwind/").status_code == 302
    again = Client().post("/accounts/login/", {"login": ada.user.email, "password": PASSWORD})
    assert again.headers["Location"] == "/accounts/inactive/"


def test_one_can_end_the_sessions_elsewhere(ada):
    here, elsewhere = sign_in(ada), sign_in(ada)
    assert signed_in(elsewhere)
    assert here.get("/accounts/sessions/").status_code == 200
    here.post("/accounts/sessions/")
    assert signed_in(here)
    assert not signed_in(elsewhere)


# --- limits --------------------------------------------------------------------------------------------


@pytest.fixture
def later(monkeypatch):
    """Let time pass, for the limits and for the store of sessions alike."""

    def pass_(**how):
        moment = timezone.now() + timedelta(**how)
        monkeypatch.setattr("django.utils.timezone.now", lambda: moment)

    return pass_


def test_a_session_that_nobody_used_for_a_week_is_over(ada, later, settings):
    client = sign_in(ada)
    assert signed_in(client)
    later(seconds=settings.SESSION_IDLE.total_seconds() + 400)
    assert not signed_in(client)


def test_a_session_in_use_lives_on(ada, later):
    client = sign_in(ada)
    for _ in range(4):
        assert signed_in(client)
        later(days=5)
    assert signed_in(client)


def test_after_a_month_one_signs_in_again_however_busy(ada, later):
    client = sign_in(ada)
    for _ in range(6):
        assert signed_in(client)
        later(days=5, minutes=1)
    assert not signed_in(client)


def test_streams_end_with_the_session_that_opened_them(ada, later):
    client = sign_in(ada)
    signed_in(client)
    stream = Subscriber(ada, client.session.session_key, client.session["_auth_user_hash"])
    assert still_welcome([stream]) == {stream}
    later(days=31)
    assert still_welcome([stream]) == set()


# --- what a session alone may not do ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        pytest.param("/accounts/email/", {"action_add": "", "email": "mallory@example.com"}, id="add an address"),
        pytest.param("/accounts/2fa/totp/activate/", {"code": "123456"}, id="add an app"),
        pytest.param("/accounts/2fa/webauthn/add/", {"name": "mine"}, id="add a passkey"),
        pytest.param("/accounts/password/change/", {"password1": NEW, "password2": NEW}, id="change the password"),
    ],
)
def test_whoever_finds_a_screen_unlocked_cannot_take_the_account_over(path, sent, ada, later):
    client = sign_in(ada)
    later(hours=2)
    response = client.post(path, sent)
    asked = response.status_code == 302 and "reauthenticate" in response.headers["Location"]
    assert asked or "oldpassword" in response.content.decode()
    assert EmailAddress.objects.filter(user=ada.user).count() == 1
    assert ada.user.authenticator_set.count() == 0
    ada.user.refresh_from_db()
    assert ada.user.check_password(PASSWORD)
