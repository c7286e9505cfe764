import calendar
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from interlock.backlog.models import Feature
from interlock.organisation.models import Product, ProductPlanModel, ProductPlanQuerySet
from interlock.people.models import Audience
from interlock.workspaces import bulk
from interlock.workspaces.addresses import address
from interlock.workspaces.errors import DomainError, StaleVersion
from interlock.workspaces.models import Member
from interlock.workspaces.models.audit import Entry, record

USUAL_HOUR = time(10)


class ReleaseQuerySet(ProductPlanQuerySet["Release"]):
    def open(self) -> Self:
        return self.active().filter(status__in=Release.OPEN)

    def overdue(self, *, today: date) -> Self:
        """Open, though the last day that their target can mean is over."""
        begun = {
            Release.Precision.DAY: today,
            Release.Precision.WEEK: today - timedelta(days=today.weekday()),
            Release.Precision.MONTH: today.replace(day=1),
            Release.Precision.QUARTER: today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1),
        }
        over = Q()
        for precision, first in begun.items():
            over |= Q(target_precision=precision, target_on__lt=first)
        return self.open().filter(over)

    def counted(self, *, by: Member) -> Self:
        """With how many features each holds that this member sees, and how many of them are done; none dropped."""
        seen = Feature.objects.visible_to(by).active().exclude(status=Feature.Status.DROPPED)
        mine = seen.filter(scope__release=OuterRef("pk")).order_by()

        # Asked of the rows of a page alone; a join and GROUP BY would count for all before it knows the page.
        def number(features: Any) -> Any:
            of_each = features.values("scope__release").annotate(number=Count("pk"))
            return Coalesce(Subquery(of_each.values("number")), 0)

        return self.annotate(features=number(mine), done=number(mine.filter(status=Feature.Status.DONE)))


