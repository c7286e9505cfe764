import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.engine.forecast import Department, Estimate, Finished, calibrate

RIGHT = Estimate(3, 4, 5)
durations = st.lists(st.floats(0.5, 40), max_size=30)


def history(*actuals, estimate=RIGHT):
    return [Finished(estimate, actual) for actual in actuals]


def test_without_history_estimates_stay_as_they_are():
    nothing = calibrate([])
    assert nothing.applied(Department("Legal")) == Department("Legal")
    assert nothing.sentence("Legal") == "Legal has finished no estimated task yet."


def test_few_tasks_say_little_and_many_are_believed():
    factors = [calibrate(history(*[8] * count)).factor for count in (1, 5, 50, 500)]
    # By hand: twice as long, 5 tasks against a belief worth 5: half the logarithm, so the root of 2.
    assert factors[1] == pytest.approx(2**0.5)
    assert 1 < factors[0] < factors[1] < factors[2] < factors[3] < 2


@given(durations)
def test_the_factor_lies_between_the_estimates_and_what_was(actuals):
    low, high = sorted([1.0, float(np.exp(np.mean(np.log(actuals)))) / 4]) if actuals else (1.0, 1.0)
    calibration = calibrate(history(*actuals))
    assert low - 1e-9 <= calibration.factor <= high + 1e-9
    assert calibration.spread >= 0


@given(durations, st.floats(0.1, 10))
def test_the_unit_of_time_does_not_matter(actuals, unit):
    scaled = Estimate(*(unit * slots for slots in (RIGHT.optimistic, RIGHT.likely, RIGHT.pessimistic)))
    one, other = calibrate(history(*actuals)), calibrate(history(*(unit * a for a in actuals), estimate=scaled))
    assert (one.factor, one.spread) == pytest.approx((other.factor, other.spread), abs=1e-6)


def test_durations_that_vary_more_than_their_ranges_widen_the_next_ones():
    rng = np.random.default_rng(1)
    within, beyond = (calibrate(history(*4 * np.exp(rng.normal(0, spread, 400)))) for spread in (0.1, 0.6))
    assert within.spread < 0.02
    # A range of a quarter either side is a standard deviation of 0.095; the rest of 0.6 is spread.
    assert beyond.spread == pytest.approx(0.6 - 0.095, abs=0.05)


def test_the_next_tasks_keep_to_the_calibrated_range_as_often_as_they_should():
    """Estimates of one number, 1.4 × too short and off by a factor of 1.8: after 30 tasks, the 85 % duration holds."""
    rng, met = np.random.default_rng(2), []
    for _ in range(400):
        actuals = 1.4 * 4 * np.exp(rng.normal(0, np.log(1.8), 31))
        learned = calibrate(history(*actuals[:30], estimate=Estimate(4, 4, 4)))
        met.append(actuals[30] <= 4 * learned.factor * np.exp(1.0364 * learned.spread))
    assert np.mean(met) == pytest.approx(0.85, abs=0.04)


@pytest.mark.parametrize(
    ("actuals", "words"),
    [
        ([5.2] * 41, "Engineering's likely estimates have been 1.3 × too short over 41 tasks."),
        ([2], "Engineering's likely estimates have been 2.0 × too long over 1 task."),
        ([4, 4.1, 3.9], "Engineering's likely estimates have been about right over 3 tasks."),
    ],
)
def test_it_is_said_openly(actuals, words):
    assert calibrate(history(*actuals)).sentence("Engineering") == words


@pytest.mark.parametrize("actual", [0, -1])
def test_a_task_that_took_no_time_is_refused(actual):
    with pytest.raises(ValueError, match="teaches nothing"):
        calibrate(history(actual))
