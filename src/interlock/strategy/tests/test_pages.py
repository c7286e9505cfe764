"""Objectives and key results, through their pages."""

import json
from datetime import date
from decimal import Decimal

import pytest

from interlock.organisation.models import Product
from interlock.strategy.models import KeyResult, Objective
from interlock.strategy.models.progress import progress_of
from interlock.strategy.periods import Period, around


@pytest.fixture
def as_ada(client, ada):
    client.force_login(ada.user)
    return client


@pytest.fixture
def top(ada):
    return Objective.objects.add(title="Small firms get paid on time", by=ada)


@pytest.fixture
def below(ada, top):
    return Objective.objects.add(title="Answer faster", parent=top, by=ada)


def measured(objective, current, *, by, **more):
    return KeyResult.objects.add(objective=objective, title="Days", start=30, target=10, current=current, by=by, **more)


# --- periods ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "starts", "ends", "told"),
    [
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31), "Q1 2026"),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31), "Q4 2026"),
        ("2024-Q1", date(2024, 1, 1), date(2024, 3, 31), "Q1 2024"),
        ("2027", date(2027, 1, 1), date(2027, 12, 31), "2027"),
    ],
)
def test_a_period_is_a_quarter_or_a_year(name, starts, ends, told):
    period = Period.named(name)
    assert (period.starts_on, period.ends_on, str(period)) == (starts, ends, told)
    assert Period.of(starts, ends) == period


@pytest.mark.parametrize("name", ["", "2026-Q5", "2026-Q0", "Q1", "26-Q1", "2026-Q1x"])
def test_what_is_no_period_is_none(name):
    assert Period.named(name) is None


def test_the_quarters_about_a_day_cross_the_year():
    assert [one.name for one in around(date(2026, 11, 23), quarters_back=1, quarters_on=2)] == [
        *("2026-Q3", "2026-Q4", "2027-Q1", "2027-Q2", "2026", "2027")
    ]


# --- progress --------------------------------------------------------------------------------------------


def test_progress_is_the_mean_of_key_results_and_says_so(ada, top):
    measured(top, 20, by=ada, confidence=70)  # half of the way from 30 to 10
    measured(top, 10, by=ada, confidence=40)  # all of it
    progress = progress_of([(top.pk, None)], KeyResult.objects.tallied())[top.pk]
    assert (progress.per_cent, progress.confidence, progress.says) == (75, 40, "Mean of 2 key results")


def test_what_was_not_measured_counts_as_nothing_and_is_named(ada, top):
    measured(top, 10, by=ada)
    measured(top, None, by=ada)
    progress = progress_of([(top.pk, None)], KeyResult.objects.tallied())[top.pk]
    assert progress.per_cent == 50
    assert progress.says == "Mean of 2 key results; 1 not measured yet, and counted as 0"


def test_an_objective_without_key_results_is_as_far_as_those_below_it(ada, top, below):
    measured(below, 20, by=ada)
    nodes = [(top.pk, None), (below.pk, top.pk)]
    progress = progress_of(nodes, KeyResult.objects.tallied())[top.pk]
    assert (progress.per_cent, progress.says) == (50, "Mean of 1 objective below")


def test_where_nothing_measures_there_is_no_number(ada, top):
    assert progress_of([(top.pk, None)], [])[top.pk].per_cent is None


# --- the tree --------------------------------------------------------------------------------------------


def test_the_tree_shows_each_objective_under_what_it_serves(as_ada, top, below):
    shown = as_ada.get("/northwind/objectives/").context["page"].object_list
    assert [(row.key, row.depth) for row in shown] == [("O-1", 0), ("O-2", 1)]


def test_it_is_narrowed_by_period_and_keeps_those_above(as_ada, ada, top, below):
    period = Period.named("2026-Q4")
    below.change(starts_on=period.starts_on, ends_on=period.ends_on, by=ada)
    shown = as_ada.get("/northwind/objectives/?period=2026-Q4").context["page"].object_list
    assert [(row.key, row.context) for row in shown] == [("O-1", True), ("O-2", False)]


def test_it_leaves_as_a_file(as_ada, top, below):
    rows = json.loads(as_ada.get("/northwind/objectives/?format=json").getvalue())
    assert [(row["key"], row["serves"]) for row in rows] == [("O-1", None), ("O-2", "O-1")]


def test_an_objective_is_moved_and_moved_back(as_ada, ada, top, below):
    other = Objective.objects.add(title="Another", by=ada)
    as_ada.post("/northwind/objectives/O-2/parent/", {"parent": other.key})
    assert Objective.objects.get(pk=below.pk).parent == other
    as_ada.post("/northwind/objectives/O-2/parent/O-1/")
    assert Objective.objects.get(pk=below.pk).parent == top
    as_ada.post("/northwind/objectives/O-2/parent/top/")
    assert Objective.objects.get(pk=below.pk).parent is None


