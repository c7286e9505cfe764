"""What would bring it back: changes of a plan, each measured by what it does to a release's date, and to the others.

Importing this loads no compiler; `effects` does.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from interlock.engine.forecast import Estimate, Forecast, Scenario
from interlock.engine.schedule import Kind, Link, Mode, Problem, Resource, Task
from interlock.engine.schedule.problem import Slot

T = TypeVar("T")

SPLIT_KEYS = 1 << 32
SELDOM = 0.05
"""A task that is critical in fewer runs is left as it is."""


class Lever(Protocol):
    """A change that somebody could decide on."""

    def applied(self, scenario: Scenario) -> Scenario:
        """The scenario with the change made. Tasks keep their places and their luck; new ones come last."""

    def words(self, problem: Problem) -> str:
        """What is to be decided, in words that begin a sentence; times are in slots."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Do without these tasks. Who waited for them waits for what they waited for."""

    name: str
    tasks: tuple[int, ...]

    def words(self, problem: Problem) -> str:
        return f"Drop “{self.name}”"

    def applied(self, scenario: Scenario) -> Scenario:
        gone, unsure = set(self.tasks), scenario.uncertainty
        tasks = (
            Task(task.name, (Mode(0),) * len(task.modes)) if i in gone else task
            for i, task in enumerate(scenario.problem.tasks)
        )
        links = (
            replace(link, lag=min(link.lag, 0), longest=None) if {link.before, link.after} & gone else link
            for link in scenario.problem.links
        )
        busy = (() if i in gone else who for i, who in enumerate(scenario.plan.assignment))
        risks = (replace(risk, tasks=tuple(i for i in risk.tasks if i not in gone)) for risk in unsure.risks)
        estimates = (None if i in gone else estimate for i, estimate in enumerate(unsure.estimates))
        return Scenario(
            replace(scenario.problem, tasks=tuple(tasks), links=tuple(links)),
            replace(scenario.plan, assignment=tuple(busy)),
            replace(unsure, estimates=tuple(estimates), risks=tuple(risks)),
        )


@dataclass(frozen=True, slots=True)
class Move:
    """Do these tasks for another release, or for None, and after everything that is planned."""

    name: str
    tasks: tuple[int, ...]
    release: int | None

    def words(self, problem: Problem) -> str:
        where = "a later release" if self.release is None else problem.releases[self.release].name
        return f"Move “{self.name}” to {where}"

    def applied(self, scenario: Scenario) -> Scenario:
        moved, last = set(self.tasks), max(scenario.plan.start) + 1
        tasks = (
            replace(task, release=self.release, deadline=None) if i in moved else task
            for i, task in enumerate(scenario.problem.tasks)
        )
        start = (at + last if i in moved else at for i, at in enumerate(scenario.plan.start))
        return replace(
            scenario,
            problem=replace(scenario.problem, tasks=tuple(tasks)),
            plan=replace(scenario.plan, start=tuple(start)),
        )


@dataclass(frozen=True, slots=True)
class Add:
    """Have more units of a resource, from a slot on and until another."""

    resource: int
    units: int = 1
    since: Slot = 0
    until: Slot | None = None

    def words(self, problem: Problem) -> str:
        return f"Add {self.units} to {problem.resources[self.resource].name}"

    def applied(self, scenario: Scenario) -> Scenario:
        resources = list(scenario.problem.resources)
        resources[self.resource] = _with_units(resources[self.resource], self.units, self.since, self.until)
        return replace(scenario, problem=replace(scenario.problem, resources=tuple(resources)))


@dataclass(frozen=True, slots=True)
class Lend:
    """Let one resource have units of another, from a slot on and until another."""

    source: int
    target: int
    units: int = 1
    since: Slot = 0
    until: Slot | None = None

    def words(self, problem: Problem) -> str:
        source, target = problem.resources[self.source].name, problem.resources[self.target].name
        return f"Lend {self.units} of {source} to {target}"

    def applied(self, scenario: Scenario) -> Scenario:
        less = Add(self.source, -self.units, self.since, self.until)
        more = Add(self.target, self.units, self.since, self.until)
        return more.applied(less.applied(scenario))


@dataclass(frozen=True, slots=True)
class Overlap:
    """Hand over early: the later task of a finish-start link starts this many working slots before the earlier ends.

    It still does not end before the earlier one has.
    """

    link: int
    slots: int

    def words(self, problem: Problem) -> str:
        link = problem.links[self.link]
        before, after = problem.tasks[link.before].name, problem.tasks[link.after].name
        return f"Start “{after}” {self.slots} before “{before}” ends"

    def applied(self, scenario: Scenario) -> Scenario:
        problem, link = scenario.problem, scenario.problem.links[self.link]
        calendar = problem.tasks[link.before].calendar
        week = (True,) if calendar is None else problem.calendars[calendar].week
        first = max(0, _duration(scenario, link.before) - self.slots)
        elapsed = round(first * len(week) / sum(week))
        early = (
            Link(link.before, link.after, Kind.SS, elapsed + link.lag),
            Link(link.before, link.after, Kind.FF, link.lag),
        )
        links = (*problem.links[: self.link], *early, *problem.links[self.link + 1 :])
        return replace(scenario, problem=replace(problem, links=links))


