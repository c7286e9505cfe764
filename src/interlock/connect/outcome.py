"""What a page says of an import: in one sentence, and by kinds of things."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from interlock.connect.importing.notes import Kind
from interlock.connect.importing.nouns import NOUNS
from interlock.connect.models import ImportRun

# Where what an import brought is found.
LISTS = {
    "department": "departments",
    "team": "teams",
    "product": "products",
    "person": "people",
    "role": "roles",
    "objective": "objectives",
    "key_result": "objectives",
    "release": "releases",
    "feature": "backlog",
    "requirement": "backlog",
    "dependency": "backlog",
    "workstream": "releases",
    "task": "releases",
    "task_link": "releases",
}
WORDS = {"created": "new", "changed": "changed", "unchanged": "unchanged", "refused": "refused"}
SHOWN_FIELDS = 8


@dataclass(frozen=True)
class Line:
    """How many of one kind."""

    titles: str
    created: int
    changed: int
    unchanged: int
    refused: int
    url: str


@dataclass(frozen=True)
class Preview:
    """The first rows of one kind as they would become, as a table."""

    titles: str
    fields: list[str]
    rows: list[tuple[dict[str, Any], list[str]]]
    total: int


class Outcome:
    def __init__(self, run: ImportRun) -> None:
        self.run = run

    @property
    def headline(self) -> str:
        match self.run.state:
            case ImportRun.State.RECEIVED:
                return f"{self.run.label} is here, and waits to be told what it means"
            case ImportRun.State.CHECKING:
                return f"{self.run.label} is being checked"
            case ImportRun.State.CHECKED:
                return f"{self.run.label} would bring {self.figures}"
            case ImportRun.State.WRITING:
                return f"{self.run.label} is being imported"
            case ImportRun.State.DONE:
                return f"{self.run.label} brought {self.figures}"
            case ImportRun.State.REFUSED:
                return f"{self.run.label} cannot be imported like this"
        return f"{self.run.label} was not imported"

    @property
    def figures(self) -> str:
        """“120 new rows, 3 changed and 2 refused”; what there is none of is not said."""
        counts = {WORDS[name]: count for name, count in self.run.totals.items() if count}
        if not counts:
            return "nothing"
        [(first, count), *others] = counts.items()
        told = [f"{count:,} {first} row{'' if count == 1 else 's'}", *(f"{count:,} {word}" for word, count in others)]
        return f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else told[0]

    @property
    def figures_to_write(self) -> str:
        """What the button says."""
        new, changed = self.run.totals["created"], self.run.totals["changed"]
        count = new + changed
        return f"{count:,} row{'' if count == 1 else 's'}"

    @property
    def lines(self) -> Iterator[Line]:
        # In the order of the kinds themselves: PostgreSQL keeps none for the keys of what is stored.
        for noun in (one for one in NOUNS if one in self.run.counts):
            url = reverse(LISTS[noun], args=[self.run.workspace.slug])
            yield Line(NOUNS[noun].titles.capitalize(), url=url, **self.run.counts[noun])

    @property
    def importable(self) -> bool:
        return self.run.checked and bool(self.run.totals["created"] + self.run.totals["changed"])

    @property
    def previews(self) -> Iterator[Preview]:
        by_noun: dict[str, list[dict[str, Any]]] = {}
        for row in self.run.preview:
            by_noun.setdefault(row["entity"], []).append(row)
        for noun, rows in by_noun.items():
            names = list(dict.fromkeys(name for row in rows for name in row["fields"]))[:SHOWN_FIELDS]
            told = [(row, [row["fields"].get(name, "") for name in names]) for row in rows]
            counts = self.run.counts.get(noun, {})
            yield Preview(
                NOUNS[noun].titles.capitalize(),
                [name.replace("_", " ").capitalize() for name in names],
                told,
                sum(counts.values()),
            )

    @property
    def kinds(self) -> list[tuple[Kind, int]]:
        return [(kind, self.run.note_counts[kind]) for kind in Kind if kind in self.run.note_counts]

    @property
    def share(self) -> float:
        return self.run.done / self.run.total if self.run.total else 0
