from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.engine.rank import JITTER, WIDTH, among, between, spread


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=300), st.integers(0, 1000))
def test_whatever_is_moved_lands_where_it_was_dropped(places, seed):
    rng = Random(seed)
    ranks = spread(3, None, rng=rng)
    for place in places:
        at = place % (len(ranks) + 1)
        new = between(
            ranks[at - 1] if at else None,
            ranks[at] if at < len(ranks) else None,
            rng=rng,
        )
        ranks.insert(at, new)
    assert ranks == sorted(set(ranks))


def test_ten_thousand_moves_to_either_end_keep_ranks_short():
    rng = Random(0)
    first = last = spread(1, None, rng=rng)[0]
    for _ in range(10_000):
        first, last = between(None, first, rng=rng), between(last, None, rng=rng)
    assert max(len(first), len(last)) <= WIDTH + JITTER


def test_a_thousand_moves_into_one_gap_grow_a_rank_by_less_than_half_a_digit_each():
    rng = Random(0)
    low, high = spread(2, None, rng=rng)
    for _ in range(1000):
        high = between(low, high, rng=rng)
    assert low < high
    assert len(high) < 500


def test_moves_into_one_gap_at_once_draw_different_ranks():
    low, high = spread(2, None, rng=Random(0))
    assert len({between(low, high, rng=Random(seed)) for seed in range(200)}) > 190


def test_equal_neighbours_are_refused():
    with pytest.raises(ValueError, match="nothing lies between"):
        between("a", "a", rng=Random(0))


@given(st.integers(1, 500), st.integers(0, 100))
def test_a_gap_that_grew_long_ranks_is_filled_evenly_with_short_ones(count, seed):
    rng = Random(seed)
    low, high = spread(2, None, rng=rng)
    ranks = among(count, low, high, rng=rng)
    assert [low, *ranks, high] == sorted({low, *ranks, high})
    assert max(map(len, ranks)) <= 16


@given(st.integers(1, 50), st.integers(0, 100))
def test_a_list_can_be_filled_from_either_open_end(count, seed):
    rng = Random(seed)
    (middle,) = spread(1, None, rng=rng)
    ranks = [*among(count, None, middle, rng=rng), middle, *among(count, middle, None, rng=rng)]
    assert ranks == sorted(set(ranks))