def test_a_circle_is_refused_with_a_sentence(as_ada, top, below):
    response = as_ada.post("/northwind/objectives/O-1/parent/", {"parent": "O-2"})
    assert response.status_code == 422
    assert "O-2 stands under O-1: the tree would close to a circle." in response.content.decode()


# --- one objective ---------------------------------------------------------------------------------------


def test_a_quarter_is_chosen_or_two_days_are_given(as_ada, top):
    address = "/northwind/objectives/O-1/edit/period/"
    quarter = next(around(date.today()))
    as_ada.post(address, {"period": quarter.name, "version": 1})
    held = Objective.objects.get()
    assert (held.starts_on, held.ends_on) == (quarter.starts_on, quarter.ends_on)
    as_ada.post(address, {"period": "other", "starts_on": "2026-01-15", "ends_on": "2026-02-20", "version": 2})
    assert Objective.objects.get().period == "15 Jan 2026 – 20 Feb 2026"
    response = as_ada.post(address, {"period": "other", "starts_on": "2026-01-15", "version": 3})
    assert response.context["form"].errors == {"ends_on": ["A period has a first day and a last one."]}


def test_a_key_result_is_added_checked_in_and_archived(as_ada, top):
    sent = {"title": "Days until paid", "start": "30", "target": "10", "unit": "days"}
    as_ada.post("/northwind/objectives/O-1/key-results/new/", sent)
    as_ada.post("/northwind/key-results/KR-1/check-in/", {"current": "22.5", "confidence": "60", "version": 1})
    result = KeyResult.objects.get()
    assert (result.current, result.confidence, result.progress) == (Decimal("22.5"), 60, 0.375)
    assert "22.5" in as_ada.get("/northwind/objectives/O-1/").content.decode()
    as_ada.post("/northwind/key-results/KR-1/archive/")
    assert KeyResult.objects.get().archived


def test_a_target_that_is_where_it_starts_is_refused_at_its_field(as_ada, top):
    sent = {"title": "Days", "start": "10", "target": "10"}
    response = as_ada.post("/northwind/objectives/O-1/key-results/new/", sent)
    assert response.context["form"].errors == {"target": ["The target must differ from where it starts."]}


def test_who_owns_the_objective_may_say_how_it_is_measured(client, olga, ada, cora, dana, top):
    client.force_login(cora.user)
    sent = {"title": "Days", "start": "30", "target": "10"}
    assert client.post("/northwind/objectives/O-1/key-results/new/", sent).status_code == 403
    dana.link(cora, by=olga)
    top.change(owner=dana, by=ada)
    assert client.post("/northwind/objectives/O-1/key-results/new/", sent).status_code == 302
    assert client.post("/northwind/key-results/KR-1/check-in/", {"current": 20}).status_code == 302


def test_a_check_in_over_somebody_else_s_is_shown_both(as_ada, ada, top):
    result = measured(top, 30, by=ada)
    result.check_in(current=Decimal(25), confidence=50, by=ada)
    response = as_ada.post("/northwind/key-results/KR-1/check-in/", {"current": "20", "version": 1})
    assert response.status_code == 412
    assert KeyResult.objects.get().current == 25


def test_what_stands_above_and_is_hidden_is_not_named(client, olga, ben, ada):
    secret = Product.objects.add(name="Aurora", restricted=True, by=olga)
    hidden = Objective.objects.add(title="Ship Aurora", product=secret, by=olga)
    Objective.objects.add(title="Answer faster", parent=hidden, by=olga)
    client.force_login(ben.user)
    for address in ("objectives/", "objectives/O-2/"):
        page = client.get(f"/northwind/{address}").content.decode()
        assert "Answer faster" in page
        assert "Ship Aurora" not in page, address


def test_what_the_database_adds_up_is_what_each_key_result_says(ada, top):
    """Beyond the target and behind the start too, downwards and upwards, and where nothing was measured."""
    ways = [(30, 10, 20), (30, 10, 5), (30, 10, 40), (0, 8, 3), (0, 8, 9), (0, 8, -1), (0, 8, None)]
    for start, target, current in ways:
        KeyResult.objects.add(objective=top, title="K", start=start, target=target, current=current, by=ada)
    [tally] = KeyResult.objects.tallied()
    shares = [result.progress for result in KeyResult.objects.all()]
    assert (tally.number, tally.measured) == (len(ways), len(ways) - 1)
    assert tally.shares == pytest.approx(sum(share or 0 for share in shares))
