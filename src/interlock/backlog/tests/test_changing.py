"""Changing features through the pages: one field, many features, the order, and the way back."""

import pytest

from interlock.backlog.models import Feature, Tag
from interlock.organisation.models import Product
from interlock.releases.models import Release
from interlock.strategy.models import Objective
from interlock.workspaces.models import AuditEvent


def field(client, name, value, *, key="F-1", **more):
    """Fills in the small form of a field as it was opened, and sends it."""
    url = f"/northwind/features/{key}/edit/{name}/"
    form = client.get(url).context["form"]
    sent = {"version": form.initial["version"], "was": form["was"].value() or "null", name: value, **more}
    return client.post(url, sent, headers={"HX-Request": "true"})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("title", "Renamed", "Renamed"),
        ("status", "planned", "planned"),
        ("owner", "P-1", "Ada Lind"),
        ("owner", "ada lind", "Ada Lind"),
        ("team", "T-1", "Ledger"),
        ("effort_days", "2.5", "2.5"),
        ("kind", "initiative", "initiative"),
        ("release", "R-1", None),
        ("description", "In **bold**", "In **bold**"),
    ],
)
def test_a_field_is_changed_in_its_place(name, value, expected, features, payments, lind, team, ada, sign_in):
    Release.objects.add(name="4.2", product=payments, by=ada)
    response = field(sign_in(ada), name, value)
    assert response.status_code == 200, response.content
    assert b"saved" in response.content
    changed = Feature.objects.get(number=1)
    held = changed.scope.release.name if name == "release" else str(getattr(changed, name))
    assert held == (expected or "4.2")
    assert AuditEvent.objects.about(changed).latest("pk").door == "page"


def test_several_rows_are_chosen_and_new_tags_made(features, ada, sign_in):
    aims = Objective.objects.add_many([{"title": "Grow"}, {"title": "Last"}], by=ada)
    client = sign_in(ada)
    field(client, "objectives", ["O-1", "Last (O-2)"])
    field(client, "tags", ["night, new one"])
    feature = Feature.objects.get(number=1)
    assert set(feature.objectives.all()) == set(aims)
    assert {tag.name for tag in feature.tags.all()} == {"night", "new one"}
    field(client, "tags", [])
    assert not feature.tags.exists()


def test_what_one_does_not_see_stays_linked(features, secret, ada, lind, cora, olga, sign_in):
    hidden, seen = Objective.objects.add_many([{"title": "h", "product": secret}, {"title": "s"}], by=ada)
    lind.link(cora, by=olga)
    features[0].change(owner=lind, objectives=[hidden], by=ada)
    field(sign_in(cora), "objectives", [seen.key])
    assert set(features[0].objectives.all()) == {hidden, seen}


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("title", "", "required"),
        ("owner", "Nobody Known", "no person"),
        ("effort_days", "-1", "greater than or equal to 0"),
        ("effort_days", "soon", "number"),
        ("status", "nonsense", "valid choice"),
        ("initiative", "F-2", "no feature"),
        ("tags", ["x" * 61], "60 characters"),
        ("links", "javascript://x", "not a web address"),
    ],
)
def test_what_cannot_be_is_said_at_the_field(name, value, says, features, ada, sign_in):
    response = field(sign_in(ada), name, value)
    assert response.status_code == 422
    assert says in response.content.decode()
    assert Feature.objects.get(number=1).version == 1


def test_who_saves_second_is_asked_and_sees_both(features, ada, sign_in):
    client = sign_in(ada)
    url = "/northwind/features/F-1/edit/title/"
    opened = {"version": 1, "was": '"Alpha"', "title": "Mine"}
    features[0].change(title="Theirs", by=ada)
    response = client.post(url, opened, headers={"HX-Request": "true"})
    assert response.status_code == 412
    assert "Theirs" in response.content.decode()
    assert 'value="Mine"' in response.content.decode()
    again = response.context["form"].data
    assert client.post(url, again, headers={"HX-Request": "true"}).status_code == 200
    assert Feature.objects.get(number=1).title == "Mine"


def test_somebody_else_s_change_of_another_field_is_no_conflict(features, ada, sign_in):
    features[0].change(status="planned", by=ada)
    sent = {"version": 1, "was": '"Alpha"', "title": "Mine"}
    assert sign_in(ada).post("/northwind/features/F-1/edit/title/", sent).status_code == 302
    changed = Feature.objects.get(number=1)
    assert (changed.title, changed.status) == ("Mine", "planned")


