"""A plan's dates and how sure they are, in one go: what a worker's child computes for all open releases.

Plain data in and out, so that whoever asks loads neither solver nor compiler.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from time import monotonic
from typing import TYPE_CHECKING, Any

from interlock.engine.schedule import Problem, Schedule, Solution, Status
from interlock.engine.schedule.problem import Slot

if TYPE_CHECKING:
    from interlock.engine import levers
    from interlock.engine.forecast.uncertainty import Forecast, Scenario

BEST = 5
LEVELS = (0.5, 0.85, 0.95)
LIKELY = LEVELS.index(0.85)
# Optimistic, likely, pessimistic, in working slots.
Three = tuple[float, float, float]
# Told what is being done, and the share of it that is done: see Stage.
Report = Callable[[str, float], None]


class Stage(StrEnum):
    SCHEDULING = "scheduling"
    EXPLAINING = "explaining"
    SIMULATING = "simulating"
    LEVERS = "levers"


@dataclass(frozen=True, slots=True)
class Event:
    """A risk: in a share of the runs it happens, and then adds working slots to each of the tasks."""

    name: str
    probability: float
    slots: Three
    tasks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReleaseOutlook:
    """Of one release.

    levels    the slots by which it has finished in 50, 85 and 95 of 100 runs
    chance    share of the runs in which it has finished by its target
    finishes  (slot, number of runs that end there)
    drivers   (task, share of the date's variance that goes with its own luck), the greatest first
    levers    what would bring it back, the best first; of a release that is likely in time, none
    events    (event, share of the date's variance that goes with whether it happens), the greatest first
    """

    levels: tuple[Slot, ...]
    chance: float
    finishes: tuple[tuple[Slot, int], ...]
    drivers: tuple[tuple[int, float], ...]
    levers: tuple["Lever", ...] = ()
    events: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Lever:
    """Something that could be decided, in words, and what it does.

    gain    days by which the 85 % date is earlier
    chance  of the target with it
    costs   (release, what becomes of it in words), of other releases
    names   tasks that the words name
    into    the release to which it moves work; None where it moves none
    what    the same as the engine has it: one of the levers of `engine.levers`
    """

    words: str
    gain: float
    chance: float
    costs: tuple[tuple[int, str], ...] = ()
    names: tuple[int, ...] = ()
    into: int | None = None
    what: Any = None


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


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked about.

    estimates   of each task; None where it is certain
    department  of each task, its place in `history`
    history     of each department its name, and what it has finished: estimates, and the working slots it took
    features    the tasks of each feature, by its name
    keys        of each task, whose luck it has: a task of the same key has the same in another plan. Empty: its place
    events      what may happen
    """

    problem: Problem
    estimates: Sequence[Three | None]
    department: Sequence[int]
    history: Sequence[tuple[str, Sequence[tuple[Three, float]]]]
    features: Mapping[str, Sequence[int]]
    units: Units
    keys: tuple[int, ...] = ()
    events: Sequence[Event] = ()


def silent(stage: str, share: float) -> None:
    """Nobody wants to know how far it is."""


def look_ahead(
    plan: Plan,
    *,
    seconds: float,
    runs: int,
    seed: int,
    workers: int = 2,
    release: int | None = None,
    levers: bool = True,
    hint: Schedule | None = None,
    report: Report = silent,
) -> Outlook:
    """Schedule a problem, then let the plan happen `runs` times for each release.

    release  what decides a date, and what would bring it back, is told of this one alone; None: of each
    levers   whether to look for what would bring a release back
    hint     a schedule to begin with, as of `solve`

    Raises ValueError for a problem that makes no sense.
    """
    from interlock.engine.forecast.calibration import Finished, calibrate
    from interlock.engine.forecast.simulation import simulate
    from interlock.engine.forecast.uncertainty import Department, Estimate, Risk, Scenario, Uncertainty
    from interlock.engine.schedule.explaining import explain
    from interlock.engine.schedule.solving import solve

    def scheduled(problem: Problem) -> Solution:
        timed = _Timed(seconds, report)
        return solve(problem, seconds=seconds, workers=workers, seed=seed, hint=hint, cancelled=timed)

    problem = plan.problem
    against: tuple[str, ...] = ()
    solution = scheduled(problem)
    if solution.status is Status.INFEASIBLE:
        report(Stage.EXPLAINING, 0)
        against = explain(problem, seconds=seconds, say=plan.units.say).sentences
        problem = _movable(problem)
        solution = scheduled(problem)
    learnt = [calibrate([Finished(Estimate(*three), took) for three, took in finished]) for _, finished in plan.history]
    told = tuple(one.sentence(name) for one, (name, _) in zip(learnt, plan.history, strict=True))
    counted = Counter(task.release for task in problem.tasks)
    if solution.schedule is None or set(counted) <= {None}:
        return Outlook(solution, learnt=told, against=against)
    uncertainty = Uncertainty(
        tuple(three and Estimate(*three) for three in plan.estimates),
        tuple(plan.department),
        tuple(one.applied(Department(name)) for one, (name, _) in zip(learnt, plan.history, strict=True)),
        keys=plan.keys,
        risks=tuple(Risk(one.name, one.probability, Estimate(*one.slots), one.tasks) for one in plan.events),
    )
    scenario = Scenario(problem, solution.schedule, uncertainty)
    counting = [n for n in range(len(problem.releases)) if counted[n]]
    # What decides a date is told of one release at a time.
    asked = [n for n in counting if release in (None, n)] or counting[:1]
    forecasts = {}
    for done, n in enumerate(asked):
        report(Stage.SIMULATING, done / len(asked))
        forecasts[n] = simulate(scenario, runs=runs, seed=seed, release=n, threads=workers)
    some = forecasts[asked[0]]
    outlooks: list[ReleaseOutlook | None] = [None] * len(problem.releases)
    for n in counting:
        looked = levers and n in forecasts
        share = asked.index(n) if looked else 0
        found = _levers(n, forecasts[n], scenario, plan, _Part(report, share, len(asked))) if looked else ()
        outlooks[n] = _of_release(n, forecasts.get(n, some), scenario, found, own=n in forecasts)
    return Outlook(
        solution,
        likely_by=tuple(int(slot) for slot in some.percentiles(LEVELS)[LIKELY]),
        criticality=tuple(
            float(forecasts[task.release].critical[n]) if task.release in forecasts else 0.0
            for n, task in enumerate(problem.tasks)
        ),
        releases=tuple(outlooks),
        learnt=told,
        against=against,
    )


def compare(
    plans: Sequence[Plan], *, seconds: float, runs: int, seed: int, release: int, report: Report = silent
) -> tuple[Outlook, ...]:
    """Look ahead at several plans of which the first is the one that stands, each with the same luck.

    By one worker, so that the same question has the same answer; and each begins with the schedule of the first, so
    that they differ by what was changed, and not by what the solver happened to find.
    """
    found: list[Outlook] = []
    for done, plan in enumerate(plans):
        hint = _carried(plans[0], found[0].solution, plan) if found else None
        part = _Part(report, done, len(plans))
        found.append(
            look_ahead(
                plan,
                seconds=seconds,
                runs=runs,
                seed=seed,
                workers=1,
                release=release,
                levers=False,
                hint=hint,
                report=part,
            )
        )
    return tuple(found)


def _carried(plan: Plan, solution: Solution, other: Plan) -> Schedule | None:
    """The schedule of a plan for another one, where it has all of its tasks."""
    places, schedule = {key: n for n, key in enumerate(plan.keys)}, solution.schedule
    if schedule is None or not places or not places.keys() >= set(other.keys):
        return None
    at = [places[key] for key in other.keys]
    return Schedule(
        start=tuple(schedule.start[n] for n in at),
        finish=tuple(schedule.finish[n] for n in at),
        mode=tuple(schedule.mode[n] for n in at),
        assignment=tuple(schedule.assignment[n] for n in at) if schedule.assignment else (),
    )


class _Timed:
    """Asked by the solver whether to stop, it says how much of its time is over."""

    def __init__(self, seconds: float, report: Report) -> None:
        self.began, self.seconds, self.report = monotonic(), seconds, report

    def __call__(self) -> bool:
        self.report(Stage.SCHEDULING, min((monotonic() - self.began) / self.seconds, 1.0))
        return False


class _Part:
    """Reports of one of several equal parts."""

    def __init__(self, report: Report, done: int, parts: int) -> None:
        self.report, self.done, self.parts = report, done, parts

    def __call__(self, stage: str, share: float) -> None:
        self.report(stage, (self.done + share) / self.parts)


def _movable(problem: Problem) -> Problem:
    """What is fixed on a slot may come later."""
    tasks = (
        one if one.fixed is None else replace(one, fixed=None, earliest=max(one.earliest, one.fixed))
        for one in problem.tasks
    )
    return replace(problem, tasks=tuple(tasks))


def _of_release(
    release: int, forecast: "Forecast", scenario: "Scenario", found: Iterable[Lever], *, own: bool
) -> ReleaseOutlook:
    """`own`: whether the forecast was made for this release, and so tells what drives it."""
    from interlock.engine.forecast.uncertainty import Cause

    ends = Counter(forecast.finishes(release=release).tolist())
    drivers = ((one.index, one.share) for one in forecast.drivers if own and one.cause is Cause.TASK)
    events = ((one.index, one.share) for one in forecast.drivers if own and one.cause is Cause.RISK)
    return ReleaseOutlook(
        levels=tuple(forecast.percentile(level, release=release) for level in LEVELS),
        chance=forecast.chance(scenario.problem.releases[release].target, release=release),
        finishes=tuple(sorted(ends.items())),
        drivers=tuple(drivers)[:10],
        levers=tuple(found),
        events=tuple(events)[:10],
    )


def _levers(release: int, forecast: "Forecast", scenario: "Scenario", plan: Plan, report: Report) -> Iterator[Lever]:
    """Of a release that is likely in time, none."""
    from interlock.engine import levers

    problem, units = scenario.problem, plan.units
    if forecast.chance(problem.releases[release].target, release=release) >= LEVELS[LIKELY]:
        return
    tried: list[levers.Lever] = []
    for one in levers.candidates(scenario, forecast, release=release, features=plan.features):
        # What they count in units and slots is meant in people and days.
        if isinstance(one, levers.Add | levers.Lend):
            one = replace(one, units=units.person)
        if isinstance(one, levers.Shift):
            one = replace(one, slots=one.slots * units.slots)
        if isinstance(one, levers.Lend) and not _spares(problem, one):
            continue
        if isinstance(one, levers.Split) and not _twice(problem, one):
            continue
        tried.append(one)

    def measuring(measured: int, of: int) -> None:
        report(Stage.LEVERS, measured / of)

    for effect in levers.effects(scenario, tried, release=release, before_each=measuring)[:BEST] if tried else ():
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
            what=effect.lever,
        )


def _spares(problem: Problem, lend: "levers.Lend") -> bool:
    """Whether the tasks of who lends can still be done."""
    lender = problem.resources[lend.source]
    least = min([lender.capacity, *(left for _, left in lender.changes)]) - lend.units
    return all(mode.demand[lend.source] <= least for task in problem.tasks for mode in task.modes if mode.demand)


def _twice(problem: Problem, split: "levers.Split") -> bool:
    """Whether there are ever as many as it takes to work on both halves at once."""
    return all(
        2 * units <= max([resource.capacity, *(there for _, there in resource.changes)])
        for mode in problem.tasks[split.task].modes
        for resource, units in zip(problem.resources, mode.demand, strict=False)
    )


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
