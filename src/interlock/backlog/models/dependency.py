from typing import Any, ClassVar

from django.db import models

from interlock.backlog.models.feature import Feature
from interlock.organisation.models import ProductPlanModel, ProductPlanQuerySet
from interlock.organisation.models.product import products_seen
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member


class DependencyQuerySet(ProductPlanQuerySet["Dependency"]):
    def visible_to(self, member: Member) -> "DependencyQuerySet":
        """Seen by whoever sees both ends."""
        rows = super().visible_to(member)
        seen = products_seen(member)
        return rows if seen is None else rows.filter(needs__product__in=seen)


class Dependency(ProductPlanModel):
    """A feature needs another; seen from the other end, that one blocks it. Circles may exist: BL105 finds them."""

    prefix = "DEP"
    product_path = "feature__product"
    owner_path = "feature__owner__member"
    taken = ("This dependency is noted already.", "needs")

    feature = models.ForeignKey(Feature, models.PROTECT, related_name="needs")
    needs = models.ForeignKey(Feature, models.PROTECT, related_name="blocks")
    note = models.CharField(max_length=300, blank=True)

    objects: ClassVar[Any] = DependencyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "dependencies"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="dependency_key"),
            models.UniqueConstraint(
                fields=["feature", "needs"],
                condition=models.Q(archived_at=None),
                name="one_dependency_per_pair",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.feature.key} needs {self.needs.key}"

    def get_absolute_url(self) -> str:
        return self.feature.get_absolute_url()

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        # An import judges a dependency before the features that come with it have keys.
        if self.feature_id and self.feature_id == self.needs_id:
            raise DomainError("A feature does not need itself.", field="needs")
