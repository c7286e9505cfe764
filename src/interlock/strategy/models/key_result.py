from collections.abc import Iterator
from decimal import Decimal
from itertools import starmap
from typing import Any, ClassVar, NamedTuple, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, Count, F, FloatField, Min, Q, Sum, Value, When
from django.db.models.functions import Cast, Greatest, Least, NullIf

from interlock.organisation.models import Person, ProductPlanModel, ProductPlanQuerySet
from interlock.strategy.models.objective import Objective
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member
from interlock.workspaces.permissions import Action, Reach


class Tally(NamedTuple):
    """Of the key results of one objective: how many, how many of them measured, and the sum of their shares."""

    objective: int
    number: int
    measured: int
    shares: float
    least_confidence: int | None


class KeyResultQuerySet(ProductPlanQuerySet["KeyResult"]):
    def editable_by(self, member: Member) -> Self:
        """Also by whoever owns the objective that they measure."""
        if member.reach(Action.EDIT) is not Reach.OWN:
            return super().editable_by(member)
        theirs = Q(owner__member=member) | Q(objective__owner__member=member)
        return self.visible_to(member).filter(theirs)

    def tallied(self) -> "Iterator[Tally]":
        """What they say together of each objective, added up by the database: `progress` says it of one."""
        whole = NullIf(Cast(F("target") - F("start"), FloatField()), Value(0.0))
        way = Cast(F("current") - F("start"), FloatField()) / whole
        # PostgreSQL's LEAST passes over what is not known, so that is said first.
        share = Case(When(current=None, then=Value(0.0)), default=Greatest(Least(way, Value(1.0)), Value(0.0)))
        of_each = self.order_by().values_list("objective")
        told = of_each.annotate(
            number=Count("pk"), measured=Count("current"), shares=Sum(share), least_confidence=Min("confidence")
        )
        return starmap(Tally, told.iterator())


class KeyResult(ProductPlanModel):
    """A number that says whether the objective is reached."""

    prefix = "KR"
    product_path = "objective__product"
    owner_path = "owner__member"

    objective = models.ForeignKey(Objective, models.PROTECT, related_name="key_results")
    title = models.CharField(max_length=200)
    unit = models.CharField(max_length=40, blank=True)
    start = models.DecimalField(max_digits=18, decimal_places=4, default=Decimal(0))
    target = models.DecimalField(max_digits=18, decimal_places=4)
    current = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    # How likely its owner thinks the target is, in per cent.
    confidence = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(0), MaxValueValidator(100)]
    )
    owner = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="key_results")
    due_on = models.DateField(null=True, blank=True)

    objects: ClassVar[Any] = KeyResultQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="key_result_key")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"{self.objective.get_absolute_url()}#{self.key}"

    @property
    def progress(self) -> float | None:
        """The share of the way from start to target, between 0 and 1; None before the first measurement."""
        if self.current is None:
            return None
        return float(min(max((self.current - self.start) / (self.target - self.start), Decimal(0)), Decimal(1)))

    def check_in(
        self, *, by: Member, current: Decimal, confidence: int | None = None, version: int | None = None
    ) -> None:
        """Note how far it is, and how likely its owner thinks the target now."""
        self.change(current=current, confidence=confidence, version=version, by=by)

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        if self.target == self.start:
            raise DomainError("The target must differ from where it starts.", field="target")
