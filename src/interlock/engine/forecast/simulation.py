"""Ten thousand ways in which a plan may go. This module compiles its functions; only workers import it.

Every run draws the durations, lets the risks happen or not, and places the tasks in the order of the plan, each as
early as links, calendars and people allow: resources bind in every run, not only the longest path. Luck is a function
of seed, key and run, so that neither threads nor other tasks change it.

Compiled functions take arrays out of their tuple before they loop: done inside the loop, it costs ten times the rest.

Sources: scheduling policies for uncertain durations: Stork, Stochastic Resource-Constrained Project Scheduling, TU
Berlin 2001; splitmix64: Steele, Lea & Flood, OOPSLA 2014, doi:10.1145/2660193.2660195.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtr

from interlock.engine.forecast.uncertainty import Cause, Department, Driver, Estimate, Forecast, Scenario, Shape
from interlock.engine.schedule import Link, Mode, Problem, Resource
from interlock.engine.schedule.compiling import compiled
from interlock.engine.schedule.flat import FROM_FINISH, TO_FINISH, Flat, Numbers, flatten, span
from interlock.engine.schedule.listing import by_start

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]

REACH, STEPS = 4, 16
"""A duration is tabulated from -REACH to REACH standard deviations of luck, STEPS values to each."""
LUCK = np.arange(-REACH * STEPS, REACH * STEPS + 1) / STEPS

BLOCK = 500
"""Runs that are added up together, whatever the number of threads: sums of floats depend on the order."""

DEPARTMENT_KEYS, RISK_KEYS, IMPACT_KEYS = 1 << 40, 1 << 41, 1 << 42
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1, MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
SHIFT_30, SHIFT_27, SHIFT_31, SHIFT_11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
ONE, TWO = np.uint64(1), np.uint64(2)


def simulate(
    scenario: Scenario, *, runs: int = 10_000, seed: int = 0, release: int | None = None, threads: int = 2
) -> Forecast:
    """Let the plan happen `runs` times.

    release  whose date criticality and drivers are about; None: the end of everything

    Durations come from the three estimates by luck that is standard normal, in part a department's, in part the task's
    own: their correlation is the department's `together`, and each duration alone is distributed as its estimates say
    (a Gaussian copula), then multiplied by the department's factor and by exp(spread × luck), and rounded to slots.
    A task is critical in a run when a slot more of it moves the date: the chain is followed back from the last task
    through links and through resources that were waited for. Deadlines, fixed dates and longest lags are scored and
    not enforced; a fixed task does not start before its slot. Somebody whom the plan assigned to a task does it.

    The same arguments, the same answer, on any number of threads. Takes time linear in runs, and in the tasks times
    the slots that they wait for what they need; eight bytes for each task of each run.

    Raises ValueError where the problem or what is uncertain makes no sense (Scenario.check), for runs < 1, and where a
    task finds no room at all.
    """
    scenario.check()
    if runs < 1:
        raise ValueError(f"{runs} runs say nothing.")
    setting = _setting(scenario, seed, release)
    n, tasks = len(scenario.problem.tasks), scenario.problem.tasks
    start, finish = np.zeros((runs, n), np.int32), np.zeros((runs, n), np.int32)
    blocks = range(0, runs, BLOCK)
    causes = n + len(scenario.uncertainty.departments) + len(scenario.uncertainty.risks)
    critical = np.zeros((len(blocks), n), np.int64)
    moments = np.zeros((len(blocks), 3, causes + 1))

    def run(block: int) -> bool:
        own = setting.flat._replace(duration=setting.flat.duration.copy())
        these = slice(blocks[block], min(blocks[block] + BLOCK, runs))
        return bool(
            _run(setting._replace(flat=own), these.start, start[these], finish[these], critical[block], moments[block])
        )

    with ThreadPoolExecutor(threads) as pool:
        fits = all(pool.map(run, range(len(blocks))))
    if not fits:
        raise ValueError("Some task finds no room: what it needs is never there at once.")
    return Forecast(
        start=start,
        finish=finish,
        releases=_ends(finish, [task.release for task in tasks], len(scenario.problem.releases)),
        critical=critical.sum(axis=0) / runs,
        drivers=_drivers(moments.sum(axis=0), runs, n, len(scenario.uncertainty.departments)),
        deadlines=tuple(
            (i, _share(finish[:, i] <= task.deadline)) for i, task in enumerate(tasks) if task.deadline is not None
        ),
        fixed=tuple((i, _share(start[:, i] == task.fixed)) for i, task in enumerate(tasks) if task.fixed is not None),
        longest_lags=tuple(
            (k, _share(_between(link, start, finish) <= link.longest))
            for k, link in enumerate(scenario.problem.links)
            if link.longest is not None
        ),
    )


class Setting(NamedTuple):
    """A scenario as arrays; n tasks, d departments, r risks. `flat` has one row a task; its durations are drawn anew.

    order        (n) as the plan takes them up
    table        (n, luck) the duration by luck, in slots, not yet rounded
    department   (n) -1 for none
    together     (d) square roots of the correlations
    streams      (n + d + r) where the random numbers of each cause begin
    probability  (r);  risk_ptr (r + 1), risk_task (…)
    impact       (r, luck) the slots that a risk adds, by luck, not yet rounded
    impacts      (r) where the random numbers of each risk's impact begin
    counts       (n) whether the task's finish counts for the date asked for
    """

    flat: Flat
    order: Numbers
    table: Floats
    department: Numbers
    together: Floats
    streams: Words
    probability: Floats
    risk_ptr: Numbers
    risk_task: Numbers
    impact: Floats
    impacts: Words
    counts: NDArray[np.bool_]


def _setting(scenario: Scenario, seed: int, release: int | None) -> Setting:
    unsure, n = scenario.uncertainty, len(scenario.problem.tasks)
    settled = _settled(scenario)
    estimates = unsure.estimates or (None,) * n
    of = unsure.department or (None,) * n
    usual = Department("")
    table = np.empty((n, len(LUCK)))
    for i, task in enumerate(settled.tasks):
        department = usual if of[i] is None else unsure.departments[of[i] or 0]
        table[i] = _durations(estimates[i], task.modes[0].duration, department, unsure.shape)
    longest = table[:, -1].astype(np.int64) + 1
    for risk in unsure.risks:
        longest[list(risk.tasks)] += int(risk.three.pessimistic) + 1
    slow = tuple(
        replace(task, modes=(replace(task.modes[0], duration=int(slots)),))
        for task, slots in zip(settled.tasks, longest, strict=True)
    )
    flat = flatten(settled, span(replace(settled, tasks=slow)))
    keys = [*(unsure.keys or range(n))]
    keys += [DEPARTMENT_KEYS + d for d in range(len(unsure.departments))]
    keys += [RISK_KEYS + r for r in range(len(unsure.risks))]
    impacts = [IMPACT_KEYS + r for r in range(len(unsure.risks))]
    return Setting(
        flat=flat,
        order=by_start(flat, np.array(scenario.plan.start, dtype=np.int64)),
        table=table,
        department=np.array([-1 if d is None else d for d in of], dtype=np.int64),
        together=np.array([department.together**0.5 for department in unsure.departments]),
        streams=_streams(seed % (1 << 63), np.array(keys, dtype=np.uint64)),
        probability=np.array([risk.probability for risk in unsure.risks]),
        risk_ptr=np.cumsum([0, *(len(risk.tasks) for risk in unsure.risks)]),
        risk_task=np.array([task for risk in unsure.risks for task in risk.tasks], dtype=np.int64),
        impact=np.array([_durations(risk.three, 0, usual, Shape.PERT) for risk in unsure.risks]).reshape(-1, len(LUCK)),
        impacts=_streams(seed % (1 << 63), np.array(impacts, dtype=np.uint64)),
        counts=np.array([release is None or task.release == release for task in settled.tasks], dtype=np.bool_),
    )


def _settled(scenario: Scenario) -> Problem:
    """The problem with the plan's choices made: one mode a task, and each person a resource of those they work on."""
    problem, plan = scenario.problem, scenario.plan
    first = len(problem.resources)
    people = tuple(
        Resource(person.name, 1, tuple(change for away in person.absent for change in ((away[0], 0), (away[1], 1))))
        for person in problem.people
    )
    tasks = []
    for i, task in enumerate(problem.tasks):
        mode = task.modes[plan.mode[i]]
        demand = (*mode.demand, *[0] * (first - len(mode.demand)))
        busy = {person for person, _ in plan.assignment[i]} if plan.assignment else set()
        demand += tuple(int(person in busy) for person in range(len(people)))
        tasks.append(replace(task, modes=(Mode(mode.duration, demand),)))
    return replace(problem, tasks=tuple(tasks), resources=problem.resources + people, people=(), skills=())


