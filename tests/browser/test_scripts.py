"""No text that somebody wrote runs as a script, whichever door it came through and wherever it is shown (promise 10).

The browser leaves our content security policy aside, so that what is tried is that nothing gets past the pages
themselves. What would run only under a hand is found by looking at what the page has become.
"""

import json
import re
from itertools import count

import pytest
from django import forms
from django.apps import apps
from django.test import Client

from interlock.backlog.models import Feature
from interlock.connect.importing.mapping import Mapping
from interlock.connect.importing.run import Run
from interlock.connect.readers import opened
from interlock.workspaces.plan import PlanModel
from tests.addresses import addresses, pages
from tests.api import Caller
from tests.figures import FULL
from tests.payloads import PAYLOADS
from tests.test_api_doors import BODIES, ask, keys_of, listed
from tests.world import settle

TAGS = "iframe, object, embed, base, math, marquee, meta[http-equiv=refresh], script:not([src]):not([type$=json])"
LOOK = """tags => [...document.querySelectorAll("*")].filter(one => one.matches(tags) || [...one.attributes].some(
  ({name, value}) => /^(on|hx-on|data-hx-on)/.test(name)
    || (/(href|action|src|data)$/.test(name) && /^(javascript|vbscript):/i.test(value.replace(/[\\x00-\\x20]/g, "")))
    || (/(href|action)$/.test(name) && /^[\\x00-\\x20]*data:/i.test(value))
)).map(one => one.outerHTML.slice(0, 200))"""
MAPPING = """
source: hostile
imports:
  - {entity: department, files: plan.json, external_id: id, fields: {name: line}}
  - {entity: product, files: plan.json, external_id: id, fields: {name: line, description: text}}
  - entity: team
    files: plan.json
    external_id: id
    fields: {name: line, purpose: line, department: {from: id, by: id}}
  - {entity: person, files: plan.json, external_id: id, fields: {name: line, title: line, handles: short}}
  - entity: role
    files: plan.json
    external_id: id
    fields: {name: line, purpose: line, product: {from: id, by: id}}
  - {entity: objective, files: plan.json, external_id: id, fields: {title: line, description: text}}
  - entity: release
    files: plan.json
    external_id: id
    fields: {name: line, description: text, product: {from: id, by: id}}
  - entity: feature
    files: plan.json
    external_id: id
    fields: {title: line, description: text, product: {from: id, by: id}, tags: short, links: line}
  - entity: requirement
    files: plan.json
    external_id: id
    fields: {title: line, description: text, feature: {from: id, by: id}, criteria: line}
"""


class Hostile:
    """Writes payloads wherever there is room: all of them in a text, in a line as many as it holds."""

    everything = "\n\n".join(PAYLOADS)

    def __init__(self, turn):
        # Field by field, each turn begins with another payload.
        self.places = count(turn, 7)

    def __call__(self, words=""):
        return self.everything if words.startswith("about") else self.line(300)

    def line(self, limit):
        start = next(self.places) % len(PAYLOADS)
        text = " ".join([*PAYLOADS, *PAYLOADS][start : start + 9])
        return re.sub(r"[\x00-\x1f]", " ", text)[:limit].strip()

    def fitting(self, limit):
        return self.everything if limit > len(self.everything) else self.line(limit)


# --- the doors ---------------------------------------------------------------------------------------


def through_the_api(world, text):
    """Every operation that writes, with a payload in every text that it takes."""
    caller, keys = Caller(world.owner), keys_of(world)
    described = caller.client.get("/api/v1/openapi.json").json()
    schemas = described["components"]["schemas"]
    taken = 0
    for operation in listed():
        if not operation.writes or operation.method == "DELETE" or not operation.body or operation.name in BODIES:
            continue
        told = described["paths"][operation.path][operation.method.lower()]["requestBody"]["content"]
        if "application/json" not in told:
            continue
        name = told["application/json"]["schema"].get("$ref", "").rpartition("/")[2]
        body = dict(operation.body)
        for field, schema in schemas[name]["properties"].items() if name else ():
            if free(schema):
                body[field] = text.fitting(schema.get("maxLength", 300))
            elif free(schema.get("items", {})):
                body[field] = [text.line(schema["items"].get("maxLength", 60))]
        taken += ask(caller.client, operation._replace(body=body), keys).status_code in (200, 201)
    return taken


