"""Whom a finding about a planned thing concerns: its owner, and the departments of its team and owner."""

from typing import Any


def people_of(row: Any) -> frozenset[int]:
    owner = getattr(row, "owner_id", None)
    return frozenset([owner]) if owner else frozenset()


def departments_of(row: Any) -> frozenset[int]:
    """Reads `team` and `owner`: select them with the rows."""
    team, owner = getattr(row, "team", None), getattr(row, "owner", None)
    ids = {
        getattr(row, "department_id", None),
        team.department_id if team else None,
        owner.department_id if owner else None,
    }
    return frozenset(pk for pk in ids if pk)
