from datetime import date
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q

from interlock.organisation.models import Department, Person, Product, ProductPlanModel, ProductPlanQuerySet
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member
from interlock.workspaces.models.audit import Entry, record


class RoleQuerySet(ProductPlanQuerySet["Role"]):
    def held(self, *, today: date) -> Self:
        return self.active().filter(Exists(_assigned(today)))

    def vacant(self, *, today: date) -> Self:
        return self.filter(~Exists(_assigned(today)))

    def with_vacancy(self, *, today: date) -> Self:
        return self.annotate(vacant=~Exists(_assigned(today)))


def _assigned(today: date) -> Any:
    return RoleAssignment.objects.filter(role=OuterRef("pk")).current(today=today)


class Role(ProductPlanModel):
    """A seat in the work, such as Product Manager of Payments: somebody holds it, or it is vacant."""

    prefix = "ROLE"
    page = "role"
    named_after = ("product",)

    name = models.CharField(max_length=120)
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="roles")
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="roles")
    purpose = models.TextField(blank=True, max_length=2000)

    objects: ClassVar[Any] = RoleQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="role_key")]

    def __str__(self) -> str:
        return f"{self.name} of {self.product}" if self.product_id else self.name

    @transaction.atomic
    def assign(self, person: Person, *, by: Member, on: date) -> "RoleAssignment":
        """Whoever takes it up again on the day they gave it up never gave it up."""
        if person.workspace_id != self.workspace_id:
            raise DomainError("There is no such person.", field="person")
        if person.standing == Person.Standing.LEFT:
            raise DomainError(f"{person} has left.", field="person")
        if self.assignments.filter(person=person, ends_on=on).update(ends_on=None):
            assignment, new = self.assignments.get(person=person, ends_on=None), True
        else:
            assignment, new = RoleAssignment.objects.get_or_create(
                role=self, person=person, ends_on=None, defaults={"starts_on": on}
            )
        if new:
            self._record("assigned", [None, person.key], person, by)
        return assignment

    @transaction.atomic
    def relieve(self, person: Person, *, by: Member, on: date) -> None:
        """`on` is the first day on which they no longer hold it, today or to come."""
        assignment = self.assignments.select_for_update().filter(person=person, ends_on=None).first()
        if assignment is None:
            return
        if assignment.starts_on and on < assignment.starts_on:
            since = f"{assignment.starts_on:%-d %B %Y}"
            raise DomainError(f"{person} holds it since {since}: the end lies before that.", field="on")
        assignment.ends_on = on
        assignment.save(update_fields=["ends_on"])
        self._record("relieved", [person.key, None], person, by)

    def _record(self, verb: str, change: list[Any], person: Person, by: Member) -> None:
        record([Entry(self, verb, {"holders": change}, {person._meta.label_lower: {person.pk}})], by=by)


class RoleAssignmentQuerySet(models.QuerySet["RoleAssignment"]):
    def current(self, *, today: date) -> Self:
        started = Q(starts_on=None) | Q(starts_on__lte=today)
        return self.filter(
            started,
            Q(ends_on=None) | Q(ends_on__gt=today),
            person__standing=Person.Standing.CURRENT,
            person__archived_at=None,
        )


class RoleAssignment(models.Model):
    """That somebody holds a role: from its first day until the day before `ends_on`, on which they no longer do."""

    role = models.ForeignKey(Role, models.CASCADE, related_name="assignments")
    person = models.ForeignKey(Person, models.PROTECT, related_name="roles")
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)

    objects = RoleAssignmentQuerySet.as_manager()

    class Meta:
        ordering = [models.F("ends_on").desc(nulls_first=True), "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["role", "person"], condition=models.Q(ends_on=None), name="one_open_assignment"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.role}"

    def seen_by(self, member: Member) -> bool:
        return member.reads_all

    def in_force(self, today: date) -> bool:
        """What `current` asks the database, of a row at hand."""
        begun = self.starts_on is None or self.starts_on <= today
        going_on = self.ends_on is None or self.ends_on > today
        return begun and going_on and self.person.standing == Person.Standing.CURRENT
