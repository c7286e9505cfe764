import time

import pytest

from interlock.jobs.apart import Cancelled, Died, apart


def test_the_answer_comes_from_a_process_of_its_own():
    assert apart("operator:add", 2, 3, at_most=30) == 5


def test_what_was_raised_there_is_raised_here():
    with pytest.raises(ZeroDivisionError):
        apart("operator:truediv", 1, 0, at_most=30)


def test_what_nobody_wants_any_more_is_ended():
    began = time.monotonic()
    with pytest.raises(Cancelled):
        apart("time:sleep", 60, at_most=90, wanted=lambda: False)
    assert time.monotonic() - began < 30


def test_what_takes_too_long_or_dies_is_said():
    with pytest.raises(Died, match="No answer within"):
        apart("time:sleep", 60, at_most=0.3)
    with pytest.raises(Died, match="ended without an answer"):
        apart("os:_exit", 3, at_most=30)


def test_what_takes_more_memory_than_there_is_to_take_is_an_error_and_not_the_end_of_the_machine():
    with pytest.raises(MemoryError):
        apart("builtins:bytearray", 40 * 1024**3, at_most=30)
