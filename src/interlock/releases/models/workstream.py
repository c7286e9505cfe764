from typing import Any, ClassVar, Self

from django.db import models

from interlock.organisation.models import Department, Person, ProductPlanModel, ProductPlanQuerySet
from interlock.releases.models.release import Release
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member


class WorkstreamQuerySet(ProductPlanQuerySet["Workstream"]):
    def visible_to(self, member: Member) -> Self:
        """Guests see the release, and not which department does what for it."""
        rows = super().visible_to(member)
        return rows if member.reads_all else rows.none()


class Workstream(ProductPlanModel):
    """One department's part in a release."""

    prefix = "WS"
    product_path = "release__product"
    owner_path = "owner__member"
    named_after = ("department", "release")
    taken = ("This department has its part in the release already.", "department")

    release = models.ForeignKey(Release, models.PROTECT, related_name="workstreams")
    department = models.ForeignKey(Department, models.PROTECT, related_name="workstreams")
    owner = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="workstreams")
    note = models.TextField(blank=True, max_length=2000)

    objects: ClassVar[Any] = WorkstreamQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="workstream_key"),
            models.UniqueConstraint(
                fields=["release", "department"],
                condition=models.Q(archived_at=None),
                name="one_workstream_per_department",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.department} in {self.release}"

    def get_absolute_url(self) -> str:
        return f"{self.release.plan_url}#{self.key}"

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        if "archived_at" in names and self.archived and (count := self.tasks.active().count()):
            noun = "task still belongs" if count == 1 else "tasks still belong"
            raise DomainError(f"{count:,} {noun} to it: move or archive first.")
