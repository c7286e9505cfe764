"""How a mapping says where a value comes from: a path into the record, and steps."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from interlock.connect.importing.notes import Lost
from interlock.connect.importing.steps import EMPTY, Apply, BadStep, Notice, Value, all_compiled, refuse_length, text
from interlock.connect.readers.records import Record

# name, "name with a dot", [0], [] – one after the other.
PART = re.compile(r'(?:\.|^)(?:"(?P<quoted>[^"]+)"|(?P<name>[^.\[\]"]+))|\[(?P<index>-?\d+)\]|(?P<each>\[\])')
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")

SPECIALS: dict[str, tuple[str, Callable[[Record], Value]]] = {
    "$value": ("the record itself, where it is a single text", lambda record: record.data),
    "$file": ("the path of its file", lambda record: record.file),
    "$name": ("the name of its file, without the ending", lambda record: PurePosixPath(record.file).stem),
    "$folder": ("the name of its file's folder", lambda record: PurePosixPath(record.file).parent.name),
    "$line": ("the line on which it begins", lambda record: record.line),
    "$key": ("the name under which it stands in the map around it", lambda record: record.key),
}


class Expression(ABC):
    @abstractmethod
    def __call__(self, record: Record, notice: Notice) -> Value: ...

    def columns(self) -> list[str]:
        """The first names that it reads, for the preview of a table."""
        return []


class Path(Expression):
    """`leads[0].github`; `^` is the record around this one; `$file` and the like are about the record."""

    def __init__(self, written: str) -> None:
        self.written = written
        rest = written.lstrip("^")
        self.up = len(written) - len(rest)
        self.special = SPECIALS[rest][1] if rest in SPECIALS else None
        self.whole = rest
        self.parts = [] if self.special else path_parts(rest)

    def columns(self) -> list[str]:
        return [] if self.up or self.special else [self.whole]

    def __call__(self, record: Record, notice: Notice) -> Value:
        for _ in range(self.up):
            if record.parent is None:
                return None
            record = record.parent
        if self.special:
            return self.special(record)
        data = record.data
        # A column may be called “est. hours”: the name as a whole comes first.
        if isinstance(data, dict) and self.whole in data:
            return data[self.whole]
        return _followed(data, self.parts)


def path_parts(written: str) -> list[str | int]:
    parts: list[str | int] = []
    at = 0
    while at < len(written):
        found = PART.match(written, at)
        if not found or found.end() == at:
            raise BadStep(f"“{written}” is no path: it takes names with dots between, and [0] or [] behind a list")
        at = found.end()
        if found["index"]:
            parts.append(int(found["index"]))
        elif found["each"]:
            parts.append("[]")
        else:
            parts.append((found["quoted"] or found["name"]).strip())
    return parts


def _followed(data: Value, parts: list[str | int]) -> Value:
    for number, part in enumerate(parts):
        if part == "[]":
            if not isinstance(data, list):
                return None
            rest = parts[number + 1 :]
            found = [_followed(item, rest) for item in data]
            return [one for item in found for one in (item if isinstance(item, list) else [item]) if one not in EMPTY]
        if isinstance(part, int):
            if not isinstance(data, list) or not -len(data) <= part < len(data):
                return None
            data = data[part]
        elif isinstance(data, dict):
            data = data.get(part)
        else:
            return None
    return data


@dataclass(frozen=True)
class Constant(Expression):
    value: Value

    def __call__(self, record: Record, notice: Notice) -> Value:
        return self.value


class Template(Expression):
    """`KEP-{kep-number}: {title}`; where one of its values is empty, the whole is."""

    def __init__(self, written: str) -> None:
        pieces = PLACEHOLDER.split(written)
        self.texts, self.paths = pieces[::2], [Path(path.strip()) for path in pieces[1::2]]
        if not self.paths:
            raise BadStep("a template holds at least one {path}")

    def columns(self) -> list[str]:
        return [name for path in self.paths for name in path.columns()]

    def __call__(self, record: Record, notice: Notice) -> Value:
        values = [path(record, notice) for path in self.paths]
        if any(value in EMPTY for value in values):
            return None
        try:
            told = [_listed(value) for value in values]
            refuse_length(told, sum(len(one) for one in (*told, *self.texts)))
        except Lost as problem:
            notice(problem)
            return None
        return self.texts[0] + "".join(a + b for a, b in zip(told, self.texts[1:], strict=True))


def _listed(value: Value) -> str:
    return ", ".join(text(item) for item in value) if isinstance(value, list) else text(value)


@dataclass(frozen=True)
class FirstOf(Expression):
    choices: list[Expression]

    def columns(self) -> list[str]:
        return [name for choice in self.choices for name in choice.columns()]

    def __call__(self, record: Record, notice: Notice) -> Value:
        for choice in self.choices:
            value = choice(record, notice)
            if value not in EMPTY:
                return value
        return None


@dataclass(frozen=True)
class AllOf(Expression):
    parts: list[Expression]

    def columns(self) -> list[str]:
        return [name for part in self.parts for name in part.columns()]

    def __call__(self, record: Record, notice: Notice) -> Value:
        values = [part(record, notice) for part in self.parts]
        return [one for value in values for one in (value if isinstance(value, list) else [value]) if one not in EMPTY]


@dataclass(frozen=True)
class Worked(Expression):
    source: Expression
    steps: tuple[Apply, ...]

    def columns(self) -> list[str]:
        return self.source.columns()

    def __call__(self, record: Record, notice: Notice) -> Value:
        value = self.source(record, notice)
        for apply in self.steps:
            value = apply(value, notice)
        return value


SOURCES = {
    "from": "a path into the record",
    "value": "always the same value",
    "template": "a text with paths in braces",
    "first": "a list: the first that is not empty is taken",
    "all": "a list: everything that is not empty is taken together",
}


def expression(spec: Any, tables: dict[str, dict[str, Value]], *, options: tuple[str, ...] = ()) -> Expression:
    """An expression as a mapping writes it: a path, or one of SOURCES with steps to `do`."""
    if isinstance(spec, str):
        return Path(spec)
    if not isinstance(spec, dict):
        raise BadStep("it takes a path, or a map with one of " + ", ".join(SOURCES))
    if unknown := next((name for name in spec if name not in (*SOURCES, "do", *options)), None):
        raise BadStep(f"“{unknown}” is not known here; there are {', '.join((*SOURCES, 'do', *options))}")
    given = [name for name in SOURCES if name in spec]
    if len(given) != 1:
        raise BadStep(f"it takes one of {', '.join(SOURCES)}, and only one")
    [kind] = given
    source = _SOURCE_OF[kind](spec[kind], tables)
    steps = all_compiled(spec.get("do", []), tables)
    return Worked(source, steps) if steps else source


def _path(spec: Any, _: Any) -> Expression:
    if not isinstance(spec, str):
        raise BadStep("“from” takes a path")
    return Path(spec)


def _template(spec: Any, _: Any) -> Expression:
    return Template(text(spec))


def _several(spec: Any, tables: Any) -> list[Expression]:
    if not isinstance(spec, list) or not spec:
        raise BadStep("it takes a list of paths or expressions")
    return [expression(one, tables) for one in spec]


_SOURCE_OF: dict[str, Callable[[Any, Any], Expression]] = {
    "from": _path,
    "value": lambda spec, _: Constant(spec),
    "template": _template,
    "first": lambda spec, tables: FirstOf(_several(spec, tables)),
    "all": lambda spec, tables: AllOf(_several(spec, tables)),
}
