"""What could be changed about a plan, in lines that people type and scenarios keep: see `FORMS`.

Each line is read, carried out on a draft, and written back by keys alone, so that it means the same tomorrow.
"""

import re
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from interlock.backlog.models import Feature
from interlock.releases.drafting import Draft, Found
from interlock.releases.models.release import Release
from interlock.releases.models.task import LONGEST_DAYS, Task, TaskLink
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member

MOST = 100
MOST_PEOPLE = 1000
LONGEST_LINE = 300


@dataclass(frozen=True)
class Supposed:
    """A change as it was understood.

    line   by keys
    words  what it means, in a sentence without a full stop
    found  key of a row → what the change replaces, as the plan stands
    """

    line: str
    words: str
    found: dict[str, Found]


@dataclass(frozen=True)
class Form:
    """How a change is written, and what it means."""

    pattern: str
    example: str
    means: str
    act: Callable[..., tuple[str, str]]


FORMS: list[Form] = []


def form(pattern: str, example: str, means: str) -> Callable[[Any], Any]:
    def register(act: Callable[..., tuple[str, str]]) -> Callable[..., tuple[str, str]]:
        FORMS.append(Form(pattern, example, means, act))
        return act

    return register


def suppose(draft: Draft, line: str, *, release: Release) -> Supposed:
    """Change the draft as the line says. What a feature means is its tasks in the release.

    Raises DomainError where the line is not understood, or says what cannot be.
    """
    text = " ".join(line.split())
    for one in FORMS:
        if read := re.fullmatch(one.pattern, text, re.IGNORECASE):
            draft.take_found()
            told, words = one.act(draft, release, **read.groupdict())
            return Supposed(told, words, draft.take_found())
    examples = ", ".join(f"“{one.example}”" for one in FORMS)
    raise DomainError(f"“{text[:80]}” is no change that is understood. Write such as {examples}.", field="changes")


@dataclass(frozen=True)
class Refused:
    """A line that cannot be carried out, and why."""

    line: str
    says: str


def read(lines: Sequence[str], *, release: Release, by: Member | None = None) -> tuple[Draft, list[Supposed | Refused]]:
    """A draft of the plan with the changes made, one after the other, as far as they can be."""
    draft = Draft.of(release.workspace, by=by)
    mine = draft.releases.setdefault(release.pk, copy(release))
    told: list[Supposed | Refused] = []
    for line in lines:
        try:
            told.append(suppose(draft, line, release=mine))
        except DomainError as error:
            told.append(Refused(line, error.sentence))
    return draft, told


def suppose_all(lines: Sequence[str], *, release: Release, by: Member | None = None) -> tuple[Draft, list[Supposed]]:
    """The same, where all of them can be. Raises DomainError for the first that cannot."""
    draft, told = read(lines, release=release, by=by)
    made = []
    for one in told:
        if isinstance(one, Refused):
            raise DomainError(one.says, field="changes")
        made.append(one)
    return draft, made


# --- the changes ---------------------------------------------------------------------------------------


@form(r"drop (?P<key>(F|TASK)-\d+)", "drop F-12", "Do without a feature's tasks in this release, or without a task.")
def _drop(draft: Draft, release: Release, key: str) -> tuple[str, str]:
    rows, named = _meant(draft, release, key)
    for task in rows:
        draft.set(task, status=Task.Status.DROPPED)
    if isinstance(named, Feature):
        draft.plan(named, None)
    return f"drop {named.key}", f"Drop “{named}”"


@form(
    r"move (?P<key>TASK-\d+) to (?P<day>\d{4}-\d\d?-\d\d?)",
    "move TASK-7 to 2027-03-14",
    "A task does not begin before that day; one that is fixed on a day is fixed on that one.",
)
def _hold(draft: Draft, release: Release, key: str, day: str) -> tuple[str, str]:
    task, on = draft.task(key), _day(day)
    draft.set(task, **task.held_until(on))
    words = f"“{task}” on {on:%-d %B %Y}" if task.fixed_on else f"“{task}” not before {on:%-d %B %Y}"
    return f"move {task.key} to {on}", words


