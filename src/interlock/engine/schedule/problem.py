"""What is to be scheduled, as plain data: tasks, links, resources, calendars, people, releases.

Time is counted in slots from 0; which day or hour a slot is, the caller knows. A task that starts at 3 and finishes at
5 is worked on in the slots 3 and 4: a finish is the first slot after the work.

Source: resource-constrained project scheduling with several modes, all kinds of time lags, calendars and skills, as
surveyed by Hartmann & Briskorn, EJOR 297(1), 2022, doi:10.1016/j.ejor.2021.05.004.
"""

from dataclasses import dataclass, field
from enum import StrEnum

Slot = int
LONGEST = 20_000
"""Slots: no task, lag or date lies beyond; in days, more than fifty years."""


class Kind(StrEnum):
    """Which end of the earlier task holds which end of the later one."""

    FS = "FS"
    SS = "SS"
    FF = "FF"
    SF = "SF"

    @property
    def from_finish(self) -> bool:
        return self in (Kind.FS, Kind.FF)

    @property
    def to_finish(self) -> bool:
        return self in (Kind.FF, Kind.SF)


class Objective(StrEnum):
    """What is minimised.

    MAKESPAN  the finish of the last task
    LATENESS  the sum over releases of weight × slots after the target; among equals, the sum of their finishes
    """

    MAKESPAN = "makespan"
    LATENESS = "lateness"


@dataclass(frozen=True, slots=True)
class Mode:
    """One way to do a task.

    duration  working slots
    demand    units of each resource while the task is worked on; of a budget, once. Shorter means zero for the rest
    skills    people needed for each skill, from start to finish; each does one skill. Shorter means zero for the rest
    """

    duration: int
    demand: tuple[int, ...] = ()
    skills: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work, done without interruption but for the slots in which its calendar rests.

    earliest  it does not start before this slot
    deadline  it must have finished by this slot
    fixed     it starts in this very slot
    calendar  index into the problem's calendars; None works always
    release   index into the problem's releases
    priority  hint to list scheduling: of two tasks that could go next, the higher one

    A task of no duration, a milestone, may happen at any slot, whatever its calendar.
    """

    name: str
    modes: tuple[Mode, ...]
    earliest: Slot = 0
    deadline: Slot | None = None
    fixed: Slot | None = None
    calendar: int | None = None
    release: int | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """Between the ends that `kind` names lie at least `lag` slots, and at most `longest`.

    Lags are elapsed slots, whether anybody works in them or not, and may be negative.
    """

    before: int
    after: int
    kind: Kind = Kind.FS
    lag: int = 0
    longest: int | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """What tasks share.

    capacity   units in each slot; of a budget, in all
    changes    (slot, capacity) in the order of the slots: from this slot on, this many units
    renewable  False makes it a budget, used up by what each task demands of it
    """

    name: str
    capacity: int
    changes: tuple[tuple[Slot, int], ...] = ()
    renewable: bool = True


@dataclass(frozen=True, slots=True)
class Calendar:
    """When is work done: a week that repeats from slot 0 on, and slots in which nobody works all the same."""

    name: str
    week: tuple[bool, ...]
    closed: frozenset[Slot] = frozenset()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who does one task at a time, from its start to its finish.

    skills  indices into the problem's skills
    absent  (from, until) in slots; no task of theirs may reach into it
    """

    name: str
    skills: frozenset[int]
    absent: tuple[tuple[Slot, Slot], ...] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """Tasks that are finished together: finishing after `target` costs `weight` a slot."""

    name: str
    target: Slot = 0
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """Tasks refer to everything else by its place in these tuples."""

    tasks: tuple[Task, ...]
    links: tuple[Link, ...] = ()
    resources: tuple[Resource, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    skills: tuple[str, ...] = ()
    people: tuple[Person, ...] = ()
    releases: tuple[Release, ...] = ()
    objective: Objective = Objective.MAKESPAN


class Status(StrEnum):
    """How much is known at the end.

    OPTIMAL     no schedule is better
    FEASIBLE    the schedule keeps every constraint; a better one may exist
    INFEASIBLE  no schedule keeps every constraint
    UNKNOWN     none was found in the time given
    """

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Schedule:
    """For each task: its start, its finish, the index of its mode, and (person, skill) of who does it."""

    start: tuple[Slot, ...]
    finish: tuple[Slot, ...]
    mode: tuple[int, ...]
    assignment: tuple[tuple[tuple[int, int], ...], ...]


@dataclass(frozen=True, slots=True)
class Solution:
    """What a solver knows.

    schedule        None where none was found
    value           of the objective; None without a schedule
    bound           no schedule has a smaller value
    total_float     slots by which each task may start later without making the value worse, while whoever waits
                    for it, or for the people and machines it holds, moves with it
    critical_chain  tasks, each of which waits for the one before, by a link or a resource; the last decides the value
    load            for each renewable resource, (slot, units) wherever the units in use change; empty for a budget
    """

    status: Status
    schedule: Schedule | None = None
    value: int | None = None
    bound: int = 0
    total_float: tuple[int, ...] = ()
    critical_chain: tuple[int, ...] = ()
    load: tuple[tuple[tuple[Slot, int], ...], ...] = field(default=())

    @property
    def gap(self) -> float | None:
        """How far the value may be above the best one, as a share of the value."""
        if self.value is None:
            return None
        return (self.value - self.bound) / self.value if self.value else 0.0
