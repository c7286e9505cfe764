"""How often a promise is tried: reduced in `make test`, in full in `make prove`. Both print the figure."""

import os
from typing import Any

FULL = os.environ.get("INTERLOCK_PROVE") == "1"


def count(reduced: int, full: int) -> int:
    return full if FULL else reduced


class Figures:
    """What one test tried and measured; the run prints it at its end, whichever process ran the test."""

    def __init__(self, properties: list[tuple[str, Any]]) -> None:
        self.properties = properties

    def count(self, what: str, *, reduced: int, full: int) -> int:
        times = count(reduced, full)
        self.measured(what, f"{times:,}" if FULL else f"{times:,} (in full: {full:,})")
        return times

    def at_most(self, what: str, value: float, limit: float) -> None:
        """A time or share of it, bound where promises are proved; in `make test` others may have the machine."""
        self.measured(what, f"{value:.3g}")
        assert value <= limit or not FULL, f"{what}: {value:.3g} is more than {limit:g}"

    def measured(self, what: str, value: object) -> None:
        self.properties.append(("figure", f"{what}: {value}"))
