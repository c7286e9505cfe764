from collections.abc import Mapping
from typing import Self

from django.db import models, transaction
from django.db.models import Q

from interlock.alignment.models.pending import TERMS, PendingChange
from interlock.alignment.rule import Rule, Severity
from interlock.organisation.models import Product
from interlock.organisation.models.product import products_seen
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member, Workspace
from interlock.workspaces.models.audit import Entry, record


class RuleSettingQuerySet(models.QuerySet["RuleSetting"]):
    def visible_to(self, member: Member) -> Self:
        if not member.reads_all:
            return self.none()
        rows, seen = self.filter(workspace=member.workspace_id), products_seen(member)
        return rows if seen is None else rows.filter(Q(product=None) | Q(product__in=seen))

    @transaction.atomic
    def configure(
        self,
        rule: Rule,
        *,
        by: Member,
        product: Product | None = None,
        enabled: bool = True,
        severity: int | None = None,
        settings: Mapping[str, int] | None = None,
    ) -> "RuleSetting":
        """Say how a rule is applied in the workspace, or, where it differs, to one product."""
        if product and product.workspace_id != by.workspace_id:
            raise DomainError("There is no such product.", field="product")
        unknown = set(settings or {}) - set(rule.settings)
        if unknown:
            raise DomainError(f"{rule.code} has no setting named {sorted(unknown)[0]}.", field="settings")
        if any(not isinstance(v, int) or not 0 <= v <= 100_000 for v in (settings or {}).values()):
            raise DomainError("A threshold is a whole number between 0 and 100,000.", field="settings")
        if severity is not None and severity not in Severity.values:
            raise DomainError("The severity is error, warning or note.", field="severity")
        wanted = {"enabled": enabled, "severity": severity, "settings": dict(settings or {})}
        row, new = self.get_or_create(workspace=by.workspace, product=product, code=rule.code, defaults=wanted)
        before = {name: None if new else getattr(row, name) for name in wanted}
        if not new:
            for name, value in wanted.items():
                setattr(row, name, value)
            row.save()
        changes = {name: [before[name], value] for name, value in wanted.items() if before[name] != value}
        if changes:
            record([Entry(row, "configured", changes)], by=by)
            PendingChange.objects.note(by.workspace_id, {TERMS: {rule.code}})
        return row

    def switch(self, rule: Rule, enabled: bool, *, by: Member) -> "RuleSetting":
        """On or off in the workspace; all else about it stays."""
        held = self.filter(workspace=by.workspace_id, product=None, code=rule.code).first()
        severity, settings = (held.severity, held.settings) if held else (None, {})
        return self.configure(rule, by=by, enabled=enabled, severity=severity, settings=settings)


class RuleSetting(models.Model):
    """How a workspace applies a rule; with a product, how that product differs from the workspace."""

    workspace = models.ForeignKey(Workspace, models.CASCADE)
    product = models.ForeignKey(Product, models.CASCADE, null=True)
    code = models.CharField(max_length=5)
    enabled = models.BooleanField(default=True)
    severity = models.PositiveSmallIntegerField(choices=Severity, null=True)
    settings = models.JSONField(default=dict)

    objects = RuleSettingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "product", "code"],
                condition=~models.Q(product=None),
                name="one_setting_per_rule",
            ),
            models.UniqueConstraint(
                fields=["workspace", "code"],
                condition=models.Q(product=None),
                name="one_setting_per_rule_of_workspace",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} in {self.product or self.workspace}"

    @property
    def key(self) -> str:
        return self.code

    def product_scope(self) -> int | None:
        return self.product_id

    @transaction.atomic
    def withdraw(self, *, by: Member) -> None:
        """Apply the rule as it comes, or, in a product, as the workspace does."""
        record([Entry(self, "withdrawn", {})], by=by)
        PendingChange.objects.note(self.workspace_id, {TERMS: {self.code}})
        self.delete()
