from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.db.models import Count, OuterRef, Q, Subquery
from django.utils import timezone

from interlock.backlog.models import Feature, Requirement
from interlock.organisation.models import ProductPlanModel, ProductPlanQuerySet
from interlock.releases.models.release import Release
from interlock.workspaces import bulk
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member


class ScopeBaselineQuerySet(ProductPlanQuerySet["ScopeBaseline"]):
    def visible_to(self, member: Member) -> Self:
        """Guests see what is in a release, and not who agreed on what."""
        rows = super().visible_to(member)
        return rows if member.reads_all else rows.none()

    def newest(self) -> Self:
        """The one of each release that counts."""
        mine = ScopeBaseline.objects.active().filter(release=OuterRef("release"))
        return self.filter(pk=Subquery(mine.order_by("-agreed_on", "-pk").values("pk")[:1]))

    @transaction.atomic
    def add_many(self, rows: Sequence[Mapping[str, Any]], *, by: Member, reason: str = "") -> list["ScopeBaseline"]:
        """Freeze what is in the releases now: their features, with efforts and the requirements that are open."""
        added = super().add_many([{"agreed_by": by, **fields} for fields in rows], by=by, reason=reason)
        frozen = frozen_now([baseline.release for baseline in added])
        for baseline in added:
            if not frozen.get(baseline.release_id):
                raise DomainError(f"Nothing is in {baseline.release} that could be agreed on.", field="release")
        bulk.insert(
            BaselineItem,
            ("baseline", "feature", "effort_days", "open_requirements"),
            [(baseline.pk, *item) for baseline in added for item in frozen[baseline.release_id]],
        )
        return added


class ScopeBaseline(ProductPlanModel):
    """That the scope of a release was agreed on, and what it held then. The newest counts."""

    prefix = "SCOPE"
    product_path = "release__product"
    named_after = ("release",)

    release = models.ForeignKey(Release, models.PROTECT, related_name="scope_baselines")
    agreed_on = models.DateField(default=timezone.localdate)
    agreed_by = models.ForeignKey(Member, models.PROTECT, related_name="+", editable=False)
    note = models.TextField(blank=True, max_length=2000)

    objects: ClassVar[Any] = ScopeBaselineQuerySet.as_manager()

    class Meta:
        verbose_name = "scope baseline"
        ordering = ["-agreed_on", "-number"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="scope_baseline_key")]

    def __str__(self) -> str:
        return f"Scope of {self.release} on {self.agreed_on:%-d %B %Y}"

    def get_absolute_url(self) -> str:
        return self.release.get_absolute_url()


class BaselineItem(models.Model):
    """A feature that was in the scope when it was agreed on, as it was then."""

    baseline = models.ForeignKey(ScopeBaseline, models.CASCADE, related_name="items")
    feature = models.ForeignKey(Feature, models.CASCADE, related_name="+")
    effort_days = models.DecimalField(max_digits=7, decimal_places=1, null=True)
    open_requirements = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["baseline", "feature"], name="frozen_once")]

    def __str__(self) -> str:
        return f"{self.feature} in {self.baseline}"


def frozen_now(releases: Sequence[Release]) -> dict[int, list[tuple[Any, ...]]]:
    """Of each release, by its primary key: feature, effort and number of open requirements."""
    kept = Feature.objects.active().exclude(status=Feature.Status.DROPPED).filter(scope__release__in=releases)
    still = Q(requirements__archived_at=None, requirements__status=Requirement.Status.OPEN)
    told = kept.annotate(to_meet=Count("requirements", filter=still)).order_by("pk")
    found: dict[int, list[tuple[Any, ...]]] = {}
    for release, *item in told.values_list("scope__release", "pk", "effort_days", "to_meet"):
        found.setdefault(release, []).append(tuple(item))
    return found
