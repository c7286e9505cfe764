from datetime import date
from itertools import pairwise

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from interlock.organisation.models import Department, Product
from interlock.releases import scheduling
from interlock.releases.models import Forecast, PlanRun, Release, RiskHit, Task, TaskLink, Workstream
from interlock.risks.models import Risk
from interlock.workspaces.errors import DomainError
from tests.api import Caller

MONDAY = date(2027, 2, 8)


@pytest.fixture
def release(payments, ada):
    return Release.objects.add(product=payments, name="4.2", target_on="2027-06-01", by=ada)


@pytest.fixture
def other(payments, ada):
    return Release.objects.add(product=payments, name="4.3", by=ada)


@pytest.fixture
def stream(release, engineering, ada):
    return Workstream.objects.add(release=release, department=engineering, by=ada)


@pytest.fixture
def chain(stream, ada):
    """Build, then Test; then the launch, a moment."""
    fields = [("Build", Task.Kind.TASK, 5), ("Test", Task.Kind.TASK, 2), ("Launch", Task.Kind.MILESTONE, None)]
    tasks = Task.objects.add_many(
        [{"workstream": stream, "title": title, "kind": kind, "likely": days} for title, kind, days in fields], by=ada
    )
    pairs = pairwise(tasks)
    TaskLink.objects.add_many([{"predecessor": before, "task": after} for before, after in pairs], by=ada)
    return tasks


@pytest.fixture
def rain(payments, ada):
    return Risk.objects.add(product=payments, title="Rain", probability=30, likely=10, by=ada)


def events(release):
    gathered = scheduling.gather(release.workspace, today=MONDAY)
    return [
        (event.name, event.probability, event.slots, [gathered.tasks[n].title for n in event.tasks])
        for event in gathered.events
    ]


# --- what a risk hits ----------------------------------------------------------------------------------


def test_a_task_is_longer_by_what_hits_it(rain, chain, release, ada):
    RiskHit.objects.add(risk=rain, task=chain[0], by=ada)
    assert events(release) == [("Rain", 0.3, (20.0, 20.0, 20.0), ["Build"])]
    assert RiskHit.objects.get().release == release


def test_of_a_part_or_a_release_the_last_work_is_longer_so_that_its_end_moves(rain, stream, chain, release, other, ada):
    support = Department.objects.add(name="Support", by=ada)
    part = Workstream.objects.add(release=release, department=support, by=ada)
    articles = Task.objects.add(workstream=part, title="Articles", likely=3, by=ada)
    TaskLink.objects.add(task=chain[1], predecessor=articles, by=ada)
    rain.change(optimistic=5, pessimistic=20, by=ada)
    for hit, longer in (
        ({"workstream": part}, ["Articles"]),
        ({"workstream": stream}, ["Test"]),
        ({"release": release}, ["Test"]),
    ):
        noted = RiskHit.objects.add(risk=rain, by=ada, **hit)
        assert events(release) == [("Rain", 0.3, (10.0, 20.0, 40.0), longer)]
        noted.archive(by=ada)


@pytest.mark.parametrize(
    "end",
    [
        lambda risk, by: risk.change(status=Risk.Status.HAPPENED, by=by),
        lambda risk, by: risk.change(status=Risk.Status.CLOSED, by=by),
        lambda risk, by: risk.change(likely=None, by=by),
        lambda risk, by: risk.archive(by=by),
        lambda risk, by: risk.hits.get().archive(by=by),
    ],
    ids=["happened", "closed", "of unknown days", "archived", "hits nothing"],
)
def test_what_is_over_or_unknown_is_left_out(end, rain, chain, release, ada):
    RiskHit.objects.add(risk=rain, task=chain[0], by=ada)
    end(rain, by=ada)
    assert events(release) == []


def test_a_hit_says_one_thing_that_is_so(rain, stream, chain, release, other, ada):
    for nonsense, field in (
        ({}, "release"),
        ({"task": chain[0], "workstream": stream}, "task"),
        ({"task": chain[0], "release": other}, "task"),
        ({"workstream": stream, "release": other}, "workstream"),
    ):
        with pytest.raises(DomainError) as refused:
            RiskHit.objects.add(risk=rain, by=ada, **nonsense)
        assert refused.value.field == field
    RiskHit.objects.add(risk=rain, task=chain[0], by=ada)
    with pytest.raises(DomainError, match="noted already"):
        RiskHit.objects.add(risk=rain, task=chain[0], by=ada)


