from datetime import date
from typing import Any, ClassVar, Self

from django.db import models

from interlock.organisation.models.people import Person
from interlock.workspaces.errors import DomainError
from interlock.workspaces.plan import PlanModel, PlanQuerySet

LONGEST_DAYS = 366


class AbsenceQuerySet(PlanQuerySet["Absence"]):
    def between(self, first: date, last: date) -> Self:
        return self.active().filter(starts_on__lte=last, ends_on__gte=first)

    def not_over(self, *, today: date) -> Self:
        return self.filter(ends_on__gte=today)


class Absence(PlanModel):
    """Days on which somebody is not there. Why is nobody's business, so there is no field for it."""

    prefix = "ABS"
    owner_path = "person__member"
    named_after = ("person",)

    person = models.ForeignKey(Person, models.PROTECT, related_name="absences")
    starts_on = models.DateField()
    # The last day of it.
    ends_on = models.DateField()

    objects: ClassVar[Any] = AbsenceQuerySet.as_manager()

    class Meta:
        ordering = ["starts_on", "pk"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="absence_key")]
        indexes = [models.Index(fields=["workspace", "ends_on"], name="absence_by_end")]

    def __str__(self) -> str:
        return f"{self.person}, {self.starts_on:%-d %B} to {self.ends_on:%-d %B %Y}"

    def get_absolute_url(self) -> str:
        return self.person.get_absolute_url()

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        if self.ends_on < self.starts_on:
            raise DomainError("It ends before it starts.", field="ends_on")
        if (self.ends_on - self.starts_on).days > LONGEST_DAYS:
            raise DomainError(
                "An absence is a year long at most: whoever is gone for longer has left.", field="ends_on"
            )
