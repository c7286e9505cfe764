"""Expected figures are hand calculations, brute force over pairs, or come from the tables named beside them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.engine.slips import Contrast, SlipModel, Weight, auc, auc_interval, fit, rolling, share_interval


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=30))
def test_auc_is_the_share_of_pairs_in_the_right_order(cases):
    late, early = [s for s, came in cases if came], [s for s, came in cases if not came]
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a in late for b in early]
    found = auc([s for s, _ in cases], [came for _, came in cases])
    assert (math.isnan(found) and not pairs) or found == pytest.approx(sum(pairs) / len(pairs))


def test_the_interval_draws_whole_releases_and_is_the_same_for_a_seed():
    scores, slipped, releases = [3, 1, 1, 3, 2, 1], [1, 0, 1, 0, 1, 0], ["a", "a", "b", "b", "c", "c"]

    def interval():
        return auc_interval(scores, slipped, releases, rng=np.random.default_rng(1))

    # Each release holds one slip; a alone has an AUC of 1, b alone of 0.
    assert interval() == interval() == (0.0, 1.0)


def test_against_itself_a_score_gains_nothing():
    scores, slipped, releases = [3, 1, 1, 3], [1, 0, 1, 0], ["a", "a", "b", "b"]
    assert auc_interval(scores, slipped, releases, rng=np.random.default_rng(1), against=scores) == (0.0, 0.0)


def test_one_release_tells_nothing_of_others():
    ends = auc_interval([1, 2], [False, True], ["a", "a"], rng=np.random.default_rng(1))
    assert math.isnan(ends.low)
    assert math.isnan(ends.high)


@pytest.mark.parametrize("function", [auc, lambda a, b: auc_interval(a, b, b, rng=np.random.default_rng(1))])
def test_lengths_that_disagree_are_refused(function):
    with pytest.raises(ValueError, match="outcomes"):
        function([1.0, 2.0], [True])


# Newcombe (1998), Statistics in Medicine 17:857-872, table I, method 3.
@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_shares_have_wilsons_interval(hits, of, low, high):
    assert share_interval(hits, of) == pytest.approx((low, high), abs=5e-5)


def test_a_warning_is_worth_what_slipped_of_it_against_the_rest():
    # Four warned of, two of which slipped; eight not, one of which slipped.
    warned = [True] * 4 + [False] * 8
    told = Contrast.of(warned, [True, True, False, False, True] + [False] * 7)
    assert told == Contrast(4, 2, 8, 1)
    assert (told.n, told.precision, told.recall, told.lift) == (12, 0.5, 2 / 3, 4.0)
    assert told.lift_interval.low < 1 < 4 < told.lift_interval.high


@pytest.mark.parametrize("told", [Contrast(0, 0, 5, 2), Contrast(5, 2, 0, 0), Contrast(5, 2, 5, 0)])
def test_there_is_no_lift_without_a_rest_that_slipped_now_and_then(told):
    assert math.isnan(told.lift)


def test_the_model_weighs_what_tells_and_leaves_out_what_never_differs():
    rng = np.random.default_rng(4)
    late = rng.random(400) < 0.3
    signals = [{"telling": float(came) + rng.normal(), "noise": rng.normal(), "same": 1.0} for came in late]
    model = fit(signals, list(late))
    assert [one.name for one in model.weights] == ["telling", "noise"]
    assert model.weights[0].weight > 3 * abs(model.weights[1].weight)
    assert np.mean([model.chance(one) for one in signals]) == pytest.approx(late.mean(), abs=0.01)


def test_a_chance_says_what_raises_it():
    model = SlipModel(-1.0, (Weight("age", -0.5, 2.0, 1.0), Weight("load", 0.4, 3.0, 2.0), Weight("noise", 0.01, 0, 1)))
    # -1 + 0.5 * (2 - 0) + 0.4 * (7 - 3) / 2 + 0.01
    assert model.chance({"age": 0.0, "load": 7.0, "noise": 1.0}) == pytest.approx(1 / (1 + math.exp(-0.81)))
    assert model.because({"age": 0.0, "load": 7.0, "noise": 1.0}) == ["age (low)", "load"]
    assert model.because({"age": 9.0, "load": 3.0}) == []


def test_where_all_slipped_there_is_nothing_to_tell_apart():
    model = fit([{"a": 1.0}, {"a": 2.0}], [True, True])
    assert model.weights == ()
    assert model.chance({"a": 9.0}) == pytest.approx(2.5 / 3)


def test_there_is_nothing_to_learn_from_nothing():
    with pytest.raises(ValueError, match="nothing to learn from"):
        fit([], [])


def test_a_chance_rests_on_nothing_that_came_later():
    rng = np.random.default_rng(2)
    signals = [{"a": float(rng.normal())} for _ in range(90)]
    freezes = [n // 30 for n in range(90)]
    came = [one["a"] > 0 for one in signals]

    def known(altered):
        return lambda origin: [altered if n // 30 >= origin else came[n] for n in range(90)]

    one, other = (rolling(signals, freezes, known(altered), first=1) for altered in (True, None))
    assert np.array_equal(one, other, equal_nan=True)
    assert np.isnan(one[:30]).all()
    assert auc(one[60:], came[60:]) == 1.0