@dataclass(frozen=True, slots=True)
class Shift:
    """Let a task that waits for a date start so many slots before it."""

    task: int
    slots: int

    def words(self, problem: Problem) -> str:
        return f"Bring “{problem.tasks[self.task].name}” forward by {self.slots}"

    def applied(self, scenario: Scenario) -> Scenario:
        tasks = list(scenario.problem.tasks)
        task = tasks[self.task]
        fixed = None if task.fixed is None else max(0, task.fixed - self.slots)
        tasks[self.task] = replace(task, earliest=max(0, task.earliest - self.slots), fixed=fixed)
        return replace(scenario, problem=replace(scenario.problem, tasks=tuple(tasks)))


@dataclass(frozen=True, slots=True)
class Split:
    """Cut a task in two halves that may be done at the same time, by twice the people."""

    task: int

    def words(self, problem: Problem) -> str:
        return f"Let two work on “{problem.tasks[self.task].name}” at once"

    def applied(self, scenario: Scenario) -> Scenario:
        problem, plan, unsure, i, n = (
            scenario.problem,
            scenario.plan,
            scenario.uncertainty,
            self.task,
            len(scenario.problem.tasks),
        )
        whole = problem.tasks[i].modes[plan.mode[i]]
        halves = [
            replace(problem.tasks[i], modes=(replace(whole, duration=slots),))
            for slots in (whole.duration - whole.duration // 2, whole.duration // 2)
        ]
        links = tuple(
            replace(link, before=n if link.before == i else link.before, after=n if link.after == i else link.after)
            for link in problem.links
            if i in (link.before, link.after)
        )
        keys = unsure.keys or tuple(range(n))
        estimate = unsure.estimates[i] if unsure.estimates else None
        half = estimate and Estimate(estimate.optimistic / 2, estimate.likely / 2, estimate.pessimistic / 2)
        return Scenario(
            replace(problem, tasks=(*_with(problem.tasks, i, halves[0]), halves[1]), links=problem.links + links),
            replace(
                plan,
                start=(*plan.start, plan.start[i]),
                finish=(*plan.finish, plan.finish[i]),
                mode=(*_with(plan.mode, i, 0), 0),
                assignment=plan.assignment and (*plan.assignment, plan.assignment[i]),
            ),
            replace(
                unsure,
                estimates=unsure.estimates and (*_with(unsure.estimates, i, half), half),
                department=unsure.department and (*unsure.department, unsure.department[i]),
                keys=(*keys, SPLIT_KEYS + keys[i]),
            ),
        )


@dataclass(frozen=True, slots=True)
class Effect:
    """What a lever does to a release, and to the others.

    date    the 85 % date with it, as a slot
    gain    slots by which that is earlier than without
    chance  of the target with it;  chance_gain  by how much that is more
    costs   (release, slots by which its 85 % date is later, or earlier if negative), of the others that change
    runs    on how many this rests
    """

    lever: Lever
    date: Slot
    gain: int
    chance: float
    chance_gain: float
    costs: tuple[tuple[int, int], ...]
    runs: int


def effects(
    scenario: Scenario,
    levers: Sequence[Lever],
    *,
    release: int,
    target: Slot | None = None,
    runs: int = 2_000,
    best: int = 5,
    confirming_runs: int = 10_000,
    seed: int = 0,
    threads: int = 2,
    before_each: Callable[[int, int], None] = lambda measured, levers: None,
) -> list[Effect]:
    """What each lever does, the best first; the `best` ones on `confirming_runs`.

    target       None: the release's own
    before_each  is told how many are measured, and of how many; by raising, it ends this

    With and without a lever, every task, department and risk has the same luck in the same run (common random numbers),
    so that small differences are not chance. The order is by the gain, then by the chance of the target. Each run
    follows the order of the plan; what would change the order itself, only a new schedule tells.

    Raises ValueError where a lever makes the plan impossible, such as a loan of people whom their own tasks need.

    Source: Kelton & Law, Simulation Modeling and Analysis, 3rd edition 2000, section 11.2 (common random numbers).
    """
    from interlock.engine.forecast.simulation import simulate

    by = scenario.problem.releases[release].target if target is None else target

    def measured(lever: Lever, before: Forecast, runs: int) -> Effect:
        after = simulate(lever.applied(scenario), runs=runs, seed=seed, release=release, threads=threads)
        date, chance = after.percentile(0.85, release=release), after.chance(by, release=release)
        slips = ((r, _late(before, after, r)) for r in range(len(scenario.problem.releases)) if r != release)
        return Effect(
            lever,
            date,
            before.percentile(0.85, release=release) - date,
            chance,
            chance - before.chance(by, release=release),
            tuple((r, slots) for r, slots in slips if slots),
            runs,
        )

    def ranked(found: list[Effect]) -> list[Effect]:
        return sorted(found, key=lambda effect: (-effect.gain, -effect.chance_gain))

    without = simulate(scenario, runs=runs, seed=seed, release=release, threads=threads)
    total, found = len(levers) + min(best, len(levers)), []
    for n, lever in enumerate(levers):
        before_each(n, total)
        found.append(measured(lever, without, runs))
    found = ranked(found)
    without = simulate(scenario, runs=confirming_runs, seed=seed, release=release, threads=threads)
    for n, effect in enumerate(found[:best]):
        before_each(len(levers) + n, total)
        found[n] = measured(effect.lever, without, confirming_runs)
    return ranked(found[:best]) + found[best:]


def candidates(
    scenario: Scenario, forecast: Forecast, *, release: int, features: Mapping[str, Sequence[int]] | None = None
) -> list[Lever]:
    """Levers that may help a release: those that bear on what is critical for it.

    forecast  of the scenario, made for this release (simulate's `release`): says what is critical
    features  the tasks of each feature, by its name: those with tasks in this release may be dropped or moved

    A feature moves to the release whose target comes next. People are added to each resource that the release needs,
    and lent to those that hold it up most by those that can spare them. Links between tasks that are often critical
    overlap by half of the earlier one, their dates come forward by a working week, and long tasks of theirs are split.
    """
    return [
        *_of_features(scenario, release, features or {}),
        *_of_people(scenario, forecast, release),
        *_of_tasks(scenario, forecast),
    ]


def _of_features(scenario: Scenario, release: int, features: Mapping[str, Sequence[int]]) -> Iterator[Lever]:
    problem = scenario.problem
    later = [r for r, other in enumerate(problem.releases) if other.target > problem.releases[release].target]
    following = min(later, key=lambda r: problem.releases[r].target, default=None)
    for name, tasks in features.items():
        mine = tuple(i for i in tasks if problem.tasks[i].release == release)
        if mine:
            yield Drop(name, mine)
            yield Move(name, mine, following)


def _of_people(scenario: Scenario, forecast: Forecast, release: int) -> Iterator[Lever]:
    problem = scenario.problem
    needed, critical = [0] * len(problem.resources), [0.0] * len(problem.resources)
    most = [0] * len(problem.resources)
    for i, task in enumerate(problem.tasks):
        mode = task.modes[scenario.plan.mode[i]]
        for r, units in enumerate(mode.demand):
            most[r] = max(most[r], units)
            needed[r] += units * (task.release == release)
            critical[r] += units * mode.duration * forecast.critical[i]
    people = [r for r, resource in enumerate(problem.resources) if resource.renewable]
    yield from (Add(r) for r in people if needed[r])
    scarce = sorted((r for r in people if needed[r]), key=lambda r: -critical[r])[:3]
    for target in scarce:
        for source in people:
            resource = problem.resources[source]
            least = min([resource.capacity, *(units for _, units in resource.changes)])
            if source != target and least > most[source]:
                yield Lend(source, target)


def _of_tasks(scenario: Scenario, forecast: Forecast, most: int = 12) -> Iterator[Lever]:
    problem, critical = scenario.problem, forecast.critical
    often = [i for i in sorted(range(len(problem.tasks)), key=lambda i: -critical[i]) if critical[i] >= SELDOM]
    handovers = [
        k
        for k, link in enumerate(problem.links)
        if link.kind is Kind.FS and min(critical[link.before], critical[link.after]) >= SELDOM
    ]
    handovers.sort(key=lambda k: -min(critical[problem.links[k].before], critical[problem.links[k].after]))
    overlaps = [Overlap(k, _duration(scenario, problem.links[k].before) // 2) for k in handovers]
    yield from [lever for lever in overlaps if lever.slots][:most]
    yield from [Shift(i, 5) for i in often if problem.tasks[i].earliest or problem.tasks[i].fixed][:most]
    yield from [Split(i) for i in often if _duration(scenario, i) >= 4][:most]


def _duration(scenario: Scenario, task: int) -> int:
    """Likely working slots of a task."""
    estimate = scenario.uncertainty.estimates[task] if scenario.uncertainty.estimates else None
    mode = scenario.problem.tasks[task].modes[scenario.plan.mode[task]]
    return mode.duration if estimate is None else round(estimate.likely)


def _late(before: Forecast, after: Forecast, release: int) -> int:
    return after.percentile(0.85, release=release) - before.percentile(0.85, release=release)


def _with_units(resource: Resource, units: int, since: Slot, until: Slot | None) -> Resource:
    steps = dict(((0, resource.capacity), *resource.changes))
    at, level = {}, resource.capacity
    for slot in sorted({*steps, since, *([] if until is None else [until])}):
        level = steps.get(slot, level)
        at[slot] = level + units * (since <= slot and (until is None or slot < until))
    first = at.pop(0)
    return replace(resource, capacity=first, changes=tuple(at.items()))


def _with(values: tuple[T, ...], place: int, value: T) -> tuple[T, ...]:
    return (*values[:place], value, *values[place + 1 :])
