from datetime import UTC, date, datetime, timedelta

import pytest

from interlock.workspaces.times import ago, day, distance

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = NOW.date()


@pytest.mark.parametrize(
    ("passed", "told"),
    [
        (timedelta(seconds=40), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(hours=3), "3 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=6, hours=23), "6 days ago"),
        (timedelta(days=7), None),
        (timedelta(minutes=-1), "just now"),
    ],
)
def test_a_moment_is_relative_while_it_is_fresh(passed, told):
    assert ago(NOW - passed, now=NOW) == told


def test_a_day_names_its_year_only_where_it_is_another():
    assert day(date(2026, 3, 14), today=TODAY) == "14 March"
    assert day(date(2027, 3, 1), today=TODAY) == "1 Mar 2027"


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (0, "today"),
        (1, "tomorrow"),
        (-1, "yesterday"),
        (5, "in 5 days"),
        (-13, "13 days ago"),
        (21, "in 3 weeks"),
        (-100, "3 months ago"),
        (800, "in 2 years"),
    ],
)
def test_distances(days, told):
    assert distance(TODAY + timedelta(days=days), today=TODAY) == told
