from collections.abc import Iterable
from typing import ClassVar, Self

from django.db import models, transaction

from interlock.organisation.models.product import products_seen
from interlock.workspaces.models import Member, Workspace


class ProofQuerySet(models.QuerySet["Proof"]):
    def visible_to(self, member: Member) -> Self:
        """By whoever sees every product: a share of all would tell others of what is hidden from them."""
        rows = self.filter(workspace=member.workspace_id)
        return rows if member.reads_all and products_seen(member) is None else rows.none()

    @transaction.atomic
    def keep(self, proofs: Iterable["Proof"], *, workspace: Workspace) -> None:
        """In place of what was proven before."""
        self.filter(workspace=workspace).delete()
        self.bulk_create(proofs)


class Proof(models.Model):
    """What a rule's warnings were worth in a workspace's own history; without a code, those of all rules together.

    `warned` and `spared` count features promised at the freezes of releases that are out; `…_slipped`, how many of
    them came later.
    """

    left_out_of_exports = "Proven anew by `interlock backtest`."

    workspace = models.ForeignKey(Workspace, models.CASCADE)
    code = models.CharField(max_length=5, blank=True)
    # Why the history proves nothing about the rule, where that is so.
    untestable = models.CharField(max_length=300, blank=True)
    releases = models.PositiveIntegerField(default=0)
    warned = models.PositiveIntegerField(default=0)
    warned_slipped = models.PositiveIntegerField(default=0)
    spared = models.PositiveIntegerField(default=0)
    spared_slipped = models.PositiveIntegerField(default=0)
    lift = models.FloatField(null=True)
    lift_low = models.FloatField(null=True)
    lift_high = models.FloatField(null=True)
    auc = models.FloatField(null=True)
    auc_low = models.FloatField(null=True)
    auc_high = models.FloatField(null=True)
    # Of all rules together: the model of the chance to slip, a line for each signal.
    model = models.JSONField(default=dict)
    proven_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar = ProofQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "code"], name="one_proof_per_rule")]

    def __str__(self) -> str:
        return f"{self.code or 'All rules'}: {self.says}"

    @property
    def n(self) -> int:
        return self.warned + self.spared

    @property
    def says(self) -> str:
        if self.untestable:
            return f"Your history does not tell what this rule is worth: {self.untestable}."
        if self.lift is None:
            return (
                f"In your history, it warned of {self.warned} of {self.n} features, of which "
                f"{self.warned_slipped} slipped: too little to compare."
            )
        return f"In your history, {self.lift:.1f} × as likely to slip (n = {self.n})"

    @property
    def details(self) -> str:
        """What the figure rests on; nothing where there is none."""
        if self.lift is None or self.untestable:
            return ""
        between = ""
        if self.lift_low is not None and self.lift_high is not None:
            between = f"; 95% between {self.lift_low:.1f} and {self.lift_high:.1f}"
            if self.lift_low <= 1 <= self.lift_high:
                between += ", so that it may be chance"
        return (
            f"{self.warned_slipped} of {self.warned} that it warned of slipped, {self.spared_slipped} of {self.spared} "
            f"that it did not, in {self.releases} releases{between}."
        )
