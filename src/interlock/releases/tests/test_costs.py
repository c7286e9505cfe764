from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from interlock.alignment.models import Finding, Tally
from interlock.releases.costs import costs_of
from interlock.releases.models import Budget, DayRate, Purchase, Release, Task, Workstream
from interlock.releases.rules import CostOverrun
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import AuditEvent
from tests.api import Caller

# A Wednesday.
TODAY = date(2027, 2, 10)


@pytest.fixture
def today():
    return TODAY


@pytest.fixture
def release(payments, ada):
    return Release.objects.add(product=payments, name="4.2", target_on="2027-06-01", by=ada)


@pytest.fixture
def stream(release, engineering, ada):
    return Workstream.objects.add(release=release, department=engineering, by=ada)


@pytest.fixture
def rate(engineering, ada):
    return DayRate.objects.add(department=engineering, amount=500, by=ada)


@pytest.fixture
def budget(stream, ada):
    return Budget.objects.add(workstream=stream, amount=10_000, by=ada)


def task(stream, by, **fields):
    return Task.objects.add(workstream=stream, title="Build", by=by, **{"likely": 4, **fields})


def cost(release):
    [part] = costs_of([release], today=TODAY)[release.pk].parts
    return part


# --- what it costs -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "done", "left"),
    [
        ({}, 0, 4),
        ({"people": 3}, 0, 12),
        ({"likely": None}, 0, 1),
        # Started on Monday: two days are over.
        ({"status": "in_progress", "started_on": date(2027, 2, 8)}, 2, 2),
        ({"status": "in_progress", "started_on": date(2027, 2, 8), "remaining": 7}, 2, 7),
        # From Thursday to Monday, over a weekend: three days, whatever was thought before.
        ({"status": "done", "started_on": date(2027, 2, 4), "done_on": date(2027, 2, 8), "people": 2}, 6, 0),
        ({"status": "done", "done_on": date(2027, 2, 8)}, 4, 0),
        ({"status": "dropped"}, 0, 0),
        ({"kind": "milestone", "likely": None}, 0, 0),
    ],
)
def test_a_task_costs_its_days_times_its_people(fields, done, left, stream, release, rate, ada):
    task(stream, ada, **fields)
    part = cost(release)
    assert (part.done, part.left) == (done, left)
    assert (part.actual, part.forecast) == (500 * done, 500 * (done + left))


def test_what_is_paid_is_spent_and_what_is_planned_or_ordered_is_to_come(stream, release, rate, budget, ada):
    task(stream, ada)
    Purchase.objects.add_many(
        [
            {"workstream": stream, "title": status, "amount": amount, "status": status}
            for status, amount in (("planned", 100), ("ordered", Decimal("20.50")), ("paid", 3000))
        ],
        by=ada,
    )
    part = cost(release)
    assert (part.actual, part.forecast, part.over) == (3000, Decimal("5120.5"), Decimal("-4879.5"))


def test_work_without_a_rate_is_counted_with_nothing_and_that_is_said(stream, release, ada):
    task(stream, ada)
    assert cost(release).forecast == 0
    assert costs_of([release], today=TODAY)[release.pk].unpriced == [stream]


def test_the_whole_has_the_budget_of_its_parts_once_every_part_has_one(stream, release, rate, budget, ada):
    task(stream, ada)
    assert costs_of([release], today=TODAY)[release.pk].total.planned == 10_000
    budget.archive(by=ada)
    assert costs_of([release], today=TODAY)[release.pk].total.planned is None
    budget.restore(by=ada)
    Budget.objects.add(release=release, amount=15_000, by=ada)
    total = costs_of([release], today=TODAY)[release.pk].total
    assert (total.planned, total.spare, total.over) == (15_000, 5000, -13_000)


def test_costs_ask_the_same_however_much_there_is(stream, release, payments, rate, budget, ada):
    def queries():
        with CaptureQueriesContext(connection) as spent:
            costs_of(list(Release.objects.all()), today=TODAY)
        return len(spent)

    task(stream, ada)
    few = queries()
    Release.objects.add_many([{"product": payments, "name": str(n)} for n in range(20)], by=ada)
    Task.objects.add_many([{"workstream": stream, "title": str(n), "likely": 1} for n in range(30)], by=ada)
    Purchase.objects.add_many([{"workstream": stream, "title": str(n), "amount": 1} for n in range(30)], by=ada)
    assert queries() == few


