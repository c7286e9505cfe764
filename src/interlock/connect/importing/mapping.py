"""The mapping: which records of a source become what. Every mistake in it is told with its line and path."""

import codecs
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from interlock.connect.importing.expressions import Expression, Path, expression, path_parts
from interlock.connect.importing.fields import Field, Reference
from interlock.connect.importing.nouns import NOUNS, Noun
from interlock.connect.importing.steps import Apply, BadStep, all_compiled, pattern_of
from interlock.connect.readers import FORMATS, Reading, Refusal
from interlock.connect.readers.records import Lined
from interlock.connect.readers.yaml_documents import documents

WAYS = {
    "id": "the external id under which this source, or an earlier import of it, brought it",
    "name": "its name or title, whatever the case",
    "key": "its key here, such as F-212",
    "email": "one of a person's addresses",
    "handle": "one of a person's handles, with or without @, whatever the case",
}
USUAL_WAYS = {"person": ("email", "handle", "name", "id", "key")}
ON_DUPLICATE = {
    "refuse": "the import is refused (as it is without saying anything)",
    "first": "the first record counts, the others are reported",
    "last": "the last record counts, the others are reported",
    "merge": "they are one thing: later records add to it, and lists are put together",
}
ON_MISSING = {
    "report": "the value is reported, and the row goes on without it (as it does without saying anything)",
    "refuse": "the row is refused",
    "create": "it is made, of what is known of it; possible for departments, products and people",
    "keep": "the value is kept as one of the feature's links, and reported",
}


class BadMapping(Refusal):
    """The mapping cannot be used; the message says where and why."""


@dataclass(frozen=True)
class Way:
    """One way to find what a reference means."""

    name: str
    steps: tuple[Apply, ...] = ()


@dataclass(frozen=True)
class Target:
    """A field of the plan, and where its value comes from."""

    field: Field
    source: Expression
    required: bool = False
    unless_known: bool = False
    ways: tuple[Way, ...] = ()
    on_missing: Literal["report", "refuse", "create", "keep"] = "report"
    # What a thing that is made gets besides its name; what a dependency is noted with.
    made_with: dict[str, Any] = dataclasses.field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Condition:
    source: Path
    pattern: Any
    wanted: bool

    def __str__(self) -> str:
        return f"{self.source.written} {'does not match' if self.wanted else 'matches'} {self.pattern.pattern}"


@dataclass(frozen=True)
class Block:
    """One kind of record becoming one kind of thing."""

    number: int
    noun: Noun
    reading: Reading
    external_id: Expression
    targets: dict[str, Target]
    aliases: Expression | None = None
    key: Expression | None = None
    kept: dict[str, Expression] = dataclasses.field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    on_duplicate: Literal["refuse", "first", "last", "merge"] = "refuse"
    only_known: bool = False

    @property
    def references(self) -> Iterator[Target]:
        return (target for target in self.targets.values() if isinstance(target.field, Reference))


@dataclass(frozen=True)
class Mapping:
    source: str
    title: str
    blocks: tuple[Block, ...]
    text: str

    @classmethod
    def parse(cls, text: str, *, name: str = "mapping") -> "Mapping":
        parsed = [document for _, document in documents(text, name)]
        if len(parsed) != 1 or not isinstance(parsed[0], Lined):
            raise BadMapping("A mapping is one YAML document with “source” and “imports”.", file=name)
        top = _Part(parsed[0], name, "")
        top.allow("source", "title", "tables", "imports")
        source = top.text("source", required=True)
        if len(source) > 60:
            raise top.wrong("source", "has more than 60 characters")
        tables = _tables(top)
        blocks = [
            _block(number, part, tables) for number, part in enumerate(top.parts("imports", required=True), start=1)
        ]
        return cls(source, top.text("title") or source, tuple(blocks), text)


