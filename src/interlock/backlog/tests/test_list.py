"""The backlog: what it shows, to whom, in which order, at what cost."""

import csv
import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from interlock.backlog.columns import columns
from interlock.backlog.models import Feature, Tag
from interlock.organisation.models import Person, Product
from interlock.releases.models import Release
from interlock.strategy.models import Objective
from interlock.workspaces.models import AuditEvent, DefaultView, SavedView

ROW = re.compile(r'<tr id="(F-\d+)"')


def shown(client, query=""):
    response = client.get(f"/northwind/backlog/?{query or 'sort=rank'}")
    assert response.status_code == 200
    return ROW.findall(response.content.decode())


# --- who sees what -----------------------------------------------------------------------------------


def test_a_viewer_reads_and_is_offered_no_change(features, ben, sign_in):
    page = sign_in(ben).get("/northwind/backlog/?sort=rank").content.decode()
    assert "Alpha" in page
    assert "/edit/" not in page
    assert 'name="title"' not in page


def test_an_outsider_learns_nothing(features, cleo, sign_in):
    client = sign_in(cleo)
    for path in ("backlog/", "features/F-1/", "backlog/export.csv", "features/F-1/edit/title/"):
        assert client.get(f"/northwind/{path}").status_code == 404


def test_a_guest_sees_what_is_shared_and_not_whose_it_is(features, payments, secret, lind, ada, amir, gus, sign_in):
    features[0].change(owner=lind, by=ada)
    Feature.objects.add(product=secret, title="Hidden plan", by=ada)
    client = sign_in(gus)
    assert shown(client) == []
    payments.admit(gus, by=amir)
    page = client.get("/northwind/backlog/?sort=rank").content.decode()
    assert "Alpha" in page
    assert "Hidden plan" not in page
    assert "Ada Lind" not in page


def test_what_hangs_on_a_feature_and_is_hidden_is_not_named(features, secret, ada, ben, sign_in):
    hidden = Objective.objects.add(title="Hidden aim", product=secret, by=ada)
    release = Release.objects.add(name="Hidden release", product=secret, by=ada)
    features[0].change(objectives=[hidden], by=ada)
    release.take([features[0]], by=ada)
    client = sign_in(ben)
    for path in ("backlog/?sort=rank", "backlog/export.json", "features/F-1/"):
        response = client.get(f"/northwind/{path}")
        body = b"".join(response) if response.streaming else response.content
        assert b"Hidden" not in body, path


def test_a_contributor_is_offered_changes_of_what_is_theirs(features, lind, ada, cora, olga, sign_in):
    lind.link(cora, by=olga)
    features[1].change(owner=lind, by=ada)
    page = sign_in(cora).get("/northwind/backlog/?sort=rank").content.decode()
    assert "/features/F-2/edit/status/" in page
    assert "/features/F-1/edit/" not in page


# --- filters -----------------------------------------------------------------------------------------


@pytest.fixture
def varied(features, payments, lind, team, ada):
    alpha, beta, gamma = features
    aim = Objective.objects.add(title="Grow", by=ada)
    tag = Tag.named(["night"], workspace=ada.workspace)
    alpha.change(owner=lind, status="planned", objectives=[aim], by=ada)
    beta.change(team=team, tags=tag, effort_days=3, by=ada)
    gamma.change(kind="initiative", by=ada)
    beta.change(initiative=gamma, by=ada)
    Release.objects.add(name="4.2", product=payments, by=ada).take([alpha], by=ada)
    return features


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=planned", ["F-1"]),
        ("status=planned&status=candidate", ["F-1", "F-2", "F-3"]),
        ("owner=P-1", ["F-1"]),
        ("owner=Ada+Lind+(P-1)", ["F-1"]),
        ("owner=ada+lind", ["F-1"]),
        ("owner=nobody", ["F-2", "F-3"]),
        ("owner=nobody&owner=P-1", ["F-1", "F-2", "F-3"]),
        ("owner=P-99", []),
        ("owner=me", []),
        ("team=T-1", ["F-2"]),
        ("team=none", ["F-1", "F-3"]),
        ("objective=O-1", ["F-1"]),
        ("objective=none", ["F-2", "F-3"]),
        ("objective=none&objective=O-1", ["F-1", "F-2", "F-3"]),
        ("tag=night", ["F-2"]),
        ("tag=none", ["F-1", "F-3"]),
        ("kind=initiative", ["F-3"]),
        ("initiative=F-3", ["F-2"]),
        ("product=PROD-1&status=planned", ["F-1"]),
        ("release=R-1", ["F-1"]),
        ("release=none", ["F-2", "F-3"]),
        ("q=alph", ["F-1"]),
        ("q=F-2", ["F-2"]),
        ("changed=7d", ["F-1", "F-2", "F-3"]),
        ("changed=2999-01-01", []),
        ("changed=soon", ["F-1", "F-2", "F-3"]),
        ("status=nonsense", ["F-1", "F-2", "F-3"]),
        ("q=%00", ["F-1", "F-2", "F-3"]),
        ("owner=" + "9" * 30, []),
        ("archived=only", []),
    ],
)
def test_filters_live_in_the_address(query, expected, varied, ada, sign_in):
    assert shown(sign_in(ada), query) == expected


