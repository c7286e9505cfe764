"""One moment's view of the database, for whoever reads all of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction


@contextmanager
def snapshot() -> Iterator[None]:
    """See the database as it is now, whatever others change meanwhile, and without holding them up."""
    database: Any = connection
    if database.in_atomic_block:
        yield
        return
    database.ensure_connection()
    usual = getattr(database, "transaction_mode", None)
    database.transaction_mode = "DEFERRED"  # SQLite: IMMEDIATE is for those who will write
    try:
        with transaction.atomic(durable=True):
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    finally:
        database.transaction_mode = usual