class _Part:
    """A map within the mapping that knows where it stands."""

    def __init__(self, data: Lined, name: str, path: str) -> None:
        self.data, self.name, self.path = data, name, path

    def line(self, key: str = "") -> int:
        return self.data.lines.get(key, self.data.line)

    def wrong(self, key: str, problem: str) -> BadMapping:
        place = ".".join(part for part in (self.path, key) if part)
        return BadMapping(f"{place}: {problem}." if place else f"{problem}.", file=self.name, line=self.line(key))

    def allow(self, *names: str) -> None:
        for key in self.data:
            if key not in names:
                raise self.wrong(key, f"is not known here; there are {', '.join(names)}")

    def text(self, key: str, *, required: bool = False) -> str:
        value = self.data.get(key)
        if value in (None, ""):
            if required:
                raise self.wrong("", f"“{key}” is missing")
            return ""
        if not isinstance(value, str):
            raise self.wrong(key, "takes a text")
        return value

    def texts(self, key: str) -> list[str]:
        value = self.data.get(key, [])
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.wrong(key, "takes a text or a list of texts")
        return value

    def choice(self, key: str, choices: dict[str, str], otherwise: str) -> Any:
        value = self.text(key) or otherwise
        if value not in choices:
            raise self.wrong(key, f"takes {', '.join(choices)}")
        return value

    def truth(self, key: str) -> bool:
        value = self.data.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "takes true or false")
        return value

    def parts(self, key: str, *, required: bool = False) -> list["_Part"]:
        value = self.data.get(key)
        if required and not value:
            raise self.wrong("", f"“{key}” is missing")
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.wrong(key, "takes a list of maps")
        return [_Part(one, self.name, f"{key}[{number}]") for number, one in enumerate(value)]

    def part(self, key: str) -> "_Part":
        value = self.data.get(key)
        value = Lined(self.line(key)) if value is None else value
        if not isinstance(value, Lined):
            raise self.wrong(key, "takes a map")
        return _Part(value, self.name, ".".join(one for one in (self.path, key) if one))

    def expression(self, key: str, tables: dict[str, dict[str, Any]], *, options: tuple[str, ...] = ()) -> Expression:
        try:
            return expression(self.data[key], tables, options=options)
        except BadStep as problem:
            raise self.wrong(key, str(problem)) from problem


def _tables(top: _Part) -> dict[str, dict[str, Any]]:
    part = top.part("tables")
    for key, table in part.data.items():
        if not isinstance(table, dict):
            raise part.wrong(key, "takes a map of what is found to what it means")
    return dict(part.data)


BLOCK = {
    "entity": "what the records become; the entities stand below",
    "files": "one pattern or a list: `plan.csv`, `*.yaml`, `keps/**/kep.yaml`; everything, where it is not said. "
    "A file that is sent alone is always meant",
    "except": "patterns of files to leave out",
    "format": "how to read them, where their ending does not say it",
    "records": "where in a document the records are: `issues[]` is each item of a list, `teams.*` each value of a map, "
    "`teams.*.members[]` each item of a list in each of them. Not for tables",
    "encoding": "of the text, where it is not found by itself: UTF-8, UTF-16, UTF-32 and Windows-1252 are",
    "delimiter": "of a CSV: one character, or tab, comma, semicolon, bar; found by itself where it is not said",
    "skip_lines": "so many lines stand above the heading of a CSV",
    "heading": "take those tables of a Markdown file that have a column of this name",
    "where": "a map of paths to patterns (RE2): only records that match all of them",
    "unless": "a map of paths to patterns: no record that matches one of them",
    "external_id": "what tells one record from another, and by what the next import knows it again. Always needed",
    "aliases": "further ids under which references may find it",
    "key": "its key here, such as F-212, where the source tells it: what has this key is the same thing",
    "on_duplicate": "what becomes of records with the same external id",
    "only_known": "`true`: change what is here already or comes from another block, and make nothing new",
    "fields": "where the value of each field comes from",
    "keep": "values that no field holds, kept with the row's origin: a name for each, and where it comes from",
}
OPTIONS = {
    "required": "`true`: a record without it is refused",
    "unless_known": "`true`: where records are merged, what an earlier one said stays",
    "by": "how a reference is looked up",
    "on_missing": "what a reference does that leads to nothing",
    "note": "of `needs` and `blocks`: what the dependency is noted with",
}


def _block(number: int, part: _Part, tables: dict[str, dict[str, Any]]) -> Block:
    part.allow(*BLOCK)
    entity = part.text("entity", required=True)
    if entity not in NOUNS:
        raise part.wrong("entity", f"there is no “{entity}”; there are {', '.join(NOUNS)}")
    noun = NOUNS[entity]
    if "external_id" not in part.data:
        raise part.wrong("", "“external_id” is missing: what tells one record from another")
    fields = part.part("fields")
    targets = {name: _target(name, fields, noun, tables) for name in fields.data}
    only_known = part.truth("only_known")
    for required in (one for one in noun.fields.values() if one.required):
        if required.name not in targets and not only_known:
            raise fields.wrong("", f"a {noun.title} needs “{required.name}”")
    kept = part.part("keep")
    return Block(
        number=number,
        noun=noun,
        reading=_reading(part),
        external_id=part.expression("external_id", tables),
        targets=targets,
        aliases=part.expression("aliases", tables) if "aliases" in part.data else None,
        key=part.expression("key", tables) if "key" in part.data else None,
        kept={name: kept.expression(name, tables) for name in kept.data},
        conditions=(*_conditions(part, "where", True), *_conditions(part, "unless", False)),
        on_duplicate=part.choice("on_duplicate", ON_DUPLICATE, "refuse"),
        only_known=only_known,
    )


