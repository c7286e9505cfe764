from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.db.models import OuterRef, Subquery

from interlock.organisation.models import Department, Person, Product, ProductPlanModel, ProductPlanQuerySet
from interlock.workspaces.models import Member
from interlock.workspaces.numbers import plain


class MetricQuerySet(ProductPlanQuerySet["Metric"]):
    def measured(self) -> Self:
        """With the newest measurement: `value`, and `measured_on`; None where there is none."""
        newest = Measurement.objects.active().filter(metric=OuterRef("pk")).order_by("-on").values
        return self.annotate(value=Subquery(newest("value")[:1]), measured_on=Subquery(newest("on")[:1]))


class Metric(ProductPlanModel):
    """A number that is watched over time, and in which direction it is meant to go."""

    class Direction(models.TextChoices):
        UP = "up", "Higher is better"
        DOWN = "down", "Lower is better"

    prefix = "MET"
    page = "metric"
    owner_path = "owner__member"

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=10_000)
    unit = models.CharField(max_length=40, blank=True)
    direction = models.CharField(max_length=4, choices=Direction, default=Direction.UP)
    target = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="metrics")
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="metrics")
    owner = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="metrics")

    objects: ClassVar[Any] = MetricQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="metric_key")]
        indexes = [models.Index(fields=["workspace", "archived_at", "name"], name="metric_list")]

    def __str__(self) -> str:
        return self.name

    def in_words(self, value: Decimal | None) -> str:
        """The number with its unit: “3.5 %”, “12 days”."""
        return f"{plain(value)} {self.unit}".rstrip()

    def reached(self, value: Decimal | None) -> bool | None:
        """Whether the value is as good as the target; None where one of them is not known."""
        if value is None or self.target is None:
            return None
        return value >= self.target if self.direction == Metric.Direction.UP else value <= self.target

    @transaction.atomic
    def measure(self, value: Decimal, *, on: date, by: Member) -> "Measurement":
        """Note a value. Whoever measures a day again corrects what was noted for it."""
        # Under lock, so that of two who note the same day the second corrects.
        Metric.objects.select_for_update(of=("self",)).get(pk=self.pk)
        held = self.measurements.active().filter(on=on).first()
        if held:
            corrected: Measurement = held.change(value=value, by=by)
            return corrected
        added: Measurement = Measurement.objects.add(metric=self, on=on, value=value, by=by)
        return added


class Measurement(ProductPlanModel):
    """What a metric was on a day."""

    prefix = "MEAS"
    product_path = "metric__product"
    owner_path = "metric__owner__member"
    named_after = ("metric",)
    taken = ("There is a measurement of this day already: change that one.", "on")

    metric = models.ForeignKey(Metric, models.PROTECT, related_name="measurements")
    on = models.DateField()
    value = models.DecimalField(max_digits=18, decimal_places=4)

    objects: ClassVar[Any] = ProductPlanQuerySet["Measurement"].as_manager()

    class Meta:
        ordering = ["-on", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="measurement_key"),
            models.UniqueConstraint(
                fields=["metric", "on"], condition=models.Q(archived_at=None), name="one_measurement_per_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric} on {self.on:%-d %B %Y}"

    def get_absolute_url(self) -> str:
        return self.metric.get_absolute_url()
