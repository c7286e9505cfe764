from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from hashlib import blake2b
from typing import Any, ClassVar, Self

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from interlock.alignment import registry
from interlock.alignment.models.pending import WAIVERS, PendingChange
from interlock.alignment.rule import Fix, Rule, Severity
from interlock.organisation.models import Department, Person, Product
from interlock.organisation.models.product import products_seen, sees_product
from interlock.workspaces.addresses import address
from interlock.workspaces.bulk import batches
from interlock.workspaces.changes import Change, announce
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Door, Member, Workspace
from interlock.workspaces.models.audit import Entry, record
from interlock.workspaces.permissions import Action, Reach
from interlock.workspaces.plan import WorkspaceQuerySet


class FindingQuerySet(WorkspaceQuerySet["Finding"]):
    def visible_to(self, member: Member) -> Self:
        """Seen by whoever sees everything that it speaks of. What a rule found that is no more is past."""
        rows = self.of(member.workspace).filter(code__in=registry.codes_for(member))
        seen = products_seen(member)
        if seen is None:
            return rows
        beyond = FindingSubject.objects.exclude(product_id=None).exclude(product_id__in=seen)
        rows = rows.exclude(pk__in=beyond.values("finding"))
        return rows if member.reads_all else rows.filter(product__in=seen)

    def editable_by(self, member: Member) -> Self:
        """Who may comment may waive."""
        return self.visible_to(member) if member.can(Action.CONTRIBUTE) else self.none()

    def open(self) -> Self:
        return self.filter(status=Finding.Status.OPEN)

    def waived(self) -> Self:
        return self.filter(status=Finding.Status.WAIVED)

    def resolved(self) -> Self:
        return self.filter(status=Finding.Status.RESOLVED)

    def of_product(self, product: Product) -> Self:
        """About something of it, be it also about something of another."""
        about = FindingSubject.objects.filter(finding=OuterRef("pk"), product_id=product.pk, mentioned=False)
        return self.filter(Exists(about))

    def urgent_first(self) -> Self:
        return self.order_by("-severity", "code", "pk")

    def resolve(self) -> None:
        now = timezone.now()
        self.update(status=Finding.Status.RESOLVED, resolved_at=now, turned_at=now)

    def concerning(self, person: Person | None) -> Self:
        return self.filter(people=person) if person else self.none()


def identity_of(subjects: Iterable[tuple[str, int]]) -> str:
    """Of the labels and primary keys of what a finding is about."""
    identity = "+".join(sorted(f"{label}:{pk}" for label, pk in subjects))
    return identity if len(identity) <= 64 else short_hash(identity, 32)


def short_hash(value: Any, size: int) -> str:
    return blake2b(repr(value).encode(), digest_size=size).hexdigest()


