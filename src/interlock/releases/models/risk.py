from typing import Any, ClassVar, Self

from django.db import models

from interlock.organisation.models import ProductPlanModel, ProductPlanQuerySet
from interlock.organisation.models.product import products_seen
from interlock.releases.models.release import Release
from interlock.releases.models.task import Task
from interlock.releases.models.workstream import Workstream
from interlock.risks.models import Risk
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member


class RiskHitQuerySet(ProductPlanQuerySet["RiskHit"]):
    def visible_to(self, member: Member) -> Self:
        """Seen by whoever sees both ends."""
        rows, seen = super().visible_to(member), products_seen(member)
        if not member.reads_all:
            return rows.none()
        return rows if seen is None else rows.filter(risk__product__in=seen)


class RiskHit(ProductPlanModel):
    """That a risk, should it happen, hits a release: a task of it, a department's part in it, or the whole of it."""

    prefix = "HIT"
    product_path = "release__product"
    named_after = ("risk", "release", "workstream__department", "workstream__release", "task")
    taken = ("It is noted already that the risk hits this.", "risk")

    risk = models.ForeignKey(Risk, models.PROTECT, related_name="hits")
    # Of a task or workstream, its own.
    release = models.ForeignKey(Release, models.PROTECT, blank=True, related_name="risk_hits")
    workstream = models.ForeignKey(Workstream, models.PROTECT, null=True, blank=True, related_name="risk_hits")
    task = models.ForeignKey(Task, models.PROTECT, null=True, blank=True, related_name="risk_hits")
    note = models.CharField(max_length=300, blank=True)

    objects: ClassVar[Any] = RiskHitQuerySet.as_manager()

    class Meta:
        verbose_name = "risk hit"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="risk_hit_key"),
            models.UniqueConstraint(
                fields=["risk", "task"], condition=models.Q(archived_at=None), name="one_hit_per_task"
            ),
            models.UniqueConstraint(
                fields=["risk", "workstream"], condition=models.Q(archived_at=None), name="one_hit_per_workstream"
            ),
            models.UniqueConstraint(
                fields=["risk", "release"],
                condition=models.Q(archived_at=None, task=None, workstream=None),
                name="one_hit_per_release",
            ),
            models.CheckConstraint(
                condition=models.Q(task=None) | models.Q(workstream=None), name="a_risk_hits_one_thing"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.risk}: {self.target}"

    @property
    def target(self) -> Task | Workstream | Release:
        return self.task or self.workstream or self.release

    def get_absolute_url(self) -> str:
        return self.risk.get_absolute_url()

    @classmethod
    def before_add(cls, rows: list["RiskHit"]) -> None:
        for row in rows:
            if row.task_id and row.workstream_id:
                raise DomainError("It hits a task, or a department's part: note them one by one.", field="task")
            part = row.task.workstream if row.task else row.workstream
            if part and row.release_id and row.release_id != part.release_id:
                field = "task" if row.task_id else "workstream"
                raise DomainError(f"That is part of {part.release}, and not of {row.release}.", field=field)
            if part:
                row.release = part.release
            if not row.release_id:
                raise DomainError(
                    "Say what it hits: a release, a department's part in one, or a task.", field="release"
                )
