from datetime import date
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.utils import timezone

from interlock.organisation.models import Department, Person, ProductPlanModel, ProductPlanQuerySet
from interlock.releases.models import Release
from interlock.workspaces.addresses import address
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member


class OfReviewQuerySet(ProductPlanQuerySet[Any]):
    def visible_to(self, member: Member) -> Self:
        """Guests see the release, and not how its makers speak of it."""
        rows = super().visible_to(member)
        return rows if member.reads_all else rows.none()


class LaunchReviewQuerySet(OfReviewQuerySet):
    def concluded(self) -> Self:
        return self.active().filter(status=LaunchReview.Status.CONCLUDED)


class LaunchReview(ProductPlanModel):
    """What a launch came to, and what is learnt from it."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        CONCLUDED = "concluded", "Concluded"

    prefix = "REV"
    product_path = "release__product"
    owner_path = "owner__member"
    named_after = ("release",)
    taken = ("This release has a review already.", "release")

    release = models.ForeignKey(Release, models.PROTECT, related_name="reviews")
    owner = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="launch_reviews")
    due_on = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=9, choices=Status, default=Status.DRAFT, editable=False)
    summary = models.TextField(blank=True, max_length=20_000)
    concluded_on = models.DateField(null=True, editable=False)

    objects: ClassVar[Any] = LaunchReviewQuerySet.as_manager()

    class Meta:
        verbose_name = "launch review"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="launch_review_key"),
            models.UniqueConstraint(
                fields=["release"], condition=models.Q(archived_at=None), name="one_review_per_release"
            ),
        ]

    def __str__(self) -> str:
        return f"Review of {self.release}"

    def get_absolute_url(self) -> str:
        return address("release-review", self.workspace.slug, self.release.key)

    @property
    def concluded(self) -> bool:
        return self.status == LaunchReview.Status.CONCLUDED

    @classmethod
    def before_add(cls, rows: list["LaunchReview"]) -> None:
        for row in rows:
            if row.release.status != Release.Status.RELEASED:
                raise DomainError(f"{row.release} is not out yet: there is nothing to look back on.", field="release")

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        if self.concluded and "status" not in names and names & {"summary", "release"}:
            raise DomainError("The review is concluded: open it again first.", field="summary")

    @transaction.atomic
    def conclude(self, summary: str, *, on: date, by: Member) -> Self:
        """Raises DomainError where nobody says what it came to, or nothing was noted to keep or to change."""
        if not summary.strip():
            raise DomainError("Say in a few sentences what it came to.", field="summary")
        if not self.notes.active().exists():
            raise DomainError("Note first what to keep, or what to change.", field="summary")
        fields = {"status": LaunchReview.Status.CONCLUDED, "summary": summary.strip(), "concluded_on": on}
        LaunchReview.objects.change_many([(self, fields)], by=by, verb="concluded")
        return self

    def reopen(self, *, by: Member) -> Self:
        fields = {"status": LaunchReview.Status.DRAFT, "concluded_on": None}
        LaunchReview.objects.change_many([(self, fields)], by=by, verb="reopened")
        return self


class ReviewNote(ProductPlanModel):
    """Something to keep, or to change, next time."""

    class Kind(models.TextChoices):
        KEEP = "keep", "Keep"
        CHANGE = "change", "Change"

    prefix = "NOTE"
    product_path = "review__release__product"

    review = models.ForeignKey(LaunchReview, models.PROTECT, related_name="notes")
    kind = models.CharField(max_length=6, choices=Kind)
    text = models.CharField(max_length=1000)
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="review_notes")

    objects: ClassVar[Any] = OfReviewQuerySet.as_manager()

    class Meta:
        verbose_name = "review note"
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="review_note_key")]

    def __str__(self) -> str:
        return self.text

    def get_absolute_url(self) -> str:
        return f"{self.review.get_absolute_url()}#{self.key}"

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        if self.review.concluded:
            raise DomainError("The review is concluded: open it again first.", field="text")


class FollowUpQuerySet(OfReviewQuerySet):
    def open(self) -> Self:
        return self.active().filter(done_on=None)


class FollowUp(ProductPlanModel):
    """What somebody does because of a review, and by when."""

    prefix = "FU"
    product_path = "review__release__product"
    owner_path = "owner__member"

    review = models.ForeignKey(LaunchReview, models.PROTECT, related_name="follow_ups")
    title = models.CharField(max_length=300)
    owner = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="follow_ups")
    due_on = models.DateField(null=True, blank=True)
    done_on = models.DateField(null=True, blank=True)

    objects: ClassVar[Any] = FollowUpQuerySet.as_manager()

    class Meta:
        verbose_name = "follow-up"
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="follow_up_key")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"{self.review.get_absolute_url()}#{self.key}"

    @property
    def late(self) -> bool:
        return bool(not self.done_on and self.due_on and self.due_on < timezone.localdate())

    def finish(self, *, on: date, by: Member) -> Self:
        return self.change(done_on=on, by=by)

    def reopen(self, *, by: Member) -> Self:
        return self.change(done_on=None, by=by)
