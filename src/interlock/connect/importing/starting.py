"""A mapping to begin with, made from the names of a table's columns and what stands below them.

It is a guess for a person to look over: what it is unsure of, it says in comments.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from interlock.connect.importing.expressions import path_parts
from interlock.connect.importing.fields import Choice, Day, Field, Names, Number, Reference, Sentences, Whole
from interlock.connect.importing.nouns import NOUNS, Noun
from interlock.connect.importing.steps import BadStep
from interlock.connect.readers import Reading, Record, Refusal, Remarks, Source, format_of

SAMPLE = 200
# More different values than this are no list of states.
FEW = 20
SHOWN = 12

# Below which names in a document the records usually stand.
LISTS = "items features issues records rows results data values people persons users teams releases objectives goals"

# Field → what its column is called elsewhere; the first that is there counts.
WORDS: dict[str, dict[str, str]] = {
    "feature": {
        "title": "title, summary, feature, name, feature name, feature title, story, epic, subject, headline",
        "description": "description, details, body, about",
        "status": "status, state, stage, progress",
        "product": "product, product name, project, project name, application, app, product area",
        "owner": "owner, assignee, assigned to, product owner, product manager, responsible, lead, pm, dri, owned by",
        "team": "team, squad, team name, crew",
        "effort_days": "effort days, effort, estimate days, estimate, person days, days, effort in days",
        "tags": "tags, labels, keywords, categories, category, theme, components",
        "objectives": "objectives, objective, goals, goal, okr, strategic objective",
        "release": "release, target release, fix version, fix versions, milestone, planned for, version",
        "needs": "needs, depends on, dependencies, blocked by, predecessors, requires, depends upon",
        "blocks": "blocks, successors",
        "links": "links, link, url, web address, ticket, website",
    },
    "person": {
        "name": "name, full name, person, employee, display name, member, people",
        "email": "email, e mail, email address, mail, e mail address, work email",
        "title": "title, job title, position, function, job",
        "department": "department, dept, division, unit, org unit",
        "teams": "teams, team, squad, squads",
        "handles": "handle, handles, login, username, user name, github, gitlab, slack",
    },
    "release": {
        "name": "name, release, version, release name, milestone",
        "product": "product, project, application, app",
        "target_on": "target date, target, due, due date, launch date, release date, planned date, ships on, date",
        "released_on": "released, released on, shipped, shipped on, actual date",
        "status": "status, state",
        "tier": "tier",
        "description": "description, details, notes, goal",
    },
    "objective": {
        "title": "objective, title, goal, name, objective title",
        "description": "description, details, why",
        "owner": "owner, responsible, accountable, lead, sponsor",
        "department": "department, dept, division",
        "team": "team, squad",
        "status": "status, state",
        "starts_on": "starts on, start, start date, from, begins",
        "ends_on": "ends on, end, end date, due, due date, until, deadline",
    },
    "team": {
        "name": "team, name, team name, squad",
        "department": "department, dept, division, unit",
        "purpose": "purpose, mission, description, about",
    },
    "department": {"name": "department, name, dept, division"},
    "product": {"name": "product, name, product name", "description": "description, about, details"},
    "requirement": {
        "title": "requirement, user story, story, title, summary, name",
        "feature": "feature, feature id, feature key, epic, parent",
        "criteria": "acceptance criteria, criteria, conditions",
        "description": "description, details",
        "status": "status, state",
    },
}
# What only rows of that kind have.
TELLING = {
    "feature": "status, owner, assignee, release, fix version, priority, effort, estimate, product, labels",
    "person": "email, e mail, email address, first name, last name, job title, full name",
    "release": "target date, launch date, release date, ships on, version",
    "objective": "objective, key result, key results, quarter, period, goal",
    "team": "purpose, mission",
    "department": "cost centre",
    "product": "",
    "requirement": "acceptance criteria, criteria, user story",
}
IDS = (
    "id, key, external id, issue key, issue id, number, no, nr, ref, reference, code, uuid, identifier, {0} id, {0} key"
)

# How others call where something stands.
MEANS: dict[str, dict[str, str]] = {
    "feature": {
        "idea": "idea, ideas, draft, someday, parking lot, icebox, inbox",
        "candidate": "candidate, backlog, new, proposed, open, under consideration, to be discussed, funnel",
        "planned": "planned, to do, todo, ready, approved, accepted, scheduled, next, committed",
        "in_progress": "in progress, doing, started, wip, active, in development, development, in review, testing, now",
        "done": "done, closed, complete, completed, shipped, released, resolved, live, launched, finished",
        "dropped": "dropped, rejected, cancelled, canceled, won t do, wont do, won t fix, abandoned, declined",
    },
    "release": {
        "planned": "planned, open, upcoming, future, unreleased, scheduled",
        "in_progress": "in progress, active, current, started",
        "released": "released, done, shipped, live, closed, complete, completed",
        "cancelled": "cancelled, canceled, dropped, withdrawn",
    },
    "objective": {
        "draft": "draft, proposed, new, idea",
        "open": "open, active, in progress, on track, at risk, off track, behind, started",
        "closed": "closed, done, complete, completed, achieved, missed, cancelled",
    },
    "requirement": {
        "open": "open, to do, todo, new, in progress, ready",
        "done": "done, closed, complete, completed, accepted",
        "dropped": "dropped, rejected, cancelled, won t do",
    },
}
DATES = ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y"]
DATES += ["%d/%m/%y", "%m/%d/%y", "%d/%b/%y"]
ISO = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([T ].*)?\Z")

OTHERWISE = """\
# Say which records become what, and check: nothing is written before you have seen what would be.
source: {source}   # the system that this comes from; the same next time, so that rows are recognised
imports:
  - entity: feature          # or one of {nouns}
    # files: "**/*.yaml"     # of a folder: which files
    # records: items[]       # where in a file the records are
    external_id: id          # what tells one record from another
    fields:
      title: title
      product: {{value: {product}, on_missing: create}}
      # status: {{from: state, do: [{{lookup: {{open: planned, closed: done}}}}]}}
      # owner: {{from: owner, on_missing: create}}
