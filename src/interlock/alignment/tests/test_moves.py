"""What has happened since a day, and what belongs to which product."""

from datetime import timedelta

import pytest

from interlock.alignment.checking import end_waivers
from interlock.alignment.models import Finding
from interlock.alignment.overview import Filters, Overview
from interlock.alignment.report import Report
from interlock.backlog.models import Dependency, Feature
from interlock.backlog.rules import DependencyCycle, FeatureWithoutOwner
from interlock.organisation.models import Product

DAY = timedelta(days=1)


@pytest.fixture
def export(payments, ada):
    return Feature.objects.add(product=payments, title="Export invoices", status="planned", by=ada)


@pytest.fixture
def circle(export, ada):
    mobile = Product.objects.add(name="Mobile", by=ada)
    other = Feature.objects.add(product=mobile, title="Show invoices", status="planned", by=ada)
    Dependency.objects.add(feature=export, needs=other, by=ada)
    Dependency.objects.add(feature=other, needs=export, by=ada)
    return mobile


def opened(finding, ago):
    at = finding.opened_at - ago
    Finding.objects.filter(pk=finding.pk).update(opened_at=at, turned_at=at)


def moves(member, today):
    overview = Overview(member, Filters.read({"since": (today - DAY).isoformat()}), today=today)
    return [(move.finding.code, move.word) for move in overview.moves]


def test_what_happened_last_stands_first_however_old_the_finding(alignment, export, ada, today):
    finding = alignment.finding(FeatureWithoutOwner)
    opened(finding, 90 * DAY)
    for other in Finding.objects.exclude(pk=finding.pk):
        opened(other, DAY / 2)
    assert ("BL102", "new") not in moves(ada, today)
    export.change(status="dropped", by=ada)
    alignment.look()
    assert moves(ada, today)[0][1] == "resolved"


def test_a_waiver_that_ran_out_is_a_move(alignment, export, ada, today):
    finding = alignment.finding(FeatureWithoutOwner)
    opened(finding, 90 * DAY)
    Finding.objects.get(pk=finding.pk).waive(reason="Later", until=today + DAY, by=ada, today=today)
    assert ("BL102", "waived") in moves(ada, today)
    end_waivers(alignment.workspace, today=today + DAY)
    assert ("BL102", "back") in moves(ada, today)
    alignment.today = today + DAY


def test_who_waives_anew_while_the_first_waiver_runs_out_is_not_overruled(alignment, export, ada, today):
    finding = alignment.finding(FeatureWithoutOwner)
    finding.waive(reason="Until June", until=today + 90 * DAY, by=ada, today=today)
    finding.withdraw_waiver(by=None, due=today + DAY)
    assert Finding.objects.get(pk=finding.pk).status == Finding.Status.WAIVED


def test_a_finding_across_products_belongs_to_each(alignment, circle, payments, ada, today):
    assert alignment.finding(DependencyCycle)
    for product in (payments, circle):
        assert "BL105" in {one.code for one in Report.of(ada.workspace, product).findings}
        overview = Overview(ada, Filters.read({"product": product.key}), today=today)
        assert "BL105" in {one.code for one in overview.findings}


def test_findings_of_a_rule_that_is_no_more_are_past(alignment, export, ada):
    finding = alignment.finding(FeatureWithoutOwner)
    Finding.objects.filter(pk=finding.pk).update(code="ZZ999")
    assert finding.pk not in set(Finding.objects.visible_to(ada).values_list("pk", flat=True))
    Finding.objects.filter(pk=finding.pk).update(code="BL102")


@pytest.mark.parametrize(
    "address",
    [
        *("findings/FIND-²/", "alignment/?page=²", "alignment/?since=0001-01-01", "alignment/?since=9999-12-31"),
        *("settings/audit/?until=9999-12-31", "settings/audit/?since=0001-01-01", "backlog/?changed=0001-01-01"),
        *("backlog/?owner=%00", "backlog/?tag=a%00b", "choose/person/?q=%00", "people/?q=a%00b"),
    ],
)
def test_odd_words_in_an_address_are_no_error(address, client, olga, export, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    client.force_login(olga.user)
    assert client.get(f"/northwind/{address}").status_code in (200, 404)
