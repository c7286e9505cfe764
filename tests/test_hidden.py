"""What belongs to a restricted product does not show through what is open: in forms, conflicts, orders, findings."""

import base64
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from interlock.backlog.models import Feature
from interlock.organisation.models import Person, Product
from interlock.releases.models import Release
from interlock.releases.rules import ReleaseOverdue
from interlock.strategy.models import Objective
from tests.api import Caller

SECRET = "quagga"


@pytest.fixture
def lab(amir):
    product = Product.objects.add(name=f"Lab {SECRET}", by=amir)
    product.restrict(True, by=amir)
    return product


@pytest.fixture
def hidden(lab, amir):
    return Objective.objects.add(title=f"Objective {SECRET}", product=lab, by=amir)


@pytest.fixture
def below(hidden, ada):
    return Objective.objects.add(title="Open", parent=hidden, by=ada)


@pytest.fixture
def as_ada(client, ada):
    client.force_login(ada.user)
    return client


def test_a_conflict_names_nothing_hidden(below, as_ada):
    sent = {"version": "0", "title": "Mine", "parent": "", "status": "open"}
    response = as_ada.post(f"/northwind/objectives/{below.key}/edit/", sent)
    assert response.status_code == 412
    assert SECRET not in response.content.decode()


@pytest.mark.parametrize("others", [0, 45])
def test_a_form_names_nothing_hidden(others, below, as_ada, ada):
    Objective.objects.add_many([{"title": f"Other {n}"} for n in range(others)], by=ada)
    response = as_ada.get(f"/northwind/objectives/{below.key}/parent/")
    assert response.status_code == 200
    assert SECRET not in response.content.decode()


def test_no_order_tells_of_hidden_days(payments, lab, amir, as_ada, ada, today):
    release = Release.objects.add(name="4.2", product=lab, target_on=today + timedelta(days=77), by=amir)
    features = Feature.objects.add_many([{"product": payments, "title": f"F{n}"} for n in range(60)], by=ada)
    release.take(features, by=amir)
    following = as_ada.get("/northwind/backlog/?sort=release").context["pager"].next_query
    assert decoded(following)
    assert release.target_on.isoformat() not in decoded(following)


def decoded(query):
    after = parse_qs(query.lstrip("?")).get("after", [""])[0]
    return base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)).decode(errors="replace")


def test_a_late_release_tells_of_no_hidden_feature(alignment, payments, lab, amir, ada, today):
    release = Release.objects.add(name="4.2", product=payments, target_on=today - timedelta(days=9), by=ada)
    person = Person.objects.add(name="Dana", by=ada)
    seen = Feature.objects.add(product=payments, title="Seen", by=ada)
    unseen = Feature.objects.add(product=lab, title="Unseen", owner=person, by=amir)
    release.take([seen, unseen], by=amir)
    finding = alignment.finding(ReleaseOverdue)
    assert "one feature to finish" in finding.evidence
    assert not finding.people.exists()


def test_changing_many_over_the_api_unlinks_nothing_hidden(payments, hidden, ada, amir):
    feature = Feature.objects.add(product=payments, title="Open", objectives=[hidden], by=amir)
    sent = {"features": [feature.key], "change": {"objectives": []}}
    assert Caller(ada).post("features/changes", sent).status_code == 200
    assert list(feature.objectives.all()) == [hidden]


def test_changing_many_over_the_api_asks_as_much_for_many_as_for_few(payments, hidden, ada, amir):
    asked = []
    for count in (2, 20):
        rows = [{"product": payments, "title": f"F{n}", "objectives": [hidden]} for n in range(count)]
        keys = [feature.key for feature in Feature.objects.add_many(rows, by=amir)]
        with CaptureQueriesContext(connection) as queries:
            Caller(ada).post("features/changes", {"features": keys, "change": {"objectives": []}})
        asked.append(len(queries))
    assert asked[0] == asked[1]
