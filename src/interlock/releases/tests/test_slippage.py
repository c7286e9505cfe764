"""Every shift of the target and of the 85 % date, in words and drawn."""

from datetime import date, datetime, timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone

from interlock.releases.models import Forecast, Release
from interlock.releases.slippage import Slippage
from tests.api import Caller

pytestmark = pytest.mark.django_db

FIRST = timezone.make_aware(datetime(2027, 1, 4, 10))


def on_day(number):
    return patch("django.utils.timezone.now", lambda: FIRST + timedelta(days=number))


def foretold(release, number, p85_on):
    days = dict.fromkeys(("planned_on", "p50_on", "p85_on", "p95_on"), p85_on)
    Forecast.objects.create(release=release, at=FIRST + timedelta(days=number), runs=1000, **days)


@pytest.fixture
def release(payments, ada):
    with on_day(0):
        return Release.objects.add(product=payments, name="4.2", target_on=date(2027, 3, 1), by=ada)


def test_every_shift_is_kept_and_told(release, ada):
    for number, day, why in [(9, date(2027, 3, 8), "The bank is late."), (30, date(2027, 3, 13), "")]:
        with on_day(number):
            release.change(target_on=day, reason=why, by=ada)
    for number, day in [(1, 3), (12, 3), (20, 10), (40, 23)]:
        foretold(release, number, date(2027, 3, day))
    told = Slippage.of(release)
    assert told.words == "The target moved twice, 12 days later in all; the 85% date moved twice, 20 days later in all."
    assert [(what, str(before), str(after)) for _, what, before, after, _ in told.shifts] == [
        ("85% date", "2027-03-10", "2027-03-23"),
        ("Target", "2027-03-08", "2027-03-13"),
        ("85% date", "2027-03-03", "2027-03-10"),
        ("Target", "2027-03-01", "2027-03-08"),
    ]
    assert told.shifts[-1][4] == "The bank is late."


def test_a_vaguer_target_means_a_later_day(release, ada):
    release.change(target_precision="month", by=ada)
    assert Slippage.of(release).words == "The target moved once, 30 days later in all."
    release.change(target_on=None, target_precision="tbc", by=ada)
    assert Slippage.of(release).target[-1].on is None
    assert Slippage.of(release).drawing()


def test_what_moved_there_and_back_says_so(release, ada):
    release.change(target_on=date(2027, 4, 1), by=ada)
    release.change(target_on=date(2027, 3, 1), by=ada)
    assert Slippage.of(release).words == "The target moved twice, and is where it was."


def test_what_never_moved_or_was_never_known_says_so(release, payments, ada):
    assert Slippage.of(release).words == "The target has not moved."
    never = Release.objects.add(product=payments, name="5.0", by=ada)
    assert Slippage.of(never).words == "Neither the target nor the 85% date is known yet."
    assert Slippage.of(never).drawing() == ""


def test_the_plan_draws_it_with_a_table_for_whoever_does_not_see(release, ada, client):
    release.change(target_on=date(2027, 3, 8), by=ada)
    client.force_login(ada.user)
    shown = client.get(f"/northwind/releases/{release.key}/plan/").content.decode()
    assert 'class="slippage"' in shown
    assert "The target moved once, 7 days later in all." in shown
    assert "Every shift as a table" in shown


def test_the_api_tells_it_to_whoever_sees_the_plan(release, ada, amir, gus):
    release.product.admit(gus, by=amir)
    assert Caller(gus).get(f"releases/{release.key}/slippage").status_code == 404
    told = Caller(ada).get(f"releases/{release.key}/slippage").json()
    assert [one["on"] for one in told["target"]] == ["2027-03-01"]
