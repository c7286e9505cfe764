"""How much of a department's time its work takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.engine.load import Work, by_week, there
from interlock.engine.schedule import Calendar, Resource

WEEK = Calendar("Sales", (True,) * 10 + (False,) * 4)


def test_people_who_are_away_and_days_off_leave_less():
    # Two people, counted in halves, in half days; from the Wednesday on one of them is away.
    days = there(Resource("Sales", 4, ((4, 2),)), WEEK, 7, slots=2, units=2)
    assert days == [2, 2, 1, 1, 1, 0, 0]


def test_half_a_day_off_is_half_a_day():
    closed = Calendar("Sales", WEEK.week, frozenset([0]))
    assert there(Resource("Sales", 2), closed, 2, slots=2, units=2) == [0.5, 1]


def test_work_is_spread_over_its_days_of_work():
    able = [True, True, False, False, True]
    # From Thursday to Monday.
    assert by_week(Work(0, 4, 6.0), able, weekday=3) == {0: 4, 1: 2}


def test_work_on_days_off_alone_is_done_on_the_first_of_them():
    assert by_week(Work(2, 3, 1.5), [True, True, False, False], weekday=3) == {0: 1.5}


@given(
    st.integers(0, 40),
    st.integers(0, 40),
    st.floats(0.5, 100),
    st.lists(st.booleans(), min_size=90, max_size=90),
    st.integers(0, 6),
)
def test_no_work_is_lost(first, length, effort, able, weekday):
    weeks = by_week(Work(first, first + length, effort), able, weekday=weekday)
    assert sum(weeks.values()) == pytest.approx(effort)
    assert set(weeks) <= set(range((first + weekday) // 7, (first + length + weekday) // 7 + 1))
