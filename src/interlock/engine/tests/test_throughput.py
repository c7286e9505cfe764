import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.engine.forecast import delivery

histories = st.lists(st.integers(0, 30), min_size=1, max_size=60)
sizes = st.integers(1, 200)
LEVELS = [0.05, 0.5, 0.85, 0.95, 0.999]


@given(histories, sizes)
def test_a_safer_date_is_never_earlier(history, items):
    weeks = [delivery(history, items).weeks(level) for level in LEVELS]
    assert weeks == sorted(weeks)
    assert weeks[0] >= 1


@given(histories, sizes, st.sampled_from(LEVELS[:-1]))
def test_the_date_is_the_first_week_with_that_chance(history, items, level):
    forecast = delivery(history, items)
    weeks = forecast.weeks(level)
    assert forecast.chance_within(weeks) >= level > forecast.chance_within(weeks - 1)


@given(histories, sizes)
def test_chances_rise_to_one(history, items):
    forecast = delivery(history, items)
    chances = [forecast.chance_within(weeks) for weeks in range(30)]
    assert chances == sorted(chances)
    assert chances[0] == 0
    assert 0 < forecast.chance[-1] <= 1 + 1e-9


@given(histories, histories, sizes)
def test_a_forecast_never_looks_ahead(past, future, items):
    known = np.array([*past, *future])[: len(past)]
    assert delivery(known, items) == delivery(past, items)


def test_a_steady_project_learns_to_be_sure():
    """Two a week for ever: twenty take ten weeks, and the dates close in on that as the history grows."""
    spreads = []
    for length in (5, 52, 520):
        forecast = delivery([2] * length, 20)
        spreads.append(forecast.weeks(0.95) - forecast.weeks(0.05))
    assert spreads == sorted(spreads, reverse=True)
    assert forecast.weeks(0.5) == forecast.weeks(0.85) == 10
    assert forecast.finished == pytest.approx(51, abs=1)


def test_what_always_took_longer_is_expected_to_take_longer():
    """Bursts of three weeks, then seven of rest: after each burst the pace promises four a week, and nothing comes."""
    bursts = [8, 8, 8, 0, 0, 0, 0, 0, 0, 0] * 12 + [8, 8, 8]
    steady = [8] * 123
    assert delivery(bursts, 16).weeks(0.85) > 5
    assert delivery(steady, 16).weeks(0.85) == 2


def test_a_backlog_that_is_still_open_counts_as_late_so_far():
    """Ten done a week for a year, then little for months: backlogs that ended are all from the good year."""
    stalled = [10] * 52 + [1] * 20
    forecast = delivery(stalled, 40)
    assert forecast.weeks(0.5) > 20
    assert forecast.weeks(0.95) > 40 / forecast.pace


def test_the_latest_weeks_say_most_about_the_pace():
    assert delivery([1] * 30 + [5] * 9, 10).pace > 4
    assert delivery([5] * 30 + [1] * 9, 10).pace < 2


def test_a_project_that_did_nothing_yet_has_a_date_far_away():
    forecast = delivery([0, 0, 0], 10)
    assert 20 < forecast.weeks(0.5) < forecast.weeks(0.95)
    assert forecast.finished == 0


@pytest.mark.parametrize(("history", "items"), [([], 5), ([1, -1], 5), ([1, 2], 0)])
def test_nonsense_is_refused(history, items):
    with pytest.raises(ValueError):  # noqa: PT011
        delivery(history, items)


@pytest.mark.parametrize("level", [0, 1, 85])
def test_certainty_has_no_date(level):
    with pytest.raises(ValueError, match="a chance lies between"):
        delivery([1, 2, 3], 5).weeks(level)


def test_dates_are_met_as_often_as_they_say_where_the_pace_drifts():
    """1,200 made-up projects, a forecast each: Poisson weeks whose pace wanders by 12 % a week."""
    rng = np.random.default_rng(5)
    met, count = np.zeros(3), 1200
    for _ in range(count):
        pace = 3 * np.exp(np.cumsum(rng.normal(0, 0.12, 300)).clip(-1.5, 1.5))
        done = rng.poisson(pace)
        forecast = delivery(done[:60], 15)
        took = int(np.flatnonzero(np.cumsum(done[60:]) >= 15)[0]) + 1
        met += [took <= forecast.weeks(level) for level in (0.5, 0.85, 0.95)]
    assert met / count == pytest.approx([0.55, 0.87, 0.96], abs=0.06)
