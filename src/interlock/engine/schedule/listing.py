"""List scheduling: tasks placed one by one, each as early or as late as what is placed already allows.

This module compiles its functions; only workers import it. `forward` is also what the forecast runs ten thousand
times: it takes a problem as arrays (see `flat.Flat`) and fills in starts and finishes.

Source: serial schedule generation by Kolisch, EJOR 90(2), 1996, doi:10.1016/0377-2217(95)00357-6; justification by
Valls, Ballestín & Quintanilla, EJOR 165(2), 2005, doi:10.1016/j.ejor.2004.04.008.
"""

from typing import NamedTuple

import numpy as np

from interlock.engine.schedule.compiling import compiled
from interlock.engine.schedule.flat import FROM_FINISH, TO_FINISH, Flat, Numbers

NOT_PLACED = -1


class Hands(NamedTuple):
    """Who is there, and who does what.

    busy  (people, slots) 0 where somebody is free; begin with a copy of flat.away
    rank  (people)        in which order they are asked
    crew  (n, people)     filled in: 1 + the skill in which somebody serves the task, or 0
    """

    busy: Numbers
    rank: Numbers
    crew: Numbers


@compiled
def forward(flat: Flat, order: Numbers, row: Numbers, start: Numbers, finish: Numbers, free: Numbers) -> bool:
    """Place every task as early as the tasks before it in `order` allow.

    order   every task once, each after all that it waits for
    row     (n) the mode of each task: its row in `flat`
    start, finish  (n) filled in; a task whose start is not NOT_PLACED stays where it is
    free    (resources, slots) units left; begin with a copy of flat.capacity, less what the placed tasks use

    Links, calendars, capacities and earliest starts are kept; deadlines, fixed dates, longest lags and budgets are
    not looked at: see `trespass`. Nor are people: see `forward_with`. Returns False when something has no room
    before the horizon.
    """
    nobody = np.zeros((0, 0), dtype=np.int64)
    return forward_with(flat, order, row, start, finish, free, Hands(nobody, nobody[0:0, 0], nobody))


@compiled
def forward_with(
    flat: Flat, order: Numbers, row: Numbers, start: Numbers, finish: Numbers, free: Numbers, hands: Hands
) -> bool:
    """As `forward`, with people for the skills that tasks need."""
    staffed = len(hands.rank) > 0
    for i in order:
        if start[i] != NOT_PLACED:
            continue
        at, by = earliest(flat, i, start, finish)
        at = fit_early(flat, i, row[i], at, by, free)
        while staffed and at != NOT_PLACED and not staff(flat, i, row[i], at, hands):
            at = fit_early(flat, i, row[i], at + 1, by, free)
        if at == NOT_PLACED:
            return False
        place(flat, i, row[i], at, start, finish, free)
    return True


@compiled
def backward_with(
    flat: Flat,
    order: Numbers,
    row: Numbers,
    latest: Numbers,
    start: Numbers,
    finish: Numbers,
    free: Numbers,
    hands: Hands,
) -> bool:
    """Place every task as late as the tasks before it in `order` allow, finishing at latest[i] at the latest.

    order   every task once, each before all that it waits for
    others  as in `forward`

    Returns False when something would have to start before its earliest start.
    """
    staffed, horizon = len(hands.rank) > 0, free.shape[1]
    for i in order:
        if start[i] != NOT_PLACED:
            continue
        at, by = horizon, min(latest[i], horizon)
        for e in range(flat.after_ptr[i], flat.after_ptr[i + 1]):
            j = flat.after_task[e]
            ends = flat.after_ends[e]
            bound = (finish[j] if ends & TO_FINISH else start[j]) - flat.after_lag[e]
            if ends & FROM_FINISH:
                by = min(by, bound)
            else:
                at = min(at, bound)
        at = fit_late(flat, i, row[i], at, by, free)
        while staffed and at != NOT_PLACED and not staff(flat, i, row[i], at, hands):
            at = fit_late(flat, i, row[i], at - 1, by, free)
        if at == NOT_PLACED:
            return False
        place(flat, i, row[i], at, start, finish, free)
    return True


@compiled
def earliest(flat: Flat, i: int, start: Numbers, finish: Numbers) -> tuple[int, int]:
    """When the task may start, and by when it may finish, for what it waits for."""
    at, by = flat.earliest[i], 0
    for e in range(flat.before_ptr[i], flat.before_ptr[i + 1]):
        j = flat.before_task[e]
        ends = flat.before_ends[e]
        bound = (finish[j] if ends & FROM_FINISH else start[j]) + flat.before_lag[e]
        if ends & TO_FINISH:
            by = max(by, bound)
        else:
            at = max(at, bound)
    return at, by


