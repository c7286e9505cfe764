"""Who may not, at every address there is: nobody signed in, members of another workspace, those who only read, guests.

The addresses are discovered (tests/addresses.py), so that a new page is tried without being listed here.
"""

import re
from dataclasses import replace

import pytest
from django import forms
from django.apps import apps
from django.urls import NoReverseMatch, reverse

from interlock.workspaces.forms import RowField, RowsField
from interlock.workspaces.plan import PlanModel
from tests.addresses import addresses
from tests.test_requests import changed, tables
from tests.world import settle

# For everybody: the page for when there is no network, its script, the icon, what the API offers, and an
# invitation and a calendar, whose addresses are the secret.
PUBLIC = {"offline", "worker", "icon", "invitation", "calendar", "health", "openapi", "reference"}
# Answers that do not end, and such as speak of the address itself.
UNENDING = {"live"}
# What is everybody's own: their seat, their tokens, their views, and asking for the whole to be forgotten.
OWN = {"leave", "token-new", "token-revoke", "view-keep", "view-forget", "view-default", "account-erase"}
OWN |= {"calendar-new", "calendar-anew", "calendar-revoke"}
# Something for every field there is, so that no write is refused merely for what it says.
WORDS = ("name", "title", "q", "spelling", "reason", "unit", "description", "purpose", "note", "text")
DAYS = ("on", "until", "starts_on", "ends_on", "target_on", "due_on")
NUMBERS = ("current", "target", "start", "confidence", "days")
ANSWERS = dict.fromkeys(WORDS, "Zebra") | dict.fromkeys(DAYS, "2027-01-31") | dict.fromkeys(NUMBERS, "7")
ANSWERS |= {"email": "zoe@elsewhere.example", "emails": "zoe@elsewhere.example", "kind": "handle", "role": "admin"}
ANSWERS |= {"standing": "left", "restricted": "yes", "enabled": "on", "named": "Northwind", "scope": "write"}
ANSWERS |= {"product": "PROD-1", "person": "P-1", "team": "T-1", "department": "D-1", "parent": "", "member": "M-1"}
ANSWERS |= {"feature": "F-1", "needs": "F-3", "objective": "O-1", "release": "R-1", "owner": "P-1", "version": "1"}
ANSWERS |= {"status": "done", "key": "F-1", "after": "F-2", "features": "F-1", "keys": "F-1"}


@pytest.fixture
def world(olga):
    return settle(olga)


def inside(world):
    """The addresses of the workspace."""
    return [one for one in addresses(world) if "<slug:workspace>" in one.route and one.name not in UNENDING]


def ask(client, method, path):
    response = getattr(client, method)(path, *([ANSWERS] if method == "post" else []))
    if response.streaming:
        response.getvalue()
    return response


def body(response):
    """Without what differs from one answer to the next."""
    return re.sub(rb"[A-Za-z0-9]{64}|\b\d{13}\b", b"", response.content)


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_whoever_is_not_signed_in_is_asked_to_sign_in(method, client, world, figures):
    before, tried = tables(), 0
    for address in addresses(world):
        if not address.ours or address.name in PUBLIC | UNENDING:
            continue
        response = ask(client, method, address.path)
        if address.api:
            assert response.status_code in (200, 401, 404, 405), str(address)
            assert b"northwind" not in response.content.lower() or response.status_code != 200, str(address)
        else:
            sent = response.status_code == 302 and response["Location"].startswith("/accounts/")
            assert sent or response.status_code in (404, 405), (str(address), response.status_code)
        tried += 1
    assert not changed(before)
    figures.measured(f"addresses tried by {method}, signed out", f"{tried}, 0 leaks")


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_for_an_outsider_the_workspace_does_not_exist(method, client, world, cleo, figures):
    client.force_login(cleo.user)
    before, tried = tables(), 0
    for address in inside(world):
        there = ask(client, method, address.path)
        nowhere = ask(client, method, address.path.replace("/northwind/", "/nowhere/", 1))
        assert there.status_code == nowhere.status_code, str(address)
        assert there.status_code in (404, 405), (str(address), there.status_code)
        assert body(there).replace(b"northwind", b"nowhere") == body(nowhere), str(address)
        tried += 1
    assert not changed(before)
    figures.measured(f"addresses tried by {method} as an outsider", f"{tried}, 0 leaks")


