"""Lists by pages: every row once, in order, whatever is added or removed meanwhile."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interlock.organisation.models import Product
from interlock.releases.models import Release
from tests.api import Caller
from tests.figures import count

NOW = date(2026, 12, 31)
days = st.none() | st.integers(0, 3).map(lambda days: NOW + timedelta(days=days))
tries = settings(
    max_examples=count(15, 500),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def walk(caller, path, **asked):
    """Page after page, the keys of a list."""
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    cursor, pages = "", []
    while cursor is not None:
        page = caller.get(f"{path}?{query}{f'&cursor={cursor}' if cursor else ''}").json()
        pages.append([item["key"] for item in page["items"]])
        cursor = page["next"]
    return pages


def plan_releases(product, targets, by):
    Release.objects.all().delete()
    Release.objects.add_many([{"product": product, "name": "4.2", "target_on": target} for target in targets], by=by)


@pytest.fixture
def caller(ada, settings):
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    return Caller(ada)


@tries
@given(targets=st.lists(days, max_size=12), limit=st.integers(1, 5), order=st.sampled_from(["target_on", "number"]))
def test_the_pages_together_are_the_list(ada, caller, payments, targets, limit, order):
    plan_releases(payments, targets, ada)
    (whole,) = walk(caller, "releases", order=order, limit=200)
    backwards = walk(caller, "releases", order=f"-{order}", limit=limit)
    pages = walk(caller, "releases", order=order, limit=limit)
    assert len(whole) == len(targets)
    assert [key for page in pages for key in page] == whole
    assert [key for page in backwards for key in page] == whole[::-1]
    assert all(len(page) == limit for page in pages[:-1])


def test_what_has_no_date_comes_last(ada, caller, payments):
    plan_releases(payments, [None, NOW, None, NOW - timedelta(days=1)], ada)
    keys = {release.key: release.target_on for release in Release.objects.all()}
    (listed,) = walk(caller, "releases", order="target_on")
    assert [keys[key] for key in listed] == [NOW - timedelta(days=1), NOW, None, None]


@tries
@given(data=st.data(), limit=st.integers(1, 4))
def test_what_stays_is_listed_once_whatever_comes_and_goes(ada, caller, payments, data, limit):
    plan_releases(payments, [data.draw(days) for _ in range(8)], ada)
    stays = {release.key for release in Release.objects.all()}
    seen, cursor = [], ""
    while cursor is not None:
        page = caller.get(f"releases?order=target_on&limit={limit}{f'&cursor={cursor}' if cursor else ''}").json()
        seen += [item["key"] for item in page["items"]]
        cursor = page["next"]
        if data.draw(st.booleans()):
            Release.objects.add(product=payments, name="4.3", target_on=data.draw(days), by=ada)
        if stays and data.draw(st.booleans()):
            goes = data.draw(st.sampled_from(sorted(stays)))
            stays.discard(goes)
            Release.objects.keyed(goes).archive(by=ada)
    assert len(seen) == len(set(seen))
    assert stays <= set(seen)


@tries
@given(forged=st.text(st.characters(codec="ascii", exclude_characters="#&%+\x00 "), max_size=60))
def test_a_cursor_that_we_did_not_give_is_refused(caller, payments, forged):
    answer = caller.get(f"products?cursor={forged}")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["cursor"]


def test_a_cursor_is_of_one_list_in_one_order(ada, caller, payments, cleo):
    Product.objects.add(name="Invoices", by=ada)
    for name in ("Payments", "Invoices"):
        Product.objects.add(name=name, by=cleo)
    cursor = caller.get("products?limit=1").json()["next"]
    assert caller.get(f"products?limit=1&cursor={cursor}").status_code == 200
    assert caller.get(f"products?limit=1&order=-name&cursor={cursor}").status_code == 422
    assert caller.get(f"people?limit=1&cursor={cursor}").status_code == 422
    assert Caller(cleo).get(f"products?limit=1&cursor={cursor}").status_code == 422


@pytest.mark.parametrize("rows", [10, 200])
def test_a_list_asks_as_much_of_the_database_however_long_it_is(ada, caller, payments, rows):
    plan_releases(payments, [NOW] * rows, ada)
    caller.get("releases")
    with CaptureQueriesContext(connection) as queries:
        caller.get("releases?limit=200")
    assert len(queries) <= 5