@form(
    r"move (?P<key>(F|TASK)-\d+) to (?P<to>.+)",
    "move F-12 to R-15",
    "Do a feature's tasks, or a task, for another open release; the deadline that they had is none any more.",
)
def _move(draft: Draft, release: Release, key: str, to: str) -> tuple[str, str]:
    rows, named = _meant(draft, release, key)
    into = draft.release(to)
    for task in rows:
        if task.workstream.release_id == into.pk:
            raise DomainError(f"{task.key} is in {into} already.", field="changes")
        stream = draft.stream(into, task.workstream.department)
        draft.set(task, workstream=stream, **({"deadline": None} if task.deadline else {}))
    if isinstance(named, Feature):
        draft.plan(named, into)
    return f"move {named.key} to {into.key}", f"Move “{named}” to {into}"


@form(
    r"add (?P<people>[+-]?\d+(\.\d)?) to (?P<to>.+)",
    "add 2 to Engineering",
    "So many people more work in a department; with a minus, fewer.",
)
def _add(draft: Draft, release: Release, people: str, to: str) -> tuple[str, str]:
    department, more = draft.department(to), _people(people)
    draft.set(department, capacity=_beyond_none(draft.capacity(department) + more, str(department)))
    words = f"Add {_persons(more)} to {department}" if more > 0 else f"Take {_persons(-more)} from {department}"
    return f"add {_plain(more)} to {department.key}", words


@form(
    r"lend (?P<people>\d+(\.\d)?) of (?P<of>.+?) to (?P<to>.+)",
    "lend 1 of Platform to Engineering",
    "So many people of one department work in another.",
)
def _lend(draft: Draft, release: Release, people: str, of: str, to: str) -> tuple[str, str]:
    lender, borrower, some = draft.department(of), draft.department(to), _people(people)
    if lender.pk == borrower.pk:
        raise DomainError(f"{lender} cannot lend to itself.", field="changes")
    draft.set(lender, capacity=_beyond_none(draft.capacity(lender) - some, str(lender)))
    draft.set(borrower, capacity=_beyond_none(draft.capacity(borrower) + some, str(borrower)))
    return f"lend {_plain(some)} of {lender.key} to {borrower.key}", f"Lend {_persons(some)} of {lender} to {borrower}"


@form(
    r"estimate (?P<key>TASK-\d+)(?P<days>( \d+(\.\d+)?){3}| \d+(\.\d+)?)",
    "estimate TASK-7 2 3 8",
    "A task takes other days: optimistic, likely, pessimistic; or likely alone, and the others keep their distance. "
    "Of what is begun it is one number: the days that are left.",
)
def _estimate(draft: Draft, release: Release, key: str, days: str) -> tuple[str, str]:
    task, given = draft.task(key), [_days(one) for one in days.split()]
    if task.kind == Task.Kind.MILESTONE:
        raise DomainError(f"{task.key} is a moment: it takes no days.", field="changes")
    if task.status == Task.Status.IN_PROGRESS:
        if len(given) > 1:
            raise DomainError(f"{task.key} is begun: say alone how many days are left.", field="changes")
        draft.set(task, remaining=given[0])
        words = f"“{task}” takes {_told(given[0])} more"
    elif len(given) > 1:
        draft.set(task, **dict(zip(("optimistic", "likely", "pessimistic"), given, strict=True)))
        words = f"“{task}” takes {_plain(given[0])} to {_told(given[2])}, likely {_plain(given[1])}"
    else:
        draft.set(task, **task.stretched(given[0]))
        words = f"“{task}” takes {_told(given[0])}"
    return f"estimate {task.key} {' '.join(f'{_plain(one)}' for one in given)}", words


