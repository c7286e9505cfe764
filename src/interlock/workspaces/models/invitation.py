from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self

from django.core.exceptions import PermissionDenied
from django.core.signing import BadSignature, Signer
from django.db import IntegrityError, models, transaction
from django.dispatch import Signal
from django.urls import reverse
from django.utils import timezone

from interlock.workspaces.errors import DomainError
from interlock.workspaces.models.audit import Door, Entry, record
from interlock.workspaces.models.user import User
from interlock.workspaces.models.workspace import Member, Workspace
from interlock.workspaces.permissions import Action, Role

# Sent inside the transaction in which an invited user takes the `member`'s seat; the address is proved to be theirs.
joined = Signal()

VALID = timedelta(days=14)
# Enough for a whole organisation, and too little for whoever would have us mail the world.
A_DAY = 500
BREATH = timedelta(hours=1)
_links = Signer(salt="interlock.invitation", sep=".")


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, *, now: datetime) -> Self:
        return self.unsettled().filter(expires_at__gt=now)

    def unsettled(self) -> Self:
        """Neither accepted nor withdrawn; some may have run out."""
        return self.filter(accepted_at=None, withdrawn_at=None, workspace__deleted_at=None)

    def visible_to(self, member: Member) -> Self:
        return self.filter(workspace=member.workspace_id) if member.can(Action.MANAGE_MEMBERS) else self.none()

    def of_link(self, link: str) -> Self:
        """By the last part of a mailed address, which nobody without our key can make up."""
        try:
            return self.filter(pk=_links.unsign(link))
        except BadSignature:
            return self.none()

    def of_user(self, user: User) -> Self:
        """Those to an address that the user has proved to be theirs."""
        proved = user.emailaddress_set.filter(verified=True).values_list("email", flat=True)  # type: ignore[attr-defined]
        return self.filter(email__in=[email.lower() for email in proved])

    @transaction.atomic
    def invite_many(self, emails: Sequence[str], role: str, *, by: Member) -> list["Invitation"]:
        """All of them, or none."""
        try:
            return [self.invite(email, role, by=by) for email in emails]
        except DomainError as refusal:
            refusal.field = "emails" if refusal.field == "email" else refusal.field
            raise

    @transaction.atomic
    def invite(self, email: str, role: str, *, by: Member) -> "Invitation":
        """Invite somebody, and mail them the link. Another invitation of the same address is replaced."""
        if role not in Role.values:
            raise DomainError("Choose one of the six roles.", field="role")
        if role == Role.OWNER and by.role != Role.OWNER:
            raise PermissionDenied("Only an owner invites an owner.")
        email = email.strip().lower()
        today = self.filter(workspace=by.workspace_id, created_at__gt=timezone.now() - timedelta(days=1))
        if today.count() >= A_DAY:
            raise DomainError(f"A workspace invites {A_DAY} people a day at most. Go on tomorrow.", field="email")
        if Member.objects.active().filter(workspace=by.workspace_id, user__email=email).exists():
            raise DomainError(f"{email} is a member already.", field="email")
        for replaced in self.unsettled().filter(workspace=by.workspace_id, email=email):
            replaced.withdraw(by=by)
        invitation = self.create(
            workspace=by.workspace, email=email, role=role, invited_by=by, expires_at=timezone.now() + VALID
        )
        record([Entry(invitation, "invited", {"role": [None, role]})], by=by)
        invitation.mail_soon()
        return invitation


class Invitation(models.Model):
    prefix = "INV"

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=12, choices=Role)
    invited_by = models.ForeignKey(Member, models.CASCADE)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["workspace", "email"], name="invitation_by_email")]

    def __str__(self) -> str:
        return self.email

    @property
    def key(self) -> str:
        return f"{self.prefix}-{self.pk}"

    @property
    def link(self) -> str:
        """The last part of the address that is mailed. It is signed, not kept: a stolen database holds none."""
        return _links.sign(str(self.pk))

    def get_absolute_url(self) -> str:
        return reverse("invitation", args=[self.link])

    @property
    def open(self) -> bool:
        settled = self.accepted_at or self.withdrawn_at or self.workspace.deleted_at
        return not settled and self.expires_at > timezone.now()

    def mail_soon(self) -> None:
        from interlock.workspaces.tasks import mail_invitation

        mail_invitation.enqueue(invitation_id=self.pk)

    @transaction.atomic
    def resend(self, *, by: Member) -> None:
        """Mail it again, and start its time anew."""
        if self.role == Role.OWNER and by.role != Role.OWNER:
            raise PermissionDenied("Only an owner invites an owner.")
        if self.accepted_at or self.withdrawn_at:
            raise DomainError("This invitation is used up. Invite anew.")
        if self.mailed_at and self.mailed_at > timezone.now() - BREATH:
            raise DomainError(f"{self.email} was mailed within the last hour. Give it a while.")
        self.expires_at, self.mailed_at = timezone.now() + VALID, None
        self.save(update_fields=["expires_at", "mailed_at"])
        record([Entry(self, "resent", {})], by=by)
        self.mail_soon()

    @transaction.atomic
    def accept(self, *, user: User) -> Member:
        """Seat the user. The link alone is not enough: it must be their address that was invited.

        A seat that they have keeps its role; one that has ended takes the invitation's.
        """
        fresh = Invitation.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=self.pk)
        if not fresh.open:
            raise DomainError("This invitation is used up or has run out. Ask for a new one.")
        if user.email.lower() != fresh.email:
            raise DomainError(f"This invitation is for {fresh.email}. Sign in with that address.")
        before = None
        try:
            with transaction.atomic():
                member = Member.objects.create(workspace=fresh.workspace, user=user, role=fresh.role)
        except IntegrityError:
            member = Member.objects.select_for_update().get(workspace=fresh.workspace, user=user)
            before = member.role
        seated = before is not None and member.ended_at is None
        if member.ended_at:
            member.role, member.ended_at = fresh.role, None
            member.save(update_fields=["role", "ended_at"])
        fresh.accepted_at = timezone.now()
        fresh.save(update_fields=["accepted_at"])
        told = Entry(fresh, "accepted", {}) if seated else Entry(member, "joined", {"role": [before, member.role]})
        record([told], by=member.through(Door.PAGE))
        joined.send(sender=Invitation, member=member)
        return member

    @transaction.atomic
    def withdraw(self, *, by: Member) -> None:
        if self.withdrawn_at or self.accepted_at:
            return
        self.withdrawn_at = timezone.now()
        self.save(update_fields=["withdrawn_at"])
        record([Entry(self, "withdrawn", {})], by=by)
