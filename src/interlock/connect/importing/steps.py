"""The steps by which a value becomes what a field needs. Their docstrings are the reference in the docs.

A step for texts that meets a list works on each of its items, and drops those that become empty.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import re2

from interlock.connect.importing import dates
from interlock.connect.importing.notes import Lost, SetAside
from interlock.connect.readers import limits
from interlock.workspaces import exports

Value = Any
Apply = Callable[[Value, "Notice"], Value]
Notice = Callable[[Exception], None]

EMPTY: tuple[Value, ...] = (None, "", [], {})
TRUE = {"true", "yes", "y", "1", "x", "on"}
FALSE = {"false", "no", "n", "0", "off"}
MARKUP = re.compile(r"\*\*|__|`")
# One after the other, each in one pass over the text: a pattern that tries all of them looks ahead anew for each.
LINKS = [re2.compile(r"!?\[([^\]\[]*)\]" + target) for target in (r"\([^)]*\)", r"\[[^\]]*\]", "")]


class BadStep(Exception):
    """The mapping says something that makes no sense; the message is part of a sentence."""


@dataclass(frozen=True)
class Step:
    name: str
    make: Callable[..., Callable[..., Value]]
    # How the argument is written: "" for none, else what it is.
    argument: str
    takes: Literal["texts", "list", "value"]
    doc: str

    def compile(self, argument: Value, tables: dict[str, dict[str, Value]]) -> Apply:
        if not self.argument and argument is not None:
            raise BadStep(f"“{self.name}” takes no argument")
        if self.argument and argument is None and not self.argument.startswith("("):
            raise BadStep(f"“{self.name}” needs {self.argument}")
        made = self.make(argument, tables) if self.argument else self.make
        return {"texts": _on_texts, "list": _on_list, "value": _on_value}[self.takes](made)


STEPS: dict[str, Step] = {}


def step(
    argument: str = "", *, takes: Literal["texts", "list", "value"] = "texts"
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(make: Callable[..., Any]) -> Callable[..., Any]:
        STEPS[make.__name__] = Step(make.__name__, make, argument, takes, make.__doc__ or "")
        return make

    return register


def _on_texts(function: Callable[[str], Value]) -> Apply:
    def apply(value: Value, notice: Notice) -> Value:
        if isinstance(value, list):
            try:
                return list(_bounded(result for item in value for result in _flat(apply(item, notice))))
            except Lost as problem:
                notice(problem)
                return None
        if value is None or value == "":
            return value
        try:
            result = function(text(value))
            return refuse_length(result, len(result)) if isinstance(result, str) else result
        except (Lost, SetAside) as problem:
            notice(problem)
            return problem.args[1] if len(problem.args) > 1 else None

    return apply


def _on_list(function: Callable[[list[Value]], Value]) -> Apply:
    def apply(value: Value, notice: Notice) -> Value:
        try:
            return function(value if isinstance(value, list) else [] if value in EMPTY else [value])
        except Lost as problem:
            notice(problem)
            return None

    return apply


def _on_value(function: Callable[[Value], Value]) -> Apply:
    return lambda value, notice: function(value)


def _bounded(results: Iterator[Value]) -> Iterator[Value]:
    """Those that are not empty, while all together are no longer than one cell may be."""
    length = 0
    for result in results:
        if result not in EMPTY:
            length += len(result) if isinstance(result, str) else 1
            refuse_length(result, length)
            yield result


def refuse_length(value: Value, length: int) -> Value:
    """Steps must not make of a short text what no memory holds."""
    if length > limits.CELL:
        raise Lost(f"would become longer than {limits.CELL:,} characters")
    return value


def _flat(value: Value) -> Iterator[Value]:
    yield from value if isinstance(value, list) else [value]


def text(value: Value) -> str:
    """A value as it would be written."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        raise Lost("is a list or map, and no single value")
    return str(value)


def joined(separator: str, items: list[Value]) -> str:
    texts = [text(item) for item in items if item not in EMPTY]
    refuse_length(texts, sum(len(one) + len(separator) for one in texts))
    return separator.join(texts)