# --- amounts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "amount", "fits"),
    [("EUR", "9.99", True), ("EUR", "9.999", False), ("JPY", "9.9", False), ("KWD", "9.999", True)],
)
def test_an_amount_has_the_decimals_of_its_currency(currency, amount, fits, stream, olga, ada):
    olga.workspace.reckon_in(currency, by=olga)
    stream.workspace.refresh_from_db()
    ada.workspace.refresh_from_db()
    if fits:
        assert Budget.objects.add(workstream=stream, amount=Decimal(amount), by=ada).amount == Decimal(amount)
    else:
        with pytest.raises(DomainError, match="decimal"):
            Budget.objects.add(workstream=stream, amount=Decimal(amount), by=ada)


def test_the_currency_stays_once_there_are_amounts(budget, olga, ada):
    with pytest.raises(DomainError, match="There are amounts in EUR already"):
        olga.workspace.reckon_in("USD", by=olga)
    with pytest.raises(DomainError, match="is no currency"):
        olga.workspace.reckon_in("DEM", by=olga)
    with pytest.raises(PermissionDenied):
        ada.workspace.reckon_in("USD", by=ada)


def test_the_currency_is_set_in_the_settings(olga, client):
    client.force_login(olga.user)
    assert client.post("/northwind/settings/currency/", {"currency": "USD"}).status_code == 302
    olga.workspace.refresh_from_db()
    assert olga.workspace.currency == "USD"
    assert "USD" in client.get("/northwind/settings/").content.decode()


@pytest.mark.parametrize("amount", [-1, "1e20"])
def test_absurd_amounts_are_refused(amount, stream, ada):
    with pytest.raises(DomainError):
        Budget.objects.add(workstream=stream, amount=Decimal(amount), by=ada)


def test_there_is_one_budget_and_one_rate_of_each(budget, stream, rate, engineering, ada):
    with pytest.raises(DomainError, match="already"):
        Budget.objects.add(workstream=stream, amount=1, by=ada)
    with pytest.raises(DomainError, match="already"):
        DayRate.objects.add(department=engineering, amount=1, by=ada)


# --- who sees it ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"), [("olga", 200), ("amir", 200), ("ada", 200), ("cora", 404), ("ben", 404), ("gus", 404)]
)
def test_costs_are_there_for_owners_admins_and_editors_alone(
    who, status, release, stream, rate, budget, payments, engineering, amir, request
):
    payments.admit(request.getfixturevalue("gus"), by=amir)
    member, client = request.getfixturevalue(who), Client()
    client.force_login(member.user)
    assert client.get(release.budget_url).status_code == status
    assert client.get(f"{budget.get_absolute_url()}?format=csv").status_code == status
    caller = Caller(member)
    assert caller.get(f"releases/{release.key}/costs").status_code == status
    for one in (rate, budget):
        folder = {"RATE": "day-rates", "BUD": "budgets"}[one.prefix]
        assert caller.get(f"{folder}/{one.key}").status_code == status
        assert len(caller.get(folder).json().get("items", [])) == (status == 200)
    if member.reads_all:
        shown = client.get(engineering.get_absolute_url()).content.decode()
        assert ("€500" in shown) == (status == 200)
        assert (">Budget<" in client.get(release.get_absolute_url()).content.decode()) == (status == 200)


def test_findings_that_tell_of_amounts_are_read_by_the_same(alignment, release, stream, rate, budget, ada, ben, cora):
    task(stream, ada, likely=40)
    assert alignment.subjects(CostOverrun) == [release]
    assert Finding.objects.visible_to(ada).filter(code="RL115").exists()
    for member in (ben, cora):
        assert not Finding.objects.visible_to(member).filter(code="RL115").exists()
        assert not Tally.objects.visible_to(member).filter(code="RL115").exists()


# --- the page and the API ------------------------------------------------------------------------------


def test_budgets_purchases_and_rates_are_entered_on_their_pages(release, stream, engineering, ada):
    client = Client()
    client.force_login(ada.user)
    task(stream, ada)
    assert client.post(f"/northwind/departments/{engineering.key}/day-rate/", {"amount": "500"}).status_code == 302
    assert client.post(f"/northwind/departments/{engineering.key}/day-rate/", {"amount": "550.50"}).status_code == 302
    assert DayRate.objects.get().amount == Decimal("550.5")
    add = f"/northwind/releases/{release.key}/budgets/new/"
    assert client.post(add, {"amount": "-3"}).status_code == 422
    assert client.post(add, {"amount": "1000", "department": engineering.key}).status_code == 302
    buy = f"/northwind/releases/{release.key}/purchases/new/"
    stand = {"title": "Stand", "status": "ordered", "department": engineering.key}
    assert client.post(buy, {**stand, "amount": "99.999"}).status_code == 422
    assert client.post(buy, {**stand, "amount": "99"}).status_code == 302
    shown = client.get(release.budget_url).content.decode()
    assert "4.2 is forecast to cost €1,301 more than planned" in shown
    assert "Stand" in shown
    edit = f"/northwind/budgets/{Budget.objects.get().key}/edit/"
    client.post(edit, {"amount": "3000", "reason": "The fair is worth it.", "version": 1})
    assert "is forecast to stay €699 below its budget" in client.get(release.budget_url).content.decode()
    assert AuditEvent.objects.filter(verb="changed").latest("pk").reason == "The fair is worth it."
    told = b"".join(client.get(f"{release.budget_url}?format=csv")).decode("utf-8-sig").splitlines()
    assert told[0] == "of,planned,actual,forecast,over,days_done,days_left,paid,to_pay,currency"
    assert told[1].startswith("Engineering,3000.000,")
    assert told[-1].startswith("the whole release,")


