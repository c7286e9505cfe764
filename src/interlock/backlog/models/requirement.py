from typing import Any, ClassVar, Self

from django.db import models

from interlock.backlog.models.feature import Feature
from interlock.organisation.models import ProductPlanModel, ProductPlanQuerySet
from interlock.workspaces.errors import DomainError


class RequirementQuerySet(ProductPlanQuerySet["Requirement"]):
    def without_criteria(self) -> Self:
        return self.filter(criteria=[])


class Requirement(ProductPlanModel):
    """A user story, with the acceptance criteria that say when it is done."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Done"
        DROPPED = "dropped", "Dropped"

    prefix = "REQ"
    product_path = "feature__product"
    owner_path = "feature__owner__member"

    feature = models.ForeignKey(Feature, models.PROTECT, related_name="requirements")
    title = models.CharField(max_length=300)
    description = models.TextField(blank=True, max_length=100_000)
    status = models.CharField(max_length=7, choices=Status, default=Status.OPEN)
    # Sentences, in order.
    criteria = models.JSONField(default=list, blank=True)

    objects: ClassVar[Any] = RequirementQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="requirement_key")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"{self.feature.get_absolute_url()}#{self.key}"

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        if "criteria" in names:
            if not isinstance(self.criteria, list) or not all(isinstance(c, str) for c in self.criteria):
                raise DomainError("Acceptance criteria are sentences, one a line.", field="criteria")
            self.criteria = [sentence.strip() for sentence in self.criteria if sentence.strip()]
            if len(self.criteria) > 100 or any(len(sentence) > 1000 for sentence in self.criteria):
                raise DomainError("At most 100 criteria of 1,000 characters each.", field="criteria")