class Finding(models.Model):
    """Where a rule is broken: it lives from the first time it is seen until somebody has closed it.

    The rule and its sorted subjects are its identity, so that it stays itself from one check to the next.
    """

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        WAIVED = "waived", "Waived"
        RESOLVED = "resolved", "Resolved"

    prefix = "FIND"
    # Made of what differs from one installation to the next.
    derived: ClassVar = frozenset({"identity", "digest"})

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    product = models.ForeignKey(Product, models.CASCADE, null=True, related_name="findings")
    number = models.PositiveIntegerField()
    code = models.CharField(max_length=5)
    identity = models.CharField(max_length=64)
    # Of everything that is shown, so that a check can tell whether there is anything to write.
    digest = models.CharField(max_length=32)
    severity = models.PositiveSmallIntegerField(choices=Severity)
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    says = models.TextField()
    evidence = models.TextField()
    # Of the rule's fixes, those that can help here; empty: all.
    fix_names = models.JSONField(default=list)
    people = models.ManyToManyField(Person, related_name="findings")
    departments = models.ManyToManyField(Department, related_name="findings")
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    # When it last became what it is: open, waived or resolved.
    turned_at = models.DateTimeField(default=timezone.now)
    reopened = models.PositiveIntegerField(default=0)

    objects: ClassVar[Any] = FindingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="finding_key"),
            models.UniqueConstraint(fields=["workspace", "code", "identity"], name="finding_identity"),
        ]
        indexes = [
            models.Index(fields=["workspace", "status", "-severity", "code"], name="finding_list"),
            models.Index(fields=["product", "status", "-severity", "code"], name="finding_by_product"),
            models.Index(fields=["workspace", "code", "status"], name="finding_by_rule"),
            models.Index(fields=["workspace", "-turned_at", "-id"], name="finding_by_turn"),
        ]

    def __str__(self) -> str:
        return self.says

    @property
    def key(self) -> str:
        return f"{self.prefix}-{self.number}"

    @classmethod
    def number_of(cls, key: str) -> int | None:
        prefix, _, number = key.rpartition("-")
        fits = number.isascii() and number.isdigit() and len(number) < 10
        return int(number) if prefix.upper() == cls.prefix and fits else None

    @classmethod
    def derive(cls, workspace: Workspace) -> None:
        """Fill the identities of findings that came from another installation; the next check fills the digests."""
        keys = cls.objects.of(workspace).order_by("pk").values_list("pk", flat=True)
        labels = {kind.pk: ".".join(kind.natural_key()) for kind in ContentType.objects.all()}
        for batch in batches(keys.iterator(), 500):
            ends: dict[int, list[tuple[str, int]]] = {pk: [] for pk in batch}
            subjects = FindingSubject.objects.filter(finding__in=batch, mentioned=False)
            for finding, kind, pk in subjects.values_list("finding", "content_type", "object_id"):
                ends[finding].append((labels[kind], pk))
            found = [cls(pk=pk, identity=identity_of(own)) for pk, own in ends.items()]
            cls.objects.bulk_update(found, ["identity"])

    def get_absolute_url(self) -> str:
        return address("finding", self.workspace.slug, self.key)

    def product_scope(self) -> int | None:
        return self.product_id

    def evidence_for(self, member: Member | None) -> str:
        """It may name whoever is concerned, whom guests do not see."""
        return self.evidence if member is None or member.reads_all else ""

    @property
    def rule(self) -> Rule:
        return registry.rule(self.code)

    @property
    def waiver(self) -> "Waiver | None":
        """The one in force, prefetched or not."""
        return next((waiver for waiver in self.waivers.all() if waiver.ended_at is None), None)

    # --- verbs -----------------------------------------------------------------------------------

    @transaction.atomic
    def waive(self, *, reason: str, until: date, by: Member, today: date) -> "Waiver":
        """Accept it for a time. It is shown as waived, with the reason, and comes back by itself."""
        if not reason.strip():
            raise DomainError("Say why it can wait: a waiver without a reason helps nobody.", field="reason")
        if until <= today:
            raise DomainError("A waiver ends on a day to come.", field="until")
        self._lock()
        if self.status == Finding.Status.RESOLVED:
            raise DomainError("This finding is resolved already.")
        self.waivers.filter(ended_at=None).update(ended_at=timezone.now())
        waiver = Waiver.objects.create(finding=self, reason=reason.strip(), until=until, by=by)
        self._turn(Finding.Status.WAIVED)
        record([Entry(self, "waived", {"until": [None, until.isoformat()]})], by=by, reason=waiver.reason)
        return waiver

    @transaction.atomic
    def withdraw_waiver(self, *, by: Member | None, due: date | None = None) -> None:
        """End it before its day; or, by nobody, because that day is `due`, unless somebody waived anew meanwhile."""
        self._lock()
        held = self.waivers.filter(ended_at=None)
        if due:
            held = held.filter(until__lte=due)
        if not held.update(ended_at=timezone.now()):
            return
        if self.status == Finding.Status.WAIVED:
            self._turn(Finding.Status.OPEN)
        record([Entry(self, "waiver ended", {})], by=by)

    def _lock(self) -> None:
        self.status = Finding.objects.select_for_update().get(pk=self.pk).status
        self.__dict__.pop("_prefetched_objects_cache", None)

    def _turn(self, status: str) -> None:
        self.status, self.turned_at = status, timezone.now()
        self.save(update_fields=["status", "turned_at"])
        # What is waived counts as passed: the tallies are different now.
        PendingChange.objects.note(self.workspace_id, {WAIVERS: {self.code}})

    # --- the ways out ----------------------------------------------------------------------------

    @property
    def fixes(self) -> list[Fix]:
        return [fix for fix in self.rule.fixes if not self.fix_names or fix.name in self.fix_names]

    def way_out(self, name: str) -> Fix:
        for fix in self.fixes:
            if fix.name == name:
                return fix
        raise LookupError(f"{self.key} cannot be fixed by {name}")

    def rows(self) -> list[Any]:
        """What it is about, as the rows are now."""
        ends: dict[ContentType, list[int]] = defaultdict(list)
        for subject in self.subjects.filter(mentioned=False).order_by("pk"):
            ends[subject.content_type].append(subject.object_id)
        return [
            row
            for kind, keys in ends.items()
            for row in kind.model_class()._default_manager.of(self.workspace).filter(pk__in=keys)  # type: ignore[union-attr]
        ]

    def offers(self, fix: Fix, asked: str, *, by: Member) -> Any:
        """The rows of which this member may choose, where a fix asks for one."""
        return fix.offers(asked, self.rows(), by=by)

    def fix(self, name: str, *, by: Member, **answers: Any) -> None:
        """Take one of the rule's fixes, for the first of the rows that this member may change."""
        fix = self.way_out(name)
        if self.status == Finding.Status.RESOLVED:
            raise DomainError("This finding is resolved already.")
        rows = self.rows()
        for asked, kind in fix.asks.items():
            answer = answers.get(asked)
            if answer is None:
                raise DomainError("This must be answered.", field=asked)
            offered = not issubclass(kind, models.Model) or fix.offers(asked, rows, by=by).filter(pk=answer.pk).exists()
            if not offered:
                raise DomainError("Choose one of those that are offered.", field=asked)
        getattr(self.rule, name)(self._editable(rows, by), by=by.through(Door.FIX), **answers)

    @staticmethod
    def _editable(rows: Sequence[Any], by: Member) -> Any:
        for row in rows:
            if type(row)._default_manager.editable_by(by).filter(pk=row.pk).exists():
                return row
        raise PermissionDenied("Changing what this finding is about is not open to you.")

    def can_be_fixed_by(self, member: Member) -> bool:
        return member.reach(Action.EDIT) is not Reach.NONE