def pattern_of(argument: Value) -> Any:
    """RE2 takes time in proportion to the text, whatever the pattern; Python's own could be made to hang."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(str(argument), options)
    except re2.error as error:
        raise BadStep(f"the pattern {argument!r} is not valid ({error})") from error


def known(argument: Value, *names: str) -> dict[str, Value]:
    if not isinstance(argument, dict) or not set(argument) <= set(names):
        raise BadStep(f"it takes {', '.join(names)}")
    return argument


# --- texts -------------------------------------------------------------------------------------------


@step()
def strip(value: str) -> str:
    """Take the space off both ends."""
    return value.strip()


@step()
def lower(value: str) -> str:
    """In small letters."""
    return value.lower()


@step()
def upper(value: str) -> str:
    """In capital letters."""
    return value.upper()


@step()
def slug(value: str) -> str:
    """Small letters, digits and hyphens: `Payments & Fraud` becomes `payments-fraud`."""
    return re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")


@step()
def plain(value: str) -> str:
    """Without Markdown's stars, backquotes and link targets: `**[Code Freeze](x)**` becomes `Code Freeze`."""
    for link in LINKS:
        value = link.sub(r"\1", value)
    return MARKUP.sub("", value).strip()


@step()
def as_written(value: str) -> str:
    """Without the apostrophe that our CSV puts before what a spreadsheet would run: `'=1+1` becomes `=1+1`."""
    return exports.as_written(value)


@step("a text")
def prefix(argument: Value, _: Any) -> Callable[[str], str]:
    """Put a text before it: `prefix: KEP-`."""
    return lambda value: f"{argument}{value}"


@step("a text")
def suffix(argument: Value, _: Any) -> Callable[[str], str]:
    """Put a text behind it."""
    return lambda value: f"{value}{argument}"


@step("a text")
def remove_prefix(argument: Value, _: Any) -> Callable[[str], str]:
    """Take a text off its beginning, if it stands there: `remove_prefix: "@"`."""
    return lambda value: value.removeprefix(str(argument))


@step("a text")
def remove_suffix(argument: Value, _: Any) -> Callable[[str], str]:
    """Take a text off its end, if it stands there."""
    return lambda value: value.removesuffix(str(argument))


@step("a map of patterns to texts")
def replace(argument: Value, _: Any) -> Callable[[str], str]:
    """Replace what a pattern matches, one after the other: `replace: {"\\\\s+": " "}`. `\\\\1` is the first group."""
    if not isinstance(argument, dict):
        raise BadStep("it takes a map of patterns to texts")
    pairs = [(pattern_of(old), "" if new is None else str(new)) for old, new in argument.items()]

    def apply(value: str) -> str:
        for old, new in pairs:
            _refuse_growth(value, old, new)
            value = old.sub(new, value)
            refuse_length(value, len(value))
        return value

    return apply


def _refuse_growth(value: str, old: Any, new: str) -> None:
    """Before it is replaced; a group is at most as long as what is matched."""
    groups = new.count("\\")
    if len(value) * (1 + groups) + (len(value) + 1) * len(new) > limits.CELL:
        grown = sum(len(new) + (groups - 1) * len(found[0]) for found in old.finditer(value))
        refuse_length(value, len(value) + grown)


@step("a pattern")
def extract(argument: Value, _: Any) -> Callable[[str], str]:
    """The part that a pattern matches (its first group, where it has one). A text without it is lost."""
    wanted = pattern_of(argument)

    def apply(value: str) -> str:
        found = wanted.search(value)
        if not found:
            raise Lost(f"“{shown(value)}” has nothing that looks like {argument}")
        return str(found[1] if wanted.groups else found[0])

    return apply


@step("a pattern")
def extract_all(argument: Value, _: Any) -> Callable[[str], list[str]]:
    """Every part that a pattern matches, as a list."""
    wanted = pattern_of(argument)
    return lambda value: [str(found[1] if wanted.groups else found[0]) for found in wanted.finditer(value)]


