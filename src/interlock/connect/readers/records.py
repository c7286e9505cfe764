"""A record as every reader hands it on: its values, and where they stood."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

# What JSON can say. Texts are texts: no reader turns them into dates, which may not exist.
Value = Any


@dataclass(frozen=True, slots=True)
class Record:
    data: Value
    file: str
    line: int
    # The record around this one, where records are found inside another; and the name under which it stood there.
    parent: "Record | None" = None
    key: str | None = None


@dataclass(slots=True)
class Remarks:
    """What a reader noticed that is no reason to refuse: how the file was taken, what was missing."""

    taken: dict[str, str] = field(default_factory=dict)
    short_rows: list[tuple[str, int, int, int]] = field(default_factory=list)
    bytes_read: int = 0


class Malformed(str):
    """In place of a record's values: why there are none. The row is refused, the file is not."""


def within(record: Record, steps: list[str], around: Record | None = None) -> Iterator[Record]:
    """The records inside a record: `a`, `[]` (each of a list) and `*` (each value of a map) lead to them."""
    if not steps or isinstance(record.data, Malformed):
        yield record
        return
    step, rest, data = steps[0], steps[1:], record.data
    around = around or record
    if step == "[]" and isinstance(data, list):
        items: Iterable[tuple[str | None, Value]] = ((None, item) for item in data)
    elif step == "*" and isinstance(data, dict):
        items = data.items()
    elif isinstance(data, dict) and step in data:
        inner = data[step]
        line = data.lines.get(step, record.line) if isinstance(data, Lined) else record.line
        here = Record(inner, record.file, _line(inner, line), record.parent, record.key)
        yield from within(here, rest, around)
        return
    else:
        return
    for key, item in items:
        yield from within(Record(item, record.file, _line(item, record.line), around, key), rest)


class Lined(dict[str, Value]):
    """A map that knows the line on which it began, and those of its names."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


def _line(value: Value, otherwise: int) -> int:
    return value.line if isinstance(value, Lined) else otherwise