def test_what_is_archived_is_shown_where_it_is_asked_for(features, ada, sign_in):
    features[0].archive(by=ada)
    client = sign_in(ada)
    assert shown(client) == ["F-2", "F-3"]
    assert shown(client, "archived=only") == ["F-1"]
    assert shown(client, "archived=only&q=alpha") == ["F-1"]


# --- order and pages ---------------------------------------------------------------------------------


@pytest.fixture
def many(payments, team, ada):
    """Enough for several pages, with ties and gaps in every column."""
    people = Person.objects.add_many([{"name": name} for name in ("Bo", "Al", "Cy")], by=ada)
    releases = Release.objects.add_many(
        [{"name": "1", "product": payments, "target_on": "2027-01-01"}, {"name": "2", "product": payments}], by=ada
    )
    rows = Feature.objects.add_many(
        [
            {
                "product": payments,
                "title": f"{'aBcD'[n % 4]} {n % 7}",
                "status": Feature.Status.values[n % 6],
                "owner": [*people, None][n % 4],
                "team": team if n % 3 else None,
                "effort_days": n % 5 or None,
                "kind": "initiative" if n % 10 == 0 else "feature",
            }
            for n in range(130)
        ],
        by=ada,
    )
    for n, release in enumerate(releases):
        release.take(rows[n::3], by=ada)
    return rows


@pytest.mark.parametrize("sort", [c.name for c in columns()] + ["-" + c.name for c in columns()] + ["rank", "-rank"])
def test_pages_in_any_order_show_each_feature_once_forwards_and_backwards(sort, many, ada, sign_in):
    client = sign_in(ada)

    def walk(start, rel):
        query, pages = f"sort={sort}{start}", []
        while query:
            page = client.get(f"/northwind/backlog/?{query}").content.decode()
            pages.append(ROW.findall(page))
            found = re.search(rf'rel="{rel}" href="\?([^"]+)"', page)
            query = found and found[1].replace("&amp;", "&")
        return pages

    forwards, backwards = walk("", "next"), walk("&last=1", "prev")
    seen = [key for page in forwards for key in page]
    assert len(seen) == len(set(seen)) == 130
    assert [key for page in reversed(backwards) for key in page] == seen


def test_a_status_is_ordered_by_the_course_of_work(many, ada, sign_in):
    keys = shown(sign_in(ada), "sort=status")
    statuses = [Feature.objects.keyed(key).get().status for key in keys]
    assert statuses == sorted(statuses, key=Feature.Status.values.index)


@pytest.mark.parametrize("place", ["after=nonsense", "after=WzAsImEiXQ", "before=%00", "after=W10", "after=WzksIjEiXQ"])
def test_a_place_that_somebody_made_up_is_the_beginning(place, many, ada, sign_in):
    client = sign_in(ada)
    for sort in ("rank", "effort_days", "changed", "key"):
        assert client.get(f"/northwind/backlog/?sort={sort}&{place}").status_code == 200


def test_the_number_of_queries_does_not_depend_on_the_number_of_features(payments, team, lind, ada, sign_in, figures):
    client = sign_in(ada)

    def queries(query):
        client.get(f"/northwind/backlog/?{query}")
        with CaptureQueriesContext(connection) as spent:
            client.get(f"/northwind/backlog/?{query}")
        return len(spent)

    def grow(count):
        aims = Objective.objects.add_many([{"title": f"aim {n}"} for n in range(3)], by=ada)
        Feature.objects.add_many(
            [
                {"product": payments, "title": f"{n}", "owner": lind, "team": team, "objectives": aims}
                for n in range(count)
            ],
            by=ada,
        )

    asked = ["sort=rank", "status=candidate&sort=title", "owner=P-1&sort=-changed", "sort=owner&last=1"]
    grow(10)
    few = [queries(query) for query in asked]
    grow(990)
    many = [queries(query) for query in asked]
    figures.measured("queries of the backlog at 10 and at 1,000 features", f"{few}, {many}")
    assert few == many
    assert max(many) <= 12


# --- columns, exports --------------------------------------------------------------------------------


def test_the_address_says_which_columns_are_shown(varied, ada, sign_in):
    page = sign_in(ada).get("/northwind/backlog/?show=tags&show=product").content.decode()
    assert "night" in page
    assert "Payments" in page
    assert 'class="owner' not in page