def test_the_api_refuses_another_currency(stream, release, rate, ada):
    caller, sent = Caller(ada), {"workstream": stream.key, "amount": 1200.5}
    refused = caller.post("budgets", {**sent, "currency": "USD"})
    assert refused.status_code in (409, 422)
    assert "not mixed" in refused.content.decode()
    assert caller.post("budgets", {**sent, "currency": "EUR"}).status_code == 201
    assert Budget.objects.get().amount == Decimal("1200.5")
    bought = caller.post("purchases", {"workstream": stream.key, "title": "Stand", "amount": 99.99})
    assert bought.json()["amount"] == 99.99
    told = caller.get(f"releases/{release.key}/costs").json()
    assert (told["currency"], told["total"]["forecast"], told["total"]["planned"]) == ("EUR", 99.99, 1200.5)
    assert told["parts"][0]["workstream"]["name"] == "Engineering in 4.2"


# --- RL115 ---------------------------------------------------------------------------------------------


def test_a_cost_overrun_is_found_until_the_budget_is_raised_with_a_reason(
    alignment, release, stream, rate, budget, ada
):
    task(stream, ada, likely=22)
    assert alignment.checked(CostOverrun) == 1
    # 11,000 is ten per cent more than 10,000, and that is allowed.
    assert alignment.subjects(CostOverrun) == []
    Purchase.objects.add(workstream=stream, title="Stand", amount=1, by=ada)
    assert alignment.subjects(CostOverrun) == [release]
    assert alignment.evidence(CostOverrun) == (
        "In all it is forecast to cost €11,001; the budget is €10,000. "
        "The part of Engineering is forecast to cost €11,001; the budget is €10,000."
    )
    alignment.finding(CostOverrun).fix(
        "raise_budget", budget=budget, amount=Decimal(11_000), reason="The fair.", by=ada
    )
    assert alignment.subjects(CostOverrun) == []
    assert AuditEvent.objects.filter(verb="changed").latest("pk").reason == "The fair."


def test_dropping_a_purchase_ends_the_matter_and_what_is_paid_is_not_offered(alignment, release, stream, budget, ada):
    stand, paid = Purchase.objects.add_many(
        [
            {"workstream": stream, "title": "Stand", "amount": 6000, "status": "ordered"},
            {"workstream": stream, "title": "Films", "amount": 6000, "status": "paid"},
        ],
        by=ada,
    )
    finding = alignment.finding(CostOverrun)
    with pytest.raises(DomainError, match="offered"):
        finding.fix("drop_purchase", purchase=paid, by=ada)
    finding.fix("drop_purchase", purchase=stand, by=ada)
    assert alignment.subjects(CostOverrun) == []


def test_where_nothing_is_left_to_drop_the_budget_alone_can_be_raised(alignment, stream, budget, ada):
    Purchase.objects.add(workstream=stream, title="Films", amount=20_000, status="paid", by=ada)
    assert [fix.name for fix in alignment.finding(CostOverrun).fixes] == ["raise_budget"]


@pytest.mark.parametrize(
    "change",
    [
        lambda stream, rate, budget, by: rate.change(amount=100, by=by),
        lambda stream, rate, budget, by: stream.tasks.get().change(likely=3, by=by),
        lambda stream, rate, budget, by: stream.tasks.get().archive(by=by),
        lambda stream, rate, budget, by: budget.archive(by=by),
        lambda stream, rate, budget, by: budget.release.change(status="cancelled", by=by),
    ],
    ids=["a cheaper day", "less work", "no work", "no budget", "cancelled"],
)
def test_whatever_makes_it_cheaper_is_noticed(change, alignment, release, stream, rate, budget, ada):
    task(stream, ada, likely=40)
    assert alignment.subjects(CostOverrun) == [release]
    change(stream, rate, budget, by=ada)
    assert alignment.subjects(CostOverrun) == []
