"""What is configured, and what is wrong: one function a subject, each a sentence that says what to do."""

import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import django
from django.conf import settings
from django.core import checks
from django.core.cache import cache
from django.core.mail import get_connection
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http.request import validate_host
from django.utils import timezone
from django_tasks.base import TaskResultStatus

from interlock import __version__
from interlock.jobs.models import Heartbeat, Run

GIGABYTE = 2**30


class Level(Enum):
    FINE = "fine"
    NOTE = "note"
    WRONG = "WRONG"


@dataclass(frozen=True)
class Diagnosis:
    level: Level
    subject: str
    says: str


Examination = Callable[[], Iterator[tuple[Level, str]]]


def examine(*, deploy: bool) -> Iterator[Diagnosis]:
    """Every subject in turn. What needs the database is left out where there is none."""
    for subject, examination in ALWAYS.items():
        yield from (Diagnosis(level, subject, says) for level, says in examination())
    reached = [Diagnosis(level, "database", says) for level, says in database()]
    yield from reached
    if all(diagnosis.level is not Level.WRONG for diagnosis in reached):
        for subject, examination in WITH_DATABASE.items():
            yield from (Diagnosis(level, subject, says) for level, says in examination())
    if deploy:
        for subject, examination in TO_DEPLOY.items():
            yield from (Diagnosis(level, subject, says) for level, says in examination())


def versions() -> Iterator[tuple[Level, str]]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield Level.FINE, f"Interlock {__version__}, Django {django.__version__}, Python {python}"


def folder() -> Iterator[tuple[Level, str]]:
    home: Path = settings.HOME
    free = shutil.disk_usage(home).free / GIGABYTE
    if free < 1:
        yield Level.WRONG, f"{home}: only {free:.1f} GB are free; writes will soon fail. Make room."
    else:
        yield Level.FINE, f"{home}, {free:.0f} GB free"
    for path in (home, home / "key"):
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield Level.WRONG, f"{path} can be read by others: chmod go= {path}"


def address() -> Iterator[tuple[Level, str]]:
    host = urlsplit(settings.BASE_URL).hostname or ""
    if not validate_host(host, list(settings.ALLOWED_HOSTS)):
        yield Level.WRONG, f"{settings.BASE_URL} is refused: add {host} to INTERLOCK_HOSTS."
    elif settings.SECURE and not settings.TRUSTED_PROXIES:
        yield (
            Level.WRONG,
            f"{settings.BASE_URL}: TLS ends at a proxy, and none is trusted, so that every page would redirect "
            "to itself. Set INTERLOCK_TRUSTED_PROXIES=1.",
        )
    else:
        yield Level.FINE, settings.BASE_URL


def time_zone() -> Iterator[tuple[Level, str]]:
    now = timezone.now().astimezone(ZoneInfo(settings.TIME_ZONE))
    yield Level.FINE, f"{settings.TIME_ZONE}: it is {now:%H:%M on %-d %B %Y}"


def assets() -> Iterator[tuple[Level, str]]:
    if not (settings.PACKAGE / "web/static/build/app.css").exists():
        yield Level.WRONG, "Scripts and styles are not bundled: install Interlock again (`make install`)."
    elif not (settings.STATIC_ROOT / "staticfiles.json").exists():
        yield Level.NOTE, "Static files are not collected yet; `interlock serve` does so when it starts."
    else:
        yield Level.FINE, f"collected in {settings.STATIC_ROOT}"


def shared_cache() -> Iterator[tuple[Level, str]]:
    name = settings.CACHES["default"]["BACKEND"].rsplit(".", 1)[-1]
    try:
        cache.set("interlock-doctor", "well", 10)
        works = cache.get("interlock-doctor") == "well"
    except Exception as error:  # whichever the backend raises
        yield Level.WRONG, f"{name} does not answer ({error}): see CACHE_URL."
        return
    if works:
        yield Level.FINE, name
    else:
        yield Level.WRONG, f"{name} forgets what it is told, so that rate limits would not hold: see CACHE_URL."


