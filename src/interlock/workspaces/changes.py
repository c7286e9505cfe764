"""What changed, told to those who keep something derived from it: findings, search, live pages.

The signal is sent inside the transaction that changed the rows, so that whatever a receiver writes
is kept or lost together with the change.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.dispatch import Signal

changed = Signal()


@dataclass(frozen=True, slots=True)
class Change:
    workspace_id: int
    model: str
    pk: int
    key: str
    product_id: int | None = None
    # The member whose business it is, besides those who configure the workspace; None for everybody's.
    member_id: int | None = None
    # Rows at the other end of a relation that was set or dropped: model label → primary keys.
    touched: dict[str, set[int]] = field(default_factory=dict)
    # Whether it says something else than before; False where only what it is linked to changed.
    itself: bool = True
    # The row itself where it is new, for receivers who would else have to fetch it.
    row: Any = field(default=None, compare=False, repr=False)


def announce(changes: Iterable[Change]) -> None:
    batch = list(changes)
    if batch:
        changed.send(sender=Change, changes=batch)
