"""Metrics and what they were measured at: verbs, pages, API."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from interlock.organisation.models import Person
from interlock.strategy.models import Measurement, Metric
from interlock.workspaces.errors import DomainError
from tests.api import Caller

pytestmark = pytest.mark.django_db
DAY = date(2027, 3, 1)


@pytest.fixture
def answer(payments, ada):
    return Metric.objects.add(
        name="Time to the first answer", unit="hours", direction="down", target=4, product=payments, by=ada
    )


@pytest.fixture
def as_ada(client, ada):
    client.force_login(ada.user)
    return client


def test_a_day_that_is_measured_again_is_corrected(answer, ada):
    first = answer.measure(Decimal(7), on=DAY, by=ada)
    assert answer.measure(Decimal("6.5"), on=DAY, by=ada).pk == first.pk
    assert Measurement.objects.get().value == Decimal("6.5")
    with pytest.raises(DomainError, match="measurement of this day"):
        Measurement.objects.add(metric=answer, on=DAY, value=3, by=ada)


@pytest.mark.parametrize(
    ("direction", "value", "reached"), [("down", 4, True), ("down", 5, False), ("up", 5, True), ("up", 3, False)]
)
def test_the_direction_says_on_which_side_of_the_target_it_is_well(direction, value, reached):
    assert Metric(direction=direction, target=Decimal(4)).reached(Decimal(value)) is reached


def test_without_a_target_or_a_value_nobody_can_say():
    assert Metric(target=None).reached(Decimal(3)) is None
    assert Metric(target=Decimal(3)).reached(None) is None


def test_the_newest_day_counts_whenever_it_was_entered(answer, ada):
    newest = answer.measure(Decimal(3), on=DAY, by=ada)
    answer.measure(Decimal(9), on=date(2027, 2, 1), by=ada)
    assert Metric.objects.measured().get().value == 3
    newest.archive(by=ada)
    assert Metric.objects.measured().get().value == 9


def test_a_page_tells_where_it_is_and_takes_the_next_value(answer, as_ada):
    assert "is not measured yet" in as_ada.get(answer.get_absolute_url()).content.decode()
    at = f"{answer.get_absolute_url()}measure/"
    assert as_ada.post(at, {"on": "2027-03-01", "value": "much"}).status_code == 422
    assert as_ada.post(at, {"on": "2027-03-01", "value": "7.5"}).status_code == 302
    page = as_ada.get(answer.get_absolute_url()).content.decode()
    assert "Time to the first answer: 7.5 hours" in page
    assert '<svg class="spark"' in page
    assert "1 of 1 metric is short of its target" in as_ada.get("/northwind/metrics/").content.decode()


def test_whoever_owns_a_metric_may_measure_it(answer, cora, ada, amir, client):
    client.force_login(cora.user)
    sent = {"on": "2027-03-01", "value": "7"}
    assert client.post(f"{answer.get_absolute_url()}measure/", sent).status_code == 403
    owner = Person.objects.add(name="Cora", by=ada)
    owner.link(cora, by=amir)
    answer.change(owner=owner, by=ada)
    assert client.post(f"{answer.get_absolute_url()}measure/", sent).status_code == 302
    assert answer.measurements.count() == 1


def test_a_program_notes_values_over_the_api(answer, ada):
    caller = Caller(ada)
    sent = {"metric": answer.key, "on": "2027-03-01", "value": 7.25}
    assert caller.post("measurements", sent).status_code == 201
    assert caller.post("measurements", sent).status_code == 409
    [told] = caller.get(f"measurements?metric={answer.key}").json()["items"]
    assert (told["on"], told["value"], told["metric"]["key"]) == ("2027-03-01", 7.25, answer.key)


def test_a_list_costs_the_same_however_much_was_measured(answer, payments, ada, as_ada):
    def queries():
        with CaptureQueriesContext(connection) as spent:
            as_ada.get("/northwind/metrics/")
        return len(spent)

    queries()
    few = queries()
    for metric in Metric.objects.add_many([{"name": str(n), "product": payments} for n in range(20)], by=ada):
        metric.measure(Decimal(1), on=DAY, by=ada)
    assert queries() == few
