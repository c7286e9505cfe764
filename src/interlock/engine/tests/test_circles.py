from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from interlock.engine.circles import circles

edges = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=25)


def reachable(edges, start):
    """By brute force: everything one can walk to."""
    found, at = set(), {start}
    while at:
        at = {b for a, b in edges if a in at} - found
        found |= at
    return found


@given(edges)
def test_a_circle_is_every_node_that_reaches_and_is_reached(edges):
    nodes = {node for edge in edges for node in edge}
    reach = {node: reachable(edges, node) for node in nodes}
    expected = {frozenset({b for b in reach[a] if a in reach[b]} | {a}) for a in nodes}
    assert {circle.nodes for circle in circles(edges)} == {part for part in expected if len(part) > 1}


@given(edges)
def test_the_way_around_runs_along_edges_inside_the_circle(edges):
    for circle in circles(edges):
        way = circle.way_around
        assert way[0] == min(circle.nodes)
        assert set(way) <= circle.nodes
        assert set(pairwise([*way, way[0]])) <= set(edges)


@given(edges, st.randoms())
def test_the_order_of_the_edges_does_not_matter(edges, random):
    shuffled = list(edges)
    random.shuffle(shuffled)
    assert circles(edges) == circles(shuffled)


def test_chords_do_not_lengthen_the_way_around():
    ring = [(1, 2), (2, 3), (3, 4), (4, 5), (5, 1)]
    assert circles([*ring, (3, 1), (2, 5)])[0].way_around == (1, 2, 3)


def test_a_chain_has_no_circle():
    assert circles([(1, 2), (2, 3), (1, 3)]) == []


def test_a_large_circle_takes_no_deep_recursion():
    n = 20_000
    (circle,) = circles((i, (i + 1) % n) for i in range(n))
    assert len(circle.way_around) == n