def mail() -> Iterator[tuple[Level, str]]:
    if settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        yield Level.NOTE, "E-mails are printed, not sent: set EMAIL_URL."
    else:
        yield Level.FINE, f"by {settings.EMAIL_HOST}:{settings.EMAIL_PORT}, from {settings.DEFAULT_FROM_EMAIL}"


def database() -> Iterator[tuple[Level, str]]:
    try:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA journal_mode")
                journal = cursor.fetchone()[0]
                cursor.execute("SELECT sqlite_version()")
                what = f"SQLite {cursor.fetchone()[0]}"
            else:
                journal = "wal"
                cursor.execute("SHOW server_version")
                what = f"PostgreSQL {cursor.fetchone()[0]}"
    except DatabaseError as error:
        yield Level.WRONG, f"It does not answer ({str(error).splitlines()[0]}): see DATABASE_URL."
        return
    where = connection.settings_dict["HOST"] or connection.settings_dict["NAME"]
    if journal == "wal":
        yield Level.FINE, f"{what} at {where}"
    else:
        yield Level.WRONG, f"{what} at {where} keeps no write-ahead log, as on a network drive: use a local disk."


def migrations() -> Iterator[tuple[Level, str]]:
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    known = set(executor.loader.disk_migrations)
    newer = [key for key in executor.loader.applied_migrations if key not in known and key[0] in OUR_LABELS]
    if newer:
        yield Level.WRONG, "The database is of a newer version than this code: upgrade the code."
    elif pending:
        yield Level.WRONG, f"{len(pending)} migrations wait: run `interlock migrate`."
    else:
        yield Level.FINE, "up to date"


def work() -> Iterator[tuple[Level, str]]:
    if Heartbeat._meta.db_table not in connection.introspection.table_names():
        return
    now = timezone.now()
    workers = Heartbeat.objects.fresh().count()
    waiting = Run.objects.due().filter(enqueued_at__lt=now - timedelta(minutes=1)).count()
    failed = Run.objects.filter(status=TaskResultStatus.FAILED, finished_at__gt=now - timedelta(days=1)).count()
    if not workers:
        yield Level.WRONG, "No worker runs, so that nothing is rechecked: `interlock serve` or `interlock worker`."
    else:
        yield Level.FINE, f"{workers} running"
    if waiting:
        yield Level.NOTE, f"{waiting} jobs have waited for more than a minute."
    if failed:
        yield Level.NOTE, f"{failed} jobs failed for good within a day; the log says why."


def mail_server() -> Iterator[tuple[Level, str]]:
    if settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        yield Level.WRONG, "Nobody can confirm an address or reset a password while e-mails are only printed."
        return
    try:
        with get_connection():
            yield Level.FINE, "The e-mail server answers."
    except OSError as error:
        yield Level.WRONG, f"The e-mail server does not answer ({error}): see EMAIL_URL."


def django_checks() -> Iterator[tuple[Level, str]]:
    found = [message for message in checks.run_checks(include_deployment_checks=True) if not message.is_silenced()]
    for message in found:
        yield Level.WRONG, f"{message.id}: {message.msg}"
    if not found:
        yield Level.FINE, "Django's checks for deployment find nothing"


OUR_LABELS = {name.rsplit(".", 1)[-1] for name in settings.INSTALLED_APPS if name.startswith("interlock.")}

ALWAYS: dict[str, Examination] = {
    "version": versions,
    "folder": folder,
    "address": address,
    "time zone": time_zone,
    "static files": assets,
    "cache": shared_cache,
    "e-mail": mail,
}
WITH_DATABASE: dict[str, Examination] = {"migrations": migrations, "worker": work}
TO_DEPLOY: dict[str, Examination] = {"e-mail server": mail_server, "deployment": django_checks}