@lru_cache(maxsize=4096)
def _durations(estimate: Estimate | None, certain: int, department: Department, shape: Shape) -> Floats:
    """The duration for each value of LUCK."""
    if estimate is None:
        return np.full(len(LUCK), float(certain))
    low, likely, high = estimate.optimistic, estimate.likely, estimate.pessimistic
    if low == high:
        slots = np.full(len(LUCK), likely)
    elif shape is Shape.LOGNORMAL:
        one_in_twenty = 1.6448536269514722
        slots = likely * np.where(LUCK < 0, likely / low, high / likely) ** (LUCK / one_in_twenty)
    else:
        a, b = 1 + 4 * (likely - low) / (high - low), 1 + 4 * (high - likely) / (high - low)
        slots = low + (high - low) * betaincinv(a, b, ndtr(LUCK))
    return department.factor * slots * np.exp(department.spread * LUCK)


@compiled
def _mixed(x: np.uint64) -> np.uint64:
    x = (x ^ (x >> SHIFT_30)) * MIX_1
    x = (x ^ (x >> SHIFT_27)) * MIX_2
    return x ^ (x >> SHIFT_31)


@compiled
def _streams(seed: int, keys: Words) -> Words:
    streams = np.empty(len(keys), dtype=np.uint64)
    for k in range(len(keys)):
        streams[k] = _mixed(_mixed(np.uint64(seed) + GOLDEN) + keys[k] * GOLDEN)
    return streams


