"""What all benchmarks have in common: Django set up, stages measured, JSON lines printed."""

import json
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def set_up() -> None:
    """Make Django ready, on the database that DATABASE_URL or INTERLOCK_HOME names."""
    import django
    from django.core.management import call_command

    from interlock.config.memory import collect_seldom

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "interlock.config.settings")
    os.environ.setdefault("INTERLOCK_LOG_LEVEL", "WARNING")
    collect_seldom()
    django.setup()
    call_command("migrate", verbosity=0)


def tell(**values: Any) -> None:
    print(json.dumps({key: round(value, 4) if isinstance(value, float) else value for key, value in values.items()}))


@contextmanager
def stage(name: str, **values: Any) -> Iterator[dict[str, Any]]:
    """Tell how long the stage took on the clock and in CPU of this process; more may be put into what it yields."""
    before = usage()
    values |= {"seconds": 0.0, "cpu_seconds": 0.0}
    yield values
    after = usage()
    values |= {key: after[key] - before[key] for key in ("seconds", "cpu_seconds")}
    tell(stage=name, **values, peak_mb=peak_mb())


def usage() -> dict[str, float]:
    return {"seconds": time.perf_counter(), "cpu_seconds": time.process_time()}


def peak_mb() -> float:
    """The most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
