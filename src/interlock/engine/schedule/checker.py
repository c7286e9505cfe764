"""Whether a schedule keeps every constraint, told slot by slot; knows nothing of how schedules are made."""

from collections import Counter
from collections.abc import Iterator

from interlock.engine.schedule.problem import Kind, Link, Problem, Schedule, Task


def broken(problem: Problem, schedule: Schedule) -> list[str]:
    """A sentence for each constraint that the schedule breaks; none when it is feasible.

    >>> from interlock.engine.schedule import Mode
    >>> tasks = (Task("Hardening", (Mode(5),)), Task("Press date", (Mode(0),)))
    >>> hasty = Schedule(start=(0, 3), finish=(5, 3), mode=(0, 0), assignment=((), ()))
    >>> broken(Problem(tasks, (Link(0, 1),)), hasty)
    ['“Press date” starts at 3, 0 or more after “Hardening” finishes at 5']
    """
    return [
        *_times(problem, schedule),
        *(found for link in problem.links for found in _link(problem, schedule, link)),
        *_resources(problem, schedule),
        *_people(problem, schedule),
    ]


def worked(problem: Problem, task: Task, start: int, duration: int) -> list[int]:
    """The slots in which a task is worked on when it starts there."""
    slots: list[int] = []
    at = start
    while len(slots) < duration:
        if task.calendar is None or _works(problem, task.calendar, at):
            slots.append(at)
        at += 1
    return slots


def _works(problem: Problem, calendar: int, slot: int) -> bool:
    days = problem.calendars[calendar]
    return days.week[slot % len(days.week)] and slot not in days.closed


def _slots(problem: Problem, schedule: Schedule, i: int) -> list[int]:
    task = problem.tasks[i]
    return worked(problem, task, schedule.start[i], task.modes[schedule.mode[i]].duration)


def _times(problem: Problem, schedule: Schedule) -> Iterator[str]:
    for i, task in enumerate(problem.tasks):
        start, finish, slots = schedule.start[i], schedule.finish[i], _slots(problem, schedule, i)
        if start < 0:
            yield f"“{task.name}” starts at {start}, before time begins"
        if slots and slots[0] != start:
            yield f"“{task.name}” starts at {start}, when its calendar rests"
        if finish != (slots[-1] + 1 if slots else start):
            yield f"“{task.name}” finishes at {finish}, which its duration does not explain"
        if start < task.earliest:
            yield f"“{task.name}” starts at {start}, before its earliest start {task.earliest}"
        if task.fixed is not None and start != task.fixed:
            yield f"“{task.name}” starts at {start}, but is fixed to {task.fixed}"
        if task.deadline is not None and finish > task.deadline:
            yield f"“{task.name}” finishes at {finish}, after its deadline {task.deadline}"


def _link(problem: Problem, schedule: Schedule, link: Link) -> Iterator[str]:
    sources = schedule.finish if link.kind in (Kind.FS, Kind.FF) else schedule.start
    targets = schedule.finish if link.kind in (Kind.FF, Kind.SF) else schedule.start
    source, target = sources[link.before], targets[link.after]
    left = f"“{problem.tasks[link.before].name}” {'finishes' if sources is schedule.finish else 'starts'} at {source}"
    right = f"“{problem.tasks[link.after].name}” {'finishes' if targets is schedule.finish else 'starts'} at {target}"
    if target - source < link.lag:
        yield f"{right}, {link.lag} or more after {left}"
    if link.longest is not None and target - source > link.longest:
        yield f"{right}, at most {link.longest} after {left}"


def _resources(problem: Problem, schedule: Schedule) -> Iterator[str]:
    for r, resource in enumerate(problem.resources):
        load: Counter[int] = Counter()
        for i, task in enumerate(problem.tasks):
            demand = task.modes[schedule.mode[i]].demand
            units = demand[r] if r < len(demand) else 0
            if units:
                load.update(dict.fromkeys(_slots(problem, schedule, i) if resource.renewable else [0], units))
        for slot, units in sorted(load.items()):
            capacity = resource.capacity
            for at, changed in resource.changes if resource.renewable else ():
                capacity = changed if at <= slot else capacity
            if units > capacity:
                yield f"{units} of “{resource.name}” in use at {slot}, of {capacity}"
                break


def _people(problem: Problem, schedule: Schedule) -> Iterator[str]:
    calls: dict[int, list[tuple[int, int, str]]] = {}
    for i, task in enumerate(problem.tasks):
        needed = Counter({s: count for s, count in enumerate(task.modes[schedule.mode[i]].skills) if count})
        doing = schedule.assignment[i]
        if Counter(s for _, s in doing) != needed:
            yield f"“{task.name}” does not have the people it needs"
        for p, s in doing:
            calls.setdefault(p, []).append((schedule.start[i], schedule.finish[i], task.name))
            if s not in problem.people[p].skills:
                yield f"{problem.people[p].name} does what “{task.name}” needs without the skill"
    for p, called in calls.items():
        person = problem.people[p]
        away = [(a, b, "an absence") for a, b in person.absent]
        for k, (start, until, name) in enumerate(called):
            for other_start, other_until, other in [*called[k + 1 :], *away]:
                if max(start, other_start) < min(until, other_until):
                    yield f"{person.name} would be at “{name}” and at “{other}” at once"
