from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from interlock.jobs.backend import Job, job


@dataclass(frozen=True)
class Periodic:
    job: Job[[], Any]
    interval: timedelta


PERIODIC: dict[str, Periodic] = {}


def every(*, minutes: int = 0, hours: int = 0, days: int = 0) -> Callable[[Callable[[], Any]], Job[[], Any]]:
    """Run a function again and again. One that fails is not retried: its next turn comes anyway."""
    interval = timedelta(minutes=minutes, hours=hours, days=days)

    def register(function: Callable[[], Any]) -> Job[[], Any]:
        registered = job()(function)
        PERIODIC[registered.module_path] = Periodic(registered, interval)
        return registered

    return register
