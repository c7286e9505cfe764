from datetime import date, timedelta

import pytest

from interlock.alignment.models import Finding
from interlock.backlog.models import Feature
from interlock.backlog.rules import FeatureWithoutOwner
from interlock.organisation.models import Product
from interlock.releases.models import Release
from interlock.web.home import Home


@pytest.fixture
def today():
    return date(2026, 11, 15)


def test_a_rough_target_is_late_when_its_last_day_is_over(payments, ada, today):
    first = date(2026, 10, 1)
    for precision in ("day", "quarter", "tbc"):
        Release.objects.add(name=precision, product=payments, target_on=first, target_precision=precision, by=ada)
    assert {release.name: release.late for release in Home(ada, today=today).releases} == {
        "day": True,
        "quarter": False,
        "tbc": False,
    }


def test_waivers_of_what_one_no_longer_sees_are_not_shown(alignment, amir, cora, today):
    lab = Product.objects.add(name="Lab", by=amir)
    lab.restrict(True, by=amir)
    lab.admit(cora, by=amir)
    Feature.objects.add(product=lab, title="Warp", status="planned", by=amir)
    finding = alignment.finding(FeatureWithoutOwner)
    finding.waive(reason="Soon", until=today + timedelta(days=9), by=cora, today=today)
    fresh = type(cora).objects.select_related("workspace").get
    assert Home(fresh(pk=cora.pk), today=today).ending_waivers
    lab.dismiss(cora, by=amir)
    assert not Home(fresh(pk=cora.pk), today=today).ending_waivers
    assert Finding.objects.get(pk=finding.pk).waiver
