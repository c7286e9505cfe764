"""JSON and JSON Lines, one record in memory at a time."""

import json
import re
from collections.abc import Iterator
from typing import Any

from interlock.connect.readers import limits
from interlock.connect.readers.records import Malformed, Record, Remarks, within
from interlock.connect.readers.refusal import Refusal
from interlock.connect.readers.text import Text

SPACE = re.compile(r"[ \t\n\r]*")
# The longest sign that a window can cut: -Infinity, or an escaped pair of surrogates.
LONGEST_SIGN = 20
# What changes the depth outside of texts; and texts, whole or cut off by the window's end.
STRUCTURE = re.compile(r'[\[\]{}]|"(?:[^"\\]|\\.)*("?)', re.DOTALL)


def _whole_number(digits: str) -> int | str:
    return int(digits) if len(digits) < 19 else digits


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number")


# What would not be written the same again stays as it is written.
DECODER = json.JSONDecoder(parse_float=str, parse_int=_whole_number, parse_constant=_no_number)


def read_json(text: Text, steps: list[str], remarks: Remarks) -> Iterator[Record]:
    """The records that `steps` lead to; the first list or map on the way is streamed."""
    remarks.taken[text.name] = f"{text.encoding_name} JSON"
    scanner = _Scanner(text)
    try:
        yield from _descend(scanner, steps, text)
    except RecursionError as error:
        raise _too_deep(text.name, scanner.line) from error


def _descend(scanner: "_Scanner", steps: list[str], text: Text) -> Iterator[Record]:
    opening = scanner.peek()
    if not opening:
        raise Refusal("ends in the middle." if steps else "is empty.", file=text.name)
    if not steps:
        line, value = scanner.line, scanner.value()
        scanner.expect_end()
        yield Record(value, text.name, line)
    elif steps[0] == "[]" and opening == "[":
        for line, value in scanner.items():
            yield from within(Record(value, text.name, line), steps[1:])
    elif steps[0] == "*" and opening == "{":
        for key in scanner.names():
            line, value = scanner.line, scanner.value()
            yield from within(Record(value, text.name, line, key=key), steps[1:])
    elif opening == "{" and steps[0] not in ("[]", "*"):
        for key in scanner.names():
            if key == steps[0]:
                yield from _descend(scanner, steps[1:], text)
                return
            scanner.skip()
        raise Refusal(f"holds no “{steps[0]}” where the mapping looks for records.", file=text.name)
    else:
        kind = {"[": "a list", "{": "a map"}.get(opening, "a single value")
        wanted = {"[]": "a list", "*": "a map"}.get(steps[0], f"“{steps[0]}”")
        raise Refusal(f"holds {kind} where the mapping expects {wanted}.", file=text.name, line=scanner.line)


def read_json_lines(text: Text, steps: list[str], remarks: Remarks) -> Iterator[Record]:
    """A record a line. A line that is no JSON is a bad row; the others are good."""
    remarks.taken[text.name] = f"{text.encoding_name} JSON Lines"
    for number, line in enumerate(text.lines(), start=1):
        if line.strip():
            try:
                value = DECODER.decode(line)
            except RecursionError as error:
                raise _too_deep(text.name, number) from error
            except ValueError as error:
                value = Malformed(_told(error))
            if _may_be_deep(line) and _depth(value) > limits.DEPTH:
                raise _too_deep(text.name, number)
            yield from within(Record(value, text.name, number), steps)


