"""Where a run keeps what it read before anything of it is written: a file of its own, gone with the run.

A file rather than memory, so that a hundred thousand rows weigh nothing; rather than the database, so that
reading keeps nobody waiting.
"""

import pickle
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from interlock.connect.importing.notes import Kind, Note

SCHEMA = """
CREATE TABLE rows (
    id INTEGER PRIMARY KEY,
    block INTEGER NOT NULL,
    entity TEXT NOT NULL,
    ext TEXT NOT NULL,
    file TEXT NOT NULL,
    line INTEGER NOT NULL,
    fields BLOB NOT NULL,
    kept BLOB NOT NULL,
    called TEXT NOT NULL,
    key TEXT NOT NULL,
    pk INTEGER,
    state TEXT NOT NULL DEFAULT 'staged',
    level INTEGER NOT NULL DEFAULT 0,
    told BLOB,
    digest TEXT NOT NULL DEFAULT '',
    outcome TEXT NOT NULL DEFAULT ''
);
CREATE TABLE aliases (entity TEXT NOT NULL, alias TEXT NOT NULL, row INTEGER NOT NULL);
CREATE TABLE spellings (kind TEXT NOT NULL, folded TEXT NOT NULL, row INTEGER NOT NULL);
CREATE TABLE lookups (
    target TEXT NOT NULL, text TEXT NOT NULL, row INTEGER, pk INTEGER, why TEXT,
    PRIMARY KEY (target, text)
) WITHOUT ROWID;
CREATE TABLE edges (row INTEGER NOT NULL, target INTEGER NOT NULL, field TEXT NOT NULL, required INTEGER NOT NULL);
CREATE TABLE notes (
    kind TEXT NOT NULL, entity TEXT NOT NULL, field TEXT NOT NULL, file TEXT NOT NULL, line INTEGER NOT NULL,
    text TEXT NOT NULL
);
CREATE TABLE counted (
    kind TEXT NOT NULL, entity TEXT NOT NULL, field TEXT NOT NULL, text TEXT NOT NULL,
    file TEXT NOT NULL, line INTEGER NOT NULL, times INTEGER NOT NULL,
    PRIMARY KEY (kind, entity, field, text)
) WITHOUT ROWID;
"""
# Made once everything is staged: rows go in faster without.
INDEXES = """
CREATE INDEX rows_by_ext ON rows (entity, ext);
CREATE INDEX rows_by_called ON rows (entity, called);
CREATE INDEX rows_by_state ON rows (state, entity, level, id);
CREATE INDEX aliases_by_alias ON aliases (entity, alias);
CREATE INDEX spellings_by_folded ON spellings (folded, kind);
"""
BATCH = 1000


class State:
    STAGED = "staged"
    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    # What another row took up, and what the mapping leaves out.
    MERGED = "merged"
    # Written, but for what may point to rows that come after it.
    STANDING = "standing"
    WRITTEN = "written"


@dataclass(slots=True)
class StagedRow:
    block: int
    entity: str
    ext: str
    file: str
    line: int
    fields: dict[str, Any]
    kept: dict[str, Any]
    called: str = ""
    id: int = 0
    pk: int | None = None
    state: str = State.STAGED
    level: int = 0
    # What the source is noted to have said.
    told: dict[str, Any] = field(default_factory=dict)
    digest: str = ""
    # created, changed, unchanged
    outcome: str = ""
    aliases: list[str] = field(default_factory=list)
    spellings: list[tuple[str, str]] = field(default_factory=list)
    # Under which it stands here already, as its source says.
    key: str = ""


COLUMNS = "id, block, entity, ext, file, line, fields, kept, called, pk, state, level, told, digest, outcome"


def _row(columns: Sequence[Any]) -> StagedRow:
    return StagedRow(
        id=columns[0],
        block=columns[1],
        entity=columns[2],
        ext=columns[3],
        file=columns[4],
        line=columns[5],
        fields=unpacked(columns[6]),
        kept=unpacked(columns[7]),
        called=columns[8],
        pk=columns[9],
        state=columns[10],
        level=columns[11],
        told=unpacked(columns[12]) if columns[12] else {},
        digest=columns[13],
        outcome=columns[14],
    )


def packed(value: Any) -> bytes:
    """Nobody but this process can write what it unpacks, so the quick way is a safe one."""
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


unpacked = pickle.loads


