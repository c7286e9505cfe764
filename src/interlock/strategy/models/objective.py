from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db import models

from interlock.organisation.models import (
    Department,
    Person,
    Product,
    ProductPlanModel,
    ProductPlanQuerySet,
    Team,
)
from interlock.organisation.models.tree import TreeVerbs
from interlock.people.models import Role
from interlock.strategy.periods import Period
from interlock.workspaces.errors import DomainError

if TYPE_CHECKING:
    from interlock.strategy.models.progress import Progress


class ObjectiveQuerySet(TreeVerbs, ProductPlanQuerySet["Objective"]):
    def open(self) -> Self:
        return self.active().exclude(status=Objective.Status.CLOSED)

    def during(self, period: Period) -> Self:
        """Those that any day of the period is part of."""
        return self.filter(starts_on__lte=period.ends_on, ends_on__gte=period.starts_on)

    def of_the_organisation(self) -> Self:
        return self.filter(product=None, department=None, team=None)


class Objective(ProductPlanModel):
    """What an organisation, product, department or team wants to have reached by the end of a period."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"

    if TYPE_CHECKING:
        # What a list or a page has computed for it.
        progress: Progress

    prefix = "O"
    page = "objective"
    owner_path = "owner__member"

    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=100_000)
    status = models.CharField(max_length=6, choices=Status, default=Status.OPEN)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="objectives")
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="objectives")
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="objectives")
    owner = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="objectives")
    owner_role = models.ForeignKey(Role, models.PROTECT, null=True, blank=True, related_name="objectives")
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)

    objects: ClassVar[Any] = ObjectiveQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="objective_key")]
        indexes = [models.Index(fields=["workspace", "archived_at", "status", "product"], name="objective_list")]

    def __str__(self) -> str:
        return self.title

    @property
    def period(self) -> str:
        """“Q4 2026” where the dates are a quarter's, “2026” where a year's, else both dates."""
        if not (self.starts_on and self.ends_on):
            return ""
        known = Period.of(self.starts_on, self.ends_on)
        return str(known) if known else f"{self.starts_on:%-d %b %Y} – {self.ends_on:%-d %b %Y}"

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise DomainError("The period ends before it starts.", field="ends_on")