@compiled
def _uniform(stream: np.uint64, number: np.uint64) -> float:
    """The number-th of a stream, above 0 and below 1."""
    return (float(_mixed(stream + (number + ONE) * GOLDEN) >> SHIFT_11) + 0.5) / 9007199254740992.0


@compiled
def _normal(stream: np.uint64, run: int) -> float:
    """One value a run (Box & Muller, Annals of Mathematical Statistics 29(2), 1958, doi:10.1214/aoms/1177706645)."""
    number = TWO * np.uint64(run)
    angle = 2 * np.pi * _uniform(stream, number + ONE)
    return np.sqrt(-2 * np.log(_uniform(stream, number))) * np.cos(angle)


@compiled
def _run(
    setting: Setting,
    first: int,
    starts: NDArray[np.int32],
    finishes: NDArray[np.int32],
    critical: Numbers,
    moments: Floats,
) -> bool:
    """Runs first, first + 1, …: fills in starts and finishes, a row each; adds to the counts and moments.

    moments  (3, causes + 1): of each cause's luck x and the date y, Σx, Σx², Σxy; in the last column Σy, Σy²

    Returns False when something had no room.
    """
    flat, counts, n = setting.flat, setting.counts, len(setting.order)
    start, finish = np.empty(n, np.int64), np.empty(n, np.int64)
    luck = np.empty(len(setting.streams))
    capacity, free = flat.capacity, flat.capacity.copy()
    mark, stack = np.empty(n, np.bool_), np.empty(n, np.int64)
    for k in range(len(starts)):
        _draw(setting, first + k, luck)
        if not _place(flat, setting.order, start, finish, free):
            return False
        date = 0
        for i in range(n):
            starts[k, i], finishes[k, i] = start[i], finish[i]
            if counts[i]:
                date = max(date, finish[i])
        last = min(finish.max(), free.shape[1]) if n else 0
        for r in range(free.shape[0]):
            free[r, :last] = capacity[r, :last]
        _mark_critical(flat, start, finish, counts, date, mark, stack)
        for i in range(n):
            critical[i] += mark[i]
        for c in range(len(luck)):
            moments[0, c] += luck[c]
            moments[1, c] += luck[c] * luck[c]
            moments[2, c] += luck[c] * date
        moments[0, -1] += date
        moments[1, -1] += float(date) * date
    return True