@step("(a separator)")
def split(argument: Value, _: Any) -> Callable[[str], list[str]]:
    """Cut into a list, at commas or at another separator: `split: ";"`. Space around the parts goes."""
    separator = "," if argument is None else str(argument)
    if not separator:
        raise BadStep("a separator cannot be empty")
    return lambda value: [part.strip() for part in value.split(separator) if part.strip()]


@step()
def lines(value: str) -> list[str]:
    """Cut into a list of lines, without the marks of list items."""
    return [line.strip().lstrip("-*• ").strip() for line in value.splitlines() if line.strip()]


@step("a table, or the name of one")
def lookup(argument: Value, tables: dict[str, dict[str, Value]]) -> Callable[[str], Value]:
    """Exchange by a table: `lookup: {open: planned, closed: done}`, or `lookup: statuses` for one of `tables`.

    Case does not matter. What the table does not hold is lost and reported, unless `"*"` says what everything else is.
    """
    if isinstance(argument, str):
        if argument not in tables:
            raise BadStep(f"there is no table “{argument}”")
        argument = tables[argument]
    if not isinstance(argument, dict):
        raise BadStep("it takes a table, or the name of one")
    table = {key.strip().casefold(): new for key, new in argument.items()}

    def apply(value: str) -> Value:
        wanted = value.strip().casefold()
        if wanted in table:
            return table[wanted]
        if "*" in table:
            return table["*"]
        raise Lost(f"“{shown(value)}” is not in the table")

    return apply


@step("(formats)")
def date(argument: Value, _: Any) -> Callable[[str], str]:
    """A date. Without argument as 2026-02-11; else in one of the formats: `date: ["%d/%m/%Y", "%d/%b/%y %I:%M %p"]`.

    `date: words` finds the first date in a text such as “Wednesday 11th February 2026 (AoE) / Thursday 12th …”;
    `date: {words: last}` the last one, as for ranges; `year:` stands in where the text says none.
    A date that does not exist is lost; the row is kept.
    """
    if argument is None:
        return lambda value: _dated(value, dates.iso)
    if argument == "words":
        argument = {"words": "first"}
    if isinstance(argument, dict):
        options = known(argument, "words", "year")
        if options.get("words") not in ("first", "last"):
            raise BadStep("“words” is first or last")
        return lambda value: _in_words(value, str(options["words"]), options.get("year"))
    formats = [str(one) for one in (argument if isinstance(argument, list) else [argument])]
    if not all("%" in one for one in formats):
        raise BadStep(f"“{argument}” is no date format: it takes one such as %d/%m/%Y, or “words”")
    return lambda value: _dated(value, lambda written: dates.formatted(written, formats))


def _dated(value: str, parse: Callable[[str], Any]) -> str:
    try:
        return str(parse(value).isoformat())
    except dates.NoDate as error:
        raise Lost(f"“{shown(value)}” {error}") from error


def _in_words(value: str, pick: str, year: int | None) -> str:
    try:
        day, remark = dates.in_words(value, pick=pick, year=year)
    except dates.NoDate as error:
        raise Lost(f"“{shown(value)}” {error}") from error
    if remark:
        raise Lost(f"“{shown(value)}”: {remark}; the date is taken", day.isoformat())
    return day.isoformat()


@step()
def number(value: str) -> str:
    """The number in a text: `1,250.50 h` becomes `1250.50`."""
    found = re.search(r"-?\d[\d,\u00a0\u202f ]*(?:\.\d+)?", value)
    if not found:
        raise Lost(f"“{shown(value)}” holds no number")
    return re.sub(r"[,\s\u00a0\u202f]", "", found[0])


@step()
def truth(value: str) -> str:
    """Yes or no, however it is said: yes, true, 1, x."""
    if value.strip().lower() in TRUE | FALSE:
        return "true" if value.strip().lower() in TRUE else "false"
    raise Lost(f"“{shown(value)}” is neither yes nor no")