def test_who_replanned_meanwhile_is_asked(features, payments, ada, sign_in):
    first, second = Release.objects.add_many([{"name": n, "product": payments} for n in "12"], by=ada)
    first.take([features[0]], by=ada)
    sent = {"version": 1, "was": "null", "release": second.key}
    url = "/northwind/features/F-1/edit/release/"
    assert sign_in(ada).post(url, sent, headers={"HX-Request": "true"}).status_code == 412
    assert Feature.objects.get(number=1).scope.release == first


@pytest.mark.parametrize(("who", "status"), [("ben", 403), ("cora", 403), ("gus", 404), ("cleo", 404)])
def test_who_may_not_cannot(who, status, features, request, sign_in):
    client = sign_in(request.getfixturevalue(who))
    url = "/northwind/features/F-1/edit/title/"
    assert client.get(url).status_code == status
    assert client.post(url, {"title": "x", "version": 1, "was": '"Alpha"'}).status_code == status
    assert client.post("/northwind/backlog/move/", {"key": "F-1", "after": "F-2"}).status_code == status
    assert client.post("/northwind/features/F-1/archive/").status_code == status
    assert Feature.objects.get(number=1).title == "Alpha"


def test_without_script_a_field_has_a_page_and_leads_back(features, ada, sign_in):
    client = sign_in(ada)
    url = "/northwind/features/F-1/edit/status/"
    page = client.get(url, headers={"Referer": "http://testserver/northwind/backlog/?status=idea"})
    assert b"<title>" in page.content
    sent = {"status": "done", "version": 1, "was": '"candidate"', "back": "/northwind/backlog/?status=idea"}
    assert client.post(url, sent).url == "/northwind/backlog/?status=idea"
    away = {**sent, "version": 2, "was": '"done"', "status": "idea", "back": "https://elsewhere.example/"}
    assert client.post(url, away).url == "/northwind/features/F-1/"


# --- adding ------------------------------------------------------------------------------------------


def test_a_title_and_enter_add_a_feature_as_the_list_is_narrowed(payments, lind, ada, sign_in):
    Objective.objects.add(title="Grow", by=ada)
    sent = {"title": "Quick", "product": payments.key}
    client = sign_in(ada)
    query = "?status=planned&owner=P-1&objective=O-1&tag=night"
    Tag.named(["night"], workspace=ada.workspace)
    response = client.post(f"/northwind/backlog/{query}", sent, headers={"HX-Request": "true"})
    assert response.status_code == 200
    added = Feature.objects.get()
    assert (added.title, added.status, added.owner) == ("Quick", "planned", lind)
    assert [str(one) for one in added.objectives.all()] == ["Grow"]
    assert [str(one) for one in added.tags.all()] == ["night"]


def test_a_feature_without_a_title_is_asked_for_one(payments, ada, sign_in):
    client = sign_in(ada)
    sent = {"title": "", "product": payments.key}
    assert client.post("/northwind/backlog/", sent, headers={"HX-Request": "true"}).status_code == 422
    page = client.post("/northwind/features/new/", {"title": "", "product": payments.key, "description": "Kept"})
    assert page.status_code == 422
    assert b"Kept" in page.content


def test_the_page_for_a_new_feature_takes_every_field(payments, lind, team, ada, sign_in):
    release = Release.objects.add(name="4.2", product=payments, by=ada)
    sent = {
        "title": "Whole",
        "product": payments.key,
        "status": "planned",
        "kind": "feature",
        "owner": lind.key,
        "team": team.key,
        "effort_days": "4",
        "tags": ["night"],
        "release": release.key,
        "description": "Text",
        "links": "Design https://example.org/d",
    }
    response = sign_in(ada).post("/northwind/features/new/", sent)
    assert response.status_code == 302, response.context["form"].errors
    added = Feature.objects.get()
    assert (added.owner, added.team, added.scope.release) == (lind, team, release)
    assert added.links == [{"title": "Design", "url": "https://example.org/d"}]


def test_viewers_add_nothing(payments, ben, sign_in):
    client = sign_in(ben)
    assert client.post("/northwind/backlog/", {"title": "x", "product": payments.key}).status_code == 403
    assert client.get("/northwind/features/new/").status_code == 403


# --- many at once ------------------------------------------------------------------------------------