class _Scanner:
    """Walks through JSON text with a window on it; what lies behind is forgotten."""

    def __init__(self, text: Text) -> None:
        self._name = text.name
        self._chunks = text.chunks()
        self._window, self._at = "", 0
        self._line, self._counted = 1, 0

    @property
    def line(self) -> int:
        self._space()
        self._line += self._window.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def peek(self) -> str:
        self._space()
        return self._window[self._at : self._at + 1]

    def value(self) -> Any:
        """Decode the value here, with as much more of the text as it takes."""
        self._space()
        while True:
            try:
                value, end = DECODER.raw_decode(self._window, self._at)
            except json.JSONDecodeError as error:
                cut_off = error.msg.startswith("Unterminated") or error.pos > len(self._window) - LONGEST_SIGN
                if not cut_off:
                    raise self._invalid(error) from error
                if not self._grow():
                    raise self._invalid(error, ended=True) from error
            except ValueError as error:
                raise self.refusal(f"holds what is no number ({error}).") from error
            else:
                # A number at the window's end may go on behind it.
                if end < len(self._window) or not self._grow():
                    if _may_be_deep(self._window[self._at : end]) and _depth(value) > limits.DEPTH:
                        raise _too_deep(self._name, self.line)
                    self._at = end
                    return value

    def items(self) -> Iterator[tuple[int, Any]]:
        self._take("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            line = self.line
            yield line, self.value()
            if self._take(",", "]") == "]":
                return

    def names(self) -> Iterator[str]:
        """Stands at the value of each name in turn, which the caller reads or skips."""
        self._take("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            if self.peek() != '"':
                raise self.refusal("is not valid JSON (a name in quotes is missing).")
            key = self.value()
            self._take(":")
            yield key
            if self._take(",", "}") == "}":
                return

    def skip(self) -> None:
        """Pass over the value here, however large it is."""
        if self.peek() not in "[{":
            self.value()
            return
        depth = 0
        while True:
            found = STRUCTURE.search(self._window, self._at)
            if found is None or found[1] == "":
                self._at = found.start() if found else len(self._window)
                if not self._grow():
                    raise self.refusal("ends in the middle.")
                continue
            self._at = found.end()
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
            if depth > limits.DEPTH:
                raise _too_deep(self._name, self.line)
            if depth == 0:
                return

    def expect_end(self) -> None:
        if self.peek():
            raise self.refusal("goes on after its end: for one record a line, call it .jsonl.")

    def refusal(self, reason: str) -> Refusal:
        return Refusal(reason, file=self._name, line=self.line)

    def _take(self, *wanted: str) -> str:
        found = self.peek()
        if found not in wanted or not found:
            missing = " or ".join(f"“{sign}”" for sign in wanted)
            raise self.refusal(f"is not valid JSON ({missing} is missing)." if found else "ends in the middle.")
        self._at += 1
        return found

    def _space(self) -> None:
        while True:
            self._at = SPACE.match(self._window, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._window) or not self._grow():
                return

    def _grow(self) -> bool:
        """Bring in more of the text; the window doubles, so that a long value is not decoded again and again."""
        self._line += self._window.count("\n", self._counted, self._at)
        self._window, self._at, self._counted = self._window[self._at :], 0, 0
        if len(self._window) > limits.RECORD:
            raise self.refusal(f"holds a record of more than {limits.RECORD:,} characters.")
        parts, wanted = [self._window], max(len(self._window), 1)
        for chunk in self._chunks:
            parts.append(chunk)
            wanted -= len(chunk)
            if wanted <= 0:
                break
        grown = len(parts) > 1
        self._window = "".join(parts)
        return grown

    def _invalid(self, error: json.JSONDecodeError, *, ended: bool = False) -> Refusal:
        line = self._line + self._window.count("\n", self._counted, error.pos)
        unfinished = error.msg.startswith("Unterminated") or error.pos >= len(self._window.rstrip())
        reason = "ends in the middle." if ended and unfinished else f"is not valid JSON ({error.msg.lower()})."
        return Refusal(reason, file=self._name, line=line)


def _may_be_deep(text: str) -> bool:
    return text.count("[") + text.count("{") > limits.DEPTH


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return depth


def _told(error: ValueError) -> str:
    problem = error.msg.lower() if isinstance(error, json.JSONDecodeError) else str(error)
    return f"is not valid JSON ({problem})."


def _too_deep(name: str, line: int) -> Refusal:
    return Refusal(f"is nested deeper than {limits.DEPTH} levels.", file=name, line=line)
