"""Who may what: the one matrix that pages, API and commands read.

A reach says how far an action goes: over all that the member sees, over what they own, over what is
shared with them, or nowhere. What a member may not see answers 404; what they see and may not change, 403.
"""

from enum import Enum, StrEnum
from typing import Any

from django.db import models


class Role(models.TextChoices):
    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    EDITOR = "editor", "Editor"
    CONTRIBUTOR = "contributor", "Contributor"
    VIEWER = "viewer", "Viewer"
    GUEST = "guest", "Guest"


class Reach(Enum):
    ALL = "all"
    OWN = "what they own"
    SHARED = "what is shared with them"
    NONE = "nothing"


class Action(StrEnum):
    READ = "read the plan"
    PERSONALISE = "keep saved views and API tokens of their own"
    CONTRIBUTE = "comment, vote, give feedback, waive a finding"
    EDIT = "change the plan"
    IMPORT = "import"
    EXPORT = "export the workspace"
    READ_AUDIT = "read the audit events"
    READ_COSTS = "read day rates, budgets and purchases"
    CONFIGURE = "change settings, rules and who sees a product"
    MANAGE_MEMBERS = "invite, change and remove members"
    DELETE_WORKSPACE = "delete the workspace"


ALL, OWN, SHARED, NONE = Reach.ALL, Reach.OWN, Reach.SHARED, Reach.NONE

# fmt: off
MATRIX: dict[Action, tuple[Reach, Reach, Reach, Reach, Reach, Reach]] = {
    #                          owner  admin  editor contributor viewer guest
    Action.READ:             ( ALL,   ALL,   ALL,   ALL,        ALL,   SHARED),
    Action.PERSONALISE:      ( OWN,   OWN,   OWN,   OWN,        OWN,   NONE  ),
    Action.CONTRIBUTE:       ( ALL,   ALL,   ALL,   ALL,        NONE,  NONE  ),
    Action.EDIT:             ( ALL,   ALL,   ALL,   OWN,        NONE,  NONE  ),
    Action.IMPORT:           ( ALL,   ALL,   ALL,   NONE,       NONE,  NONE  ),
    Action.EXPORT:           ( ALL,   ALL,   NONE,  NONE,       NONE,  NONE  ),
    Action.READ_AUDIT:       ( ALL,   ALL,   NONE,  NONE,       NONE,  NONE  ),
    Action.READ_COSTS:       ( ALL,   ALL,   ALL,   NONE,       NONE,  NONE  ),
    Action.CONFIGURE:        ( ALL,   ALL,   NONE,  NONE,       NONE,  NONE  ),
    Action.MANAGE_MEMBERS:   ( ALL,   ALL,   NONE,  NONE,       NONE,  NONE  ),
    Action.DELETE_WORKSPACE: ( ALL,   NONE,  NONE,  NONE,       NONE,  NONE  ),
}
# fmt: on


_COLUMNS = {role: number for number, role in enumerate(Role.values)}


def reach(role: str, action: Action) -> Reach:
    return MATRIX[action][_COLUMNS[role]]


def seen_by(reader: Any, row: Any) -> bool:
    """Whether the member who reads may know of a row that came with another; nobody in particular may know all."""
    return reader is None or not hasattr(row, "seen_by") or bool(row.seen_by(reader))
