from decimal import Decimal
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from interlock.alignment import registry
from interlock.alignment.models import RuleSetting
from interlock.launch.models.gate import Gate
from interlock.organisation.models import Department, Person, ProductPlanModel, ProductPlanQuerySet
from interlock.releases.models import Task
from interlock.strategy.models import Measurement, Metric
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member


class GateCriterionQuerySet(ProductPlanQuerySet["GateCriterion"]):
    def visible_to(self, member: Member) -> Self:
        rows = super().visible_to(member)
        return rows if member.reads_all else rows.none()

    def with_evidence(self) -> Self:
        """With all by which it is judged but findings: the newest measurement, the task, whether the rule is off."""
        newest = Measurement.objects.active().filter(metric=OuterRef("metric")).order_by("-on")
        told = RuleSetting.objects.filter(workspace=OuterRef("workspace"), code=OuterRef("rule"))
        of_product, of_all = told.filter(product=OuterRef("gate__release__product")), told.filter(product=None)
        off = Exists(of_product.filter(enabled=False)) | (Exists(of_all.filter(enabled=False)) & ~Exists(of_product))
        rows = self.select_related("department", "owner__department", "metric", "task__dates")
        return rows.annotate(
            value=Subquery(newest.values("value")[:1]), measured_on=Subquery(newest.values("on")[:1]), off=off
        )


class GateCriterion(ProductPlanModel):
    """What must hold before a gate is passed, and what shows that it does."""

    class Kind(models.TextChoices):
        LINK = "link", "A link"
        METRIC = "metric", "A number"
        TASK = "task", "A finished task"
        RULE = "rule", "A rule without findings"
        WORD = "word", "Somebody's word"

    class Comparison(models.TextChoices):
        AT_LEAST = "at_least", "at least"
        AT_MOST = "at_most", "at most"

    class Word(models.TextChoices):
        MET = "met", "Met"
        NOT_MET = "not_met", "Not met"

    # What each kind of evidence consists of; the first is what it cannot do without.
    PARTS: ClassVar = {
        Kind.LINK: ("link",),
        Kind.METRIC: ("metric", "comparison", "bound"),
        Kind.TASK: ("task",),
        Kind.RULE: ("rule",),
        Kind.WORD: ("word", "word_note", "word_on"),
    }

    prefix = "CRIT"
    product_path = "gate__release__product"
    owner_path = "owner__member"

    gate = models.ForeignKey(Gate, models.PROTECT, related_name="criteria")
    text = models.CharField(max_length=300)
    department = models.ForeignKey(Department, models.PROTECT, null=True, blank=True, related_name="criteria")
    owner = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="criteria")
    kind = models.CharField(max_length=6, choices=Kind, default=Kind.WORD)
    link = models.URLField(max_length=1000, blank=True)
    metric = models.ForeignKey(Metric, models.PROTECT, null=True, blank=True, related_name="criteria")
    comparison = models.CharField(max_length=8, choices=Comparison, default=Comparison.AT_LEAST)
    bound = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    task = models.ForeignKey(Task, models.PROTECT, null=True, blank=True, related_name="criteria")
    rule = models.CharField(max_length=5, blank=True)
    word = models.CharField(max_length=7, choices=Word, blank=True)
    word_note = models.CharField(max_length=300, blank=True)
    word_on = models.DateField(null=True, blank=True)

    objects: ClassVar[Any] = GateCriterionQuerySet.as_manager()

    class Meta:
        verbose_name = "gate criterion"
        verbose_name_plural = "gate criteria"
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="gate_criterion_key")]
        indexes = [models.Index(fields=["gate", "archived_at"], name="criterion_by_gate")]

    def __str__(self) -> str:
        return self.text

    def get_absolute_url(self) -> str:
        return f"{self.gate.get_absolute_url()}#{self.key}"

    def holds(self, value: Decimal) -> bool:
        """Whether a number is on the right side of the bound."""
        assert self.bound is not None  # noqa: S101 one is asked for with every number
        return value >= self.bound if self.comparison == self.Comparison.AT_LEAST else value <= self.bound

    def say(self, word: str, *, note: str = "", by: Member) -> Self:
        """Give one's word that it is met, or that it is not."""
        if self.kind != self.Kind.WORD:
            raise DomainError("It is shown by something else than somebody's word.", field="word")
        return self.change(word=word, word_note=note, word_on=timezone.localdate(), by=by)

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        if "text" in names and not self.text.strip():
            raise DomainError("Say what must hold.", field="text")
        if names & {"kind", "metric", "bound", "task", "rule"}:
            self._refuse_half_evidence()
        if "task" in names and self.task and self.task.workstream.release_id != self.gate.release_id:
            raise DomainError("Choose a task of the gate's own release.", field="task")
        if "metric" in names and self.metric and self.metric.product_id not in (None, self.gate.release.product_id):
            raise DomainError("Choose a metric of the release's product, or of none.", field="metric")

    def _refuse_half_evidence(self) -> None:
        match self.kind:
            case self.Kind.METRIC if self.metric is None:
                raise DomainError("Choose the metric that shows it.", field="metric")
            case self.Kind.METRIC if self.bound is None:
                raise DomainError("Say which number is asked for.", field="bound")
            case self.Kind.TASK if self.task is None:
                raise DomainError("Choose the task that shows it.", field="task")
            case self.Kind.RULE if self.rule not in registry.codes():
                raise DomainError("There is no such rule.", field="rule")