class Release(ProductPlanModel):
    """What customers get at one time, and every department's part in it. Its version is its name."""

    class Tier(models.IntegerChoices):
        FULL = 1, "Full launch"
        FEATURE = 2, "Feature launch"
        SILENT = 3, "Silent"
        HOTFIX = 4, "Hotfix"

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned"
        IN_PROGRESS = "in_progress", "In progress"
        RELEASED = "released", "Released"
        CANCELLED = "cancelled", "Cancelled"

    class Precision(models.TextChoices):
        DAY = "day", "Day"
        WEEK = "week", "Week"
        MONTH = "month", "Month"
        QUARTER = "quarter", "Quarter"
        TBC = "tbc", "To be confirmed"

    OPEN = (Status.PLANNED, Status.IN_PROGRESS)

    prefix = "R"
    page = "release"

    product = models.ForeignKey(Product, models.PROTECT, related_name="releases")
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, max_length=100_000)
    tier = models.PositiveSmallIntegerField(choices=Tier, default=Tier.FEATURE)
    status = models.CharField(max_length=11, choices=Status, default=Status.PLANNED)
    target_on = models.DateField(null=True, blank=True)
    target_precision = models.CharField(max_length=7, choices=Precision, default=Precision.DAY)
    # When it goes out on its day, in the time zone of the installation; unknown, as is usual.
    launch_time = models.TimeField(null=True, blank=True, verbose_name="hour of the launch")
    released_on = models.DateField(null=True, blank=True)
    # What its plan was started from, so that a rule can ask for the departments that it names.
    template = models.ForeignKey("ReleaseTemplate", models.PROTECT, null=True, blank=True, related_name="releases")

    # Whom it affects: each is to hear of it before customers have it.
    audiences = models.ManyToManyField(Audience, blank=True, related_name="releases")

    objects: ClassVar[Any] = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-target_on", "-number"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="release_key")]
        indexes = [
            models.Index(fields=["workspace", "archived_at", "status", "target_on"], name="release_list"),
            models.Index(fields=["workspace", "target_on"], name="release_by_target"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def plan_url(self) -> str:
        return address("release-plan", self.workspace.slug, self.key)

    @property
    def budget_url(self) -> str:
        return address("release-budget", self.workspace.slug, self.key)

    @property
    def open(self) -> bool:
        return self.status in Release.OPEN and not self.archived

    def late_on(self, day: date) -> bool:
        return bool(self.open and self.latest_target and self.latest_target < day)

    @property
    def hour(self) -> time:
        return self.launch_time or USUAL_HOUR

    @property
    def launches_at(self) -> datetime | None:
        """The launch hour: the last day that its target can mean, at its hour."""
        day = self.latest_target
        return timezone.make_aware(datetime.combine(day, self.hour)) if day else None

    @property
    def latest_target(self) -> date | None:
        """The last day that the target's precision still means."""
        day = self.target_on
        match self.target_precision:
            case Release.Precision.WEEK if day:
                return day + timedelta(days=6 - day.weekday())
            case Release.Precision.MONTH if day:
                return day.replace(day=calendar.monthrange(day.year, day.month)[1])
            case Release.Precision.QUARTER if day:
                month = (day.month - 1) // 3 * 3 + 3
                return date(day.year, month, calendar.monthrange(day.year, month)[1])
            case Release.Precision.DAY:
                return day
        return None

    @property
    def due(self) -> str:
        """The target as precisely as it is known: “14 March 2027”, “March 2027”, “Q1 2027”."""
        day = self.target_on
        match self.target_precision:
            case Release.Precision.DAY if day:
                return f"{day:%-d %B %Y}"
            case Release.Precision.WEEK if day:
                return f"the week of {day - timedelta(days=day.weekday()):%-d %B %Y}"
            case Release.Precision.MONTH if day:
                return f"{day:%B %Y}"
            case Release.Precision.QUARTER if day:
                return f"Q{(day.month + 2) // 3} {day.year}"
        return ""

    def affect(self, audiences: Sequence[Audience], *, by: Member) -> None:
        """Say that it affects them too."""
        self.extend(by=by, audiences=audiences)

    @transaction.atomic
    def spare(self, audience: Audience, *, by: Member) -> None:
        """Say that it does not affect them, whomever others add at the same moment."""
        held = Release.objects.select_for_update().get(pk=self.pk)
        self.change(by=by, audiences=[one for one in held.audiences.all() if one.pk != audience.pk])

    def take(self, features: Sequence[Feature], *, by: Member, reason: str = "") -> None:
        """Plan the features for this release; each leaves the release that it was in."""
        ScopeItem.objects.plan(features, self, by=by, reason=reason)

    def drop(self, features: Sequence[Feature], *, by: Member, reason: str = "") -> None:
        mine = {item.feature_id for item in self.scope.filter(feature__in=features)}
        ScopeItem.objects.plan([feature for feature in features if feature.pk in mine], None, by=by, reason=reason)


class ScopeItemQuerySet(models.QuerySet["ScopeItem"]):
    @transaction.atomic
    def plan(
        self,
        features: Sequence[Feature],
        release: Release | None,
        *,
        by: Member,
        version: int | None = None,
        reason: str = "",
    ) -> None:
        """Put features into a release, or into none. A feature is in one release at a time.

        A stale `version` of a feature raises StaleVersion, and nothing is changed.
        """
        self.plan_many([(feature, release) for feature in features], by=by, version=version, reason=reason)

    @transaction.atomic
    def plan_many(
        self,
        pairs: Iterable[tuple[Feature, Release | None]],
        *,
        by: Member,
        version: int | None = None,
        reason: str = "",
    ) -> None:
        """The same for features that go to different releases."""
        wanted = {feature.pk: (feature, release) for feature, release in pairs}
        if any(release and feature.workspace_id != release.workspace_id for feature, release in wanted.values()):
            raise DomainError("There is no such feature.", field="features")
        # The features are locked, not their scope: there may be no scope row yet to lock.
        locked = Feature.objects.select_for_update().filter(pk__in=wanted).order_by("pk")
        if version is None:
            list(locked.values_list("pk"))
        elif stale := next((current for current in locked if current.version != version), None):
            raise StaleVersion(stale)
        held = {item.feature_id: item for item in self.filter(feature__in=wanted).select_related("release")}
        moving = {
            pk: (feature, release)
            for pk, (feature, release) in wanted.items()
            if (held[pk].release_id if pk in held else None) != (release and release.pk)
        }
        self.filter(feature__in=moving.keys() & held.keys()).delete()
        now = timezone.now()
        Feature.objects.filter(pk__in=moving).update(changed_at=now, version=models.F("version") + 1)
        planned = [(release.pk, feature.pk, now) for feature, release in moving.values() if release]
        bulk.insert(ScopeItem, ("release", "feature", "added_at"), planned)
        record(
            [
                self._moved(feature, held[pk].release if pk in held else None, release)
                for pk, (feature, release) in moving.items()
            ],
            by=by,
            reason=reason,
        )

    @staticmethod
    def _moved(feature: Feature, before: Release | None, after: Release | None) -> Entry:
        ends = {release.pk for release in (before, after) if release}
        change = [before and before.key, after and after.key]
        return Entry(feature, "replanned", {"release": change}, {Release._meta.label_lower: ends}, itself=False)


class ScopeItem(models.Model):
    """That a feature is planned for a release."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="scope")
    feature = models.OneToOneField(Feature, models.CASCADE, related_name="scope")
    added_at = models.DateTimeField(auto_now_add=True)

    objects = ScopeItemQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.feature} in {self.release}"
