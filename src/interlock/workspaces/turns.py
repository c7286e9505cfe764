"""Long work gives other writers their turn.

A writer that finds SQLite busy looks again after a tenth of a second at most, and queues nowhere: whoever goes
from one transaction straight into the next keeps it out for as long as that goes on. PostgreSQL has a queue.
"""

import time

from django.db import connection

# Longer than a waiting writer sleeps between two looks.
PAUSE = 0.11
# How long others may have to wait, apart from one transaction.
AT_MOST = 0.9


class Turns:
    def __init__(self) -> None:
        self.since = time.monotonic()

    def give(self) -> None:
        """To be called between two transactions; pauses where the last pause is long ago."""
        if connection.vendor != "sqlite" or connection.in_atomic_block or time.monotonic() - self.since < AT_MOST:
            return
        time.sleep(PAUSE)
        self.since = time.monotonic()
