from collections.abc import Iterable
from typing import ClassVar, Self

from django.db import models, transaction

from interlock.backlog.models import Feature
from interlock.releases.models import Release
from interlock.workspaces.models import Member, Workspace


class SlipChanceQuerySet(models.QuerySet["SlipChance"]):
    def visible_to(self, member: Member) -> Self:
        """Of the features that the member sees."""
        return self.filter(workspace=member.workspace_id, feature__in=Feature.objects.visible_to(member))

    def of(self, release: Release) -> Self:
        """Of what is still planned for it, and still to be done; what is most to be feared first."""
        planned = self.filter(release=release, feature__scope__release=release, feature__status__in=Feature.OPEN)
        return planned.filter(feature__archived_at=None).order_by("-chance", "pk")

    @transaction.atomic
    def keep(self, chances: Iterable["SlipChance"], *, workspace: Workspace) -> None:
        """In place of what was foretold before."""
        self.filter(workspace=workspace).delete()
        self.bulk_create(chances)


class SlipChance(models.Model):
    """How likely a feature is to miss the release that it is promised for, as `interlock backtest` foretold it last."""

    left_out_of_exports = "Foretold anew by `interlock backtest`."

    workspace = models.ForeignKey(Workspace, models.CASCADE)
    release = models.ForeignKey(Release, models.CASCADE, related_name="slip_chances")
    feature = models.OneToOneField(Feature, models.CASCADE, related_name="slip_chance")
    chance = models.FloatField()
    # The signals that raise it most, in words.
    because = models.JSONField(default=list)
    foretold_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar = SlipChanceQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.feature}: {self.percent}%"

    @property
    def percent(self) -> int:
        return round(100 * self.chance)