"""


def starting_mapping(source: Source, *, product: str = "") -> str:
    """`product`: to which rows belong that name none. A source that cannot be read raises Refusal."""
    stem = PurePosixPath(source.label).stem
    name = re.sub(r"[-_. ]*\d[\d._ -]*$", "", stem) or stem
    product = product or name.replace("_", " ").replace("-", " ").strip().capitalize() or "Product"
    table = _Table.of(source)
    if table is None or not table.columns:
        nouns = ", ".join(NOUNS)
        return OTHERWISE.format(source=_scalar(name[:60]), product=_scalar(product), nouns=nouns)
    return "\n".join(_Guess(table, label=source.label, source=name[:60], product=product).lines()) + "\n"


# --- what the file holds -----------------------------------------------------------------------------


class _Table:
    """The columns of a file's first records, and what stands in them."""

    def __init__(self, records: Iterable[Record], steps: str = "") -> None:
        self.steps = steps
        self.columns: dict[str, list[Any]] = {}
        self.rows = 0
        for record in records:
            if isinstance(record.data, dict):
                self.rows += 1
                for name, value in _scalars(record.data):
                    self.columns.setdefault(name, []).append(value)

    @classmethod
    def of(cls, source: Source) -> "_Table | None":
        """The table that the source is; None where it is something else."""
        names = source.names()
        kind = format_of(names[0]) if len(names) == 1 else ""
        if kind in ("csv", "jsonl"):
            return cls(_sample(source, names[0], []))
        if kind != "json":
            return None
        for steps in ([], ["[]"], *([name, "[]"] for name in LISTS.split())):
            if steps:
                try:
                    return cls(_sample(source, names[0], steps), ".".join(steps).replace(".[]", "[]"))
                except Refusal as refusal:
                    if "where the mapping" not in refusal.reason:
                        raise
        return None

    def texts(self, column: str) -> list[str]:
        return [str(one).strip() for one in self.columns[column] if one not in (None, "") and not isinstance(one, list)]

    def unique(self, column: str) -> bool:
        texts = self.texts(column)
        return len(texts) == self.rows == len(set(texts))


def _sample(source: Source, name: str, steps: list[str]) -> list[Record]:
    return list(islice(Reading(steps=steps).records(source, name, Remarks()), SAMPLE))


