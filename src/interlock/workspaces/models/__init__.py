from interlock.workspaces.models.answered import AnsweredRequest
from interlock.workspaces.models.audit import AuditEvent, Door
from interlock.workspaces.models.external import ExternalId
from interlock.workspaces.models.invitation import Invitation
from interlock.workspaces.models.token import APIToken
from interlock.workspaces.models.user import User
from interlock.workspaces.models.view import DefaultView, SavedView
from interlock.workspaces.models.workspace import KeyCounter, Member, Workspace

__all__ = [
    "APIToken",
    "AnsweredRequest",
    "AuditEvent",
    "DefaultView",
    "Door",
    "ExternalId",
    "Invitation",
    "KeyCounter",
    "Member",
    "SavedView",
    "User",
    "Workspace",
]
