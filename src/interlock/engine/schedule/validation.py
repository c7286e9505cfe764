"""Whether a problem makes sense, before anybody tries to solve it."""

from collections.abc import Iterator

from interlock.engine.circles import circles
from interlock.engine.schedule.problem import LONGEST, Kind, Problem, Task


def validate(problem: Problem) -> None:
    """Raise ValueError with a sentence about the first thing that makes no sense.

    >>> from interlock.engine.schedule import Link, Mode
    >>> chain = tuple(Task(name, (Mode(1),)) for name in ("Copy", "Legal check", "Press"))
    >>> validate(Problem(chain, (Link(0, 1), Link(1, 2), Link(2, 0))))
    Traceback (most recent call last):
        ...
    ValueError: “Copy” → “Legal check” → “Press” → “Copy”: each waits for the one before, so none can start.
    """
    for sentence in (
        *_surroundings(problem),
        *_who_and_what_for(problem),
        *_tasks(problem),
        *_links(problem),
        *_waiting(problem),
    ):
        raise ValueError(sentence)


def _surroundings(problem: Problem) -> Iterator[str]:
    for calendar in problem.calendars:
        if not any(calendar.week):
            yield f"The calendar “{calendar.name}” has no working slot."
        if len(calendar.week) > LONGEST or any(not 0 <= slot <= LONGEST for slot in calendar.closed):
            yield f"The calendar “{calendar.name}” speaks of slots outside 0 to {LONGEST}."
    for resource in problem.resources:
        if min(resource.capacity, *(units for _, units in resource.changes), 0) < 0:
            yield f"“{resource.name}” has a capacity below zero."
        slots = [slot for slot, _ in resource.changes]
        if slots != sorted(set(slots)) or any(not 0 <= slot <= LONGEST for slot in slots):
            yield f"The capacity of “{resource.name}” changes at slots out of order, or outside 0 to {LONGEST}."
        if resource.changes and not resource.renewable:
            yield f"“{resource.name}” is a budget, so its capacity cannot change over time."


def _who_and_what_for(problem: Problem) -> Iterator[str]:
    for person in problem.people:
        if any(not 0 <= a <= b <= LONGEST for a, b in person.absent):
            yield f"{person.name} is absent in slots that are out of order, or outside 0 to {LONGEST}."
        if any(not 0 <= skill < len(problem.skills) for skill in person.skills):
            yield f"{person.name} has a skill that the problem does not name."
    for release in problem.releases:
        if release.weight < 0 or abs(release.target) > LONGEST:
            yield f"“{release.name}” has a weight below zero, or a target outside 0 to {LONGEST}."


def _tasks(problem: Problem) -> Iterator[str]:
    for task in problem.tasks:
        yield from _modes(problem, task)
        if task.calendar is not None and not 0 <= task.calendar < len(problem.calendars):
            yield f"“{task.name}” follows a calendar that is gone."
        if task.release is not None and not 0 <= task.release < len(problem.releases):
            yield f"“{task.name}” belongs to a release that is gone."
        for what, slot in (("earliest start", task.earliest), ("deadline", task.deadline), ("fixed start", task.fixed)):
            if slot is not None and not 0 <= slot <= LONGEST:
                yield f"The {what} of “{task.name}” is slot {slot}, outside 0 to {LONGEST}."
        if task.fixed is not None and task.fixed < task.earliest:
            yield f"“{task.name}” is fixed to slot {task.fixed}, but must not start before {task.earliest}."
        if task.deadline is not None and task.deadline < max(task.earliest, task.fixed or 0):
            yield f"The deadline of “{task.name}”, {task.deadline}, lies before its start."


def _modes(problem: Problem, task: Task) -> Iterator[str]:
    if not task.modes:
        yield f"“{task.name}” has no mode: nobody knows how long it takes."
    for mode in task.modes:
        if mode.duration < 0:
            yield f"“{task.name}” takes {mode.duration} slots: a duration is not below zero."
        if mode.duration > LONGEST:
            yield f"“{task.name}” takes {mode.duration} slots: more than {LONGEST} is no plan."
        if min((*mode.demand, *mode.skills, 0)) < 0:
            yield f"“{task.name}” needs less than nothing of something."
        if len(mode.demand) > len(problem.resources) or len(mode.skills) > len(problem.skills):
            yield f"“{task.name}” needs a resource or a skill that is gone."
    if len({mode.duration > 0 for mode in task.modes}) > 1:
        yield f"“{task.name}” is a milestone in one mode and work in another."
    lacking = [_lacking(problem, task, m) for m in range(len(task.modes))]
    if lacking and all(lacking):
        yield f"“{task.name}” needs {lacking[0]}."


def _lacking(problem: Problem, task: Task, m: int) -> str:
    mode = task.modes[m]
    for resource, units in zip(problem.resources, mode.demand, strict=False):
        most = max(resource.capacity, *(changed for _, changed in resource.changes), 0)
        if units > most and (mode.duration or not resource.renewable):
            return f"{units} of “{resource.name}”, which never has more than {most}"
    for s, units in enumerate(mode.skills):
        able = sum(s in person.skills for person in problem.people)
        if units > able:
            return f"{units} people with “{problem.skills[s]}”, of whom there are {able}"
    return ""


def _links(problem: Problem) -> Iterator[str]:
    for link in problem.links:
        if not (0 <= link.before < len(problem.tasks) and 0 <= link.after < len(problem.tasks)):
            yield "A link leads to a task that is gone."
            continue
        before, after = (f"“{problem.tasks[i].name}”" for i in (link.before, link.after))
        if link.before == link.after:
            yield f"{before} waits for itself."
        if max(abs(link.lag), abs(link.longest or 0)) > LONGEST:
            yield f"The lag between {before} and {after} is beyond {LONGEST} slots."
        if link.longest is not None and link.longest < link.lag:
            yield f"Between {before} and {after} lie at least {link.lag} slots, and at most {link.longest}: impossible."


def _waiting(problem: Problem) -> Iterator[str]:
    """Circles of tasks of which each starts when the one before has finished, or later."""
    waits = [(link.before, link.after) for link in problem.links if link.kind is Kind.FS and link.lag >= 0]
    for circle in circles(waits):
        names = [f"“{problem.tasks[i].name}”" for i in (*circle.way_around, circle.way_around[0])]
        yield f"{' → '.join(names)}: each waits for the one before, so none can start."
