from decimal import Decimal
from itertools import pairwise
from typing import Any, ClassVar, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Coalesce

from interlock.organisation.models import Person, Product, ProductPlanModel, ProductPlanQuerySet
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member

ESTIMATES = ("optimistic", "likely", "pessimistic")


def working_days() -> Any:
    bounds = [MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(1000))]
    return models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True, validators=bounds)


class RiskQuerySet(ProductPlanQuerySet["Risk"]):
    def visible_to(self, member: Member) -> Self:
        """Guests see what is to come, and not what may go wrong with it."""
        rows = super().visible_to(member)
        return rows if member.reads_all else rows.none()

    def open(self) -> Self:
        return self.active().filter(status=Risk.Status.OPEN)

    def gravest_first(self) -> Self:
        """By the days that they cost on average."""
        cost = models.F("probability") * Coalesce(models.F("likely"), models.Value(Decimal(0)))
        return self.order_by(cost.desc(), "number")


class Risk(ProductPlanModel):
    """Something that may happen, how probable it is, and how many days of work it would cost."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        HAPPENED = "happened", "Happened"
        CLOSED = "closed", "Closed"

    prefix = "RISK"
    page = "risk"
    owner_path = "owner__member"

    product = models.ForeignKey(Product, models.PROTECT, related_name="risks")
    title = models.CharField(max_length=300)
    description = models.TextField(blank=True, max_length=100_000)
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    # Per cent.
    probability = models.PositiveSmallIntegerField(validators=[MaxValueValidator(100)])
    # Working days that it costs, should it happen; where only the likely ones are said, it costs just these.
    optimistic = working_days()
    likely = working_days()
    pessimistic = working_days()
    owner = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="risks")
    # What is done about it.
    mitigation = models.TextField(blank=True, max_length=100_000)

    objects: ClassVar[Any] = RiskQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="risk_key"),
            models.CheckConstraint(condition=models.Q(probability__lte=100), name="risk_probability_in_per_cent"),
        ]
        indexes = [models.Index(fields=["workspace", "archived_at", "status"], name="risk_list")]

    def __str__(self) -> str:
        return self.title

    @property
    def open(self) -> bool:
        return self.status == Risk.Status.OPEN and not self.archived

    @property
    def three(self) -> tuple[Decimal, Decimal, Decimal] | None:
        """The days that it costs, in three estimates; None where nobody has said."""
        if self.likely is None:
            return None
        low = self.likely if self.optimistic is None else self.optimistic
        return low, self.likely, self.likely if self.pessimistic is None else self.pessimistic

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        if not names.isdisjoint(ESTIMATES):
            self._refuse_odd_estimates()

    def _refuse_odd_estimates(self) -> None:
        given = [(name, value) for name in ESTIMATES if (value := getattr(self, name)) is not None]
        if given and self.likely is None:
            raise DomainError("Say first how many days are likely.", field="likely")
        for (lower, less), (upper, more) in pairwise(given):
            if less > more:
                raise DomainError(f"The {lower} estimate is longer than the {upper} one.", field=lower)
