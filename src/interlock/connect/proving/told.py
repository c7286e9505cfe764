"""What a source of history gives: the stories, and the plan as it stood at a freeze, as files for the importer."""

from collections.abc import Iterable
from collections.abc import Mapping as Map
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from interlock.engine.promises import Freeze, History
from interlock.workspaces.models import Workspace


@dataclass(frozen=True)
class Laid:
    """A plan laid out as files, to be imported.

    folder   where they are
    mapping  the text of the mapping that reads them
    items    external id of a feature → its item in the history
    touched  external id of a feature → when it was last changed
    """

    folder: Path
    mapping: str
    items: Map[str, str]
    touched: Map[str, datetime]


class Told(Protocol):
    @property
    def history(self) -> History: ...

    @property
    def holds(self) -> frozenset[str]:
        """The fields of the plan whose changes it tells, as `feature.owner`."""
        ...

    def known_here(self, items: Iterable[str], workspace: Workspace) -> dict[str, int]:
        """Item → primary key of the feature that it is in the workspace, for those that it has."""
        ...

    def lay_out(self, freeze: Freeze, folder: Path) -> Laid:
        """Write down the plan as it was known at the freeze."""
        ...


class TooLittle(Exception):
    """There is nothing to prove anything by; the sentence says what is missing."""


def nested(fields: Map[str, Any]) -> dict[str, Any]:
    """`milestone.alpha` as a value within `milestone`; what is empty is left out."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        if value in (None, "", []):
            continue
        *above, last = name.split(".")
        place = found
        for step in above:
            inner = place.setdefault(step, {})
            place = inner if isinstance(inner, dict) else place
        place[last] = value
    return found