def test_an_export_holds_what_the_list_shows(varied, ada, sign_in):
    client = sign_in(ada)
    lines = b"".join(client.get("/northwind/backlog/export.csv?status=planned&show=owner&show=release"))
    rows = list(csv.DictReader(lines.decode("utf-8-sig").splitlines()))
    assert rows == [{"key": "F-1", "title": "Alpha", "owner": "Ada Lind", "release": "4.2"}]
    told = json.loads(b"".join(client.get("/northwind/backlog/export.json?show=objectives&sort=-title")))
    assert [row["title"] for row in told] == ["Gamma", "beta", "Alpha"]
    assert told[2]["objectives"] == ["O-1 Grow"]


def test_a_title_that_is_a_formula_is_none_in_an_export(payments, ada, sign_in):
    Feature.objects.add(product=payments, title="=HYPERLINK(1)", by=ada)
    lines = b"".join(sign_in(ada).get("/northwind/backlog/export.csv")).decode("utf-8-sig")
    assert "'=HYPERLINK(1)" in lines


# --- saved views -------------------------------------------------------------------------------------


def test_a_view_is_kept_shared_and_forgotten(features, ada, ben, sign_in):
    client = sign_in(ada)
    client.post("/northwind/views/backlog/", {"name": "Planned", "query": "status=planned", "shared": "on"})
    view = SavedView.objects.get()
    assert "Planned" in client.get("/northwind/backlog/?sort=rank").content.decode()
    client = sign_in(ben)
    assert "?status=planned" in client.get("/northwind/backlog/?sort=rank").content.decode()
    assert client.post(f"/northwind/views/{view.pk}/forget/").status_code == 403
    assert sign_in(ada).post(f"/northwind/views/{view.pk}/forget/").status_code == 302
    assert not SavedView.objects.exists()


def test_a_view_that_is_kept_anew_tells_what_it_was_before(ada):
    def keep(query, shared):
        return SavedView.objects.keep("Mine", page="backlog", query=query, shared=shared, by=ada)

    keep("status=planned", False)
    keep("status=planned", False)
    keep("status=done", False)
    view = keep("status=done", True)
    told = AuditEvent.objects.about(view).order_by("pk").values_list("verb", "changes")
    assert list(told) == [
        ("saved", {"query": [None, "status=planned"], "shared": [None, False]}),
        ("changed", {"query": ["status=planned", "status=done"]}),
        ("changed", {"shared": [False, True]}),
    ]
    view.refresh_from_db()
    assert (view.query, view.shared) == ("status=done", True)


def test_a_view_of_one_s_own_is_nobody_else_s(ada, ben, sign_in):
    view = SavedView.objects.keep("Mine", page="backlog", query="status=planned", by=ada)
    client = sign_in(ben)
    assert "Mine" not in client.get("/northwind/backlog/?sort=rank").content.decode()
    assert client.post(f"/northwind/views/{view.pk}/default/").status_code == 404


def test_the_page_opens_with_the_default_view_and_everything_stays_a_click_away(features, ada, sign_in):
    view = SavedView.objects.keep("Planned", page="backlog", query="status=planned", by=ada)
    client = sign_in(ada)
    client.post(f"/northwind/views/{view.pk}/default/")
    assert client.get("/northwind/backlog/").url == "/northwind/backlog/?status=planned"
    assert shown(client, "sort=rank") == ["F-1", "F-2", "F-3"]
    client.post(f"/northwind/views/{view.pk}/default/")
    assert not DefaultView.objects.exists()


def test_a_default_view_of_everything_opens_too(features, ada, sign_in):
    SavedView.objects.keep("All", page="backlog", query="", by=ada).open_with(by=ada)
    opened = sign_in(ada).get("/northwind/backlog/", follow=True)
    assert (opened.status_code, len(opened.redirect_chain)) == (200, 1)


def test_a_view_without_a_name_is_asked_for_one(ada, sign_in):
    response = sign_in(ada).post("/northwind/views/backlog/", {"name": "", "query": "status=planned"})
    assert response.status_code == 422
    assert b"status=planned" in response.content


def test_an_empty_backlog_says_what_to_do_next(payments, ada, sign_in):
    page = sign_in(ada).get("/northwind/backlog/?sort=rank").content.decode()
    assert "The backlog is empty" in page
    assert "/northwind/features/new/" in page


def test_products_are_compared_by_name(payments, ada, sign_in):
    other = Product.objects.add(name="Accounts", by=ada)
    Feature.objects.add(product=payments, title="p", by=ada)
    Feature.objects.add(product=other, title="a", by=ada)
    assert shown(sign_in(ada), "sort=product") == ["F-2", "F-1"]
