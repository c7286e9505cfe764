"""The text of a release template: which department does what, how many working days before launch.

Engineering:
  - id: build
    title: Build and review
    days: [10, 15, 25]      # optimistic, likely, pessimistic; one number where they are the same
    people: 2
    ends: 15                # working days before launch; negative: after it
    enablement: true        # it makes those who answer customers ready to do so
    needs: [design]         # ids of tasks, of whatever department; "design + 3" waits three calendar days
  - milestone: Code freeze
    id: freeze
    ends: 10
---                         # what is not one department's; each part is known to the room that it speaks of
gates:
  - …
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from interlock.workspaces.errors import DomainError

LONGEST = 100_000
MOST_TASKS = 1000
NEED = re.compile(r"\A\s*([a-z0-9-]+)\s*(?:([+-])\s*(\d{1,3}))?\s*\Z")


def _three(days: Any) -> Any:
    return days if isinstance(days, list) else [days] * 3


def _words(text: Any) -> Any:
    return str(text) if isinstance(text, int | float) and not isinstance(text, bool) else text


Days = Annotated[float, Field(ge=0, le=1000)]
Words = Annotated[str, BeforeValidator(_words), Field(min_length=1, max_length=300)]


class Step(BaseModel):
    """A task or a milestone of a template."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")]
    title: Words = ""
    milestone: Words | None = None
    days: Annotated[list[Days], BeforeValidator(_three), Field(min_length=3, max_length=3)] | None = None
    people: Annotated[int, Field(ge=1, le=1000)] = 1
    enablement: bool = False
    ends: Annotated[int, Field(ge=-250, le=500)]
    needs: Annotated[list[str], Field(max_length=100)] = []

    @model_validator(mode="after")
    def is_one_or_the_other(self) -> "Step":
        if bool(self.milestone) == bool(self.title):
            raise ValueError("give it either a title or a milestone")
        if self.milestone and self.days:
            raise ValueError("a milestone takes no days")
        if self.days and self.days != sorted(self.days):
            raise ValueError("days are the optimistic, the likely and the pessimistic number, in this order")
        return self

    @property
    def name(self) -> str:
        return self.milestone or self.title

    @property
    def when(self) -> str:
        days = f"{abs(self.ends)} day{'' if abs(self.ends) == 1 else 's'}"
        return "at launch" if not self.ends else f"{days} before" if self.ends > 0 else f"{days} after"

    def waits_for(self) -> Iterator[tuple[str, int]]:
        """The ids that it needs, each with its lag in days."""
        for need in self.needs:
            found = NEED.match(need)
            if found is None:
                raise DomainError(
                    f"{self.id} needs “{need[:60]}”, which is no id, nor one with + or − days.", field="plan"
                )
            yield found[1], int(found[3] or 0) * (-1 if found[2] == "-" else 1)


@dataclass(frozen=True)
class Part:
    """What a lower room adds to templates: a list below its name in the second document.

    start   called when a release is started from a template: the release, the entries, the tasks made by their id,
            and by= whom
    refuse  told the entries and the steps by their id, says what is wrong with what they refer to, if anything is
    """

    name: str
    entry: type[BaseModel]
    start: Callable[..., None]
    refuse: Callable[..., str] | None = None


_parts: dict[str, Part] = {}


def add_part(part: Part) -> None:
    _parts[part.name] = part


