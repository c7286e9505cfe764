"""Ways through a directed graph that is at hand as a mapping: small ones, for which no library is worth loading."""

from collections import deque
from collections.abc import Collection, Mapping


def path_between(start: int, end: int, follows: Mapping[int, Collection[int]]) -> list[int]:
    """A shortest way from `start` to `end`, both included; empty where there is none.

    >>> path_between(1, 3, {1: [2], 2: [3]})
    [1, 2, 3]
    """
    came_from: dict[int, int] = {}
    reached = deque([start])
    while reached and end not in came_from:
        node = reached.popleft()
        for following in sorted(follows.get(node, ())):
            if following not in came_from and following != start:
                came_from[following] = node
                reached.append(following)
    if start == end:
        return [start]
    way = [end] if end in came_from else []
    while way and way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]