@compiled
def fit_early(flat: Flat, i: int, row: int, at: int, by: int, free: Numbers) -> int:
    """The first start from `at` on with which the task finishes at `by` or later and finds its resources free."""
    d, c, horizon = flat.duration[row], flat.calendar[i], free.shape[1]
    at = max(at, 0)
    if d == 0:
        at = max(at, by)
        return at if at <= horizon else NOT_PLACED
    if max(at, by) > horizon:
        return NOT_PLACED
    first, last = flat.need_ptr[row], flat.need_ptr[row + 1]
    slot, worked = flat.slot[c], flat.worked[c]
    # In working slots from here on.
    t, works = worked[at], worked[horizon]
    if by > 0:
        t = max(t, worked[by - 1] + 1 - d)
    q = first
    while t + d <= works:
        if q == last:
            return slot[t]
        r, units = flat.need_resource[q], flat.need_units[q]
        q += 1
        for u in range(t + d - 1, t - 1, -1):
            if free[r, u if c == 0 else slot[u]] < units:
                t, q = u + 1, first
                break
    return NOT_PLACED


@compiled
def fit_late(flat: Flat, i: int, row: int, at: int, by: int, free: Numbers) -> int:
    """The last start up to `at` with which the task finishes at `by` or earlier and finds its resources free."""
    d, c, earliest, horizon = flat.duration[row], flat.calendar[i], max(flat.earliest[i], 0), free.shape[1]
    at = min(at, by)
    if at < earliest:
        return NOT_PLACED
    if d == 0:
        return at
    first, last = flat.need_ptr[row], flat.need_ptr[row + 1]
    slot, worked = flat.slot[c], flat.worked[c]
    t = min(worked[by] - d, worked[min(at + 1, horizon)] - 1)
    q = first
    while t >= 0 and slot[t] >= earliest:
        if q == last:
            return slot[t]
        r, units = flat.need_resource[q], flat.need_units[q]
        q += 1
        for u in range(t, t + d):
            if free[r, u if c == 0 else slot[u]] < units:
                t, q = u - d, first
                break
    return NOT_PLACED


@compiled
def place(flat: Flat, i: int, row: int, at: int, start: Numbers, finish: Numbers, free: Numbers) -> None:
    """Let the task start at `at`, and take what it needs."""
    d, c = flat.duration[row], flat.calendar[i]
    start[i] = finish[i] = at
    if d == 0:
        return
    slot = flat.slot[c]
    t = flat.worked[c, at]
    finish[i] = slot[t + d - 1] + 1
    for q in range(flat.need_ptr[row], flat.need_ptr[row + 1]):
        r, units = flat.need_resource[q], flat.need_units[q]
        for u in range(t, t + d):
            free[r, slot[u]] -= units


@compiled
def end_of(flat: Flat, i: int, row: int, start: int) -> int:
    """When the task finishes that starts there."""
    d, c = flat.duration[row], flat.calendar[i]
    return start if d == 0 else flat.slot[c, flat.worked[c, start] + d - 1] + 1


@compiled
def staff(flat: Flat, i: int, row: int, at: int, hands: Hands) -> bool:
    """Find people for the task from `at` on, and keep them busy; False when there are not enough.

    A maximum matching of places and people by augmenting paths; who ranks first is asked first.
    """
    people, skills = flat.masters.shape
    until, wanted = end_of(flat, i, row, at), flat.skill_need[row].sum()
    if wanted == 0:
        return True
    free = np.zeros(people, dtype=np.bool_)
    many = 0
    for p in range(people):
        free[p] = not busy_within(hands.busy, p, at, until)
        many += free[p]
    if many < wanted:
        return False
    for s in range(skills):
        able = 0
        for p in range(people):
            able += free[p] and flat.masters[p, s]
        if able < flat.skill_need[row, s]:
            return False
    serves = np.full(people, -1, dtype=np.int64)  # the place of each person
    skill = np.empty(people, dtype=np.int64)  # what each place asks for
    places = 0
    for s in range(skills):
        for _ in range(flat.skill_need[row, s]):
            skill[places] = s
            if not seat(flat.masters, places, skill, serves, free, hands.rank):
                return False
            places += 1
    for p in range(people):
        hands.crew[i, p] = 0
        if serves[p] >= 0:
            hands.crew[i, p] = 1 + skill[serves[p]]
            hands.busy[p, at:until] = 1
    return True


@compiled
def busy_within(busy: Numbers, p: int, at: int, until: int) -> bool:
    """Whether somebody is busy in any of these slots."""
    for t in range(until - 1, at - 1, -1):  # noqa: SIM110
        if busy[p, t]:
            return True
    return False


@compiled
def seat(masters: Numbers, place: int, skill: Numbers, serves: Numbers, free: Numbers, rank: Numbers) -> bool:
    """Somebody for one more place; others may change theirs for it, but nobody loses one."""
    people = len(serves)
    came = np.full(people, -1, dtype=np.int64)  # from which place each person was asked
    queue = np.empty(people, dtype=np.int64)
    queue[0] = place
    first, last, found = 0, 1, -1
    while first < last and found < 0:
        asking = queue[first]
        first += 1
        for p in rank:
            if free[p] and came[p] < 0 and masters[p, skill[asking]]:
                came[p] = asking
                if serves[p] < 0:
                    found = p
                    break
                queue[last] = serves[p]
                last += 1
    if found < 0:
        return False
    while found >= 0:
        moved = -1
        for p in range(people):
            if serves[p] == came[found]:
                moved = p
        serves[found] = came[found]
        found = moved
    return True


