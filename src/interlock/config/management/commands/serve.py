import os
import socket
import sys
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from interlock import __version__
from interlock.config.settings import base_url

# Addresses that stand for all that the machine has.
EVERYWHERE = {"0.0.0.0", "::", ""}  # noqa: S104


class Command(BaseCommand):
    help = "Bring the database up to date, then serve: web processes and a worker, watched until stopped."
    requires_system_checks: list[str] = []  # `interlock doctor --deploy` makes them

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.HOST, help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", default=settings.PORT, type=int, help="default: %(default)s")
        parser.add_argument(
            "--processes", default=settings.WEB_PROCESSES, type=int, help="web processes (default: %(default)s)"
        )

    def handle(self, *, host: str, port: int, processes: int, **options: Any) -> None:
        refuse_taken(host, port)
        migrate()
        collect_static()
        connections.close_all()
        os.environ.update(INTERLOCK_HOST=host, INTERLOCK_PORT=str(port))
        # Else each thread has glibc keep a heap of its own: 15 MB a process for nothing.
        os.environ.setdefault("MALLOC_ARENA_MAX", "2")
        self.stdout.write(f"Interlock is at {base_url(host, port)} (Ctrl-C stops it)")
        if host in EVERYWHERE and not {"INTERLOCK_HOSTS", "INTERLOCK_BASE_URL"} & os.environ.keys():
            self.stdout.write("From other machines it answers once INTERLOCK_HOSTS says by which names they call it.")
        self.stdout.flush()
        # What watches needs nothing of what is loaded here.
        os.execv(  # noqa: S606
            sys.executable,
            [sys.executable, "-m", "interlock.config.supervisor", host, str(port), str(processes)],
        )


def migrate() -> None:
    """As the command does, but in no time where there is nothing to do."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)


def collect_static() -> None:
    """Compress and name static files anew only if one has changed: that takes seconds."""
    digest = sha256(__version__.encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            digest.update(f"{name} {storage.size(name)} {storage.get_modified_time(name)}\n".encode())
    stamp = settings.STATIC_ROOT / ".collected"
    if not stamp.exists() or stamp.read_text() != digest.hexdigest():
        call_command("collectstatic", interactive=False, verbosity=0, clear=True)
        stamp.write_text(digest.hexdigest())


def refuse_taken(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise CommandError(
            f"Port {port} on {host} cannot be used ({error.strerror}). "
            "Stop what uses it, or choose another: interlock serve --port 8001, or make demo PORT=8001."
        ) from error
