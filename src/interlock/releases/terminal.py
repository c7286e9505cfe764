"""What `interlock plan` has to say, at a terminal. Apart from the report, since no web process needs tables."""

from datetime import date

from rich.console import Console
from rich.table import Table
from rich.text import Text

from interlock.releases.figures import TaskFigures
from interlock.releases.models import Task
from interlock.releases.report import Case, PlanReport

DRIVERS = 5
LEAST = 0.01


def show(told: PlanReport, console: Console) -> None:
    now, then = told.cases[0], told.cases[-1]
    console.print(Text(told.headline(now), style="bold"))
    if now is not then:
        console.print(Text(f"What if: {told.headline(then)}", style="bold"))
        for one in told.changes:
            console.print(Text(f"  {one.words}"))
    console.print()
    console.print(_forecast(told))
    _contradictions(then, console)
    _tasks(told, console)
    _rest(told, console)


def _forecast(told: PlanReport) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for heading in ("As it is", "What if")[: len(told.cases)]:
        table.add_column(heading, justify="right")
    found = [case.of(told.release) for case in told.cases]
    for label, name in (
        ("Target", "target_on"),
        ("Planned", "planned_on"),
        ("50% likely by", "p50_on"),
        ("85% likely by", "p85_on"),
        ("95% likely by", "p95_on"),
    ):
        table.add_row(label, *(_day(one and one[name]) for one in found))  # type: ignore[literal-required]
    chances = (None if one is None else one["chance"] for one in found)
    table.add_row("Chance of the target", *("–" if share is None else f"{share:.0%}" for share in chances))
    table.add_row("Work that is left, in person-days", *(f"{case.figures['person_days']:g}" for case in told.cases))
    names = {one.key: one.name for case in told.cases for one in case.gathered.departments}
    for key in dict.fromkeys(key for case in told.cases for key in case.figures["load"]):
        loads = (case.figures["load"].get(key) for case in told.cases)
        table.add_row(f"Load of {names[key]}", *("–" if load is None else f"{load:.0%}" for load in loads))
    return table


def _contradictions(case: Case, console: Console) -> None:
    if case.figures["against"]:
        console.print(Text("\nNot every date can be kept:", style="bold red"))
        for sentence in case.figures["against"]:
            console.print(Text(f"  {sentence}"))


def _tasks(told: PlanReport, console: Console) -> None:
    """Of the plan as it would be, with what it was where that is something else."""
    before, now = told.cases[0].figures["tasks"], told.cases[-1]
    table = Table("", "Task", "starts", "ends", "85% by", "days of float", "", box=None, pad_edge=False)
    table.columns[5].justify = "right"
    gone = told.cases[0].tasks.keys() - now.tasks.keys()
    for department, theirs in now.departments():
        table.add_row(Text(f"\n{department.name}", style="bold"))
        for task in theirs:
            table.add_row(*_row(task, now.figures["tasks"][task.key], before.get(task.key)))
    console.print(table)
    for key in sorted(gone):
        console.print(Text(f"{key} {told.cases[0].tasks[key].title} is not in it any more.", style="dim"))


def _row(task: Task, figures: TaskFigures, before: TaskFigures | None) -> list[Text]:
    critical = Text("critical", style="red") if figures["critical"] else Text("")
    slack = "–" if figures["slack"] is None else f"{figures['slack']}"
    moved = before is not None and before["ends_on"] != figures["ends_on"]
    was = f" (was {_day(before['ends_on'])})" if moved and before else ""
    return [
        Text(task.key, style="dim"),
        Text(task.title),
        Text(_day(figures["starts_on"])),
        Text(_day(figures["ends_on"]) + was),
        Text(_day(figures["likely_by"])),
        Text(slack),
        critical,
    ]


def _rest(told: PlanReport, console: Console) -> None:
    now = told.cases[-1]
    if drivers := [(key, share) for key, share in now.figures["drivers"] if key in now.tasks and share >= LEAST][
        :DRIVERS
    ]:
        console.print(Text("\nWhat is uncertain about these moves the release most:", style="bold"))
        for key, share in drivers:
            console.print(Text(f"  {share:>4.0%}  {key} {now.tasks[key].title}"))
    if len(told.cases) > 1 and told.others:
        console.print(Text("\nElsewhere:", style="bold"))
        for release, days in told.others:
            told_days = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
            console.print(Text(f"  {release} is likely {told_days} {'later' if days > 0 else 'earlier'}"))
    if now.levers:
        console.print(Text("\nWhat would bring it back:", style="bold"))
        for one in now.levers:
            gain = f"−{one.gain:g} day{'' if one.gain == 1 else 's'}" if one.gain else ""
            console.print(Text(f"  {gain:>10}  {one.chance:>4.0%}  {one.words}"))
            for _, words in one.costs:
                console.print(Text(f"{'':18}{words}", style="dim"))
    console.print(Text(f"\n{told.runs:,} simulations, seed {told.seed}.", style="dim"))


def _day(text: str | None) -> str:
    return f"{date.fromisoformat(text):%-d %b %Y}" if text else "–"
