import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from cryptography.fernet import InvalidToken
from django.core import mail
from django.test import Client

from interlock.jobs.models import Run
from interlock.workspaces.models import Invitation
from interlock.workspaces.permissions import Role
from interlock.workspaces.sealing import seal, unseal

pytestmark = pytest.mark.django_db
SIGN_UP = {"name": "Zoe", "email": "zoe@example.com", "password1": "long and secret"}


@pytest.fixture
def ada(ada):
    EmailAddress.objects.create(user=ada.user, email=ada.user.email, primary=True, verified=True)
    return ada


@pytest.fixture
def asked(monkeypatch):
    """How often the mail server was asked, which may hang."""
    asked = []
    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", lambda *_: asked.append(1))
    return asked


def test_a_mail_server_that_hangs_holds_up_nobody(asked, client, ada, olga):
    client.post("/accounts/signup/", SIGN_UP)
    client.post("/accounts/password/reset/", {"email": ada.user.email})
    client.post("/accounts/password/reset/", {"email": "nobody@example.com"})
    Invitation.objects.invite("zoe@example.com", Role.VIEWER, by=olga)
    assert not asked
    assert Run.objects.filter(queue_name="mail").count() == 4


def test_what_waits_for_a_mail_server_holds_up_no_other_job(client, ada):
    client.post("/accounts/password/reset/", {"email": ada.user.email})
    assert not Run.objects.filter(queue_name="default").exists()


def test_a_mail_that_could_not_be_sent_is_sent_later(client, ada, worker, monkeypatch):
    client.post("/accounts/password/reset/", {"email": ada.user.email})
    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", lambda *_: 1 / 0)
        worker.work_off()
    assert not mail.outbox
    Run.objects.update(run_after=Run.objects.get().enqueued_at)
    worker.work_off()
    [message] = mail.outbox
    assert message.to == [ada.user.email]


def test_links_that_open_an_account_are_nowhere_in_the_database(client, ada, worker):
    client.post("/accounts/password/reset/", {"email": ada.user.email})
    run = Run.objects.get()
    worker.work_off()
    link = next(word for word in mail.outbox[0].body.split() if "/reset/key/" in word)
    run.refresh_from_db()
    key = link.rstrip("/").rsplit("/", 1)[1]
    assert key not in f"{run.args_kwargs} {run.traceback} {run.return_value}"
    assert ada.user.email not in str(run.args_kwargs)


def test_what_one_typed_is_not_sent_to_strangers(client, worker):
    """Else whoever signs up with somebody else's address makes us send them what they like."""
    client.post("/accounts/signup/", {**SIGN_UP, "name": "Win at https://elsewhere.example"})
    worker.work_off()
    [message] = mail.outbox
    assert "elsewhere" not in f"{message.subject} {message.body}"


@pytest.mark.parametrize("known", [True, False])
def test_a_reset_answers_the_same_whether_there_is_an_account_or_not(known, client, ada, worker):
    address = ada.user.email if known else "nobody@example.com"
    response = client.post("/accounts/password/reset/", {"email": address})
    assert (response.status_code, response.headers["Location"]) == (302, "/accounts/password/reset/done/")
    worker.work_off()
    assert [message.to for message in mail.outbox] == [[address]]


def test_signing_up_answers_the_same_whether_there_is_an_account_or_not(ada):
    answers = []
    for address in ("zoe@example.com", ada.user.email):
        response = Client().post("/accounts/signup/", {**SIGN_UP, "email": address})
        answers.append((response.status_code, response.headers["Location"]))
    assert answers == [(302, "/accounts/confirm-email/")] * 2


def test_one_is_told_when_the_ways_into_the_account_change(client, ada, worker):
    client.post("/accounts/login/", {"login": ada.user.email, "password": "correct horse"})
    new = "a better battery staple"
    client.post("/accounts/password/change/", {"oldpassword": "correct horse", "password1": new, "password2": new})
    worker.work_off()
    [message] = mail.outbox
    assert message.to == [ada.user.email]
    assert "password has been changed" in message.body


def test_the_secret_of_an_authenticator_app_is_sealed(ada):
    secret = generate_totp_secret()
    TOTP.activate(ada.user, secret)
    kept = Authenticator.objects.get(user=ada.user)
    assert secret not in str(kept.data)
    assert unseal(kept.data["secret"], "mfa") == secret


def test_what_is_sealed_opens_for_its_purpose_and_with_the_key_alone(settings):
    sealed = seal("a secret", "mail")
    with pytest.raises(InvalidToken):
        unseal(sealed, "mfa")
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    with pytest.raises(InvalidToken):
        unseal(sealed, "mail")
    settings.SECRET_KEY_FALLBACKS = [old]
    assert unseal(sealed, "mail") == "a secret"
