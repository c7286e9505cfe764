"""What any request may do, at every address there is: reading changes nothing, and writing takes a token."""

import hashlib

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from tests.addresses import addresses
from tests.world import settle

# That somebody was here is noted, whatever they do.
NOTED = {"django_session", "usersessions_usersession"}
FORM = "application/x-www-form-urlencoded"
# The last two are what a page of another site can send without asking.
UNSAFE = [("PUT", FORM), ("PATCH", FORM), ("DELETE", FORM), ("POST", "application/json")]
UNSAFE += [("POST", FORM), ("POST", "text/plain")]


@pytest.fixture
def world(olga, settings):
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    return settle(olga)


def tables():
    """What every table holds, as a digest."""
    held = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            if table not in NOTED and model._meta.managed and not model._meta.proxy:
                cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
                held[table] = hashlib.sha256(repr(cursor.fetchall()).encode()).hexdigest()
    return held


def changed(before):
    after = tables()
    return {table for table in before if before[table] != after[table]}


@pytest.mark.django_db
def test_reading_writes_nothing(client, world, figures):
    """Whoever can make a browser fetch an address must not be able to change anything by it."""
    every = addresses(world)
    client.force_login(world.owner.user)
    before = tables()
    for address in every:
        if address.name == "live":
            continue  # a stream that does not end
        for method in ("get", "head"):
            response = getattr(client, method)(address.path)
            assert response.status_code < 500, address
            assert not changed(before), (str(address), changed(before))
            if "_auth_user_id" not in client.session:
                pytest.fail(f"{address} signed us out")
    figures.measured("addresses read, tables changed by it", f"{len(every)}, 0")


@pytest.mark.django_db
def test_no_page_is_changed_by_a_session_alone(world, figures):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(world.owner.user)
    before, tried = tables(), 0
    for address in addresses(world):
        for method, content_type in UNSAFE:
            response = strict.generic(method, address.path, b"{}", content_type=content_type)
            # An API resource that knows no such method says so before it asks who calls.
            assert response.status_code in ((403, 405) if address.api else (403,)), (method, str(address))
            tried += 1
    assert not changed(before)
    figures.measured("unsafe requests without a token, not refused", f"{tried:,}, 0")


@pytest.mark.django_db
def test_a_token_of_somebody_elses_is_none(world, cleo):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(world.owner.user)
    strict.get("/northwind/")
    theirs = Client(enforce_csrf_checks=True)
    theirs.force_login(cleo.user)
    theirs.get("/southwind/")
    token = theirs.cookies["csrftoken"].value
    response = strict.post("/northwind/products/new/", {"name": "X", "csrfmiddlewaretoken": token})
    assert response.status_code == 403


@pytest.mark.django_db
def test_a_token_from_another_site_is_none(world):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(world.owner.user)
    strict.get("/northwind/products/new/")
    token = strict.cookies["csrftoken"].value
    sent = {"name": "Elsewhere", "csrfmiddlewaretoken": token}
    for headers in ({"Origin": "https://elsewhere.example"}, {"Origin": "null"}):
        assert strict.post("/northwind/products/new/", sent, headers=headers).status_code == 403
    elsewhere = {"Referer": "https://elsewhere.example/"}
    assert strict.post("/northwind/products/new/", sent, headers=elsewhere, secure=True).status_code == 403
    assert strict.post("/northwind/products/new/", sent).status_code == 302
    assert Session.objects.exists()