@compiled
def cost(flat: Flat, start: Numbers, finish: Numbers) -> int:
    """What is minimised: see `flat.scale`."""
    ends = np.zeros(len(flat.target), dtype=np.int64)
    for i in range(len(start)):
        p = flat.part[i]
        if p >= 0:
            ends[p] = max(ends[p], finish[i])
    total = 0
    for p in range(len(ends)):
        total += flat.weight[p] * max(0, ends[p] - flat.target[p])
    if flat.scale == 1:
        return total
    return total * flat.scale + ends.sum()


@compiled
def trespass(flat: Flat, row: Numbers, start: Numbers, finish: Numbers) -> int:
    """By how much what list scheduling does not look at is broken: slots, and units of budgets. 0 is feasible."""
    total = 0
    for i in range(len(start)):
        total += max(0, finish[i] - flat.deadline[i])
        if flat.fixed[i] >= 0:
            total += abs(start[i] - flat.fixed[i])
            for e in range(flat.before_ptr[i], flat.before_ptr[i + 1]):
                ends = flat.before_ends[e]
                total += max(0, flat.before_lag[e] - _between(start, finish, flat.before_task[e], i, ends))
    for e in range(len(flat.far_before)):
        between = _between(start, finish, flat.far_before[e], flat.far_after[e], flat.far_ends[e])
        total += max(0, between - flat.far_most[e])
    for b in range(len(flat.budget)):
        used = 0
        for i in range(len(row)):
            used += flat.budget_need[row[i], b]
        total += max(0, used - flat.budget[b])
    return total


@compiled
def _between(start: Numbers, finish: Numbers, before: int, after: int, ends: int) -> int:
    left = finish[before] if ends & FROM_FINISH else start[before]
    right = finish[after] if ends & TO_FINISH else start[after]
    return right - left


@compiled
def justify(
    flat: Flat, row: Numbers, start: Numbers, finish: Numbers, free: Numbers, hands: Hands, pinned: Numbers
) -> bool:
    """Push every task to the right, the last first, then to the left again: rarely longer, often shorter.

    pinned  (n) where tasks stay, NOT_PLACED for those that move

    Returns False, with starts and finishes as they were, when there is no room for that.
    """
    n = len(start)
    ends = np.zeros(len(flat.target), dtype=np.int64)
    last = 0
    for i in range(n):
        last = max(last, finish[i])
        if flat.part[i] >= 0:
            ends[flat.part[i]] = max(ends[flat.part[i]], finish[i])
    latest = np.empty(n, dtype=np.int64)
    for i in range(n):
        p = flat.part[i]
        latest[i] = last if p < 0 else max(ends[p], min(flat.target[p], last))
        latest[i] = max(finish[i], min(latest[i], flat.deadline[i]))
    new_start, new_finish = pinned.copy(), np.where(pinned >= 0, finish, NOT_PLACED)
    crew = hands.crew.copy()
    free[:] = flat.capacity
    hands.busy[:] = flat.away
    if not backward_with(flat, by_finish(flat, finish), row, latest, new_start, new_finish, free, hands):
        hands.crew[:] = crew
        return False
    order = by_start(flat, new_start)
    new_start[:] = pinned
    free[:] = flat.capacity
    hands.busy[:] = flat.away
    if not forward_with(flat, order, row, new_start, new_finish, free, hands):
        hands.crew[:] = crew
        return False
    start[:] = new_start
    finish[:] = new_finish
    return True


@compiled
def by_start(flat: Flat, start: Numbers) -> Numbers:
    """Tasks in the order of their starts, each after all that it waits for."""
    n = len(start)
    key = start.copy()
    for i in flat.topological:
        for e in range(flat.before_ptr[i], flat.before_ptr[i + 1]):
            key[i] = max(key[i], key[flat.before_task[e]])
    for k in range(n):
        key[flat.topological[k]] = key[flat.topological[k]] * n + k
    return np.argsort(key)


@compiled
def by_finish(flat: Flat, finish: Numbers) -> Numbers:
    """Tasks in the order of their finishes, the last first, each before all that it waits for."""
    n = len(finish)
    key = -finish
    for k in range(n - 1, -1, -1):
        i = flat.topological[k]
        for e in range(flat.after_ptr[i], flat.after_ptr[i + 1]):
            key[i] = max(key[i], key[flat.after_task[e]])
    for k in range(n):
        key[flat.topological[k]] = key[flat.topological[k]] * n - k
    return np.argsort(key)
