"""YAML as plain data: no tags, no dates, no surprises, and anchors that cannot multiply."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import yaml

from interlock.connect.readers import limits
from interlock.connect.readers.records import Lined, Record, Remarks, within
from interlock.connect.readers.refusal import Refusal, Unreadable
from interlock.connect.readers.text import Text

# YAML 1.2's core: “no” is a word here, 12:30 is no number of minutes, and what would not be written the same
# again (0042, 1.30) stays as it is written.
NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})\Z")
WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "map", "seq")}
MERGE = "<<"


def read_yaml(text: Text, steps: list[str], remarks: Remarks) -> Iterator[Record]:
    remarks.taken[text.name] = f"{text.encoding_name} YAML"
    with text.opened() as stream:
        for line, document in documents(stream, text.name):
            yield from within(Record(document, text.name, line), steps)


def documents(stream: IO[str] | str, name: str, *, first_line: int = 1) -> Iterator[tuple[int, Any]]:
    """Each document with the line on which it begins. A file that is no YAML is Unreadable, a trap is a Refusal."""
    builder: _Builder | None = None
    try:
        for event in yaml.parse(stream, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.DocumentStartEvent):
                builder = _Builder(name, first_line)
            elif isinstance(event, yaml.DocumentEndEvent):
                if builder and builder.root:
                    value = builder.root[0]
                    yield (value.line if isinstance(value, Lined) else first_line), value
                builder = None
            elif builder:
                builder.take(event)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + first_line if error.problem_mark else 0
        raise Unreadable(f"is not valid YAML ({error.problem}).", file=name, line=line) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise Refusal("is not text that YAML allows.", file=name) from error


@dataclass(slots=True)
class _Open:
    """A list or map that is being filled."""

    value: Any
    anchor: str | None
    counted_before: int
    key: str | None = None
    key_line: int = 0
    merged: list[dict[str, Any]] = field(default_factory=list)


class _Builder:
    """Values out of the parser's events. Aliases share what they repeat, and count it every time."""

    def __init__(self, name: str, first_line: int) -> None:
        self._name, self._first_line = name, first_line
        self.root: list[Any] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._count = 0

    def take(self, event: yaml.Event) -> None:
        line = (event.start_mark.line if event.start_mark else 0) + self._first_line
        tag = getattr(event, "tag", None)
        if tag is not None and tag not in TAGS:
            raise Refusal(f"holds the tag {tag[:60]}: tags are not allowed.", file=self._name, line=line)
        match event:
            case yaml.ScalarEvent():
                self._weigh(1, line)
                self._place(self._scalar(event, line), event.anchor, 1, line)
            case yaml.AliasEvent():
                if event.anchor not in self._anchors:
                    raise Refusal(
                        f"the alias *{event.anchor} leads nowhere, or into itself.", file=self._name, line=line
                    )
                value, count = self._anchors[event.anchor]
                self._weigh(count, line)
                self._place(value, None, count, line)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                if len(self._open) >= limits.DEPTH:
                    raise Refusal(f"is nested deeper than {limits.DEPTH} levels.", file=self._name, line=line)
                value = Lined(line) if isinstance(event, yaml.MappingStartEvent) else []
                self._open.append(_Open(value, event.anchor, self._count))
                self._weigh(1, line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                done = self._open.pop()
                for other in done.merged:
                    for key, value in other.items():
                        done.value.setdefault(key, value)
                self._place(done.value, done.anchor, self._count - done.counted_before, line)

    def _weigh(self, count: int, line: int) -> None:
        self._count += count
        if self._count > limits.VALUES:
            raise Refusal(
                f"holds more than {limits.VALUES:,} values, counting what its anchors repeat.",
                file=self._name,
                line=line,
            )

    def _place(self, value: Any, anchor: str | None, count: int, line: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = (value, count)
        if not self._open:
            self.root.append(value)
            return
        around = self._open[-1]
        if isinstance(around.value, list):
            around.value.append(value)
        elif around.key is None:
            around.key, around.key_line = self._name_of(value, line), line
        else:
            self._set(around, around.key, value, line)
            around.key = None

    def _set(self, around: _Open, key: str, value: Any, line: int) -> None:
        if key == MERGE:
            others = value if isinstance(value, list) else [value]
            if all(isinstance(other, dict) for other in others):
                around.merged.extend(others)
                return
        if key in around.value:
            raise Unreadable(f"names “{key[:60]}” twice.", file=self._name, line=line)
        around.value[key] = value
        around.value.lines[key] = around.key_line

    def _name_of(self, value: Any, line: int) -> str:
        if isinstance(value, dict | list):
            raise Unreadable("has a list or map in place of a name.", file=self._name, line=line)
        return {None: "", True: "true", False: "false"}.get(value, str(value))

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> Any:
        text: str = event.value
        if len(text) > limits.CELL:
            raise Refusal(f"holds a text of more than {limits.CELL:,} characters.", file=self._name, line=line)
        if event.tag is not None or not event.implicit[0]:
            return text
        return WORDS.get(text, int(text) if NUMBER.match(text) else text)
