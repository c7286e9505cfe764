"""Django's cache in one SQLite file, shared by all processes of a host.

Limits on guessing passwords are counted here, so, unlike in Django's file cache, adding and counting are
atomic and nothing is thrown out before its time. Nothing here outlives a crash of the machine, nor needs to.
"""

import os
import pickle
import sqlite3
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

SCHEMA = """
CREATE TABLE IF NOT EXISTS held (key TEXT PRIMARY KEY, value, ends REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hits (key TEXT, second INTEGER, count INTEGER, PRIMARY KEY (key, second)) WITHOUT ROWID;
"""
MINUTE = 60
# Seconds to wait for others that write.
PATIENCE = 5
SWEEP_EVERY = 60

_open = threading.local()


class SharedCache(BaseCache):
    def __init__(self, location: str | os.PathLike[str], params: dict[str, Any]) -> None:
        super().__init__(params)
        self.path = Path(location)

    # --- what Django asks of a cache -------------------------------------------------------------

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self.get_many([key], version).get(key, default)

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        found = {}
        for key in keys:
            row = self._run(
                "SELECT value FROM held WHERE key = ? AND (ends IS NULL OR ends > ?)",
                self.make_and_validate_key(key, version=version),
                time.time(),
            ).fetchone()
            if row:
                found[key] = _unpacked(row[0])
        return found

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._run(
            "INSERT OR REPLACE INTO held VALUES (?, ?, ?)",
            self.make_and_validate_key(key, version=version),
            _packed(value),
            self.get_backend_timeout(timeout),
        )
        self._sweep()

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        added = self._run(
            "INSERT INTO held VALUES (?, ?, ?) ON CONFLICT (key)"
            " DO UPDATE SET value = excluded.value, ends = excluded.ends WHERE ends <= ?",
            self.make_and_validate_key(key, version=version),
            _packed(value),
            self.get_backend_timeout(timeout),
            time.time(),
        )
        self._sweep()
        return added.rowcount == 1

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        touched = self._run(
            "UPDATE held SET ends = ? WHERE key = ? AND (ends IS NULL OR ends > ?)",
            self.get_backend_timeout(timeout),
            self.make_and_validate_key(key, version=version),
            time.time(),
        )
        return touched.rowcount == 1

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        counted = self._run(
            "UPDATE held SET value = value + ? WHERE key = ? AND (ends IS NULL OR ends > ?) RETURNING value",
            delta,
            self.make_and_validate_key(key, version=version),
            time.time(),
        ).fetchone()
        if counted is None:
            raise ValueError(f"Key '{key}' not found")
        return int(counted[0])

    def delete(self, key: str, version: int | None = None) -> bool:
        return (
            self._run("DELETE FROM held WHERE key = ?", self.make_and_validate_key(key, version=version)).rowcount == 1
        )

    def clear(self) -> None:
        self._run("DELETE FROM held")
        self._run("DELETE FROM hits")

    # --- counting --------------------------------------------------------------------------------

    def take(self, key: str, *, amount: int) -> tuple[int, int]:
        """Count one more within the last minute, unless `amount` are counted already.

        Returns how many there were before, and the seconds after which the oldest of them is a minute old.
        """
        now = int(time.time())
        since = now - MINUTE
        used, oldest = self._run(
            "SELECT total(count), min(second) FROM hits WHERE key = ? AND second > ?", key, since
        ).fetchone()
        # The limit is looked at again under the write lock: others may have counted since.
        taken = self._run(
            "INSERT INTO hits SELECT ?1, ?2, 1"
            " WHERE (SELECT total(count) FROM hits WHERE key = ?1 AND second > ?3) < ?4"
            " ON CONFLICT (key, second) DO UPDATE SET count = count + 1",
            key, now, since, amount,
        ) if used < amount else None  # fmt: skip
        if oldest != now:
            self._sweep()
        before = int(used) if taken and taken.rowcount == 1 else amount
        return before, MINUTE - (now - (oldest or now))

    # --- the file --------------------------------------------------------------------------------

    def _run(self, statement: str, *values: Any) -> sqlite3.Cursor:
        try:
            return self._connection().execute(statement, values)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:  # a crash of the machine left it half written: begin anew
            self._discard()
            return self._connection().execute(statement, values)

    def _connection(self) -> sqlite3.Connection:
        """One for each thread, and none that a parent process had opened."""
        mine = (os.getpid(), self.path)
        if getattr(_open, "whose", None) != mine:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            connection = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
            _into_wal(connection)
            connection.execute("PRAGMA synchronous=OFF")
            connection.executescript(SCHEMA)
            self.path.chmod(0o600)
            _open.whose, _open.connection, _open.swept = mine, connection, 0.0
        return _open.connection

    def _sweep(self) -> None:
        now = time.time()
        if now - _open.swept > SWEEP_EVERY:
            _open.swept = now
            self._run("DELETE FROM held WHERE ends <= ?", now)
            self._run("DELETE FROM hits WHERE second <= ?", int(now) - MINUTE)

    def _discard(self) -> None:
        _open.whose = None
        for name in (self.path, *(self.path.with_name(self.path.name + end) for end in ("-wal", "-shm"))):
            with suppress(FileNotFoundError):
                name.unlink()


def _into_wal(connection: sqlite3.Connection) -> None:
    """Of processes that open a new file at once, one switches it; the others are refused at once, timeout or not."""
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.005)


def _packed(value: Any) -> int | bytes:
    """Whole numbers as they are, so that SQLite can count them."""
    return value if type(value) is int else pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def _unpacked(value: int | bytes) -> Any:
    return value if isinstance(value, int) else pickle.loads(value)  # noqa: S301 (only this user can write the file)