def _scalars(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Columns by the paths that lead to them, one level of maps deep."""
    for name, value in data.items():
        path = _path(name)
        if isinstance(value, dict):
            inner = ((_path(key), one) for key, one in value.items())
            yield from ((f"{path}.{key}", one) for key, one in inner if path and key and not isinstance(one, dict))
        elif path:
            yield path, value


def _path(name: str) -> str:
    """How a mapping writes that name; nothing for one that it cannot write."""
    if not name or name.startswith(("^", "$")) or len(name) > 100:
        return ""
    try:
        if path_parts(name) == [name]:
            return name
    except BadStep:
        pass
    return "" if '"' in name else f'"{name}"'


# --- what that may mean ------------------------------------------------------------------------------


class _Guess:
    def __init__(self, table: _Table, *, label: str, source: str, product: str) -> None:
        self.table, self.label, self.source, self.product = table, label, source, product
        self.called = {_plain(name.rpartition(".")[2]): name for name in reversed(table.columns)}
        self.called |= {_plain(name): name for name in reversed(table.columns)}
        self.noun = NOUNS[max(WORDS, key=self._likely)]
        self.fields = self._fields(self.noun.name)
        self.tables: dict[str, dict[str, str]] = {}
        self.unsaid: dict[str, list[str]] = {}

    def _column(self, words: str) -> str:
        return next((self.called[word] for word in words.split(", ") if word in self.called), "")

    def _fields(self, noun: str) -> dict[str, str]:
        """Field → its column; each column is used once."""
        found: dict[str, str] = {}
        for field, words in WORDS[noun].items():
            free = ", ".join(word for word in words.split(", ") if self.called.get(word) not in found.values())
            if column := self._column(free):
                found[field] = column
        if noun == "person" and "name" not in found and self._both_names():
            found["name"] = ""
        return found

    def _both_names(self) -> tuple[str, str] | None:
        given, family = self._column("first name, given name"), self._column("last name, family name, surname")
        return (given, family) if given and family else None

    def _likely(self, noun: str) -> float:
        """The more columns fit, the likelier; what a file is called weighs as much as three of them."""
        fields = self._fields(noun)
        told = TELLING[noun].split(", ")
        named = _plain(PurePosixPath(self.label).stem)
        titles = {noun, *NOUNS[noun].titles.split(), "backlog" if noun == "feature" else noun}
        return (
            len(fields)
            + 2 * sum(1 for word in told if word in self.called)
            + 3 * any(title in named for title in titles)
            - 4 * (NOUNS[noun].called not in fields)
        )

    # --- how it is written ---------------------------------------------------------------------------

    def lines(self) -> Iterator[str]:
        block = list(self._block())
        yield f"# A start, made from the columns of {' '.join(self.label.split())}. Look it over, then have it checked:"
        yield "# nothing is written before you have seen what would be."
        yield f"source: {_scalar(self.source)}   # where this comes from; keep it, and rows are recognised next time"
        if self.tables:
            yield "tables:"
            for name, table in self.tables.items():
                yield f"  {name}:"
                yield from (f"    {_scalar(old)}: {new}" for old, new in table.items())
                choices = ", ".join(str(one) for one in _choices(self.noun, name))
                for value in self.unsaid.get(name, []):
                    yield f"    # {_scalar(value)}: …   # one of {choices}"
        yield "imports:"
        yield from self._referred()
        yield from block
        used = {*self.fields.values(), self._id_column(), *(self._both_names() or ())}
        unused = [name for name in self.table.columns if name not in used]
        if unused:
            names = ", ".join(" ".join(one.split()) for one in unused[:SHOWN]) + (" …" if len(unused) > SHOWN else "")
            yield f"    # Not used: {names}"

    def _block(self) -> Iterator[str]:
        yield f"  - entity: {self.noun.name}"
        yield from self._records()
        yield f"    external_id: {self._id()}"
        yield "    fields:"
        for name, column in self.fields.items():
            yield f"      {name}: {self._expression(self.noun.fields[name], column)}"
        product = self.noun.fields.get("product")
        if product and product.required and "product" not in self.fields:
            yield f"      product: {{value: {_scalar(self.product)}, on_missing: create}}"
        for field in self.noun.fields.values():
            if field.required and field.name not in (*self.fields, "product"):
                yield f"      # {field.name}: …   # a {self.noun.title} needs this: {field.takes}"

    def _records(self) -> Iterator[str]:
        if self.table.steps:
            yield f"    records: {_scalar(self.table.steps)}"

    def _id_column(self) -> str:
        words = IDS.format(self.noun.title).split(", ")
        words += ["email", "handle", "login"] if self.noun.name == "person" else []
        candidates = [self.called[word] for word in words if word in self.called]
        candidates += [self.fields.get("email", ""), self.fields.get(self.noun.called, "")]
        return next((one for one in candidates if one and self.table.unique(one)), "")

    def _id(self) -> str:
        if column := self._id_column():
            return _scalar(column)
        return "$line   # no column tells one row from another: rows that move in the file will count as new"

    def _referred(self) -> Iterator[str]:
        """Releases and objectives that the rows name are made first."""
        if self.noun.name != "feature":
            return
        for field, entity, called in (("release", "release", "name"), ("objectives", "objective", "title")):
            column = self.fields.get(field)
            if not column or self._separator(column):
                continue
            yield f"  - entity: {entity}"
            yield from self._records()
            yield f"    unless: {{{_scalar(column)}: '^\\s*$'}}"
            yield f"    external_id: {_scalar(column)}"
            yield "    on_duplicate: merge"
            yield "    fields:"
            yield f"      {called}: {_scalar(column)}"
            if entity == "release":
                given = self.fields.get("product")
                value = f"from: {_scalar(given)}" if given else f"value: {_scalar(self.product)}"
                yield f"      product: {{{value}, on_missing: create}}"

    def _expression(self, field: Field, column: str) -> str:
        if not column and (names := self._both_names()):
            return f"{{template: {json.dumps(' '.join(f'{{{name}}}' for name in names), ensure_ascii=False)}}}"
        told = _scalar(column)
        match field:
            case Choice():
                steps = self._by_table(field, column)
            case Day():
                steps = self._dated(column)
            case Number() | Whole() if not all(_is_number(one) for one in self.table.texts(column)):
                steps = "number"
            case Reference() if field.many and (separator := self._separator(column)):
                steps = f"{{split: {json.dumps(separator)}}}"
            case Names() if self._separator(column) not in ("", ","):
                steps = f"{{split: {json.dumps(self._separator(column))}}}"
            case Sentences() if self._separator(column) == ";":
                steps = '{split: ";"}'
            case _:
                steps = ""
        parts = [f"from: {told}"]
        if steps:
            parts.append(f"do: [{steps}]")
        if isinstance(field, Reference) and NOUNS[field.noun].can_be_made:
            parts.append("on_missing: create")
        return f"{{{', '.join(parts)}}}" if len(parts) > 1 else _scalar(column)

    def _by_table(self, field: Choice, column: str) -> str:
        values = list(dict.fromkeys(self.table.texts(column)))
        own = {_plain(str(one)): str(one) for choice, label in field.choices.items() for one in (choice, label)}
        if all(_plain(value) in own for value in values) or len(values) > FEW:
            return ""
        means = (
            {word: choice for choice, words in MEANS.get(self.noun.name, {}).items() for word in words.split(", ")}
            if field.name == "status"
            else {}
        )
        labels = {_plain(str(one)): str(choice) for choice, label in field.choices.items() for one in (choice, label)}
        known = {value: labels.get(_plain(value)) or means.get(_plain(value), "") for value in values}
        self.tables[field.name] = {value: choice for value, choice in known.items() if choice}
        self.unsaid[field.name] = [value for value, choice in known.items() if not choice]
        if not self.tables[field.name]:
            del self.tables[field.name]
            return ""
        return f"{{lookup: {field.name}}}"

    def _dated(self, column: str) -> str:
        texts = self.table.texts(column)
        if all(ISO.match(one) for one in texts):
            return ""
        fits = next((one for one in DATES if all(_is_dated(text, one) for text in texts)), "")
        return f"{{date: {json.dumps(fits)}}}" if fits else "{date: words}"

    def _separator(self, column: str) -> str:
        texts = self.table.texts(column)
        return next((one for one in (";", "|", ",") if any(one in text for text in texts)), "")


def _choices(noun: Noun, name: str) -> Iterable[Any]:
    field = noun.fields[name]
    return field.choices if isinstance(field, Choice) else ()


def _plain(name: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", name.casefold()))


def _is_number(written: str) -> bool:
    try:
        return Decimal(written).is_finite()
    except InvalidOperation:
        return False


def _is_dated(written: str, pattern: str) -> bool:
    try:
        return bool(datetime.strptime(written, pattern))
    except ValueError:
        return False


SAFE = re.compile(r"[A-Za-z][A-Za-z0-9_./ -]*(?<! )\Z")
WORDS_OF_YAML = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def _scalar(text: str) -> str:
    """As YAML writes it, in quotes where it would else be read as something else."""
    if SAFE.match(text) and text.casefold() not in WORDS_OF_YAML:
        return text
    return json.dumps(text, ensure_ascii=False)
