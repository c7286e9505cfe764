from datetime import date
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Q

from interlock.alignment import registry
from interlock.alignment.dimensions import Dimension
from interlock.organisation.models import Product
from interlock.organisation.models.product import products_seen
from interlock.workspaces.models import Member, Workspace


class ScopedQuerySet(models.QuerySet):
    """Rows of one product, or, without one, of the workspace as a whole or of what belongs to no product."""

    def in_sight_of(self, member: Member) -> Self:
        rows = self.filter(workspace=member.workspace_id)
        seen = products_seen(member)
        if seen is None:
            return rows
        among = Q(product__in=seen)
        return rows.filter(among | Q(product=None) if member.reads_all else among)


class TallyQuerySet(ScopedQuerySet):
    def visible_to(self, member: Member) -> Self:
        """With `failing` and `excused` as this member may know them.

        Who does not see all products is not told, not even by a count, what findings about hidden ones say.
        """
        openly = "" if products_seen(member) is None else "_openly"
        known = self.in_sight_of(member).filter(code__in=registry.codes_for(member))
        return known.annotate(failing=F(f"failed{openly}"), excused=F(f"waived{openly}"))


class Tally(models.Model):
    """How many rows a rule looked at in a product (or outside all), and how many broke it: a score's raw matter.

    `…_openly` leaves out rows that failed only by findings which also speak of another product that is restricted.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE)
    product = models.ForeignKey(Product, models.CASCADE, null=True)
    code = models.CharField(max_length=5)
    severity = models.PositiveSmallIntegerField()
    checked = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    waived = models.PositiveIntegerField()
    failed_openly = models.PositiveIntegerField()
    waived_openly = models.PositiveIntegerField()

    objects = TallyQuerySet.as_manager()

    # As the member who asked may know them; see TallyQuerySet.visible_to.
    failing: int
    excused: int

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "product", "code"],
                condition=~models.Q(product=None),
                name="one_tally_per_rule",
            ),
            models.UniqueConstraint(
                fields=["workspace", "code"],
                condition=models.Q(product=None),
                name="one_tally_per_rule_of_workspace",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.failed} of {self.checked}"

    @property
    def dimension(self) -> Dimension:
        return registry.rule(self.code).dimension


class ScoreQuerySet(ScopedQuerySet):
    def visible_to(self, member: Member) -> Self:
        """With `shown`, the value for this member, who may not see every product."""
        shown = "value" if products_seen(member) is None else "value_openly"
        return self.in_sight_of(member).annotate(shown=F(shown)).exclude(shown=None)

    def of(self, product: Product | None) -> Self:
        return self.filter(product=product)

    def since(self, day: date) -> Self:
        return self.filter(on__gte=day).order_by("on")


class Score(models.Model):
    """What a product (or, without one, the workspace) scored on a day; an empty dimension is the whole.

    `value` is for those who see every product. `value_openly` is for all others: it leaves out what the
    restricted products hold, so that it tells nothing of them.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE)
    product = models.ForeignKey(Product, models.CASCADE, null=True)
    dimension = models.CharField(max_length=13, choices=[(d.value, d.value) for d in Dimension], blank=True)
    on = models.DateField()
    value = models.FloatField()
    value_openly = models.FloatField(null=True)

    objects: ClassVar[Any] = ScoreQuerySet.as_manager()

    # As the member who asked may know it; see ScoreQuerySet.visible_to.
    shown: float

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "product", "dimension", "on"],
                condition=~models.Q(product=None),
                name="one_score_a_day",
            ),
            models.UniqueConstraint(
                fields=["workspace", "dimension", "on"],
                condition=models.Q(product=None),
                name="one_score_a_day_of_workspace",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dimension or 'Alignment'} {self.value:.0f}"
