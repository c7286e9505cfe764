from typing import Any, ClassVar, Self

from django.db import models

from interlock.launch.models.gate import Gate
from interlock.organisation.models import Person, ProductPlanModel, ProductPlanQuerySet
from interlock.people.models import Role
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member


class AppendOnlyQuerySet(ProductPlanQuerySet[Any]):
    """Rows that stay as they were written; the database refuses to change them too (see the migration)."""

    def visible_to(self, member: Member) -> Self:
        rows = super().visible_to(member)
        return rows if member.reads_all else rows.none()

    def editable_by(self, member: Member) -> Self:
        return self.none()

    def change_many(self, *args: Any, **how: Any) -> list[Any]:
        raise DomainError(f"A {self.model._meta.verbose_name} stays as it was recorded.")


class Choice(models.TextChoices):
    GO = "go", "Go"
    CONDITIONS = "conditions", "Go, with conditions"
    NO_GO = "no_go", "No-go"


class Vote(ProductPlanModel):
    """What an approver said of a gate. Who votes again is counted by the newest; what was said before stays."""

    prefix = "VOTE"
    product_path = "gate__release__product"
    named_after = ("person",)

    gate = models.ForeignKey(Gate, models.PROTECT, related_name="votes")
    # How many decisions had been made before: after a no-go, everybody votes anew.
    round = models.PositiveSmallIntegerField(default=0)
    person = models.ForeignKey(Person, models.PROTECT, related_name="votes")
    # The role that they spoke for, where it is the role that approves.
    role = models.ForeignKey(Role, models.PROTECT, null=True, blank=True, related_name="votes")
    choice = models.CharField(max_length=10, choices=Choice)
    reason = models.TextField(max_length=2000)
    # Who wrote it down: the approver, or, for one without an account, an editor.
    recorded_by = models.ForeignKey(Member, models.PROTECT, related_name="+")

    objects: ClassVar[Any] = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="vote_key")]
        indexes = [models.Index(fields=["gate", "round"], name="vote_by_gate")]

    def __str__(self) -> str:
        return f"{self.get_choice_display()} by {self.person}"

    def get_absolute_url(self) -> str:
        return self.gate.get_absolute_url()


class GateDecision(ProductPlanModel):
    """How a gate was decided, and how everything stood at that moment. A no-go may be followed by another round."""

    FINAL = (Choice.GO, Choice.CONDITIONS)

    prefix = "GDEC"
    product_path = "gate__release__product"
    named_after = ("gate",)
    taken = ("It is decided already.", "outcome")
    # Kept in the row, which never changes.
    private_fields = frozenset({"record"})

    gate = models.ForeignKey(Gate, models.PROTECT, related_name="decisions")
    round = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(max_length=10, choices=Choice)
    reason = models.TextField(max_length=5000)
    recorded_by = models.ForeignKey(Member, models.PROTECT, related_name="+")
    # How each criterion stood, and on which days the milestone was planned and likely: see standing.Standing.record.
    record = models.JSONField(default=dict)

    objects: ClassVar[Any] = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = "gate decision"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="gate_decision_key"),
            models.UniqueConstraint(fields=["gate", "round"], name="one_decision_per_round"),
        ]

    def __str__(self) -> str:
        return f"{self.gate}: {self.get_outcome_display()}"

    def get_absolute_url(self) -> str:
        return self.gate.get_absolute_url()

    @property
    def final(self) -> bool:
        return self.outcome in self.FINAL