def free(schema):
    """Whether it takes a line of any words."""
    pattern = schema.get("pattern", "")
    fits = not pattern or re.search(pattern, "<svg onload=canary(1)>")
    return schema.get("type") == "string" and "enum" not in schema and "format" not in schema and bool(fits)


def through_the_pages(world, text):
    """Every form that a page shows, with a payload in every text field."""
    client = Client()
    client.force_login(world.owner.user)
    taken = 0
    for address in addresses(world):
        if not address.ours or address.api or address.name == "live" or re.search("archive|erase|delet", address.name):
            continue
        page = client.get(address.path)
        form = (page.context or {}).get("form") if page.status_code == 200 and not page.streaming else None
        if form is None:
            continue
        sent = {name: written(form[name], text) for name in form.fields}
        taken += client.post(
            address.path, {name: told for name, told in sent.items() if told is not None}
        ).status_code in (
            200,
            302,
        )
    return taken


def written(bound, text):
    field, value = bound.field, bound.value()
    if type(field) is forms.CharField:
        return text.fitting(field.max_length or 200)
    if value in (None, "") and field.required and hasattr(field, "choices"):
        return next((str(key) for key, _ in field.choices if key), None)
    return value


def through_an_import(world, text, folder):
    folder.mkdir()
    rows = [{"id": f"x{n}", "line": text.line(100), "short": text.line(60), "text": text("about")} for n in range(3)]
    (folder / "plan.json").write_text(json.dumps(rows))
    with Run(opened(folder), Mapping.parse(MAPPING), by=world.owner) as run:
        run.check()
        report = run.write()
    assert not report.stopped
    return report.total.created


# --- where it is shown -------------------------------------------------------------------------------


def shown(world):
    """Every page of the world, and of the rows that came through the doors; and lists asked for hostile things."""
    told = [one.path for one in pages(world)]
    for model in apps.get_models():
        if issubclass(model, PlanModel):
            rows = model._base_manager.filter(workspace=world.workspace).order_by("-pk")
            told += [row.get_absolute_url() for row in (rows if FULL else rows[:1])]
    asked = [f"{path}?q={{payload}}&order={{payload}}&next={{payload}}" for path in told if path.count("/") == 3]
    return list(dict.fromkeys(told)), asked


@pytest.mark.django_db(transaction=True)
def test_nothing_that_was_written_runs(served, browse, olga, figures, tmp_path):
    turns = figures.count("turns, each with every payload in every text", reduced=1, full=67)
    ran, found, taken, looked = [], [], 0, 0
    page = browse(olga, bypass_csp=True)
    page.context.expose_binding("canary", lambda source, number: ran.append((source["page"].url, PAYLOADS[number])))
    page.on("dialog", lambda dialog: ran.append((page.url, dialog.message)))

    def look(path):
        page.goto(path, wait_until="load")
        found.extend((path, one) for one in page.evaluate(LOOK, TAGS))

    world = settle(olga, text=Hostile(0))
    for turn in range(turns):
        text = Hostile(turn * 3)
        world.workspace.rename(text.line(60), by=olga)
        taken += through_the_api(world, text)
        taken += through_the_pages(world, text)
        taken += through_an_import(world, text, tmp_path / str(turn))
        every, asked = shown(world)
        for path in every:
            look(path)
        for number, path in enumerate(asked):
            look(path.format(payload=PAYLOADS[(turn + number) % len(PAYLOADS)].replace("&", "%26").replace("#", "%23")))
        looked += len(every) + len(asked)
    assert not ran, ran[:20]
    assert not found, found[:20]
    # Nothing was taken out on the way in either.
    assert Feature.objects.filter(description=Hostile.everything).count() > 2
    for mail in served.mailbox.messages:
        assert mail.get_content_type() == "text/plain"
    figures.measured(
        "payloads; writes that took them; pages looked at; scripts run", f"{len(PAYLOADS)}; {taken}; {looked}; 0"
    )
