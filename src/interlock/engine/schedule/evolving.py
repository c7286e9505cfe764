"""A genetic algorithm over lists of tasks, each list decoded by list scheduling and improved by justification.

Source: the activity-list representation with two-point crossover by Hartmann, Naval Research Logistics 45(7), 1998;
the double justification of each child by Valls, Ballestín & Quintanilla, EJOR 165(2), 2005; that a child only takes the
place of the parent it resembles, which keeps the population diverse, from Mahfoud's crowding, PPSN 1992.
"""

from typing import NamedTuple

import numpy as np

from interlock.engine.schedule.compiling import compiled
from interlock.engine.schedule.flat import Flat, Numbers
from interlock.engine.schedule.listing import (
    NOT_PLACED,
    Hands,
    by_start,
    cost,
    earliest,
    end_of,
    fit_early,
    forward_with,
    justify,
    place,
    trespass,
)
from interlock.engine.schedule.problem import Schedule

BROKEN = 1 << 44
"""Costs this much per slot or unit of trespass."""
IMPOSSIBLE = 1 << 62


class Population(NamedTuple):
    """Lists with their schedules, the state of the random numbers, and the best of them all in place 0."""

    order: Numbers
    row: Numbers
    start: Numbers
    finish: Numbers
    crew: Numbers
    cost: Numbers
    random: Numbers


def population(flat: Flat, size: int, seed: int) -> Population:
    """Room for `size` schedules, all of them still to be sampled."""
    n = len(flat.calendar)
    room = np.zeros((size, n), dtype=np.int64)
    return Population(
        room,
        room.copy(),
        room.copy(),
        room.copy(),
        np.zeros((size, n, len(flat.masters)), dtype=np.int64),
        np.full(size, IMPOSSIBLE, dtype=np.int64),
        np.array([seed * 2 + 1, 0], dtype=np.int64),
    )


def settle(flat: Flat, pool: Population, schedule: Schedule, cost: int) -> None:
    """Let the population, nothing of which is sampled yet, begin with this schedule."""
    pool.start[0], pool.finish[0] = schedule.start, schedule.finish
    pool.order[0] = by_start(flat, pool.start[0])
    pool.row[0] = flat.first_row[:-1] + np.array(schedule.mode)
    for i, doing in enumerate(schedule.assignment):
        for p, s in doing:
            pool.crew[0, i, p] = s + 1
    pool.cost[0], pool.random[1] = cost, 1


@compiled
def draw(random: Numbers, below: int) -> np.int64:
    """A number from 0 to below - 1, by xorshift (Marsaglia, Journal of Statistical Software 8(14), 2003)."""
    x = np.uint64(random[0])
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    random[0] = np.int64(x)
    return np.int64((x >> np.uint64(11)) % np.uint64(below))


@compiled
def decode(
    flat: Flat,
    pinned: Numbers,
    order: Numbers,
    row: Numbers,
    start: Numbers,
    finish: Numbers,
    free: Numbers,
    hands: Hands,
    random: Numbers,
) -> int:
    """List scheduling, justification, and what the outcome costs; `order` is brought into the order of the starts."""
    start[:] = pinned
    free[:] = flat.capacity
    hands.busy[:] = flat.away
    if len(flat.duration) > len(order) and len(flat.masters) == 0:
        afford(flat, row, random)
        if not forward_choosing(flat, order, row, start, finish, free, random):
            return IMPOSSIBLE
    elif not forward_with(flat, order, row, start, finish, free, hands):
        return IMPOSSIBLE
    justify(flat, row, start, finish, free, hands, pinned)
    order[:] = by_start(flat, start)
    return cost(flat, start, finish) + BROKEN * trespass(flat, row, start, finish)


@compiled
def afford(flat: Flat, row: Numbers, random: Numbers) -> None:
    """Change modes at random, as long as that brings the budgets nearer to being kept."""
    n = len(row)
    spare = flat.budget.copy()
    for i in range(n):
        spare -= flat.budget_need[row[i]]
    for _ in range(8 * n):
        if (spare >= 0).all():
            return
        i = draw(random, n)
        other = flat.first_row[i] + draw(random, flat.first_row[i + 1] - flat.first_row[i])
        after = spare + flat.budget_need[row[i]] - flat.budget_need[other]
        if np.minimum(after, 0).sum() > np.minimum(spare, 0).sum():
            spare = after
            row[i] = other


@compiled
def forward_choosing(
    flat: Flat, order: Numbers, row: Numbers, start: Numbers, finish: Numbers, free: Numbers, random: Numbers
) -> bool:
    """As `forward`, but one task in eight, by chance, takes the mode that lets it finish first, if budgets allow."""
    spare = flat.budget.copy()
    for i in order:
        spare -= flat.budget_need[row[i]]
    for i in order:
        if start[i] != NOT_PLACED:
            continue
        at, by = earliest(flat, i, start, finish)
        best = fit_early(flat, i, row[i], at, by, free)
        if draw(random, 8) == 0:
            for other in range(flat.first_row[i], flat.first_row[i + 1]):
                after = spare + flat.budget_need[row[i]] - flat.budget_need[other]
                if other != row[i] and (np.minimum(after, 0) >= np.minimum(spare, 0)).all():
                    first = fit_early(flat, i, other, at, by, free)
                    if first != NOT_PLACED and (
                        best == NOT_PLACED or end_of(flat, i, other, first) < end_of(flat, i, row[i], best)
                    ):
                        best, row[i], spare = first, other, after
        if best == NOT_PLACED:
            return False
        place(flat, i, row[i], best, start, finish, free)
    return True


