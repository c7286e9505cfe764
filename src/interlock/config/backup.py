"""One archive of everything, made while people work, and an empty installation filled from it.

The archive is a zip: `manifest.json`, a file for each table (see `archive`), and what was uploaded. A backup of
SQLite restores into PostgreSQL and back. The key is not in it, nor what models name in `secrets`.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from interlock import __version__
from interlock.config.archive import Table
from interlock.jobs.models import Heartbeat
from interlock.workspaces.snapshots import snapshot

FORMAT = 1
FAST = 1  # zlib's level: half the size in a third of the time

# What means nothing elsewhere, or later: who is signed in, which workers live, what was just told to browsers.
LEFT_OUT = {"sessions.session", "usersessions.usersession", "jobs.heartbeat", "web.liveevent"}
# With none of these an installation is empty.
KEPT_BY_PEOPLE = ("workspaces_user", "workspaces_workspace", "workspaces_auditevent")


class Refused(Exception):
    """A sentence that says what is in the way."""


@dataclass(frozen=True)
class Summary:
    tables: int
    rows: int
    files: int


# --- making one --------------------------------------------------------------------------------------


def backup(target: Path) -> Summary:
    """Others go on reading and writing; the archive holds what was there when it was begun."""
    draft = target.with_name(f"{target.name}.partial")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with (
            os.fdopen(descriptor, "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=FAST) as archive,
        ):
            summary = write(archive)
        os.replace(draft, target)
    except OSError as error:
        raise Refused(f"{target} cannot be written ({error.strerror}).") from error
    finally:
        draft.unlink(missing_ok=True)
    return summary


def write(archive: zipfile.ZipFile) -> Summary:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise Refused("The database is older than this version: run `interlock migrate` first.")
    with snapshot():
        tables = {table.name: write_table(archive, table) for table in of(apps)}
        manifest = {
            "format": FORMAT,
            "version": __version__,
            "made_at": timezone.now().isoformat(timespec="seconds"),
            "database": connection.vendor,
            "migrations": sorted(MigrationRecorder(connection).applied_migrations()),
            "tables": tables,
        }
    files = [path for path in sorted(settings.MEDIA_ROOT.rglob("*")) if path.is_file()]
    for path in files:
        archive.write(path, f"files/{path.relative_to(settings.MEDIA_ROOT)}")
    archive.writestr("manifest.json", json.dumps(manifest, indent=1))
    return Summary(len(tables), sum(table["rows"] for table in tables.values()), len(files))


def write_table(archive: zipfile.ZipFile, table: Table) -> dict[str, Any]:
    digest, rows = hashlib.sha256(), 0
    with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as member:
        for lines in table.lines():
            digest.update(lines)
            rows += lines.count(b"\n")
            member.write(lines)
    return {"rows": rows, "sha256": digest.hexdigest(), "last": table.sequence() if table.counted else 0}


def of(registry: Any) -> list[Table]:
    return [
        Table(model)
        for model in registry.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model._meta.label_lower not in LEFT_OUT
    ]


# --- filling from one --------------------------------------------------------------------------------


def restore(source: Path) -> Summary:
    """All of it or nothing: rows are written and compared in one transaction."""
    try:
        with zipfile.ZipFile(source) as archive:
            manifest = read_manifest(archive)
            refuse_unfit(manifest)
            tables = prepare(manifest["migrations"])
            with connection.constraint_checks_disabled(), transaction.atomic(durable=True):
                with bare(tables):
                    for table in tables:
                        fill(archive, table, manifest["tables"][table.name])
                connection.check_constraints()
                files = extract(archive)
    except OSError as error:
        raise Refused(f"{source} cannot be read ({error.strerror}).") from error
    except (zipfile.BadZipFile, json.JSONDecodeError, KeyError) as error:
        raise Refused(f"{source} is not a backup of Interlock, or is damaged ({error}).") from error
    # What is newer in the code than in the backup.
    call_command("migrate", interactive=False, verbosity=0)
    return Summary(len(tables), sum(table["rows"] for table in manifest["tables"].values()), files)


def read_manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(archive.read("manifest.json"))
    manifest["migrations"] = {(app, name) for app, name in manifest["migrations"]}
    return manifest


def refuse_unfit(manifest: dict[str, Any]) -> None:
    known = set(MigrationExecutor(connection).loader.disk_migrations)
    if manifest["format"] > FORMAT or manifest["migrations"] - known:
        raise Refused(
            f"The backup was made by Interlock {manifest['version']}, which is newer than this one "
            f"({__version__}): upgrade first."
        )
    there = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for table in there.intersection(KEPT_BY_PEOPLE):
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table})")  # noqa: S608
            if cursor.fetchone()[0]:
                raise Refused(
                    "This installation is not empty: restore into a new one (see INTERLOCK_HOME, DATABASE_URL)."
                )
    if Heartbeat._meta.db_table in there and Heartbeat.objects.fresh().exists():
        raise Refused("A worker is running: stop `interlock serve` first.")
    if set(MigrationRecorder(connection).applied_migrations()) - manifest["migrations"]:
        raise Refused(
            f"The database is newer than the backup, which Interlock {manifest['version']} made: "
            "restore into one that is new, and it will be brought up to date."
        )


def prepare(migrations: set[tuple[str, str]]) -> list[Table]:
    """Bring the empty database to the state in which the backup was made; returns its tables."""
    executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    last = [node for node in migrations if not migrations.intersection(graph.node_map[node].children)]
    executor.migrate(last)
    return of(executor.loader.project_state(last).apps)


INDEXES = {
    "sqlite": """
        SELECT 'DROP INDEX "' || name || '"', sql FROM sqlite_master
        WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = %s
    """,
    "postgresql": """
        SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid) FROM pg_index
        WHERE indrelid = %s::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)
    """,
}
FOREIGN_KEYS = """
    SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
           format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass
"""


@contextmanager
def bare(tables: list[Table]) -> Iterator[None]:
    """Without indexes and foreign keys, which are built, and checked, sooner once than row by row."""
    with connection.cursor() as cursor:
        taken = [INDEXES[connection.vendor], *([FOREIGN_KEYS] if connection.vendor == "postgresql" else [])]
        found = []
        for table in tables:
            for query in taken:
                cursor.execute(query, [table.name])
                found += cursor.fetchall()
        for drop, _ in found:
            cursor.execute(drop)
        yield
        for _, create in found:
            cursor.execute(create)


def fill(archive: zipfile.ZipFile, table: Table, expected: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {connection.ops.quote_name(table.name)}")  # noqa: S608
    with archive.open(f"tables/{table.name}.jsonl") as member:
        table.load(member)
    if table.counted:
        table.resume(expected["last"])
    if checksum(table.lines()) != expected["sha256"]:
        raise Refused(f"The rows of {table.name} are not those that were backed up: the archive is damaged.")


def checksum(batches: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for lines in batches:
        digest.update(lines)
    return digest.hexdigest()


def extract(archive: zipfile.ZipFile) -> int:
    """zipfile takes care that no name leads out of the folder."""
    names = [name for name in archive.namelist() if name.startswith("files/")]
    for name in names:
        info = archive.getinfo(name)
        info.filename = name.removeprefix("files/")
        archive.extract(info, settings.MEDIA_ROOT)
    return len(names)
