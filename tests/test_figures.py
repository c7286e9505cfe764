import pytest

from tests.figures import Figures, count


def test_a_promise_is_tried_less_often_in_make_test(monkeypatch):
    assert count(5, 200) == 5
    monkeypatch.setattr("tests.figures.FULL", True)
    assert count(5, 200) == 200


def test_the_reduced_count_is_printed_beside_the_full_one():
    figures = Figures([])
    figures.count("kill -9", reduced=5, full=2000)
    assert figures.properties == [("figure", "kill -9: 5 (in full: 2,000)")]


def test_a_time_binds_only_where_promises_are_proved(monkeypatch):
    figures = Figures([])
    figures.at_most("slowest, seconds", 1.234, 1)
    assert figures.properties == [("figure", "slowest, seconds: 1.23")]
    monkeypatch.setattr("tests.figures.FULL", True)
    figures.at_most("slowest, seconds", 1, 1)
    with pytest.raises(AssertionError, match=r"slowest, seconds: 1\.23 is more than 1"):
        figures.at_most("slowest, seconds", 1.234, 1)
