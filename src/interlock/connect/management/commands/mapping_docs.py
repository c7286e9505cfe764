from collections.abc import Iterable, Iterator
from inspect import cleandoc
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from interlock.connect.importing.expressions import SOURCES, SPECIALS
from interlock.connect.importing.fields import Field
from interlock.connect.importing.mapping import BLOCK, ON_DUPLICATE, ON_MISSING, OPTIONS, WAYS
from interlock.connect.importing.nouns import NOUNS, Noun
from interlock.connect.importing.steps import STEPS, Step
from interlock.connect.readers import ENDINGS, FORMATS


class Command(BaseCommand):
    help = "Write docs/mapping.md, the reference of what a mapping may say, from the code."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, default=Path("docs/mapping.md"))

    def handle(self, *, file: Path, **options: Any) -> None:
        file.write_text(page(), encoding="utf-8")


INTRODUCTION = """
# The mapping, in full

Every word that a mapping may say. [Importing](importing.md) tells how to write one; this page is written from the code
by `interlock mapping_docs`.
"""

PATHS = """
A path takes names with dots between, `[0]` for one item of a list (`[-1]` is the last), `[]` for all of them, quotes
around a name that holds a dot, and `^` for the record around this one. Besides there are
""".strip()
BY = """
One way or a list, tried one after the other; each may have steps of its own: `by: [{id: [{prefix: KEP-}]}, name]`.
A person is looked for by email, handle, name, id and key, everything else by id, name and key.
""".strip()


def page() -> str:
    sections = [
        INTRODUCTION.strip(),
        "## A block of `imports`",
        table("name", "means", BLOCK.items()),
        "## Formats",
        table("format", "reads", FORMATS.items()),
        f"Where `format` is not said, the ending decides: {endings()}.",
        "## Where a value comes from",
        "A path alone, or a map with one of these, and `do` for the steps that follow:",
        table("name", "takes", SOURCES.items()),
        PATHS,
        table("path", "is", ((name, told) for name, (told, _) in SPECIALS.items())),
        "## What is said of a field",
        table("name", "means", OPTIONS.items()),
        "### `by`: how a reference is looked up",
        BY,
        table("way", "finds by", WAYS.items()),
        "### `on_missing`: what a reference does that leads to nothing",
        table("name", "means", ON_MISSING.items()),
        "`{create: {title: Contractor}}` makes it with further fields.",
        "### `on_duplicate`: what becomes of records with the same external id",
        table("name", "means", ON_DUPLICATE.items()),
        "## Steps",
        "A step for texts that meets a list works on each of its items, and drops those that become empty.",
        *(described(step) for step in sorted(STEPS.values(), key=lambda step: step.name)),
        "## Entities and their fields",
        *(part for noun in NOUNS.values() for part in entity(noun)),
    ]
    return "\n\n".join(sections) + "\n"


def table(first: str, second: str, rows: Iterable[tuple[str, str]]) -> str:
    lines = [f"| {first} | {second} |", "| --- | --- |"]
    return "\n".join(lines + [f"| `{name}` | {told.rstrip('.')} |" for name, told in rows])


def endings() -> str:
    return ", ".join(f"`{ending}` is {name}" for ending, name in ENDINGS.items())


def described(step: Step) -> str:
    argument = f": {step.argument}" if step.argument else ""
    return f"### `{step.name}`{argument}\n\n{cleandoc(step.doc)}"


def entity(noun: Noun) -> Iterator[str]:
    yield f"### {noun.name}"
    yield "\n".join(["| field | takes |", "| --- | --- |", *(row(field) for field in noun.fields.values())])
    if closed := [f"`{name}`" for name in noun.fields if name in noun.model.beyond_edit]:
        told = f"a row that sets it is refused, unless who imports may change who sees a {noun.title}."
        yield f"{', '.join(closed)}: {told}"
    if noun.matched_by_name:
        yield f"A {noun.title} of that name that is here already is taken to be the same."
    if noun.can_be_made:
        yield "May be made where a reference asks for it: `on_missing: create`."


def row(field: Field) -> str:
    return f"| `{field.name}`{' (needed)' if field.required else ''} | {field.takes} |"
