from interlock.people.models.audience import Audience, Channel
from interlock.people.models.role import Role, RoleAssignment

__all__ = ["Audience", "Channel", "Role", "RoleAssignment"]
