import copy
import hashlib
import re
import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self, TypeVar, cast

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from interlock.workspaces import money, security
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models.audit import AuditEvent, Door, Entry, record
from interlock.workspaces.models.user import User
from interlock.workspaces.permissions import Action, Reach, Role, reach

Row = TypeVar("Row", bound=models.Model)

# First parts of addresses that are not workspaces.
RESERVED_SLUGS = frozenset(
    {
        "account",
        "accounts",
        "admin",
        "api",
        "calendars",
        "docs",
        "healthz",
        "invitations",
        "offline",
        "static",
        "styleguide",
        "workspaces",
    }
)


# How long the owner of a deleted workspace can take that back.
GRACE = timedelta(days=14)


class TenantQuerySet(models.QuerySet["Workspace"]):
    def of(self, user: User) -> Self:
        return self.living().filter(members__user=user, members__ended_at=None).order_by("name")

    def living(self) -> Self:
        return self.filter(deleted_at=None)

    def deleted_by(self, user: User) -> Self:
        """What this user, as an owner, can still bring back."""
        owners = Member.objects.active().filter(user=user, role=Role.OWNER)
        return self.exclude(deleted_at=None).filter(members__in=owners).order_by("name")

    def past_grace(self, *, now: datetime) -> Self:
        return self.filter(deleted_at__lte=now - GRACE)

    @transaction.atomic
    def found(self, name: str, *, by: User, slug: str = "") -> "Member":
        """Create a workspace; whoever founds it owns it."""
        slug = slug or slugify(name)
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{1,48}", slug) or slug in RESERVED_SLUGS:
            raise DomainError(
                "An address is 2 to 49 small letters, digits and hyphens, and not a word that Interlock uses.",
                field="slug",
            )
        if self.filter(slug=slug).exists():
            raise DomainError(f"The address “{slug}” is taken.", field="slug")
        workspace = self.create(name=name, slug=slug)
        member = Member.objects.create(workspace=workspace, user=by, role=Role.OWNER)
        record([Entry(workspace, "founded", {"name": [None, name], "slug": [None, slug]})], by=member)
        return member


class Workspace(models.Model):
    """A tenant: one organisation's plan. Nothing of it is visible to another."""

    slug = models.SlugField(unique=True, max_length=49, validators=[RegexValidator(r"^[a-z0-9-]+$")])
    name = models.CharField(max_length=120)
    # As ISO 4217 has it. All amounts are in this one, so that nothing is added up that cannot be.
    currency = models.CharField(max_length=3, default="EUR")
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[Any] = TenantQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        return self.slug

    @property
    def gone_at(self) -> datetime | None:
        """When what is deleted is gone for good."""
        return self.deleted_at + GRACE if self.deleted_at else None

    @property
    def workspace_id(self) -> int:
        return self.pk

    def get_absolute_url(self) -> str:
        return reverse("home", args=[self.slug])

    @transaction.atomic
    def rename(self, name: str, *, by: "Member") -> None:
        if not name.strip():
            raise DomainError("A workspace needs a name.", field="name")
        if name == self.name:
            return
        if len(name) > 120:
            raise DomainError("A name has at most 120 characters.", field="name")
        entry = Entry(self, "renamed", {"name": [self.name, name]})
        self.name = name
        self.save(update_fields=["name"])
        record([entry], by=by)

    @transaction.atomic
    def reckon_in(self, currency: str, *, by: "Member") -> None:
        """Say which currency amounts are in; refused once there are some, since they would mean something else."""
        by.require(Action.CONFIGURE)
        currency = currency.strip().upper()
        if currency not in money.currencies():
            raise DomainError(f"“{currency[:20]}” is no currency. Give its code, such as EUR or USD.", field="currency")
        held = Workspace.objects.select_for_update().get(pk=self.pk)
        if currency == held.currency:
            return
        if any(model._base_manager.filter(workspace=self.pk).exists() for model in money.priced):
            raise DomainError(f"There are amounts in {held.currency} already.", field="currency")
        self.currency = currency
        self.save(update_fields=["currency"])
        record([Entry(self, "changed", {"currency": [held.currency, currency]})], by=by)

    @transaction.atomic
    def delete_after_grace(self, *, named: str, by: "Member") -> None:
        """Close it to everybody now; what it holds is gone after the grace, unless an owner takes it back."""
        by.require(Action.DELETE_WORKSPACE)
        if named.strip() != self.name:
            raise DomainError(f"Type its name, {self.name}, as it is written here.", field="named")
        if self.deleted_at:
            return
        self.deleted_at = timezone.now()
        self.save(update_fields=["deleted_at"])
        record([Entry(self, "deleted", {})], by=by)

    @transaction.atomic
    def bring_back(self, *, by: "Member") -> None:
        by.require(Action.DELETE_WORKSPACE)
        if self.deleted_at is None:
            return
        self.deleted_at = None
        self.save(update_fields=["deleted_at"])
        record([Entry(self, "brought back", {})], by=by)


