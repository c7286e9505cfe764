import secrets
from datetime import datetime
from typing import Self

from django.db import models, transaction
from django.utils import timezone

from interlock.workspaces import security
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models.audit import Door, Entry, record
from interlock.workspaces.models.workspace import Member, Workspace, digest


class Scope(models.TextChoices):
    READ = "read", "Read"
    WRITE = "write", "Read and write"


class APITokenQuerySet(models.QuerySet["APIToken"]):
    def visible_to(self, member: Member) -> Self:
        return self.filter(member=member)

    def live(self, *, now: datetime) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=now)

    @transaction.atomic
    def issue(self, name: str, scope: str, *, expires_at: datetime, by: Member) -> tuple["APIToken", str]:
        """Returns the token and its text, which is shown once and not kept."""
        if scope not in Scope.values:
            raise DomainError("A token reads, or reads and writes.", field="scope")
        if expires_at <= timezone.now():
            raise DomainError("A token must end in the future.", field="expires_at")
        if not name.strip():
            raise DomainError("Name the token after what will use it.", field="name")
        text = f"ilk_{secrets.token_urlsafe(32)}"
        token = self.create(
            workspace_id=by.workspace_id,
            member=by,
            name=name,
            scope=scope,
            start=text[:8],
            digest=digest(text),
            expires_at=expires_at,
        )
        record([Entry(token, "issued", {"scope": [None, scope]})], by=by)
        token.note("token issued", by)
        return token, text

    def bearer(self, text: str) -> "APIToken | None":
        return (
            self.live(now=timezone.now())
            .filter(
                digest=digest(text),
                member__ended_at=None,
                member__user__is_active=True,
                workspace__deleted_at=None,
            )
            .select_related("member__workspace", "member__user")
            .first()
        )


class APIToken(models.Model):
    """A member's key to the API. It can do at most what the member can, and less where its scope is read."""

    prefix = "TOK"

    workspace = models.ForeignKey(Workspace, models.CASCADE)
    member = models.ForeignKey(Member, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    scope = models.CharField(max_length=5, choices=Scope)
    start = models.CharField(max_length=8)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    objects = APITokenQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} ({self.start}…)"

    @property
    def key(self) -> str:
        return f"{self.prefix}-{self.pk}"

    def actor(self) -> Member:
        return self.member.through(Door.API)

    @transaction.atomic
    def revoke(self, *, by: Member) -> None:
        if self.revoked_at:
            return
        self.revoked_at = timezone.now()
        self.save(update_fields=["revoked_at"])
        record([Entry(self, "revoked", {})], by=by)
        self.note("token revoked", by)

    def note(self, event: str, by: Member) -> None:
        transaction.on_commit(
            lambda: security.note(event, token=self.key, scope=self.scope, member=str(by.pseudonym), door=by.door)
        )
