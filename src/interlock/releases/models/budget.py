"""What a release may cost and what is bought for it. Read by those who may read costs alone."""

from typing import Any, ClassVar, Self

from django.db import models

from interlock.organisation.models import Department, ProductPlanModel, ProductPlanQuerySet
from interlock.releases.models.release import Release
from interlock.releases.models.workstream import Workstream
from interlock.workspaces import money
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member
from interlock.workspaces.permissions import Action
from interlock.workspaces.plan import PlanModel, PlanQuerySet


class DayRateQuerySet(PlanQuerySet["DayRate"]):
    def visible_to(self, member: Member) -> Self:
        rows = super().visible_to(member)
        return rows if member.can(Action.READ_COSTS) else rows.none()


class CostQuerySet(ProductPlanQuerySet[Any]):
    def visible_to(self, member: Member) -> Self:
        rows = super().visible_to(member)
        return rows if member.can(Action.READ_COSTS) else rows.none()


class Priced(models.Model):
    """A row with an amount in the currency of its workspace."""

    amount = money.amount_field()

    class Meta:
        abstract = True

    def refuse_nonsense(self: Any, names: set[str]) -> None:
        super().refuse_nonsense(names)  # type: ignore[misc]
        if "amount" in names:
            money.refuse_fractions(self.amount, self.workspace.currency, field="amount")

    def seen_by(self, member: Member) -> bool:
        return member.can(Action.READ_COSTS) and super().seen_by(member)  # type: ignore[misc]


class DayRate(Priced, PlanModel):
    """What a day of work of a department costs."""

    prefix = "RATE"
    named_after = ("department",)
    taken = ("This department has a day rate already.", "department")

    department = models.ForeignKey(Department, models.PROTECT, related_name="day_rates")

    objects: ClassVar[Any] = DayRateQuerySet.as_manager()

    class Meta:
        verbose_name = "day rate"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="day_rate_key"),
            models.UniqueConstraint(
                fields=["department"], condition=models.Q(archived_at=None), name="one_day_rate_per_department"
            ),
        ]

    def __str__(self) -> str:
        return f"Day rate of {self.department}"

    def get_absolute_url(self) -> str:
        return self.department.get_absolute_url()


class Budget(Priced, ProductPlanModel):
    """What is planned to be spent on a release, or on a department's part in it."""

    prefix = "BUD"
    product_path = "release__product"
    named_after = ("release", "workstream__department", "workstream__release")
    taken = ("There is a budget for this already.", "workstream")

    release = models.ForeignKey(Release, models.PROTECT, blank=True, related_name="budgets")
    # None: of the release as a whole.
    workstream = models.ForeignKey(Workstream, models.PROTECT, null=True, blank=True, related_name="budgets")
    note = models.CharField(max_length=300, blank=True)

    objects: ClassVar[Any] = CostQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="budget_key"),
            models.UniqueConstraint(
                fields=["workstream"], condition=models.Q(archived_at=None), name="one_budget_per_workstream"
            ),
            models.UniqueConstraint(
                fields=["release"],
                condition=models.Q(archived_at=None, workstream=None),
                name="one_budget_per_release",
            ),
        ]

    def __str__(self) -> str:
        return f"Budget of {self.workstream or self.release}"

    def get_absolute_url(self) -> str:
        return self.release.budget_url

    @classmethod
    def before_add(cls, rows: list["Budget"]) -> None:
        for row in rows:
            part = row.workstream
            if part and row.release_id and row.release_id != part.release_id:
                raise DomainError(f"That is part of {part.release}, and not of {row.release}.", field="workstream")
            if part:
                row.release = part.release
            if not row.release_id:
                raise DomainError("Say of what: a release, or a department's part in one.", field="release")


class PurchaseQuerySet(CostQuerySet):
    def to_pay(self) -> Self:
        return self.active().exclude(status=Purchase.Status.PAID)


class Purchase(Priced, ProductPlanModel):
    """Something that a department buys for a release."""

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned"
        ORDERED = "ordered", "Ordered"
        PAID = "paid", "Paid"

    prefix = "BUY"
    product_path = "workstream__release__product"

    workstream = models.ForeignKey(Workstream, models.PROTECT, related_name="purchases")
    title = models.CharField(max_length=300)
    status = models.CharField(max_length=7, choices=Status, default=Status.PLANNED)
    # When it is to be paid, or was.
    on = models.DateField(null=True, blank=True)

    objects: ClassVar[Any] = PurchaseQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="purchase_key")]
        indexes = [models.Index(fields=["workstream", "archived_at"], name="purchase_by_workstream")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return self.workstream.release.budget_url


money.priced += [DayRate, Budget, Purchase]
