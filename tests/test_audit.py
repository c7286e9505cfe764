"""Whatever is changed leaves exactly one entry for each row, with what stood there before and after (promise 15).

The ways to change something are discovered: every operation of the API, and every address of a page.
"""

from collections import Counter

import pytest
from django.apps import apps
from django.test import Client

from interlock.workspaces.models import AuditEvent
from interlock.workspaces.plan import PlanModel
from tests.addresses import addresses
from tests.api import Caller
from tests.test_api_doors import WRITES, keys_of, undone
from tests.test_api_doors import ask as ask_operation
from tests.test_outsiders import ask as ask_page
from tests.test_requests import changed, tables
from tests.world import settle

pytestmark = pytest.mark.django_db

# What follows from a change, or serves one member alone.
FOLLOWS = (
    "releases_planrun",
    "releases_scenariorun",
    "search_",
    "web_",
    "jobs_",
    "django_",
    "account_",
    "mfa_",
    "usersessions_",
    "workspaces_answeredrequest",
)
OF_NOBODY_ELSE = {"workspaces_keycounter", "workspaces_savedview", "workspaces_user", "alignment_pendingchange"}
# These fields say that a row was changed, not what.
TOLD_BY_THE_ENTRY = {"version", "changed_at", "created_at"}


@pytest.fixture
def world(olga, settings):
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    return settle(olga)


def plan():
    """Every row of the plan, field by field."""
    held = {}
    for model in apps.get_models():
        if issubclass(model, PlanModel):
            names = [field.attname for field in model._meta.concrete_fields if field.name not in TOLD_BY_THE_ENTRY]
            for row in model._base_manager.values(*names):
                held[model._meta.label_lower, row["id"]] = row
    return held


def unaudited(act):
    """What is wrong with the history after an act, or nothing; and the number of entries."""
    before, rows, last = tables(), plan(), AuditEvent.objects.order_by("pk").values_list("pk", flat=True).last() or 0
    act()
    entries = list(AuditEvent.objects.filter(pk__gt=last))
    facts = Counter((one.model, one.object_id, one.verb, *one.changes) for one in entries)
    now = plan()
    touched = {key for key in rows.keys() | now.keys() if rows.get(key) != now.get(key)}
    told = [f"{key} changed without an entry" for key in touched - {fact[:2] for fact in facts}]
    told += [f"{fact} is told {many} times" for fact, many in facts.items() if many > 1]
    for one in entries:
        told += [f"{one} says {name} {pair}" for name, pair in one.changes.items() if not differ(pair)]
    others = {
        table
        for table in changed(before)
        if not table.startswith(FOLLOWS) and table not in OF_NOBODY_ELSE and table != AuditEvent._meta.db_table
    }
    if others and not entries:
        told.append(f"{others} changed, and nothing was said")
    return told, len(entries)


def differ(pair):
    """Of people, the history keeps that something changed, and not what it said."""
    return len(pair) == 2 and (pair[0] != pair[1] or pair[0] in ("…", ["…"]))


def judged(acts):
    """Name → what is wrong, of acts each of which is undone; and how many changed something."""
    wrong, changing = {}, 0
    for name, act in acts:
        with undone():
            told, entries = unaudited(act)
        changing += entries > 0
        if told:
            wrong[name] = told
    return wrong, changing


def test_every_change_by_the_api_is_told_once_with_before_and_after(world, figures):
    caller, keys = Caller(world.owner).client, keys_of(world)
    acts = [(one.name, lambda one=one: ask_operation(caller, one, keys)) for one in WRITES]
    wrong, changing = judged(acts)
    assert not wrong, "\n".join(f"{name}: {told}" for name, told in wrong.items())
    figures.measured(
        "operations tried, those that changed something, changes without their entry", f"{len(acts)}, {changing}, 0"
    )
    assert changing > len(acts) / 2


def test_every_change_by_a_page_is_told_once_with_before_and_after(world, figures):
    client = Client()
    client.force_login(world.owner.user)
    pages = [one for one in addresses(world) if one.ours and not one.api and one.name != "live"]
    acts = [(one.name, lambda one=one: ask_page(client, "post", one.path)) for one in pages]
    wrong, changing = judged(acts)
    assert not wrong, "\n".join(f"{name}: {told}" for name, told in wrong.items())
    figures.measured(
        "addresses posted to, those that changed something, changes without their entry", f"{len(acts)}, {changing}, 0"
    )
    assert changing > 20