# The verb of whoever ended their own seat.
LEFT = "left"


class KeyCounter(models.Model):
    """The last number given out for a prefix: people see F-212, never a database id."""

    workspace = models.ForeignKey(Workspace, models.CASCADE)
    prefix = models.CharField(max_length=8)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "prefix"], name="one_counter_per_prefix")]

    def __str__(self) -> str:
        return f"{self.prefix}-{self.last}"

    @classmethod
    def take(cls, workspace_id: int, prefix: str, count: int) -> range:
        """Reserve `count` numbers, inside the caller's transaction."""
        cls.objects.get_or_create(workspace_id=workspace_id, prefix=prefix)
        counter = cls.objects.select_for_update().get(workspace_id=workspace_id, prefix=prefix)
        first = counter.last + 1
        cls.objects.filter(pk=counter.pk).update(last=counter.last + count)
        return range(first, first + count)


class MemberQuerySet(models.QuerySet["Member"]):
    def active(self) -> Self:
        return self.filter(ended_at=None, user__is_active=True)

    def named(self) -> Self:
        """With all that str() reads."""
        return self.select_related("user")

    def matching(self, text: str) -> Self:
        return self.filter(models.Q(user__name__icontains=text) | models.Q(user__email__icontains=text))

    def keyed(self, key: str) -> Self:
        return self.filter(pk=Member.number_of(key) or 0)

    def called(self, name: str) -> Self:
        return self.filter(models.Q(user__name__iexact=name) | models.Q(user__email__iexact=name))

    def visible_to(self, member: "Member") -> Self:
        return self.filter(workspace=member.workspace_id) if member.reads_all else self.filter(pk=member.pk)