@dataclass(frozen=True)
class Recipe:
    departments: dict[str, list[Step]]
    parts: dict[str, list[Any]] = field(default_factory=dict)

    def start_parts(self, release: Any, tasks: Mapping[str, Any], *, by: Any) -> None:
        for name, entries in self.parts.items():
            _parts[name].start(release, entries, tasks, by=by)

    @property
    def steps(self) -> list[Step]:
        return [step for steps in self.departments.values() for step in steps]

    @classmethod
    def parse(cls, text: str) -> "Recipe":
        """Raises DomainError with what is wrong, and where."""
        if len(text) > LONGEST:
            raise DomainError(f"A template holds at most {LONGEST:,} characters.", field="plan")
        try:
            told, *others = list(yaml.load_all(text, Loader=_Plain)) or [None]
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f" in line {mark.line + 1}" if mark else ""
            raise DomainError(f"This is no YAML{where}: {getattr(error, 'problem', error)}.", field="plan") from error
        if not isinstance(told, dict) or not told:
            raise DomainError("A template lists departments, and the tasks of each.", field="plan")
        departments = {str(name).strip(): _read(Step, str(name), "task", steps) for name, steps in told.items()}
        recipe = cls(departments, _parts_in(others))
        recipe._refuse_nonsense()
        return recipe

    def _refuse_nonsense(self) -> None:
        # Here, so that a web process loads no graph library before somebody writes a template.
        from interlock.engine.circles import circles

        steps = {step.id: step for step in self.steps}
        if len(steps) < len(self.steps):
            seen: set[str] = set()
            twice = next(step.id for step in self.steps if step.id in seen or seen.add(step.id))  # type: ignore[func-returns-value]
            raise DomainError(f"Two tasks have the id {twice}.", field="plan")
        if len(steps) > MOST_TASKS:
            raise DomainError(f"A template holds at most {MOST_TASKS:,} tasks.", field="plan")
        places = {name: place for place, name in enumerate(steps)}
        edges = []
        for step in self.steps:
            for need, _ in step.waits_for():
                if need not in steps:
                    raise DomainError(f"{step.id} needs {need}, which the template does not have.", field="plan")
                edges.append((places[need], places[step.id]))
                if need == step.id:
                    raise DomainError(f"{step.id} needs itself.", field="plan")
        for circle in circles(edges):
            names = [list(steps)[place] for place in circle.way_around]
            raise DomainError(f"These wait for each other in a circle: {' → '.join([*names, names[0]])}.", field="plan")
        for name, entries in self.parts.items():
            refuse = _parts[name].refuse
            if refuse and (wrong := refuse(entries, steps)):
                raise DomainError(wrong, field="plan")


def _parts_in(documents: list[Any]) -> dict[str, list[Any]]:
    if not documents or documents == [None]:
        return {}
    [told, *more] = documents
    if more or not isinstance(told, dict):
        raise DomainError(f"Below the second “---”, list {_named(_parts)}.", field="plan")
    if unknown := next((name for name in told if name not in _parts), None):
        raise DomainError(
            f"“{str(unknown)[:60]}” is not among what a template may list: {_named(_parts)}.", field="plan"
        )
    return {name: _read(_parts[name].entry, name, "entry", entries) for name, entries in told.items()}


def _named(parts: Mapping[str, Part]) -> str:
    return ", ".join(sorted(parts)) or "nothing"


Entry = TypeVar("Entry", bound=BaseModel)


def _read(kind: type[Entry], under: str, noun: str, told: Any) -> list[Entry]:
    if not isinstance(told, list):
        raise DomainError(f"{under[:60]}: list each {noun}, with a hyphen before it.", field="plan")
    entries = []
    for number, one in enumerate(told, start=1):
        try:
            entries.append(kind.model_validate(one))
        except ValidationError as error:
            first = error.errors()[0]
            at = ".".join(str(part) for part in first["loc"])
            says = first["msg"].removeprefix("Value error, ")
            where = f"{under[:60]}, {noun} {number}{f', {at}' if at else ''}"
            raise DomainError(f"{where}: {says[:1].lower()}{says[1:]}.", field="plan") from error
    return entries


class _Plain(yaml.SafeLoader):
    """Without anchors: a few lines of them can stand for more than memory holds."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "anchors are not read", self.peek_event().start_mark)
        return super().compose_node(parent, index)


@dataclass(frozen=True)
class Shipped:
    name: str
    tier: int
    description: str
    plan: str


@cache
def shipped() -> tuple[Shipped, ...]:
    """The templates that come with Interlock: their first lines say name, tier and what they are for."""
    found = []
    for file in sorted(files("interlock.releases").joinpath("shipped").iterdir(), key=lambda one: one.name):
        if file.name.endswith(".yaml"):
            heading, _, plan = file.read_text(encoding="utf-8").partition("\n---\n")
            about = yaml.safe_load(heading)
            found.append(Shipped(about["name"], about["tier"], about["description"], plan))
    return tuple(found)
