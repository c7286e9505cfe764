"""The first part of a run: records become staged rows, by the mapping and nothing else."""

from collections.abc import Callable, Iterator
from itertools import groupby

import orjson

from interlock.connect.importing.fields import Links, Names, Reference, Sentences, Spellings, one_text
from interlock.connect.importing.mapping import Block, Mapping, Target
from interlock.connect.importing.notes import Kind, Lost, Note, SetAside
from interlock.connect.importing.staging import StagedRow, Staging, State
from interlock.connect.importing.steps import EMPTY, Value, shown
from interlock.connect.readers import Malformed, Record, Refusal, Remarks, Source
from interlock.connect.readers.records import Lined
from interlock.connect.readers.refusal import place
from interlock.organisation.models import Identity

LONGEST_ID = 400
LONGEST_KEPT = 4000
SHOWN = 3

Progress = Callable[[str, int, int], None]


def target_id(block: Block, name: str) -> str:
    """Under which the texts of a reference are looked up: each field of each block has its own ways."""
    return f"{block.number}.{name}"


def read_into(staging: Staging, source: Source, mapping: Mapping, progress: Progress) -> None:
    sizes = [sum(source.size(name) for name in block.reading.names(source)) for block in mapping.blocks]
    done, total = 0, sum(sizes)
    for block in mapping.blocks:
        names = block.reading.names(source)
        if not names:
            wanted = " or ".join(block.reading.files)
            raise Refusal(f"{source.label} holds no file such as {wanted}, from which {block.noun.titles} should come.")
        found = 0
        for name in names:
            for count, record in enumerate(_remarked(block, source, name, staging), start=1):
                _Mapper(staging, block, record).stage()
                found += 1
                if count % 1000 == 0:
                    progress("Reading", done, total)
            done += source.size(name)
            progress("Reading", done, total)
        if not found:
            places = ", ".join(names[:SHOWN]) + (" …" if len(names) > SHOWN else "")
            staging.note(Note(Kind.REMARK, f"No records for {block.noun.titles} in {places}.", block.noun.name))
    staging.complete()
    _settle_duplicates(staging, mapping)


def _remarked(block: Block, source: Source, name: str, staging: Staging) -> Iterator[Record]:
    remarks = Remarks()
    yield from block.reading.records(source, name, remarks)
    for file, how in remarks.taken.items():
        if not how.startswith("UTF-8 ") and "comma" not in how:
            staging.note(Note(Kind.REMARK, f"Read as {how}.", block.noun.name, file=file))
    for file, line, cells, width in remarks.short_rows:
        text = f"has {cells} cells where the heading has {width}; the rest is taken as empty"
        staging.note(Note(Kind.REMARK, text, block.noun.name, file=file, line=line))


class _Mapper:
    """One record on its way through one block."""

    def __init__(self, staging: Staging, block: Block, record: Record) -> None:
        self.staging, self.block, self.record = staging, block, record
        self.field = ""
        self.set_aside = False

    def stage(self) -> None:
        if isinstance(self.record.data, Malformed):
            return self._refuse(self.record.data)
        if self._left_out():
            return None
        self.field = "external_id"
        ext = self._text(self.block.external_id(self.record, self._notice))
        if not ext and self.set_aside:
            return None
        if not ext or len(ext) > LONGEST_ID:
            return self._refuse("has no external id" if not ext else f"has an external id of {len(ext):,} characters")
        row = StagedRow(self.block.number, self.block.noun.name, ext, self.record.file, self.record.line, {}, {})
        for name, target in self.block.targets.items():
            self.field = name
            value = self._frozen(target)
            if value is not None:
                row.fields[name] = value
            elif target.required and not self.block.only_known:
                return self._refuse(f"has no {name.replace('_', ' ')}")
        self._add_what_it_is_known_by(row)
        self._add_kept(row)
        self.staging.add(row)
        return None

    def _frozen(self, target: Target) -> Value:
        value = target.source(self.record, self._notice)
        if value in EMPTY:
            return None
        try:
            frozen = target.field.freeze(value, self._notice)
        except (Lost, SetAside) as problem:
            self._notice(problem)
            return None
        if frozen is not None and isinstance(target.field, Reference):
            wanted = target_id(self.block, target.field.name)
            for text in frozen:
                self.staging.look_up(wanted, text)
            return [[wanted, text, self.record.file, self._line()] for text in frozen]
        return frozen

    def _add_what_it_is_known_by(self, row: StagedRow) -> None:
        noun = self.block.noun
        row.called = str(row.fields.get(noun.called, "")).casefold()
        if self.block.aliases:
            self.field = "aliases"
            value = self.block.aliases(self.record, self._notice)
            texts = {self._text(one) for one in (value if isinstance(value, list) else [value])}
            row.aliases = sorted(one for one in texts if one and one != row.ext and len(one) <= LONGEST_ID)
        if self.block.key:
            self.field = "key"
            row.key = self._text(self.block.key(self.record, self._notice))[:LONGEST_ID]
        if noun.name == "person":
            row.spellings = spellings(row)

    def _add_kept(self, row: StagedRow) -> None:
        for name, source in self.block.kept.items():
            self.field = name
            value = source(self.record, self._notice)
            if value in EMPTY:
                continue
            text = orjson.dumps(value, default=str)
            if len(text) > LONGEST_KEPT:
                self._notice(Lost(f"is longer than {LONGEST_KEPT:,} characters and not kept"))
            else:
                row.kept[name] = orjson.loads(text)

    def _left_out(self) -> bool:
        for condition in self.block.conditions:
            value = self._text(condition.source(self.record, self._notice))
            if bool(condition.pattern.search(value)) != condition.wanted:
                self.field = ""
                self._notice(SetAside(f"left out, since {condition}"))
                return True
        return False

    def _text(self, value: Value) -> str:
        try:
            return "" if value is None else one_text(value)
        except Lost as problem:
            self._notice(problem)
            return ""

    def _refuse(self, reason: str) -> None:
        self._note(Kind.REFUSED, reason, "")

    def _notice(self, problem: Exception) -> None:
        if isinstance(problem, SetAside):
            self.set_aside = True
            self._note(Kind.SET_ASIDE, str(problem.args[0]), self.field)
        else:
            self._note(Kind.LOST, str(problem.args[0]), self.field)

    def _note(self, kind: Kind, text: str, field: str) -> None:
        self.staging.note(Note(kind, text, self.block.noun.name, field, self.record.file, self._line()))

    def _line(self) -> int:
        """Of the value at hand, where the source keeps the lines of values."""
        data, target = self.record.data, self.block.targets.get(self.field)
        source = target.source if target else self.block.kept.get(self.field)
        if isinstance(data, Lined) and source:
            return min((data.lines[name] for name in source.columns() if name in data.lines), default=data.line)
        return self.record.line