class FindingSubjectQuerySet(models.QuerySet["FindingSubject"]):
    def about(self, model: type[models.Model]) -> Self:
        return self.filter(content_type=ContentType.objects.get_for_model(model), mentioned=False)


class FindingSubject(models.Model):
    """A row that a finding is about, or, where `mentioned`, that its text speaks of."""

    finding = models.ForeignKey(Finding, models.CASCADE, related_name="subjects")
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.BigIntegerField()
    key = models.CharField(max_length=60)
    title = models.CharField(max_length=300)
    url = models.CharField(max_length=300)
    product_id = models.BigIntegerField(null=True)
    mentioned = models.BooleanField(default=False)

    objects = FindingSubjectQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["content_type", "object_id"], name="finding_by_subject"),
            models.Index(fields=["product_id", "finding"], name="finding_subject_product"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    def seen_by(self, member: Member) -> bool:
        return sees_product(member, self.product_id)


class Waiver(models.Model):
    finding = models.ForeignKey(Finding, models.CASCADE, related_name="waivers")
    reason = models.TextField()
    until = models.DateField()
    by = models.ForeignKey(Member, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["finding"], condition=Q(ended_at=None), name="one_waiver_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.finding.key} until {self.until}"


def announce_findings(findings: Sequence[Finding]) -> None:
    """Tell live pages; a finding's life is its own history, so nothing is audited."""
    announce(
        Change(finding.workspace_id, Finding._meta.label_lower, finding.pk, finding.key, finding.product_id)
        for finding in findings
    )
