"""What an installation takes: seconds to migrate from empty, and the memory of its processes.

    python -m benchmarks.serving

On a database of its own; PostgreSQL's is made beside the one that DATABASE_URL names, and dropped afterwards.
Prints JSON lines, the last a summary.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import psutil

from benchmarks.frame import tell
from benchmarks.workspace import arguments

SETTLED = 3  # seconds
REQUESTS = 200
PATHS = ["/accounts/login/", "/accounts/signup/", "/api/v1/openapi.json", "/offline/", "/api/v1/reference"]


def main() -> None:
    """What an installation takes: seconds to migrate from empty, and the memory of its processes."""
    arguments(main).parse_args()  # the size of a workspace is nothing to an empty installation
    with empty_database() as environment:
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "interlock.config.cli", "migrate"],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        migrated = round(time.perf_counter() - started, 1)
        tell(stage="migrate from empty", seconds=migrated)
        with served(environment) as (supervisor, url):
            for turn in range(REQUESTS):
                fetch(url + PATHS[turn % len(PATHS)])
            time.sleep(SETTLED)
            web, worker = memory_of(supervisor)
    tell(stage="memory", web=web, worker=worker)
    database = environment["DATABASE_URL"].partition(":")[0]
    tell(summary="serving", database=database, migrate_seconds=migrated, web_mb=sum(web), worker_mb=worker)


@contextmanager
def empty_database() -> Iterator[dict[str, str]]:
    address = os.environ.get("DATABASE_URL", "")
    with TemporaryDirectory(prefix="interlock-serving-") as home:
        environment = {**os.environ, "INTERLOCK_HOME": home}
        if not address.startswith("postgres"):
            yield {**environment, "DATABASE_URL": f"sqlite:///{home}/interlock.sqlite3"}
            return
        import psycopg

        name = f"interlock_serving_{os.getpid()}"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
            try:
                yield {**environment, "DATABASE_URL": f"{address.rpartition('/')[0]}/{name}"}
            finally:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def served(environment: dict[str, str]) -> Iterator[tuple[psutil.Process, str]]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "interlock.config.cli", "serve", "--port", str(port), "--processes", "2"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while fetch(f"{url}/offline/") != 200:
            if time.monotonic() > deadline or process.poll() is not None:
                raise SystemExit("The server did not start.")
            time.sleep(0.2)
        yield psutil.Process(process.pid), url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def fetch(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            answer.read()
            return int(answer.status)
    except (urllib.error.URLError, OSError):
        return 0


def memory_of(supervisor: psutil.Process) -> tuple[list[int], int]:
    """Megabytes, what is shared counted once: of the web processes' keeper and each of them; of the worker."""
    web, worker = supervisor.children()
    if "worker" in web.cmdline():
        web, worker = worker, web
    return [megabytes(one) for one in (web, *web.children())], megabytes(worker)


def megabytes(process: psutil.Process) -> int:
    return round(process.memory_full_info().pss / 1e6)


if __name__ == "__main__":
    main()
