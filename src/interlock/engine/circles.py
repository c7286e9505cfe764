"""Circles in a directed graph: who waits for whom, and at the end for themselves."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import networkx as nx


class Circle(NamedTuple):
    """Nodes of which each can be reached from each, and a shortest way around through the smallest of them."""

    nodes: frozenset[int]
    way_around: tuple[int, ...]


def circles(edges: Iterable[tuple[int, int]]) -> list[Circle]:
    """The strongly connected components of more than one node, ordered by their smallest nodes.

    An edge from a node to itself is passed over. The result does not depend on the order of the edges.

    Source: components by Tarjan, "Depth-first search and linear graph algorithms", SIAM Journal on
    Computing 1(2), 1972, doi:10.1137/0201010, as networkx has it.

    >>> circles([(1, 2), (2, 3), (3, 1), (3, 2), (3, 4)])
    [Circle(nodes=frozenset({1, 2, 3}), way_around=(1, 2, 3))]
    """
    graph = nx.DiGraph(sorted(_trimmed(edges)))
    components = [frozenset(component) for component in nx.strongly_connected_components(graph) if len(component) > 1]
    return [Circle(nodes, _way_around(graph, nodes)) for nodes in sorted(components, key=min)]


def _trimmed(edges: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """The edges that may lie on a circle: in a plan those are few, and a graph of all of them is slow to build.

    Nodes to which nothing leads, or from which nothing leads on, are taken away until there are none.
    """
    after: dict[int, set[int]] = defaultdict(set)
    before: dict[int, set[int]] = defaultdict(set)
    for a, b in edges:
        after[a].add(b)
        before[b].add(a)
    for towards, back in ((after, before), (before, after)):
        ends = [node for node in back if node not in towards]
        while ends:
            node = ends.pop()
            for neighbour in back.pop(node, ()):
                towards[neighbour].discard(node)
                if not towards[neighbour]:
                    del towards[neighbour]
                    ends.append(neighbour)
    return ((a, b) for a, following in after.items() for b in following)


def _way_around(graph: nx.DiGraph, nodes: frozenset[int]) -> tuple[int, ...]:
    start, component = min(nodes), graph.subgraph(nodes).copy()
    ways = nx.single_source_shortest_path(component, start)
    before = [node for node in component.predecessors(start) if node != start]
    return min((tuple(ways[node]) for node in before), key=lambda way: (len(way), way))