@compiled
def sample(flat: Flat, tail: Numbers, order: Numbers, random: Numbers, bias: int) -> None:
    """A random order of the tasks: of those that could go next, `bias` are drawn, and the most urgent goes."""
    n = len(order)
    waiting = np.empty(n, dtype=np.int64)
    eligible = np.empty(n, dtype=np.int64)
    many = 0
    for i in range(n):
        waiting[i] = flat.before_ptr[i + 1] - flat.before_ptr[i]
        if waiting[i] == 0:
            eligible[many] = i
            many += 1
    for k in range(n):
        chosen = draw(random, many)
        for _ in range(bias - 1):
            other = draw(random, many)
            if tail[eligible[other]] > tail[eligible[chosen]]:
                chosen = other
        i = eligible[chosen]
        many -= 1
        eligible[chosen] = eligible[many]
        order[k] = i
        for e in range(flat.after_ptr[i], flat.after_ptr[i + 1]):
            j = flat.after_task[e]
            waiting[j] -= 1
            if waiting[j] == 0:
                eligible[many] = j
                many += 1


@compiled
def cross(mother: Numbers, father: Numbers, child: Numbers, left: int, right: int) -> None:
    """The child's list: the mother's up to `left` and from `right`, between them in the order of the father."""
    n = len(child)
    taken = np.zeros(n, dtype=np.bool_)
    for k in range(left):
        child[k] = mother[k]
        taken[mother[k]] = True
    at = left
    for k in range(n):
        if at == right:
            break
        if not taken[father[k]]:
            child[at] = father[k]
            taken[father[k]] = True
            at += 1
    for k in range(n):
        if not taken[mother[k]]:
            child[at] = mother[k]
            at += 1


@compiled
def linked(flat: Flat, i: int, j: int) -> bool:
    """Whether j waits for i, by one link."""
    return bool(np.any(flat.after_task[flat.after_ptr[i] : flat.after_ptr[i + 1]] == j))


@compiled
def evolve(flat: Flat, pinned: Numbers, tail: Numbers, pool: Population, children: int, mutation: int) -> int:
    """Raise so many children, each in the place of the parent it has more of, if it is no worse; the best cost so far.

    mutation  per mille: how often two neighbours of a list change places, and a task its mode
    """
    size, n = pool.order.shape
    random = pool.random
    order, row = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    start, finish = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    free = flat.capacity.copy()
    by_skills = np.argsort(flat.masters.sum(axis=1))
    hands = Hands(flat.away.copy(), by_skills, np.zeros((n, len(flat.masters)), dtype=np.int64))
    for _ in range(children):
        if random[1] < size:
            at = random[1]
            random[1] += 1
            sample(flat, tail, order, random, 1 + at % 4)
            for i in range(n):
                row[i] = flat.first_row[i] + draw(random, flat.first_row[i + 1] - flat.first_row[i])
        else:
            a, b = draw(random, size), draw(random, size)
            c, d = draw(random, size), draw(random, size)
            mother = a if pool.cost[a] <= pool.cost[b] else b
            father = c if pool.cost[c] <= pool.cost[d] else d
            left = draw(random, n)
            right = left + 1 + draw(random, n - left)
            cross(pool.order[mother], pool.order[father], order, left, right)
            for k in range(n):
                row[order[k]] = pool.row[father if left <= k < right else mother][order[k]]
            mutate(flat, order, row, random, mutation)
            at = mother if 2 * (right - left) < n else father
        hands.rank[:] = by_skills
        for _ in range(draw(random, 4) if len(by_skills) else 0):
            p, q = draw(random, len(by_skills)), draw(random, len(by_skills))
            hands.rank[p], hands.rank[q] = hands.rank[q], hands.rank[p]
        value = decode(flat, pinned, order, row, start, finish, free, hands, random)
        if value < pool.cost[0] and at != 0:
            keep(
                pool,
                at,
                pool.order[0],
                pool.row[0],
                pool.start[0],
                pool.finish[0],
                pool.crew[0],
                pool.cost[0],
            )
            at = 0
        if value <= pool.cost[at]:
            keep(pool, at, order, row, start, finish, hands.crew, value)
    return pool.cost[0]


@compiled
def mutate(flat: Flat, order: Numbers, row: Numbers, random: Numbers, mutation: int) -> None:
    n = len(order)
    for k in range(n - 1):
        if draw(random, 1000) < mutation and not linked(flat, order[k], order[k + 1]):
            order[k], order[k + 1] = order[k + 1], order[k]
    if len(flat.duration) > n:
        for i in range(n):
            if draw(random, 1000) < mutation:
                row[i] = flat.first_row[i] + draw(random, flat.first_row[i + 1] - flat.first_row[i])


@compiled
def keep(
    pool: Population,
    at: int,
    order: Numbers,
    row: Numbers,
    start: Numbers,
    finish: Numbers,
    crew: Numbers,
    cost: int,
) -> None:
    """Put an individual into its place."""
    pool.order[at] = order
    pool.row[at] = row
    pool.start[at] = start
    pool.finish[at] = finish
    pool.crew[at] = crew
    pool.cost[at] = cost