@form(r"split (?P<key>TASK-\d+)", "split TASK-7", "Twice the people work on a task, for half the days.")
def _split(draft: Draft, release: Release, key: str) -> tuple[str, str]:
    task = draft.task(key)
    if task.kind == Task.Kind.MILESTONE:
        raise DomainError(f"{task.key} is a moment: there is nothing to split.", field="changes")
    days = {name: getattr(task, name) for name in ("optimistic", "likely", "pessimistic", "remaining")}
    half = {name: _rounded(value / 2) for name, value in days.items() if value is not None}
    draft.set(task, people=2 * task.people, **half)
    return f"split {task.key}", f"Let {task.people} people work on “{task}” at once"


@form(
    r"overlap (?P<before>TASK-\d+) and (?P<after>TASK-\d+) by (?P<days>\d+)",
    "overlap TASK-7 and TASK-8 by 2",
    "What waits for a task begins so many days, weekends included, before that one ends.",
)
def _overlap(draft: Draft, release: Release, before: str, after: str, days: str) -> tuple[str, str]:
    first, second = draft.task(before), draft.task(after)
    link, some = draft.link(first, second), int(days[:4])
    if link.kind != TaskLink.Kind.FINISH_START:
        raise DomainError(f"{second.key} does not wait for the end of {first.key}.", field="changes")
    draft.set(link, lag_days=link.lag_days - some)
    words = f"Start “{second}” {_told(Decimal(some))} before “{first}” ends"
    return f"overlap {first.key} and {second.key} by {some}", words


@form(
    r"target (?:(?P<key>R-\d+) )?(?P<day>\d{4}-\d\d?-\d\d?)",
    "target 2027-04-01",
    "The release has another target; `target R-15 2027-04-01` says which, if it is not this one.",
)
def _target(draft: Draft, release: Release, key: str | None, day: str) -> tuple[str, str]:
    meant, on = draft.release(key) if key else release, _day(day)
    draft.set(meant, target_on=on, target_precision=Release.Precision.DAY)
    return f"target {meant.key} {on}", f"{meant} is due on {on:%-d %B %Y}"


# --- reading it ----------------------------------------------------------------------------------------


def _meant(draft: Draft, release: Release, key: str) -> tuple[list[Task], Feature | Task]:
    if key.upper().startswith("TASK"):
        task = draft.task(key)
        return [task], task
    feature = draft.feature(key)
    return draft.tasks_of(feature, release), feature


def _day(text: str) -> date:
    try:
        year, month, day = (int(part) for part in text.split("-"))
        read = date(year, month, day)
    except ValueError:
        raise DomainError(f"{text} is no day.", field="changes") from None
    if not 1900 <= read.year < 2200:
        raise DomainError(f"{text} lies outside 1900 to 2199.", field="changes")
    return read


def _days(text: str) -> Decimal:
    try:
        days = _rounded(Decimal(text))
    except InvalidOperation:
        days = Decimal(LONGEST_DAYS + 1)
    if days > LONGEST_DAYS:
        raise DomainError(f"A task takes at most {LONGEST_DAYS:,} days.", field="changes")
    return days


def _people(text: str) -> Decimal:
    people = Decimal(text[:9])
    if not people or abs(people) > MOST_PEOPLE:
        raise DomainError(f"Say how many people, from 1 to {MOST_PEOPLE:,}.", field="changes")
    return people


def _beyond_none(people: Decimal, department: str) -> Decimal:
    if people < 0:
        raise DomainError(f"{department} does not have so many people.", field="changes")
    return people


def _rounded(days: Decimal) -> Decimal:
    return days.quantize(Decimal("0.1"))


def _persons(number: Decimal) -> str:
    return "one person" if number == 1 else f"{_plain(number)} people"


def _told(days: Decimal) -> str:
    return f"{_plain(days)} day{'' if days == 1 else 's'}"


def _plain(number: Decimal) -> str:
    return f"{float(number):g}"