@pytest.mark.django_db
def test_an_owner_never_sees_what_belongs_to_another_workspace(client, world, cleo, figures):
    settle(cleo, text=lambda words: f"{words} quagga")
    client.force_login(world.owner.user)
    tried = 0
    for address in inside(world):
        response = client.get(address.path)
        content = response.getvalue() if response.streaming else response.content
        assert b"quagga" not in content, str(address)
        tried += 1
    figures.measured("addresses read beside another workspace", f"{tried}, 0 leaks")


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["ben", "gus"])
def test_who_only_reads_changes_nothing(who, client, world, request, figures):
    client.force_login(request.getfixturevalue(who).user)
    tried = 0
    for address in inside(world):
        if address.name in OWN:
            continue
        before = tables()
        response = ask(client, "post", address.path)
        assert response.status_code < 500, (str(address), response.status_code)
        assert not changed(before), (str(address), changed(before))
        tried += 1
    figures.measured(f"writes tried by {who}", f"{tried}, 0 changes")


@pytest.mark.django_db
def test_guests_see_nothing_that_is_not_shared_with_them(client, olga, gus, figures):
    world = settle(olga, text=lambda words: f"{words} quagga")
    client.force_login(gus.user)
    tried = 0
    for address in inside(world):
        response = client.get(address.path)
        assert response.status_code < 500, str(address)
        content = response.getvalue() if response.streaming else response.content
        assert b"quagga" not in content, str(address)
        tried += 1
    figures.measured("addresses read by a guest", f"{tried}, 0 leaks")


DIRECTORY = {"person", "team", "department", "member", "handle", "title"}


@pytest.mark.django_db
def test_guests_see_nobody_of_the_directory_in_what_is_shared_with_them(client, olga, gus, figures):
    """Nor who did what: an owner called quagga waived a finding."""
    type(olga.user).objects.filter(pk=olga.user_id).update(name="quagga")
    world = settle(olga, text=lambda words: f"{words} quagga" if words in DIRECTORY else words)
    for product in (world.product, world.secret):
        product.admit(gus, by=olga)
    client.force_login(gus.user)
    tried, answered = 0, set()
    for address in [*inside(world), *asked_further(inside(world))]:
        response = client.get(address.path)
        assert response.status_code < 500, str(address)
        content = response.getvalue() if response.streaming else response.content
        assert b"quagga" not in content, (str(address), around(content, b"quagga"))
        tried += 1
        answered |= {address.name} if response.status_code == 200 else set()
    assert {"product", "objective", "objectives", "feature", "release", "finding", "alignment", "role"} <= answered
    figures.measured("addresses read by a guest of a product", f"{tried}, 0 names")


def asked_further(found):
    """What a list holds besides what its page shows: as files, and of what is waived."""
    asked = [*(f"format={kind}" for kind in ("csv", "json", "markdown")), "status=waived", "status=waived&format=csv"]
    lists = {"alignment", "backlog", "objectives", "products", "releases"}
    return [replace(one, path=f"{one.path}?{query}") for one in found if one.name in lists for query in asked]


def around(content, word):
    at = content.index(word)
    return content[max(0, at - 300) : at + 50].decode()


@pytest.mark.django_db
def test_a_guest_sees_what_is_shared(client, world, gus):
    world.product.admit(gus, by=world.owner)
    client.force_login(gus.user)
    assert client.get(f"/northwind/products/{world.product.key}/").status_code == 200
    assert client.get(f"/northwind/objectives/{world.objective.key}/").status_code == 200
    assert client.get(f"/northwind/products/{world.secret.key}/").status_code == 404


