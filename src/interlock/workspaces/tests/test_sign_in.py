"""Guessing passwords is stopped: five failures in half an hour for an account, ten in three minutes for an address."""

import pytest
from django.test import Client, RequestFactory

from interlock.workspaces.security import client_address

RIGHT, WRONG = "correct horse", "wrong horse"
MINUTE = 60


@pytest.fixture(autouse=True)
def without_verification(settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "none"


def sign_in(email, password, *, address="203.0.113.1", **headers):
    return Client(REMOTE_ADDR=address, headers=headers).post("/accounts/login/", {"login": email, "password": password})


def statuses(email, times, *, addresses, **how):
    return [sign_in(email, WRONG, address=address, **how).status_code for address in addresses[:times]]


def addresses(count):
    return [f"203.0.113.{number}" for number in range(1, count + 1)]


def test_an_account_takes_five_wrong_passwords_in_half_an_hour_from_wherever(ada, clock, figures):
    email = ada.user.email
    assert statuses(email, 7, addresses=addresses(7)) == [200] * 5 + [429] * 2
    blocked = sign_in(email, RIGHT, address="203.0.113.99")
    assert blocked.status_code == 429
    assert int(blocked["Retry-After"]) > 0
    clock.now += 30 * MINUTE + 1
    assert sign_in(email, RIGHT).status_code == 302
    figures.measured("wrong passwords that an account takes in half an hour", 5)


def test_an_address_takes_ten_wrong_passwords_in_three_minutes_for_whomever(ada, clock, figures):
    emails = [f"somebody{number}@northwind.example" for number in range(12)]
    assert [sign_in(email, WRONG).status_code for email in emails] == [200] * 10 + [429] * 2
    assert sign_in(ada.user.email, RIGHT).status_code == 429
    assert sign_in(ada.user.email, RIGHT, address="203.0.113.2").status_code == 302
    clock.now += 3 * MINUTE + 1
    assert sign_in(ada.user.email, RIGHT).status_code == 302
    figures.measured("wrong passwords that an address takes in three minutes", 10)


def test_an_account_that_does_not_exist_answers_as_one_that_does(clock, ada):
    theirs = statuses(ada.user.email, 6, addresses=addresses(6))
    nobodys = statuses("nobody@northwind.example", 6, addresses=[f"198.51.100.{n}" for n in range(1, 7)])
    assert theirs == nobodys


def test_signing_in_does_not_wipe_what_was_guessed_before(ada, clock):
    email = ada.user.email
    statuses(email, 4, addresses=addresses(4))
    clock.now += 1
    assert sign_in(email, RIGHT, address="203.0.113.50").status_code == 302
    assert statuses(email, 2, addresses=addresses(2)) == [200, 429]


@pytest.mark.parametrize("spelling", ["ADA@northwind.example", " ada@northwind.example ", "Ada@Northwind.Example"])
def test_another_spelling_is_the_same_account(ada, clock, spelling):
    statuses(ada.user.email, 5, addresses=addresses(5))
    assert sign_in(spelling, RIGHT, address="203.0.113.60").status_code == 429


def test_another_host_name_is_the_same_account(ada, clock, settings):
    settings.ALLOWED_HOSTS = ["*"]
    tried = [
        sign_in(ada.user.email, WRONG, address=address, host=f"localhost:{port}").status_code
        for port, address in enumerate(addresses(6), start=8000)
    ]
    assert tried == [200] * 5 + [429]


def test_a_made_up_forwarding_is_the_same_address(ada, clock):
    emails = [f"somebody{number}@northwind.example" for number in range(11)]
    tried = [
        sign_in(email, WRONG, **{"x-forwarded-for": f"198.51.100.{number}"}).status_code
        for number, email in enumerate(emails)
    ]
    assert tried[-1] == 429


# --- whose address -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, None, "10.0.0.1"),
        (0, "203.0.113.9", "10.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "1.2.3.4, 203.0.113.9", "203.0.113.9"),
        (2, "1.2.3.4, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "203.0.113.9", "10.0.0.1"),
        (1, None, "10.0.0.1"),
        (1, "not an address", "10.0.0.1"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "", "10.0.0.1"),
    ],
)
def test_only_the_operators_own_proxies_are_believed(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXIES = proxies
    told = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    assert client_address(RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", **told)) == address