class Member(models.Model):
    """A user's seat in a workspace, and the actor of every verb.

    Audit events know the pseudonym alone: erasing the user clears the name and keeps the history.
    """

    prefix = "M"

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="seats")
    role = models.CharField(max_length=12, choices=Role)
    pseudonym = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    joined_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = MemberQuerySet.as_manager()

    door: Door = Door.COMMAND

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "user"], name="one_seat_per_user")]

    def __str__(self) -> str:
        return str(self.user) if self.user else "Somebody who left"

    def seen_by(self, member: "Member") -> bool:
        return member.reads_all or member.pk == self.pk

    @property
    def key(self) -> str:
        return f"{self.prefix}-{self.pk}"

    @classmethod
    def number_of(cls, key: str) -> int | None:
        prefix, _, number = key.rpartition("-")
        fits = number.isascii() and number.isdigit() and len(number) < 18
        return int(number) if prefix.upper() == cls.prefix and fits else None

    def through(self, door: Door) -> "Member":
        member = copy.copy(self)
        member.door = door
        return member

    # --- what they may ---------------------------------------------------------------------------

    def reach(self, action: Action) -> Reach:
        return Reach.NONE if self.ended_at else reach(self.role, action)

    def can(self, action: Action) -> bool:
        """Whether the action is open to this member over everything they see."""
        return self.reach(action) is Reach.ALL

    def may(self, action: Action) -> bool:
        """Whether the action is open to this member at all, if only over what they own."""
        return self.reach(action) is not Reach.NONE

    def require(self, action: Action, *, at_all: bool = False) -> None:
        if not (self.may(action) if at_all else self.can(action)):
            raise PermissionDenied(f"As {self.get_role_display().lower()}, you cannot {action}.")

    def require_to_see(self, action: Action, *, at_all: bool = False) -> None:
        """For what is only shown: to whom the action is not open, it is not there."""
        if not (self.may(action) if at_all else self.can(action)):
            security.hidden(f"what takes the right to {action}", member=self)
            raise Http404

    @property
    def reads_all(self) -> bool:
        return self.can(Action.READ)

    @property
    def edits(self) -> bool:
        return self.can(Action.EDIT)

    @property
    def exports(self) -> bool:
        return self.can(Action.EXPORT)

    def visible(self, model: type[Row], *, key: str) -> Row:
        """The row of that key; what this member does not see is not there."""
        rows, number = cast("Any", model).objects.visible_to(self), cast("Any", model).number_of(key)
        row: Row | None = rows.filter(number=number).first() if number else None
        if row is None:
            raise self.turned_away(model, number=number)
        return row

    def editable(self, model: type[Row], *, key: str) -> Row:
        row = self.visible(model, key=key)
        if not cast("Any", model).objects.editable_by(self).filter(pk=row.pk).exists():
            raise PermissionDenied(f"You can see {key}, and changing it is not open to you.")
        return row

    def turned_away(self, model: type[models.Model], **which: Any) -> Http404:
        """There is none for this member; that there is one all the same is noted, and not told."""
        if None not in which.values() and model._base_manager.filter(workspace=self.workspace_id, **which).exists():
            security.hidden(f"{model._meta.label_lower} {which}", member=self)
        return Http404()

    # --- verbs -----------------------------------------------------------------------------------

    @transaction.atomic
    def change_role(self, role: str, *, by: "Member") -> None:
        if role not in Role.values:
            raise DomainError("Choose one of the six roles.", field="role")
        self._renew()
        if role == self.role:
            return
        self._refuse_over(by, role)
        self._keep_an_owner()
        entry = Entry(self, "role changed", {"role": [self.role, role]})
        self.role = role
        self.save(update_fields=["role"])
        record([entry], by=by)

    @transaction.atomic
    def end(self, *, by: "Member") -> None:
        """Take the seat away: sessions and tokens stop at the next request, and no token lives again with the seat."""
        self._renew()
        if self.ended_at:
            return
        self._refuse_over(by, self.role)
        self._keep_an_owner()
        self.ended_at = timezone.now()
        self.save(update_fields=["ended_at"])
        self.tokens.filter(revoked_at=None).update(revoked_at=self.ended_at)
        record([Entry(self, "removed" if by.pk != self.pk else LEFT, {})], by=by)

    @transaction.atomic
    def seat_again(self, *, by: "Member") -> None:
        self._renew()
        if self.ended_at is None or self.user is None:
            return
        self._refuse_over(by, self.role)
        if AuditEvent.objects.about(self).filter(verb__in=("removed", LEFT)).latest("pk").verb == LEFT:
            raise DomainError(f"{self} left of their own accord: an invitation brings them back.")
        self.ended_at = None
        self.save(update_fields=["ended_at"])
        record([Entry(self, "seated again", {})], by=by)

    @transaction.atomic
    def erase(self, *, by: "Member") -> None:
        """End the seat and forget whose it was: from now on the history knows a pseudonym and nothing else."""
        self._refuse_over(by, self.role)
        self.end(by=by)
        if self.user is None:
            return
        self.workspace.invitations.filter(email=self.user.email).delete()
        self.views.all().delete()
        self.tokens.all().delete()
        self.user = None
        self.save(update_fields=["user"])
        record([Entry(self, "erased", {})], by=by)

    def _renew(self) -> None:
        """What is decided about the seat is decided by what it is now, and by one at a time."""
        held = Member.objects.select_for_update().get(pk=self.pk)
        self.role, self.ended_at = held.role, held.ended_at

    def _refuse_over(self, by: "Member", role: str) -> None:
        if by.role != Role.OWNER and Role.OWNER in (self.role, role):
            raise PermissionDenied("Only an owner makes or changes an owner.")

    def _keep_an_owner(self) -> None:
        owners = Member.objects.select_for_update().active().filter(workspace=self.workspace_id, role=Role.OWNER)
        if self.role == Role.OWNER and {owner.pk for owner in owners} <= {self.pk}:
            raise DomainError("A workspace needs an owner: make somebody else one first.")


def digest(secret: str) -> str:
    """Of a random secret with full entropy, a plain hash is enough: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()


__all__ = ["AuditEvent", "KeyCounter", "Member", "Workspace", "digest"]
