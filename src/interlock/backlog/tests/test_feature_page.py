"""The page of a feature: what stands on it, and what can be done there."""

from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from interlock.alignment.checking import check
from interlock.backlog.models import Dependency, Feature, Requirement
from interlock.releases.models import Release
from interlock.strategy.models import Objective
from interlock.workspaces.models import ExternalId


def page(client, key="F-1"):
    response = client.get(f"/northwind/features/{key}/")
    assert response.status_code == 200
    return response.content.decode()


def test_everything_that_hangs_on_a_feature_stands_on_its_page(features, payments, lind, ada, sign_in):
    alpha, beta, gamma = features
    alpha.change(
        owner=lind,
        objectives=[Objective.objects.add(title="Grow", by=ada)],
        description="In **bold** <script>alert(1)</script>",
        links=[{"title": "Design", "url": "https://example.org/"}],
        by=ada,
    )
    Release.objects.add(name="4.2", product=payments, by=ada).take([alpha], by=ada)
    Requirement.objects.add(feature=alpha, title="Pay by card", criteria=["It is paid"], by=ada)
    Dependency.objects.add(feature=alpha, needs=beta, by=ada)
    Dependency.objects.add(feature=gamma, needs=alpha, note="after it", by=ada)
    kind = ContentType.objects.get_for_model(Feature)
    ExternalId.objects.create(
        workspace=ada.workspace, source="tracker", record_id="T-77", content_type=kind, object_id=alpha.pk
    )
    check(ada.workspace, today=timezone.localdate())
    shown = page(sign_in(ada))
    for words in ("Ada Lind", "Grow", "<strong>bold</strong>", "Design", "4.2", "Pay by card", "It is paid", "beta"):
        assert words in shown, words
    for words in ("Gamma", "after it", "T-77", "What is wrong with it"):
        assert words in shown, words
    assert "<script>alert" not in shown


def test_an_initiative_shows_what_it_gathers(features, ada, sign_in):
    features[2].change(kind="initiative", by=ada)
    features[0].change(initiative=features[2], status="done", by=ada)
    shown = page(sign_in(ada), "F-3")
    assert "Features in this initiative" in shown
    assert "1 of 1 done" in shown


def test_a_requirement_is_added_changed_done_and_archived(features, ada, sign_in):
    client = sign_in(ada)
    url = "/northwind/features/F-1/requirements/"
    assert client.post(url, {"title": ""}).status_code == 422
    assert client.post(url, {"title": "Pay", "criteria": "It is paid\n\n  Twice "}).status_code == 302
    requirement = Requirement.objects.get()
    assert requirement.criteria == ["It is paid", "Twice"]
    edit = f"/northwind/requirements/{requirement.key}/edit/"
    sent = {"title": "Pay", "criteria": "Once", "status": "open", "version": 1}
    assert client.post(edit, sent).status_code == 302
    assert client.post(edit, sent).status_code == 412
    assert client.post(f"/northwind/requirements/{requirement.key}/status/", {"status": "done"}).status_code == 302
    assert client.post(f"/northwind/requirements/{requirement.key}/status/", {"status": "odd"}).status_code == 422
    requirement.refresh_from_db()
    assert (requirement.criteria, requirement.status) == (["Once"], "done")
    client.post(f"/northwind/requirements/{requirement.key}/archive/")
    assert 'id="REQ-1"' not in page(client)
    assert not Requirement.objects.active().exists()
    client.post(f"/northwind/requirements/{requirement.key}/restore/")
    assert Requirement.objects.active().exists()


def test_a_dependency_is_added_from_either_end_and_removed(features, ada, sign_in):
    client = sign_in(ada)
    assert client.post("/northwind/features/F-1/needs/", {"feature": "F-2", "note": "first"}).status_code == 302
    assert client.post("/northwind/features/F-1/blocks/", {"feature": "F-3"}).status_code == 302
    edges = {(edge.feature.key, edge.needs.key) for edge in Dependency.objects.active()}
    assert edges == {("F-1", "F-2"), ("F-3", "F-1")}
    assert client.post("/northwind/features/F-1/needs/", {"feature": "F-2"}).status_code == 422
    assert client.post("/northwind/features/F-1/needs/", {"feature": "F-1"}).status_code == 422
    assert client.post("/northwind/features/F-1/needs/", {"feature": "F-99"}).status_code == 422
    client.post("/northwind/dependencies/DEP-1/archive/")
    assert Dependency.objects.active().count() == 1
    client.post("/northwind/features/F-1/needs/", {"feature": "F-2"})
    assert client.post("/northwind/dependencies/DEP-1/restore/").status_code == 422


def test_a_contributor_cannot_make_another_s_feature_depend(features, lind, ada, cora, olga, sign_in):
    lind.link(cora, by=olga)
    features[0].change(owner=lind, by=ada)
    client = sign_in(cora)
    assert client.post("/northwind/features/F-1/needs/", {"feature": "F-2"}).status_code == 302
    assert client.post("/northwind/features/F-1/blocks/", {"feature": "F-3"}).status_code == 403
    assert client.post("/northwind/features/F-2/needs/", {"feature": "F-1"}).status_code == 403


def test_archiving_can_be_undone(features, ada, sign_in):
    client = sign_in(ada)
    client.post("/northwind/features/F-1/archive/")
    assert Feature.objects.get(number=1).archived
    shown = page(client)
    assert "/features/F-1/restore/" in shown
    assert "/edit/" not in shown
    client.post("/northwind/features/F-1/restore/")
    assert not Feature.objects.get(number=1).archived


def test_the_history_names_rows_as_they_are_called_today(features, lind, secret, ada, ben, sign_in):
    hidden = Objective.objects.add(title="Hidden aim", product=secret, by=ada)
    features[0].change(owner=lind, objectives=[hidden], by=ada)
    lind.change(name="Ada Berg", by=ada)
    Requirement.objects.add(feature=features[0], title="Pay by card", by=ada)
    told = sign_in(ben).get("/northwind/features/F-1/history/").content.decode()
    assert "Ada Berg" in told
    assert "Pay by card" in told
    assert "Hidden aim" not in told
    assert "Hidden from you" in told
    assert hidden.key not in told


def test_the_page_costs_the_same_with_much_on_it(features, payments, ada, sign_in, figures):
    client = sign_in(ada)

    def queries():
        page(client)
        with CaptureQueriesContext(connection) as spent:
            page(client)
        return len(spent)

    Requirement.objects.add(feature=features[0], title="r", by=ada)
    Dependency.objects.add(feature=features[0], needs=features[1], by=ada)
    few = queries()
    others = Feature.objects.add_many([{"product": payments, "title": str(n)} for n in range(40)], by=ada)
    Requirement.objects.add_many([{"feature": features[0], "title": str(n)} for n in range(40)], by=ada)
    Dependency.objects.add_many([{"feature": features[0], "needs": other} for other in others], by=ada)
    many = queries()
    figures.measured("queries of a feature's page with little and with much on it", f"{few}, {many}")
    assert few == many <= 15