def test_a_change_of_risks_has_the_plan_computed_anew(rain, chain, ada):
    wanted = PlanRun.objects.get().wanted
    hit = RiskHit.objects.add(risk=rain, task=chain[0], by=ada)
    rain.change(probability=50, by=ada)
    hit.archive(by=ada)
    assert PlanRun.objects.get().wanted == wanted + 3


def test_a_risk_moves_the_forecast_and_is_told_to_drive_it(rain, chain, release, worker, ada):
    worker.work_off()
    before = Forecast.objects.get(release=release)
    RiskHit.objects.add(risk=rain, task=chain[0], by=ada)
    worker.work_off()
    after = Forecast.objects.newest().get(release=release)
    assert (after.p85_on - before.p85_on).days > 7
    assert after.drivers[0][0] == rain.key
    assert after.holds_back(chain) in chain
    shown = page(ada, release.plan_url)
    assert "What may happen" in shown
    assert f"{round(100 * after.drivers[0][1])}%" in shown


def test_gathering_asks_the_same_however_many_risks_there_are(rain, chain, payments, release, ada):
    def queries():
        with CaptureQueriesContext(connection) as spent:
            scheduling.gather(release.workspace, today=MONDAY)
        return len(spent)

    RiskHit.objects.add(risk=rain, task=chain[0], by=ada)
    few = queries()
    more = Risk.objects.add_many(
        [{"product": payments, "title": str(n), "probability": 10, "likely": 1} for n in range(20)], by=ada
    )
    RiskHit.objects.add_many([{"risk": one, "release": release} for one in more], by=ada)
    assert queries() == few


# --- pages and API -------------------------------------------------------------------------------------


def page(member, path):
    client = Client()
    client.force_login(member.user)
    return client.get(path).content.decode()


def test_what_a_risk_hits_is_noted_from_its_page_and_from_the_release(rain, stream, chain, release, ada, client):
    client.force_login(ada.user)
    add = f"{rain.get_absolute_url()}hits/new/"
    assert client.post(add, {}).status_code == 422
    assert client.post(add, {"department": stream.department.key}).status_code == 422
    assert client.post(add, {"release": release.key, "department": stream.department.key}).status_code == 302
    assert RiskHit.objects.get().workstream == stream
    assert "The part of Engineering" in page(ada, rain.get_absolute_url())
    threaten = f"/northwind/releases/{release.key}/risks/new/"
    assert client.post(threaten, {"risk": rain.key, "task": chain[1].key, "note": "It rains in."}).status_code == 302
    assert client.post(threaten, {"risk": rain.key}).status_code == 302
    assert RiskHit.objects.count() == 3
    assert "Rain" in page(ada, chain[1].get_absolute_url())
    assert "the whole release" in page(ada, release.plan_url)


@pytest.mark.parametrize(("who", "status"), [("ben", 403), ("cora", 403), ("gus", 404), ("cleo", 404)])
def test_who_may_not_change_the_release_cannot(who, status, rain, release, request, client):
    client.force_login(request.getfixturevalue(who).user)
    assert client.post(f"/northwind/releases/{release.key}/risks/new/", {"risk": rain.key}).status_code == status
    assert not RiskHit.objects.exists()


def test_a_risk_of_a_product_that_one_does_not_see_is_told_nowhere(release, chain, ada, amir, ben):
    secret = Product.objects.add(name="Secret", restricted=True, by=amir)
    hidden = Risk.objects.add(product=secret, title="Hidden", probability=30, likely=9, by=amir)
    RiskHit.objects.add(risk=hidden, task=chain[0], by=amir)
    for path in (release.plan_url, chain[0].get_absolute_url()):
        assert "Hidden" in page(amir, path)
        assert "Hidden" not in page(ben, path)


def test_the_api_notes_what_a_risk_hits(rain, chain, release, ada):
    caller = Caller(ada)
    made = caller.post("risk-hits", {"risk": rain.key, "task": chain[0].key})
    assert made.status_code == 201
    assert made.json()["release"]["key"] == release.key
    assert len(caller.get(f"risk-hits?release={release.key}").json()["items"]) == 1
    assert caller.post("risk-hits", {"risk": rain.key}).status_code in (409, 422)
