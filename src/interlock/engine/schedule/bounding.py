"""Between which slots each task can start at all, and what no schedule can beat. Only workers import this."""

import numpy as np

from interlock.engine.schedule.compiling import compiled
from interlock.engine.schedule.flat import FROM_FINISH, TO_FINISH, Flat, Numbers
from interlock.engine.schedule.listing import NOT_PLACED, end_of, fit_early, fit_late


@compiled
def heads(flat: Flat) -> tuple[Numbers, Numbers, bool]:
    """The earliest start and finish of each task, as links, dates, calendars and absences ask for.

    The third is False when there is none: a circle of lags pushes itself beyond the horizon.
    """
    n = len(flat.calendar)
    start, finish = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    at, by = np.maximum(flat.earliest, 0), np.zeros(n, dtype=np.int64)
    for _ in range(n + 1):
        moved = False
        for i in flat.topological:
            for e in range(flat.before_ptr[i], flat.before_ptr[i + 1]):
                j, ends = flat.before_task[e], flat.before_ends[e]
                bound = (finish[j] if ends & FROM_FINISH else start[j]) + flat.before_lag[e]
                if ends & TO_FINISH:
                    by[i] = max(by[i], bound)
                else:
                    at[i] = max(at[i], bound)
            first, end = _earliest(flat, i, at[i], by[i])
            if first == NOT_PLACED:
                return start, finish, False
            moved |= first > start[i] or end > finish[i]
            start[i], finish[i] = max(start[i], first), max(finish[i], end)
        for e in range(len(flat.far_before)):
            i, j, ends = flat.far_before[e], flat.far_after[e], flat.far_ends[e]
            bound = (finish[j] if ends & TO_FINISH else start[j]) - flat.far_most[e]
            if ends & FROM_FINISH:
                moved |= bound > finish[i]
                by[i] = max(by[i], bound)
            else:
                moved |= bound > start[i]
                at[i] = max(at[i], bound)
        if not moved:
            return start, finish, True
    return start, finish, False


@compiled
def tails(flat: Flat, latest: Numbers) -> tuple[Numbers, Numbers, bool]:
    """The latest start and finish of each task, with task i finished by latest[i]; False: there is none."""
    n, horizon = len(flat.calendar), flat.capacity.shape[1]
    start, finish = np.full(n, horizon), np.full(n, horizon)
    at, by = np.full(n, horizon), np.minimum(np.minimum(latest, flat.deadline), horizon)
    for i in range(n):
        if flat.fixed[i] >= 0:
            at[i] = min(at[i], flat.fixed[i])
    for _ in range(n + 1):
        moved = False
        for k in range(n - 1, -1, -1):
            i = flat.topological[k]
            for e in range(flat.after_ptr[i], flat.after_ptr[i + 1]):
                j, ends = flat.after_task[e], flat.after_ends[e]
                bound = (finish[j] if ends & TO_FINISH else start[j]) - flat.after_lag[e]
                if ends & FROM_FINISH:
                    by[i] = min(by[i], bound)
                else:
                    at[i] = min(at[i], bound)
            last, end = _latest(flat, i, at[i], by[i])
            if last == NOT_PLACED:
                return start, finish, False
            moved |= last < start[i] or end < finish[i]
            start[i], finish[i] = min(start[i], last), min(finish[i], end)
        for e in range(len(flat.far_before)):
            i, j, ends = flat.far_before[e], flat.far_after[e], flat.far_ends[e]
            bound = (finish[i] if ends & FROM_FINISH else start[i]) + flat.far_most[e]
            if ends & TO_FINISH:
                moved |= bound < finish[j]
                by[j] = min(by[j], bound)
            else:
                moved |= bound < start[j]
                at[j] = min(at[j], bound)
        if not moved:
            return start, finish, True
    return start, finish, False


@compiled
def _earliest(flat: Flat, i: int, at: int, by: int) -> tuple[int, int]:
    """The earliest start and the earliest finish over the modes."""
    start = finish = NOT_PLACED
    for row in range(flat.first_row[i], flat.first_row[i + 1]):
        first = fit_early(flat, i, row, at, by, flat.capacity)
        if first != NOT_PLACED:
            end = end_of(flat, i, row, first)
            start = first if start == NOT_PLACED else min(start, first)
            finish = end if finish == NOT_PLACED else min(finish, end)
    return start, finish


@compiled
def _latest(flat: Flat, i: int, at: int, by: int) -> tuple[int, int]:
    start = finish = NOT_PLACED
    for row in range(flat.first_row[i], flat.first_row[i + 1]):
        last = fit_late(flat, i, row, at, by, flat.capacity)
        if last != NOT_PLACED:
            start, finish = max(start, last), max(finish, end_of(flat, i, row, last))
    return start, finish


def least(flat: Flat, start: Numbers, finish: Numbers, units: Numbers) -> int:
    """What no schedule of the makespan can beat: the longest path, and for each resource the work it has to do.

    units  (resources) the work of each in units × slots, whichever modes are taken
    """
    longest = int(finish.max(initial=0))
    if not units.any():
        return longest
    done = np.cumsum(flat.capacity, axis=1)
    ends = [int(np.searchsorted(row, work)) + 1 for row, work in zip(done, units, strict=True) if work]
    return max(longest, *ends)
