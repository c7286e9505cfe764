import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from interlock.backlog.models import Feature
from interlock.organisation.models import Product
from interlock.releases.models import Release


@pytest.fixture
def payments(ada):
    return Product.objects.add(name="Payments", by=ada)


@pytest.fixture
def features(payments, ada):
    return Feature.objects.add_many(
        [{"product": payments, "title": title} for title in ("Alpha", "Beta", "Gamma")], by=ada
    )


@pytest.fixture
def release(payments, ada):
    return Release.objects.add(name="4.2", product=payments, target_on="2020-03-14", by=ada)


@pytest.fixture
def sign_in(client):
    def act(member):
        client.force_login(member.user)
        return client

    return act


def test_a_release_is_added_with_its_target_as_precise_as_it_is_known(payments, ada, sign_in):
    client = sign_in(ada)
    sent = {
        "name": "5.0",
        "product": payments.key,
        "tier": 1,
        "status": "planned",
        "target_on": "2027-02-10",
        "target_precision": "quarter",
    }
    assert client.post("/northwind/releases/new/", {**sent, "name": ""}).status_code == 422
    assert client.post("/northwind/releases/new/", sent).status_code == 302
    assert "Q1 2027" in client.get("/northwind/releases/R-1/").content.decode()
    assert "Q1 2027" in client.get("/northwind/releases/").content.decode()


def test_the_list_says_what_is_late_and_how_far_it_is(release, features, ada, sign_in):
    release.take(features, by=ada)
    features[0].change(status="done", by=ada)
    features[1].change(status="dropped", by=ada)
    shown = sign_in(ada).get("/northwind/releases/").content.decode()
    assert "1 release is past the target" in shown
    assert "1 of 2" in shown


def test_features_are_planned_moved_and_taken_back(release, payments, features, ada, sign_in):
    later = Release.objects.add(name="4.3", product=payments, by=ada)
    client = sign_in(ada)
    assert client.post("/northwind/releases/R-1/scope/", {"features": []}).status_code == 422
    assert client.post("/northwind/releases/R-1/scope/", {"features": ["F-1", "Beta (F-2)"]}).status_code == 302
    assert release.scope.count() == 2
    assert "Alpha" in client.get("/northwind/releases/R-1/").content.decode()
    move = "/northwind/releases/R-1/scope/move/"
    assert client.post(move, {"release": later.key}).status_code == 422
    assert client.post(move, {"key": ["F-1"], "release": "R-99"}).status_code == 422
    response = client.post(move, {"key": ["F-1", "F-3"], "release": later.key})
    assert [item.feature.key for item in later.scope.all()] == ["F-1"]
    page = client.get(response.url).content.decode()
    undo = page.split('action="/northwind/backlog/undo/')[1].split('"')[0]
    client.post(f"/northwind/backlog/undo/{undo}")
    assert release.scope.count() == 2
    client.post(move, {"key": ["F-1", "F-2"], "release": ""})
    assert release.scope.count() == 0


@pytest.mark.parametrize(("who", "status"), [("ben", 403), ("cora", 403), ("gus", 404), ("cleo", 404)])
def test_who_may_not_cannot(who, status, release, features, request, sign_in):
    client = sign_in(request.getfixturevalue(who))
    assert client.post("/northwind/releases/R-1/scope/", {"features": ["F-1"]}).status_code == status
    assert client.post("/northwind/releases/R-1/scope/move/", {"key": ["F-1"]}).status_code == status
    assert client.post("/northwind/releases/R-1/archive/").status_code == status
    assert release.scope.count() == 0


def test_a_restricted_release_is_nowhere(release, payments, features, ada, amir, ben, sign_in):
    release.take(features[:1], by=ada)
    payments.restrict(True, by=amir)
    client = sign_in(ben)
    assert client.get("/northwind/releases/R-1/").status_code == 404
    assert b"4.2" not in client.get("/northwind/releases/?status=any").content
    assert b"4.2" not in b"".join(client.get("/northwind/releases/?format=csv&status=any"))


def test_pages_cost_the_same_however_much_there_is(release, payments, features, ada, sign_in, figures):
    client = sign_in(ada)

    def queries(path):
        client.get(path)
        with CaptureQueriesContext(connection) as spent:
            client.get(path)
        return len(spent)

    paths = ["/northwind/releases/", "/northwind/releases/R-1/"]
    release.take(features, by=ada)
    few = [queries(path) for path in paths]
    Release.objects.add_many([{"name": str(n), "product": payments} for n in range(30)], by=ada)
    more = Feature.objects.add_many([{"product": payments, "title": str(n)} for n in range(60)], by=ada)
    release.take(more, by=ada)
    many = [queries(path) for path in paths]
    figures.measured("queries of the releases and of one, with little and much", f"{few}, {many}")
    assert few == many
    assert many[0] <= 12
    assert many[1] <= 15