@pytest.mark.django_db
def test_who_is_not_listed_hears_nothing_of_a_restricted_product(client, olga, ada, figures):
    """Editors included: restricting a product is not a matter of rank below those who configure."""
    world = settle(olga, text=lambda words: f"{words} quagga" if words == "secret product" else words)
    client.force_login(ada.user)
    tried = 0
    for address in inside(world):
        response = client.get(address.path)
        content = response.getvalue() if response.streaming else response.content
        assert b"quagga" not in content, str(address)
        tried += 1
    for act in ("", "edit/", "edit/name/"):
        assert client.get(f"/northwind/products/{world.secret.key}/{act}").status_code == 404
    for act in ("archive/", "restricted/", "members/", "edit/"):
        assert client.post(f"/northwind/products/{world.secret.key}/{act}", ANSWERS).status_code == 404
    figures.measured("addresses read beside a restricted product", f"{tried}, 0 leaks")


# --- mass assignment (promise 3) ---------------------------------------------------------------------

PROTECTED = {
    "id": "999999",
    "pk": "999999",
    "workspace": "2",
    "workspace_id": "2",
    "number": "999",
    "created_at": "2001-01-01",
    "archived_at": "2001-01-01",
    "changed_at": "2001-01-01",
    "erased_at": "2001-01-01",
    "rank": "zzz",
    "restricted": "on",
    "members": "M-1",
    "member": "M-1",
    "standing": "left",
    "colour": "8",
    "pseudonym": "00000000-0000-0000-0000-000000000000",
}


def plan_models():
    return [model for model in apps.get_models() if issubclass(model, PlanModel)]


def held(row, sent):
    """The protected fields of a row as the database has them, less those that its form openly offers."""
    names = {field.name for field in row._meta.get_fields() if field.concrete} & PROTECTED.keys() - sent - {
        "changed_at"
    }
    fresh = type(row)._base_manager.get(pk=row.pk)
    return {
        name: list(getattr(fresh, name).all()) if fresh._meta.get_field(name).many_to_many else getattr(fresh, name)
        for name in sorted(names)
    }


@pytest.mark.django_db
@pytest.mark.parametrize("model", plan_models(), ids=lambda model: model.__name__)
def test_no_form_takes_what_it_does_not_offer(model, client, world, figures):
    row = model._base_manager.filter(workspace=world.workspace).order_by("pk").first()
    try:
        address = reverse(f"{model._meta.model_name}-edit", args=["northwind", row.key])
    except NoReverseMatch:
        pytest.skip(f"{model.__name__} has no form of its own")
    client.force_login(world.owner.user)
    form = client.get(address).context["form"]
    values = {name: form[name].value() for name in form.fields if name != "version"}
    ticked = {name for name, field in form.fields.items() if isinstance(field, forms.TypedMultipleChoiceField)}
    # A field of several rows gives each with its name; its key is what a browser sends.
    keys = {name: [key for key, _ in values[name]] for name, one in form.fields.items() if isinstance(one, RowsField)}
    values |= {
        name: "\n".join(one) for name, one in values.items() if isinstance(one, list) and name not in ticked | set(keys)
    }
    sent = {name: "" if one is None else one if name in ticked else str(one) for name, one in values.items()} | keys
    before = held(row, set(sent))
    assert before, "nothing is protected"
    response = client.post(address, {**PROTECTED, **sent})
    assert response.status_code == 302, response.content[:400]
    assert held(row, set(sent)) == before
    figures.measured(f"protected fields sent to the form of {model.__name__}, taken", f"{len(PROTECTED)}, 0")


@pytest.mark.django_db
@pytest.mark.parametrize("model", plan_models(), ids=lambda model: model.__name__)
def test_a_word_that_is_typed_where_a_row_is_chosen_names_it_or_nothing(model, olga):
    field = RowField(model)
    field.serve(olga)
    with pytest.raises(forms.ValidationError, match="There is no "):
        field.clean("whatever it is")