@compiled
def _draw(setting: Setting, run: int, luck: Floats) -> None:
    """The luck of every cause in this run, and the durations that follow from it."""
    duration, table, streams = setting.flat.duration, setting.table, setting.streams
    department, together = setting.department, setting.together
    n, departments, top = len(table), len(together), table.shape[1] - 1
    for d in range(departments):
        luck[n + d] = _normal(streams[n + d], run)
    for i in range(n):
        if table[i, 0] == table[i, top]:
            luck[i] = 0.0
            duration[i] = int(table[i, 0] + 0.5)
            continue
        luck[i] = z = _normal(streams[i], run)
        d = department[i]
        if d >= 0:
            z = together[d] * luck[n + d] + np.sqrt(1 - together[d] * together[d]) * z
        duration[i] = _by_luck(table[i], z)
    for r in range(len(setting.probability)):
        added = 0
        if _uniform(streams[n + departments + r], np.uint64(run)) < setting.probability[r]:
            added = _by_luck(setting.impact[r], _normal(setting.impacts[r], run))
            for e in range(setting.risk_ptr[r], setting.risk_ptr[r + 1]):
                duration[setting.risk_task[e]] += added
        luck[n + departments + r] = float(added)


@compiled
def _by_luck(table: NDArray[np.float64], z: float) -> int:
    """What is tabulated by LUCK, in whole slots."""
    at = min(max((z + REACH) * STEPS, 0.0), len(table) - 1 - 1e-9)
    below = int(at)
    return int(table[below] + (table[below + 1] - table[below]) * (at - below) + 0.5)


@compiled
def _place(flat: Flat, order: Numbers, start: Numbers, finish: Numbers, free: Numbers) -> bool:
    """Serial schedule generation (Kolisch, EJOR 90(2), 1996, doi:10.1016/0377-2217(95)00357-6), one mode a task.

    Does what schedule.listing.forward does. Returns False when something has no room before the horizon.
    """
    duration, calendar, earliest, slot, worked = flat.duration, flat.calendar, flat.earliest, flat.slot, flat.worked
    before_ptr, before_task = flat.before_ptr, flat.before_task
    before_lag, before_ends = flat.before_lag, flat.before_ends
    need_ptr, need_resource, need_units = flat.need_ptr, flat.need_resource, flat.need_units
    horizon = free.shape[1]
    for i in order:
        at, by = max(earliest[i], 0), 0
        for e in range(before_ptr[i], before_ptr[i + 1]):
            j, ends = before_task[e], before_ends[e]
            bound = (finish[j] if ends & FROM_FINISH else start[j]) + before_lag[e]
            if ends & TO_FINISH:
                by = max(by, bound)
            else:
                at = max(at, bound)
        if max(at, by) > horizon:
            return False
        d, c = duration[i], calendar[i]
        if d == 0:
            start[i] = finish[i] = max(at, by)
            continue
        # In working slots from here on.
        t, works = worked[c, at], worked[c, horizon]
        if by > 0:
            t = max(t, worked[c, by - 1] + 1 - d)
        t = _fit(t, d, works, need_ptr[i], need_ptr[i + 1], need_resource, need_units, slot[c], free)
        if t + d > works:
            return False
        for q in range(need_ptr[i], need_ptr[i + 1]):
            r, units = need_resource[q], need_units[q]
            for u in range(t, t + d):
                free[r, slot[c, u]] -= units
        start[i], finish[i] = slot[c, t], slot[c, t + d - 1] + 1
    return True


@compiled
def _fit(
    t: int, d: int, works: int, first: int, last: int, resource: Numbers, need: Numbers, slot: Numbers, free: Numbers
) -> int:
    """The first working slot from t on at which the needs first … last - 1 find d slots free, or one too late."""
    q = first
    while q < last and t + d <= works:
        r, units = resource[q], need[q]
        q += 1
        for u in range(t + d - 1, t - 1, -1):
            if free[r, slot[u]] < units:
                t, q = u + 1, first
                break
    return t


