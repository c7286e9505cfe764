"""Readers of the scheduling instances that others have published, each into a problem of the engine."""

import ast
import re
from pathlib import Path

from interlock.engine.schedule import Kind, Link, Mode, Person, Problem, Release, Resource, Task


def read(path: Path) -> Problem:
    """The instance in a file; the suffix tells its format."""
    return READERS[path.suffix](path.read_text())


def psplib(text: str) -> Problem:
    """PSPLIB's .sm and .mm: Kolisch & Sprecher, EJOR 96(1), 1996."""
    head, precedence, requests, availability = re.split(
        r"PRECEDENCE RELATIONS|REQUESTS/DURATIONS|RESOURCE ?AVAILABILITIES", text
    )
    renewable = int(head.split("- renewable")[1].split()[1])
    budgets = int(head.split("- nonrenewable")[1].split()[1])
    columns = renewable + budgets
    links = [
        Link(numbers[0] - 1, after - 1) for numbers in _rows(precedence) if len(numbers) > 3 for after in numbers[3:]
    ]
    modes: list[list[Mode]] = []
    for numbers in _rows(requests):
        if len(numbers) == columns + 3:
            modes.append([])
        duration, *demand = numbers[-columns - 1 :]
        modes[-1].append(Mode(duration, tuple(demand)))
    capacities = _rows(availability)[-1]
    return Problem(
        tasks=tuple(Task(str(k), tuple(ways)) for k, ways in enumerate(modes, start=1)),
        links=tuple(links),
        resources=tuple(Resource(str(k), units, renewable=k < renewable) for k, units in enumerate(capacities)),
    )


def mplib(text: str) -> Problem:
    """MPLIB's .rcmp, projects that share resources: Van Eynde & Vanhoucke, Journal of Scheduling 23, 2020."""
    lines = iter([line.split() for line in text.splitlines() if line.strip()])
    projects, resources = int(next(lines)[0]), int(next(lines)[0])
    capacities = [int(word) for word in next(lines)]
    tasks, links, first = [], [], {}
    for project in range(1, projects + 1):
        count, earliest = (int(word) for word in next(lines))
        next(lines)  # which resources it uses, as its demands say again
        for job in range(1, count + 1):
            first[project, job] = len(tasks)
            words = next(lines)
            duration, *demand = (int(word) for word in words[: resources + 1])
            name = f"{project}:{job}"
            tasks.append(Task(name, (Mode(duration, tuple(demand)),), earliest=earliest, release=project - 1))
            links += [(name, after) for after in words[resources + 2 :]]
    places = {task.name: place for place, task in enumerate(tasks)}
    return Problem(
        tasks=tuple(tasks),
        links=tuple(Link(places[before], places[after]) for before, after in links),
        resources=tuple(Resource(str(k), units) for k, units in enumerate(capacities)),
        releases=tuple(Release(str(project)) for project in range(1, projects + 1)),
    )


def progen_max(text: str) -> Problem:
    """ProGen/max's .sch, lags from start to start: Schwindt, 1998. Negative arcs are maximum lags."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    count = int(lines[0][0]) + 2
    links = []
    for words in lines[1 : count + 1]:
        many = int(words[2])
        afters, lags = words[3 : 3 + many], words[3 + many :]
        links += [
            Link(int(words[0]), int(after), Kind.SS, int(lag.strip("[]")))
            for after, lag in zip(afters, lags, strict=True)
        ]
    jobs = [[int(word) for word in words] for words in lines[count + 1 : 2 * count + 1]]
    return Problem(
        tasks=tuple(Task(str(job), (Mode(duration, tuple(demand)),)) for job, _, duration, *demand in jobs),
        links=tuple(links),
        resources=tuple(Resource(str(k), int(units)) for k, units in enumerate(lines[-1])),
    )


def multi_skill(text: str) -> Problem:
    """MiniZinc's .dzn of people with skills: Young, Feydy & Schutt, CP 2017."""
    values = {}
    for name, value in re.findall(r"(\w+)\s*=\s*([^;]*);", re.sub(r"%.*", "", text)):
        value = re.sub(r"\s+", "", value).replace("true", "1").replace("false", "0")
        if value.startswith("[|"):
            value = "[" + ",".join(f"[{row.strip(',')}]" for row in value.strip("[|]").split("|") if row) + "]"
        values[name] = ast.literal_eval(value) if re.fullmatch(r"[\d\[\],]*", value) else None
    return Problem(
        tasks=tuple(
            Task(str(k), (Mode(duration, skills=tuple(skills)),))
            for k, (duration, skills) in enumerate(zip(values["dur"], values["sreq"], strict=True), start=1)
        ),
        links=tuple(Link(a - 1, b - 1) for a, b in zip(values["pred"], values["succ"], strict=True)),
        skills=tuple(str(k) for k in range(values["nSkills"])),
        people=tuple(
            Person(str(k), frozenset(skill for skill, masters in enumerate(row) if masters))
            for k, row in enumerate(values["mastery"])
        ),
    )


READERS = {".sm": psplib, ".mm": psplib, ".rcmp": mplib, ".sch": progen_max, ".dzn": multi_skill}


def _rows(text: str) -> list[list[int]]:
    """The lines that hold numbers and nothing else."""
    return [[int(word) for word in line.split()] for line in text.splitlines() if re.fullmatch(r"[\d\s]*\d\s*", line)]