def spellings(row: StagedRow) -> list[tuple[str, str]]:
    """By which addresses, handles and names a staged person is known, as they are compared."""
    known = [(Identity.Kind.EMAIL, row.fields.get("email"))]
    for name, kind in (
        ("emails", Identity.Kind.EMAIL),
        ("handles", Identity.Kind.HANDLE),
        ("names", Identity.Kind.NAME),
    ):
        known += [(kind, one) for one in row.fields.get(name, [])]
    return list(dict.fromkeys((str(kind), Identity.fold(one)) for kind, one in known if one))


# --- several records of one id -----------------------------------------------------------------------


def _settle_duplicates(staging: Staging, mapping: Mapping) -> None:
    """One row for each id, or none at all: the mapping says which."""
    blocks = {block.number: block for block in mapping.blocks}
    repeated = "(entity, ext) IN (SELECT entity, ext FROM rows GROUP BY entity, ext HAVING count(*) > 1)"
    twice, examples = 0, list[str]()
    rows = staging.rows(repeated, order="entity, ext, id")
    for _, alike in groupby(rows, key=lambda row: (row.entity, row.ext)):
        group = iter(alike)
        first = next(group)
        for other in group:
            block = blocks[other.block]
            match block.on_duplicate:
                case "refuse":
                    twice += 1
                    if twice <= SHOWN:
                        places = f"{place(first.file, first.line)} and {place(other.file, other.line)}"
                        examples.append(f"“{shown(other.ext)}” ({places})")
                case "merge":
                    _merge(first, other, block)
                case "first":
                    _remark_on(staging, other, first)
                case "last":
                    _remark_on(staging, first, other)
                    first.fields, first.kept = other.fields, other.kept
                    first.file, first.line, first.called = other.file, other.line, other.called
            other.state = State.MERGED
            staging.update([other])
        staging.update([first])
    if twice:
        more = " …" if twice > SHOWN else ""
        raise Refusal(f"{twice:,} records have an external id that stood before: {'; '.join(examples)}{more}.")
    for table in ("aliases", "spellings"):
        staging.db.execute(
            f"UPDATE {table} SET row = (SELECT kept.id FROM rows gone JOIN rows kept"
            " ON kept.entity = gone.entity AND kept.ext = gone.ext AND kept.state <> ?"
            f" WHERE gone.id = {table}.row) WHERE row IN (SELECT id FROM rows WHERE state = ?)",
            (State.MERGED, State.MERGED),
        )


def _merge(first: StagedRow, other: StagedRow, block: Block) -> None:
    """What the later record says wins; lists are put together."""
    for name, value in other.fields.items():
        target = block.targets[name]
        known = first.fields.get(name)
        gathers = isinstance(target.field, Links | Names | Sentences | Spellings) or (
            isinstance(target.field, Reference) and target.field.many
        )
        if gathers and known:
            first.fields[name] = known + [one for one in value if one not in known]
        elif not (target.unless_known and known is not None):
            first.fields[name] = value
    first.kept |= other.kept
    if called := str(first.fields.get(block.noun.called, "")):
        first.called = called.casefold()


def _remark_on(staging: Staging, unused: StagedRow, used: StagedRow) -> None:
    text = f"“{shown(unused.ext)}” stands again in {place(used.file, used.line)}, which counts"
    staging.note(Note(Kind.REMARK, text, unused.entity, "", unused.file, unused.line))