class Staging:
    def __init__(self) -> None:
        # Without a name SQLite makes a file that is gone when its process is, however that ends.
        self.db = sqlite3.connect("", isolation_level=None)
        self.db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-16000;" + SCHEMA)
        self.db.execute("BEGIN")
        self._rows: list[StagedRow] = []
        self._lookups: set[tuple[str, str]] = set()
        self._notes: list[Note] = []
        self._next = 1

    def close(self) -> None:
        self.db.close()

    # --- while reading ---------------------------------------------------------------------------

    def add(self, row: StagedRow) -> None:
        row.id, self._next = self._next, self._next + 1
        self._rows.append(row)
        if len(self._rows) >= BATCH:
            self._flush_rows()

    def look_up(self, target: str, text: str) -> None:
        self._lookups.add((target, text))
        if len(self._lookups) >= 10 * BATCH:
            self._flush_lookups()

    def note(self, note: Note) -> None:
        self._notes.append(note)
        if len(self._notes) >= BATCH:
            self._flush_notes()

    def flush(self) -> None:
        self._flush_rows()
        self._flush_lookups()
        self._flush_notes()

    def complete(self) -> None:
        self.flush()
        for statement in INDEXES.strip().split(";"):
            self.db.execute(statement)

    def _flush_rows(self) -> None:
        rows, self._rows = self._rows, []
        self.db.executemany(
            "INSERT INTO rows (id, block, entity, ext, file, line, fields, kept, called, key)"
            " VALUES (?,?,?,?,?,?,?,?,?,?)",
            (
                (r.id, r.block, r.entity, r.ext, r.file, r.line, packed(r.fields), packed(r.kept), r.called, r.key)
                for r in rows
            ),
        )
        self.db.executemany(
            "INSERT INTO aliases VALUES (?,?,?)", ((r.entity, a, r.id) for r in rows for a in r.aliases)
        )
        self.db.executemany(
            "INSERT INTO spellings VALUES (?,?,?)", ((kind, s, r.id) for r in rows for kind, s in r.spellings)
        )

    def _flush_lookups(self) -> None:
        lookups, self._lookups = self._lookups, set()
        self.db.executemany("INSERT OR IGNORE INTO lookups (target, text) VALUES (?,?)", sorted(lookups))

    def _flush_notes(self) -> None:
        notes, self._notes = self._notes, []
        self.db.executemany(
            "INSERT INTO notes VALUES (?,?,?,?,?,?)",
            ((n.kind, n.entity, n.field, n.file, n.line, n.text) for n in notes if n.kind != Kind.SET_ASIDE),
        )
        self.db.executemany(
            "INSERT INTO counted VALUES (?,?,?,?,?,?,1) ON CONFLICT DO UPDATE SET times = times + 1",
            ((n.kind, n.entity, n.field, n.text, n.file, n.line) for n in notes if n.kind == Kind.SET_ASIDE),
        )

    # --- afterwards ------------------------------------------------------------------------------

    def rows(self, where: str = "1", parameters: Sequence[Any] = (), *, order: str = "id") -> Iterator[StagedRow]:
        for columns in self.db.execute(f"SELECT {COLUMNS} FROM rows WHERE {where} ORDER BY {order}", parameters):
            yield _row(columns)

    def batches(self, where: str, parameters: Sequence[Any] = (), size: int = BATCH) -> Iterator[list[StagedRow]]:
        """In order of their ids, read one batch at a time, so that what is read may be written meanwhile."""
        after = 0
        while batch := list(self.rows(f"({where}) AND id > ?", (*parameters, after), order=f"id LIMIT {size}")):
            after = batch[-1].id
            yield batch

    def update(self, rows: Iterable[StagedRow]) -> None:
        self.db.executemany(
            "UPDATE rows SET fields = ?, kept = ?, called = ?, pk = ?, state = ?, level = ?, told = ?, digest = ?,"
            " outcome = ? WHERE id = ?",
            (
                (
                    packed(r.fields),
                    packed(r.kept),
                    r.called,
                    r.pk,
                    r.state,
                    r.level,
                    packed(r.told),
                    r.digest,
                    r.outcome,
                    r.id,
                )
                for r in rows
            ),
        )

    def rename(self, row: StagedRow) -> None:
        self.db.execute("UPDATE rows SET ext = ? WHERE id = ?", (row.ext, row.id))

    def settle(self, rows: Iterable[StagedRow]) -> None:
        """Keep what became of rows, where nothing else of them changed."""
        self.db.executemany(
            "UPDATE rows SET pk = ?, state = ?, outcome = ? WHERE id = ?",
            ((r.pk, r.state, r.outcome, r.id) for r in rows),
        )

    def count(self, where: str = "1", parameters: Sequence[Any] = ()) -> int:
        return int(self.db.execute(f"SELECT count(*) FROM rows WHERE {where}", parameters).fetchone()[0])

    def notes(self) -> Iterator[Note]:
        """Everything noted, what counts most first."""
        self._flush_notes()
        order = "CASE kind " + " ".join(f"WHEN '{kind}' THEN {n}" for n, kind in enumerate(Kind)) + " END"
        for kind, entity, where, file, line, text in self.db.execute(
            "SELECT kind, entity, field, file, line, text FROM ("
            " SELECT kind, entity, field, file, line, text, rowid AS place FROM notes UNION ALL"
            " SELECT kind, entity, field, file, line,"
            " CASE times WHEN 1 THEN text ELSE text || ', ' || times || ' times; first here' END, 0 FROM counted"
            f") ORDER BY {order}, entity, field, place"
        ):
            yield Note(Kind(kind), text, entity, where, file, line)

    def count_notes(self) -> dict[Kind, int]:
        self._flush_notes()
        counts = dict(self.db.execute("SELECT kind, count(*) FROM notes GROUP BY kind"))
        aside = self.db.execute("SELECT sum(times) FROM counted").fetchone()[0]
        return {kind: found for kind in Kind if (found := aside if kind == Kind.SET_ASIDE else counts.get(kind))}