@step("a pattern, or a list of texts")
def drop(argument: Value, _: Any) -> Callable[[str], str]:
    """Set aside what stands for nothing: `drop: [TBD, N/A]` (case does not matter), or a pattern. It is counted."""
    unwanted = _matcher(argument)

    def apply(value: str) -> str:
        if unwanted(value):
            raise SetAside(f"“{shown(value)}”")
        return value

    return apply


@step("a pattern, or a list of texts")
def keep(argument: Value, _: Any) -> Callable[[str], str]:
    """Set aside everything else: `keep: "^https?://"`."""
    wanted = _matcher(argument)

    def apply(value: str) -> str:
        if not wanted(value):
            raise SetAside(f"“{shown(value)}”")
        return value

    return apply


@step("a pattern")
def matching(argument: Value, _: Any) -> Callable[[str], str]:
    """Take what a pattern matches and leave the rest, uncounted, since it is meant for another field."""
    wanted = pattern_of(argument)
    return lambda value: value if wanted.search(value) else ""


@step("a pattern")
def not_matching(argument: Value, _: Any) -> Callable[[str], str]:
    """Take what a pattern does not match and leave the rest, uncounted, since it is meant for another field."""
    unwanted = pattern_of(argument)
    return lambda value: "" if unwanted.search(value) else value


def _matcher(argument: Value) -> Callable[[str], bool]:
    if isinstance(argument, list):
        words = {"" if word is None else text(word).strip().casefold() for word in argument}
        return lambda value: value.strip().casefold() in words
    pattern = pattern_of(argument)
    return lambda value: bool(pattern.search(value))


@step("a number")
def cut(argument: Value, _: Any) -> Callable[[str], str]:
    """At most so many characters."""
    if not isinstance(argument, int) or argument < 1:
        raise BadStep("it takes a number of characters")

    def apply(value: str) -> str:
        if len(value) > argument:
            raise Lost(f"cut from {len(value):,} to {argument:,} characters", value[: argument - 1] + "…")
        return value

    return apply


# --- lists -------------------------------------------------------------------------------------------


@step("(a separator)", takes="list")
def join(argument: Value, _: Any) -> Callable[[list[Value]], str]:
    """Make one text of a list, with commas or another separator between."""
    separator = ", " if argument is None else str(argument)
    return lambda items: joined(separator, items)


@step(takes="list")
def first(items: list[Value]) -> Value:
    """The first item of a list that is not empty."""
    return next((item for item in items if item not in EMPTY), None)


@step(takes="list")
def last(items: list[Value]) -> Value:
    """The last item of a list that is not empty."""
    return next((item for item in reversed(items) if item not in EMPTY), None)


@step(takes="list")
def unique(items: list[Value]) -> list[Value]:
    """Every item once, whatever its case."""
    return list({text(item).casefold(): item for item in reversed(items)}.values())[::-1]


@step("a value", takes="value")
def default(argument: Value, _: Any) -> Callable[[Value], Value]:
    """What to take where there is nothing: `default: planned`."""
    return lambda value: argument if value in EMPTY else value


def all_compiled(spec: Value, tables: dict[str, dict[str, Value]]) -> tuple[Apply, ...]:
    """Steps as the mapping writes them: one, or a list of them; a list within the list is part of it."""
    if isinstance(spec, list):
        return tuple(apply for one in spec for apply in all_compiled(one, tables))
    return (_compiled(spec, tables),)


def _compiled(spec: Value, tables: dict[str, dict[str, Value]]) -> Apply:
    if isinstance(spec, dict):
        if len(spec) != 1:
            raise BadStep("a step is a name, or one name with its argument")
        [(name, argument)] = spec.items()
    else:
        name, argument = spec, None
    if not isinstance(name, str) or name not in STEPS:
        raise BadStep(f"there is no step “{name}”; there are {', '.join(sorted(STEPS))}")
    return STEPS[name].compile(argument, tables)


def shown(value: str) -> str:
    """As a report quotes it."""
    value = " ".join(value.split())
    return value if len(value) <= 80 else value[:79] + "…"