@compiled
def _mark_critical(
    flat: Flat,
    start: Numbers,
    finish: Numbers,
    counts: NDArray[np.bool_],
    date: int,
    mark: NDArray[np.bool_],
    stack: Numbers,
) -> None:
    """Mark the tasks that end at `date` and count, and whatever each marked task had to wait for."""
    duration, calendar, earliest, worked = flat.duration, flat.calendar, flat.earliest, flat.worked
    before_ptr, before_task = flat.before_ptr, flat.before_task
    before_lag, before_ends = flat.before_lag, flat.before_ends
    need_ptr, need_resource = flat.need_ptr, flat.need_resource
    n, depth = len(start), 0
    for i in range(n):
        mark[i] = counts[i] and finish[i] == date
        if mark[i]:
            stack[depth] = i
            depth += 1
    while depth:
        depth -= 1
        i = stack[depth]
        clock, d = worked[calendar[i]], duration[i]
        waited = not _binds(clock, d, start[i], earliest[i], False)
        for e in range(before_ptr[i], before_ptr[i + 1]):
            j, ends = before_task[e], before_ends[e]
            bound = (finish[j] if ends & FROM_FINISH else start[j]) + before_lag[e]
            if _binds(clock, d, start[i], bound, ends & TO_FINISH != 0):
                waited = False
                if not mark[j]:
                    mark[j] = True
                    stack[depth] = j
                    depth += 1
        if not waited or need_ptr[i] == need_ptr[i + 1]:
            continue
        # No link held it: somebody else was at work until then.
        for j in range(n):
            if mark[j] or start[j] >= finish[j] or finish[j] > start[i] or clock[finish[j]] != clock[start[i]]:
                continue
            for p in range(need_ptr[i], need_ptr[i + 1]):
                if need_resource[p] in need_resource[need_ptr[j] : need_ptr[j + 1]]:
                    mark[j] = True
                    stack[depth] = j
                    depth += 1
                    break


@compiled
def _binds(worked: Numbers, d: int, start: int, bound: int, on_finish: bool) -> bool:
    """Whether a task of d slots would start later if `bound` were later."""
    if d == 0:
        return start <= bound
    if on_finish:
        return bound > 0 and worked[start] <= worked[bound - 1] + 1 - d
    return worked[start] <= worked[max(bound, 0)]


def _share(holds: NDArray[np.bool_]) -> float:
    return float(np.mean(holds))


def _between(link: Link, start: NDArray[np.int32], finish: NDArray[np.int32]) -> NDArray[np.int32]:
    """(runs) the slots between the ends that the link is about."""
    left, right = (finish if link.kind.from_finish else start), (finish if link.kind.to_finish else start)
    return right[:, link.after] - left[:, link.before]


def _ends(finish: NDArray[np.int32], release: Sequence[int | None], releases: int) -> NDArray[np.int32]:
    """(runs, releases) the finish of the last task of each."""
    ends = np.zeros((len(finish), releases), np.int32)
    for r in range(releases):
        ends[:, r] = finish[:, [i for i, of in enumerate(release) if of == r]].max(axis=1, initial=0)
    return ends


def _drivers(moments: Floats, runs: int, tasks: int, departments: int) -> tuple[Driver, ...]:
    """Squared correlations of each cause's luck with the date, less what chance alone makes of so few runs.

    The causes are independent, so these are first-order shares, but for what follows luck beyond a straight line.
    Source: Saltelli et al., Global Sensitivity Analysis, Wiley 2008, section 1.2.
    """
    mean, mean_squared, product = moments / runs
    variance = mean_squared[-1] - mean[-1] ** 2
    if variance <= 1e-9:
        return ()
    of_causes = mean_squared[:-1] - mean[:-1] ** 2
    covariance = product[:-1] - mean[:-1] * mean[-1]
    share = np.divide(covariance**2, of_causes * variance, out=np.zeros_like(of_causes), where=of_causes > 1e-9)
    share -= (1 - share) / max(1, runs - 2)
    drivers = []
    for c in np.argsort(-share, kind="stable"):
        if share[c] <= 0:
            break
        if c < tasks:
            drivers.append(Driver(Cause.TASK, int(c), float(share[c])))
        elif c < tasks + departments:
            drivers.append(Driver(Cause.DEPARTMENT, int(c) - tasks, float(share[c])))
        else:
            drivers.append(Driver(Cause.RISK, int(c) - tasks - departments, float(share[c])))
    return tuple(drivers)
