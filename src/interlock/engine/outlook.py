"""A plan's dates and how sure they are, in one go: what a worker's child computes for all open releases.

Plain data in and out, so that whoever asks loads neither solver nor compiler.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from interlock.engine.schedule import Problem, Solution, Status
from interlock.engine.schedule.problem import Slot

if TYPE_CHECKING:
    from interlock.engine import levers
    from interlock.engine.forecast.uncertainty import Forecast, Scenario

BEST = 5
LEVELS = (0.5, 0.85, 0.95)
LIKELY = LEVELS.index(0.85)
# Optimistic, likely, pessimistic, in working slots.
Three = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class ReleaseOutlook:
    """Of one release.

    levels    the slots by which it has finished in 50, 85 and 95 of 100 runs
    chance    share of the runs in which it has finished by its target
    finishes  (slot, number of runs that end there)
    drivers   (task, share of the date's variance that goes with its own luck), the greatest first
    levers    what would bring it back, the best first; of a release that is likely in time, none
    """

    levels: tuple[Slot, ...]
    chance: float
    finishes: tuple[tuple[Slot, int], ...]
    drivers: tuple[tuple[int, float], ...]
    levers: tuple["Lever", ...] = ()


@dataclass(frozen=True, slots=True)
class Lever:
    """Something that could be decided, in words, and what it does.

    gain    days by which the 85 % date is earlier
    chance  of the target with it
    costs   (release, what becomes of it in words), of other releases
    names   tasks that the words name
    into    the release to which it moves work; None where it moves none
    """

    words: str
    gain: float
    chance: float
    costs: tuple[tuple[int, str], ...] = ()
    names: tuple[int, ...] = ()
    into: int | None = None


@dataclass(frozen=True, slots=True)
class Units:
    """How the caller counts: slots to a day, units to a person, and the day of slot 0."""

    slots: int
    person: int
    first: date

    def day_of(self, slot: Slot) -> date:
        return self.first + timedelta(days=slot // self.slots)

    def day_before(self, slot: Slot) -> date:
        """Of what ended when this slot began; a moment is the end of its day."""
        return self.day_of(max(slot - 1, 0))

    def say(self, slot: Slot, moment: bool) -> str:
        return f"{self.day_before(slot) if moment else self.day_of(slot):%-d %B %Y}"


@dataclass(frozen=True, slots=True)
class Outlook:
    """Of a problem: its schedule, and, where there is one, what simulation makes of it.

    likely_by    for each task the slot by which it has finished in 85 of 100 runs
    criticality  for each task the share of runs in which it decides the date of its release
    releases     in the problem's order; None for one without tasks that count
    learnt       for each department a sentence on what its finished tasks did to the forecast
    against      sentences that contradict each other: why no schedule keeps every constraint; the one that is told
                 then lets fixed tasks move
    """

    solution: Solution
    likely_by: tuple[Slot, ...] = ()
    criticality: tuple[float, ...] = ()
    releases: tuple[ReleaseOutlook | None, ...] = ()
    learnt: tuple[str, ...] = ()
    against: tuple[str, ...] = ()


def look_ahead(
    problem: Problem,
    estimates: Sequence[Three | None],
    department: Sequence[int],
    history: Sequence[tuple[str, Sequence[tuple[Three, float]]]],
    features: Mapping[str, Sequence[int]],
    units: Units,
    *,
    seconds: float,
    runs: int,
    seed: int,
    workers: int = 2,
) -> Outlook:
    """Schedule a problem, then let the plan happen `runs` times for each release.

    estimates   of each task; None where it is certain
    department  of each task, its place in `history`
    history     of each department its name, and what it has finished: estimates, and the working slots it took
    features    the tasks of each feature, by its name

    Raises ValueError for a problem that makes no sense.
    """
    from interlock.engine.forecast.calibration import Finished, calibrate
    from interlock.engine.forecast.simulation import simulate
    from interlock.engine.forecast.uncertainty import Department, Estimate, Scenario, Uncertainty
    from interlock.engine.schedule.explaining import explain
    from interlock.engine.schedule.solving import solve

    against: tuple[str, ...] = ()
    solution = solve(problem, seconds=seconds, workers=workers, seed=seed)
    if solution.status is Status.INFEASIBLE:
        against = explain(problem, seconds=seconds, say=units.say).sentences
        problem = _movable(problem)
        solution = solve(problem, seconds=seconds, workers=workers, seed=seed)
    learnt = [calibrate([Finished(Estimate(*three), took) for three, took in finished]) for _, finished in history]
    told = tuple(one.sentence(name) for one, (name, _) in zip(learnt, history, strict=True))
    counted = Counter(task.release for task in problem.tasks)
    if solution.schedule is None or set(counted) <= {None}:
        return Outlook(solution, learnt=told, against=against)
    uncertainty = Uncertainty(
        tuple(three and Estimate(*three) for three in estimates),
        tuple(department),
        tuple(one.applied(Department(name)) for one, (name, _) in zip(learnt, history, strict=True)),
    )
    scenario = Scenario(problem, solution.schedule, uncertainty)
    # What decides a date is told of one release at a time.
    forecasts = {
        n: simulate(scenario, runs=runs, seed=seed, release=n, threads=workers)
        for n in range(len(problem.releases))
        if counted[n]
    }
    some = next(iter(forecasts.values()))
    return Outlook(
        solution,
        likely_by=tuple(int(slot) for slot in some.percentiles(LEVELS)[LIKELY]),
        criticality=tuple(
            float(forecasts[task.release].critical[n]) if task.release in forecasts else 0.0
            for n, task in enumerate(problem.tasks)
        ),
        releases=tuple(
            _of_release(n, forecasts[n], scenario, features, units) if n in forecasts else None
            for n in range(len(problem.releases))
        ),
        learnt=told,
        against=against,
    )


def _movable(problem: Problem) -> Problem:
    """What is fixed on a slot may come later."""
    tasks = (
        one if one.fixed is None else replace(one, fixed=None, earliest=max(one.earliest, one.fixed))
        for one in problem.tasks
    )
    return replace(problem, tasks=tuple(tasks))


def _of_release(
    release: int, forecast: "Forecast", scenario: "Scenario", features: Mapping[str, Sequence[int]], units: Units
) -> ReleaseOutlook:
    from interlock.engine.forecast.uncertainty import Cause

    ends = Counter(forecast.finishes(release=release).tolist())
    chance = forecast.chance(scenario.problem.releases[release].target, release=release)
    late = chance < LEVELS[LIKELY]
    return ReleaseOutlook(
        levels=tuple(forecast.percentile(level, release=release) for level in LEVELS),
        chance=chance,
        finishes=tuple(sorted(ends.items())),
        drivers=tuple((one.index, one.share) for one in forecast.drivers if one.cause is Cause.TASK)[:10],
        levers=tuple(_levers(release, forecast, scenario, features, units)) if late else (),
    )


def _levers(
    release: int, forecast: "Forecast", scenario: "Scenario", features: Mapping[str, Sequence[int]], units: Units
) -> Iterator[Lever]:
    from interlock.engine import levers

    problem = scenario.problem
    tried: list[levers.Lever] = []
    for one in levers.candidates(scenario, forecast, release=release, features=features):
        # What they count in units and slots is meant in people and days.
        if isinstance(one, levers.Add | levers.Lend):
            one = replace(one, units=units.person)
        if isinstance(one, levers.Shift):
            one = replace(one, slots=one.slots * units.slots)
        if not isinstance(one, levers.Lend) or _spares(problem, one):
            tried.append(one)
    for effect in levers.effects(scenario, tried, release=release)[:BEST] if tried else ():
        if effect.gain <= 0 and effect.chance_gain <= 0:
            continue
        costs = tuple(
            (other, f"{problem.releases[other].name} {'slips' if slots > 0 else 'gains'} {_days(abs(slots), units)}")
            for other, slots in effect.costs
        )
        yield Lever(
            _words(effect.lever, problem, units),
            effect.gain / units.slots,
            effect.chance,
            costs,
            names=_named(effect.lever, problem),
            into=effect.lever.release if isinstance(effect.lever, levers.Move) else None,
        )


def _spares(problem: Problem, lend: "levers.Lend") -> bool:
    """Whether the tasks of who lends can still be done."""
    lender = problem.resources[lend.source]
    least = min([lender.capacity, *(left for _, left in lender.changes)]) - lend.units
    return all(mode.demand[lend.source] <= least for task in problem.tasks for mode in task.modes if mode.demand)


def _named(lever: "levers.Lever", problem: Problem) -> tuple[int, ...]:
    from interlock.engine import levers

    match lever:
        case levers.Overlap():
            return problem.links[lever.link].before, problem.links[lever.link].after
        case levers.Shift() | levers.Split():
            return (lever.task,)
        case levers.Drop() | levers.Move():
            return lever.tasks
    return ()


def _words(lever: "levers.Lever", problem: Problem, units: Units) -> str:
    from interlock.engine import levers

    match lever:
        case levers.Add():
            return f"Add a person to {problem.resources[lever.resource].name}"
        case levers.Lend():
            return f"Lend a person of {problem.resources[lever.source].name} to {problem.resources[lever.target].name}"
        case levers.Overlap():
            link = problem.links[lever.link]
            before, after = problem.tasks[link.before].name, problem.tasks[link.after].name
            return f"Start “{after}” {_days(lever.slots, units)} before “{before}” ends"
        case levers.Shift():
            return f"Bring “{problem.tasks[lever.task].name}” forward by {_days(lever.slots, units)}"
    return lever.words(problem)


def _days(slots: int, units: Units) -> str:
    days = slots / units.slots
    return f"{days:g} day{'' if days == 1 else 's'}"