def _reading(part: _Part) -> Reading:
    steps: list[str] = []
    if records := part.text("records"):
        try:
            parts = path_parts(records)
        except BadStep as problem:
            raise part.wrong("records", str(problem)) from problem
        if any(isinstance(one, int) for one in parts):
            raise part.wrong("records", "takes [] for every item of a list, and no numbers")
        steps = [str(one) for one in parts]
    skip = part.data.get("skip_lines", 0)
    if not isinstance(skip, int) or not 0 <= skip <= 1000:
        raise part.wrong("skip_lines", "takes a number of lines")
    encoding = part.text("encoding")
    if encoding:
        _checked_encoding(part, encoding)
    delimiter = {"tab": "\t", "comma": ",", "semicolon": ";", "bar": "|"}.get(
        part.text("delimiter"), part.text("delimiter")
    )
    if len(delimiter) > 1:
        raise part.wrong("delimiter", "takes one character, or tab, comma, semicolon, bar")
    return Reading(
        files=part.texts("files") or ["**/*"],
        leaving=part.texts("except"),
        format=part.choice("format", {"": "", **FORMATS}, ""),
        steps=steps,
        encoding=encoding,
        delimiter=delimiter,
        skip=skip,
        heading=part.text("heading"),
    )


def _checked_encoding(part: _Part, encoding: str) -> None:
    try:
        # Some of Python's codecs are no encodings of text: base64, zip.
        if codecs.lookup(encoding)._is_text_encoding:
            return
    except LookupError:
        pass
    raise part.wrong("encoding", f"there is no encoding “{encoding}”")


def _conditions(part: _Part, key: str, wanted: bool) -> Iterator[Condition]:
    conditions = part.part(key)
    for path, pattern in conditions.data.items():
        try:
            yield Condition(Path(path), pattern_of(pattern), wanted)
        except BadStep as problem:
            raise conditions.wrong(path, str(problem)) from problem


def _target(name: str, fields: _Part, noun: Noun, tables: dict[str, dict[str, Any]]) -> Target:
    if name not in noun.fields:
        raise fields.wrong(name, f"a {noun.title} has no such field; it has {', '.join(noun.fields)}")
    wanted = noun.fields[name]
    source = fields.expression(name, tables, options=tuple(OPTIONS))
    spec = fields.data[name]
    if not isinstance(spec, dict):
        return Target(wanted, source, required=wanted.required, ways=_ways(fields, name, wanted, None, tables))
    part = fields.part(name)
    on_missing, made_with = _on_missing(part, wanted)
    return Target(
        field=wanted,
        source=source,
        required=wanted.required or part.truth("required"),
        unless_known=part.truth("unless_known"),
        ways=_ways(part, "by", wanted, spec.get("by"), tables),
        on_missing=on_missing,
        made_with=made_with,
        note=part.text("note"),
    )


def _on_missing(part: _Part, wanted: Field) -> tuple[Any, dict[str, Any]]:
    if "on_missing" not in part.data:
        return "report", {}
    if not isinstance(wanted, Reference):
        raise part.wrong("on_missing", f"“{wanted.name}” refers to nothing")
    value, made_with = part.data["on_missing"], {}
    if isinstance(value, dict) and list(value) == ["create"]:
        made_with = value["create"]
        noun = NOUNS[wanted.noun]
        if not isinstance(made_with, dict) or not set(made_with) <= set(noun.fields):
            raise part.wrong("on_missing", f"“create” takes fields of a {noun.title}")
        value = "create"
    if value not in ON_MISSING:
        raise part.wrong("on_missing", f"takes {', '.join(ON_MISSING)}")
    if value == "create" and not NOUNS[wanted.noun].can_be_made:
        raise part.wrong("on_missing", f"a {NOUNS[wanted.noun].title} cannot be made of a name alone")
    if value == "keep" and wanted.name not in ("needs", "blocks"):
        raise part.wrong("on_missing", "“keep” is for a feature's needs and blocks")
    return value, made_with


def _ways(part: _Part, key: str, wanted: Field, spec: Any, tables: dict[str, dict[str, Any]]) -> tuple[Way, ...]:
    if not isinstance(wanted, Reference):
        if spec is not None:
            raise part.wrong(key, f"“{wanted.name}” refers to nothing")
        return ()
    noun = NOUNS[wanted.noun]
    usual = USUAL_WAYS.get(noun.name) or ("id", "name", "key") if noun.called else ("id", "key")
    if spec is None:
        return tuple(Way(name) for name in usual)
    return tuple(_way(part, key, one, usual, tables) for one in (spec if isinstance(spec, list) else [spec]))


def _way(part: _Part, key: str, spec: Any, usual: tuple[str, ...], tables: dict[str, dict[str, Any]]) -> Way:
    name: Any = spec
    steps: Any = []
    if isinstance(spec, dict) and len(spec) == 1:
        [(name, steps)] = spec.items()
    if name not in usual:
        raise part.wrong(key, f"takes {', '.join(usual)}")
    try:
        return Way(str(name), all_compiled(steps, tables))
    except BadStep as problem:
        raise part.wrong(key, str(problem)) from problem
