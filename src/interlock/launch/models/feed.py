import secrets
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from interlock.releases.models import Release
from interlock.workspaces import security
from interlock.workspaces.models import Member, Workspace
from interlock.workspaces.models.audit import Door, Entry, record
from interlock.workspaces.models.workspace import digest


class CalendarFeedQuerySet(models.QuerySet["CalendarFeed"]):
    def visible_to(self, member: Member) -> Self:
        return self.filter(member=member)

    def live(self) -> Self:
        return self.filter(revoked_at=None)

    @transaction.atomic
    def issue(self, release: Release | None, *, by: Member) -> tuple["CalendarFeed", str]:
        """Returns the feed and its secret, which is told once and not kept. Who has it already gets a new secret."""
        Member.objects.select_for_update().get(pk=by.pk)
        held = self.live().filter(member=by, release=release).first()
        if held:
            return held, held.reissue(by=by)
        secret = new_secret()
        feed = self.create(workspace_id=by.workspace_id, member=by, release=release, digest=digest(secret))
        feed._note("issued", by)
        return feed, secret

    def opened_by(self, secret: str) -> "CalendarFeed | None":
        """The feed of that secret, while its member has a seat."""
        sealed = digest(secret)
        seated = {"member__ended_at": None, "member__user__is_active": True, "workspace__deleted_at": None}
        found = self.live().filter(digest=sealed, **seated)
        feed = found.select_related("member__workspace", "member__user", "release__workspace").first()
        return feed if feed and constant_time_compare(feed.digest, sealed) else None

    def end_with_seats(self, members: set[int]) -> None:
        """What is revoked with a seat does not live again with it."""
        ended = self.live().filter(member__in=members, member__ended_at__isnull=False)
        ended.update(revoked_at=timezone.now())


class CalendarFeed(models.Model):
    """A secret address at which a calendar reads what a member may see: their own work, or a release."""

    prefix = "CAL"
    left_out_of_exports = "A secret. Make new addresses."

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    member = models.ForeignKey(Member, models.CASCADE, related_name="calendar_feeds")
    # None: what the member owns, in all releases.
    release = models.ForeignKey(Release, models.CASCADE, null=True, related_name="calendar_feeds")
    digest = models.CharField(max_length=64, unique=True)
    issued_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = CalendarFeedQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["member", "release"],
                condition=models.Q(revoked_at=None, release__isnull=False),
                name="one_feed_per_release",
            ),
            models.UniqueConstraint(
                fields=["member"], condition=models.Q(revoked_at=None, release=None), name="one_feed_of_ones_own"
            ),
        ]

    def __str__(self) -> str:
        return f"Calendar of {self.release}" if self.release else "Calendar of your own work"

    @property
    def key(self) -> str:
        return f"{self.prefix}-{self.pk}"

    @property
    def whose(self) -> int:
        return self.member_id

    def reader(self) -> Member:
        return self.member.through(Door.PAGE)

    @transaction.atomic
    def reissue(self, *, by: Member) -> str:
        """A new secret; the address that was is none any more."""
        secret = new_secret()
        self.digest, self.issued_at = digest(secret), timezone.now()
        self.save(update_fields=["digest", "issued_at"])
        self._note("issued anew", by)
        return secret

    @transaction.atomic
    def revoke(self, *, by: Member) -> None:
        if self.revoked_at:
            return
        self.revoked_at = timezone.now()
        self.save(update_fields=["revoked_at"])
        self._note("revoked", by)

    def _note(self, verb: str, by: Member) -> None:
        change = {"release": [None, self.release.key]} if verb == "issued" and self.release else {}
        record([Entry(self, verb, change)], by=by)
        told = {"feed": self.key, "member": str(by.pseudonym), "door": by.door}
        transaction.on_commit(lambda: security.note(f"calendar {verb}", **told))


def new_secret() -> str:
    return secrets.token_urlsafe(32)