def change(client, name, answer, keys=("F-1", "F-2"), **more):
    sent = {"key": list(keys), "change": name, "answer": answer, "answered": "1", **more}
    return client.post("/northwind/backlog/change/", sent)


def undo(client, response):
    """Presses Undo in the toast."""
    page = client.get(response.url).content.decode()
    address = page.split('action="/northwind/backlog/undo/')[1].split('"')[0]
    return client.post(f"/northwind/backlog/undo/{address}")


def test_many_are_changed_and_changed_back(features, ada, sign_in):
    features[0].change(status="planned", by=ada)
    client = sign_in(ada)
    response = change(client, "status", "done")
    assert list(Feature.objects.ranked().values_list("status", flat=True)) == ["done", "done", "candidate"]
    assert undo(client, response).status_code == 302
    assert list(Feature.objects.ranked().values_list("status", flat=True)) == ["planned", "candidate", "candidate"]


def test_what_was_changed_before_one_was_refused_is_told_and_can_be_undone(features, ada, sign_in, monkeypatch):
    """Large changes go in batches: here of one feature, of which the third is itself an initiative."""
    monkeypatch.setattr("interlock.backlog.views.backlog.BATCH", 1)
    initiative = Feature.objects.add(product=features[0].product, title="All of it", kind="initiative", by=ada)
    features[2].change(kind="initiative", by=ada)
    client = sign_in(ada)
    response = change(client, "initiative", initiative.key, keys=("F-1", "F-2", "F-3"))
    page = client.get(response.url).content.decode()
    assert "Changed 2 features, and not the rest: An initiative does not stand in another." in page
    address = page.split('action="/northwind/backlog/undo/')[1].split('"')[0]
    client.post(f"/northwind/backlog/undo/{address}")
    assert not initiative.features.exists()


def test_only_what_changed_is_counted(features, ada, sign_in):
    features[0].change(status="done", by=ada)
    client = sign_in(ada)
    assert "Changed 1 feature." in client.get(change(client, "status", "done").url).content.decode()


def test_undo_touches_nothing_that_came_through_another_door(features, ada, sign_in):
    client = sign_in(ada)
    before = AuditEvent.objects.latest("pk").pk
    features[2].change(status="done", by=ada)  # as a command of the same member would, at the same time
    response = change(client, "status", "done")
    assert before
    undo(client, response)
    assert Feature.objects.get(number=3).status == "done"


def test_undo_leaves_what_has_changed_since(features, ada, sign_in):
    client = sign_in(ada)
    response = change(client, "status", "done")
    features[1].change(status="dropped", by=ada)
    undo(client, response)
    assert list(Feature.objects.ranked().values_list("status", flat=True)) == ["candidate", "dropped", "candidate"]


def test_nobody_undoes_what_another_did(features, ada, amir, client, sign_in):
    page = sign_in(ada)
    response = change(page, "status", "done")
    address = page.get(response.url).content.decode().split('action="/northwind/backlog/undo/')[1].split('"')[0]
    assert sign_in(amir).post(f"/northwind/backlog/undo/{address}").status_code == 422
    assert sign_in(amir).post("/northwind/backlog/undo/made-up/").status_code == 422
    assert Feature.objects.get(number=1).status == "done"


@pytest.mark.parametrize(("name", "answer"), [("tags-add", ["night"]), ("objectives-add", ["O-1"]), ("release", "R-1")])
def test_links_are_added_and_taken_back(name, answer, features, payments, ada, sign_in):
    Objective.objects.add(title="Grow", by=ada)
    Release.objects.add(name="4.2", product=payments, by=ada)
    client = sign_in(ada)

    def links(feature):
        return (
            set(feature.tags.values_list("name", flat=True)),
            set(feature.objectives.values_list("title", flat=True)),
            Release.objects.filter(scope__feature=feature).count(),
        )

    features[0].change(tags=Tag.named(["old"], workspace=ada.workspace), by=ada)
    before = [links(feature) for feature in features]
    response = change(client, name, answer)
    assert response.status_code == 302, response.context["form"].errors
    after = [links(feature) for feature in features]
    assert after[0] != before[0]
    assert "old" in after[0][0]
    assert after[2] == before[2]
    undo(client, response)
    assert [links(feature) for feature in features] == before


def test_all_that_a_list_shows_are_archived_and_brought_back(features, ada, sign_in):
    features[2].change(status="done", by=ada)
    client = sign_in(ada)
    response = client.post("/northwind/backlog/change/", {"all": "on", "query": "?status=candidate", "archive": ""})
    assert [feature.key for feature in Feature.objects.active()] == ["F-3"]
    undo(client, response)
    assert Feature.objects.active().count() == 3


def test_a_change_asks_for_what_it_must_be_told(features, ada, sign_in):
    client = sign_in(ada)
    page = client.post("/northwind/backlog/change/", {"key": ["F-1"], "change": "owner"})
    assert b"Change 1 feature" in page.content
    assert change(client, "owner", "Nobody Known").status_code == 422
    assert client.post("/northwind/backlog/change/", {"change": "owner"}).status_code == 422
    assert client.post("/northwind/backlog/change/", {"key": ["F-1"]}).status_code == 422


def test_a_contributor_changes_what_is_theirs_and_nothing_else(features, lind, ada, cora, olga, sign_in):
    lind.link(cora, by=olga)
    features[1].change(owner=lind, by=ada)
    change(sign_in(cora), "status", "done")
    assert list(Feature.objects.ranked().values_list("status", flat=True)) == ["candidate", "done", "candidate"]


# --- the order ---------------------------------------------------------------------------------------


def order():
    return "".join(feature.title[0] for feature in Feature.objects.ranked())


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"key": "F-1", "after": "F-3", "before": ""}, "bGA"),
        ({"key": "F-3", "after": "", "before": "F-1"}, "GAb"),
        ({"up": "F-2"}, "bAG"),
        ({"down": "F-2"}, "AGb"),
        ({"top": "F-3"}, "GAb"),
        ({"bottom": "F-1"}, "bGA"),
        ({"up": "F-1"}, "AbG"),
    ],
)
def test_a_feature_is_moved_with_and_without_script(sent, expected, features, ada, sign_in):
    assert sign_in(ada).post("/northwind/backlog/move/", sent).status_code == 302
    assert order() == expected


def test_a_step_in_a_narrowed_list_goes_past_what_is_shown(features, ada, sign_in):
    features[1].change(status="done", by=ada)
    sign_in(ada).post("/northwind/backlog/move/", {"down": "F-1", "query": "?status=candidate"})
    assert order() == "bGA"


def test_nothing_is_moved_beside_what_one_does_not_see(features, secret, ada, amir, sign_in):
    hidden = Feature.objects.add(product=secret, title="Hidden", by=ada)
    assert sign_in(ada).post("/northwind/backlog/move/", {"key": "F-1", "after": hidden.key}).status_code == 404


# --- what fields offer -------------------------------------------------------------------------------


def test_fields_offer_tags_and_initiatives(features, secret, ada, gus, sign_in):
    Tag.named(["night"], workspace=ada.workspace)
    features[0].change(kind="initiative", by=ada)
    Feature.objects.add(product=secret, title="Hidden", kind="initiative", by=ada)
    client = sign_in(ada)
    assert b"night" in client.get("/northwind/backlog/tags/?q=nig").content
    offered = client.get("/northwind/backlog/initiatives/?q=").content
    assert b"Alpha" in offered
    assert b"Hidden" not in offered
    assert sign_in(gus).get("/northwind/backlog/tags/").status_code == 404


def test_tags_of_features_that_one_does_not_see_are_not_offered(features, secret, ada, olga, gus, sign_in):
    seen, hidden, _unused = Tag.named(["dawn", "night", "noon"], workspace=ada.workspace)
    features[0].change(tags=[seen], by=ada)
    Feature.objects.add(product=secret, title="Hidden", tags=[seen, hidden], by=ada)
    offered = sign_in(ada).get("/northwind/backlog/tags/?q=n").content
    assert b"dawn" in offered
    assert b"noon" in offered
    assert b"night" not in offered
    assert {tag.name for tag in Tag.objects.visible_to(ada)} == {"dawn", "noon"}
    features[0].product.admit(gus, by=olga)
    assert {tag.name for tag in Tag.objects.visible_to(gus)} == {"dawn"}


def test_a_product_of_another_workspace_does_not_exist(cleo, payments, ada, sign_in):
    theirs = Product.objects.add(name="Theirs", by=cleo)
    sent = {"title": "x", "product": theirs.key.replace("1", "2")}
    assert sign_in(ada).post("/northwind/features/new/", sent).status_code == 422
