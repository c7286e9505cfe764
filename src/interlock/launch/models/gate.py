from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar, Self

from django.core.exceptions import PermissionDenied
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Count, Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce

from interlock.organisation.models import Person, ProductPlanModel, ProductPlanQuerySet
from interlock.people.models import Role, RoleAssignment
from interlock.releases.models import Release, Task
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member
from interlock.workspaces.permissions import Action


class GateQuerySet(ProductPlanQuerySet["Gate"]):
    def visible_to(self, member: Member) -> Self:
        """Guests see the release, and not who decides on it."""
        rows = super().visible_to(member)
        return rows if member.reads_all else rows.none()

    def with_dates(self) -> Self:
        return self.select_related("milestone__dates", "milestone__workstream__release")

    def of_release(self, release: Release) -> Self:
        return self.active().filter(release=release).with_dates()

    def open(self) -> Self:
        """Of releases that are still to come, and not yet decided; a no-go leaves a gate open."""
        from interlock.launch.models.vote import GateDecision

        decided = GateDecision.objects.filter(gate=OuterRef("pk"), outcome__in=GateDecision.FINAL)
        mine = self.active().filter(release__status__in=Release.OPEN, release__archived_at=None)
        return mine.filter(~Exists(decided))

    def approved_by(self, person: Person, *, today: date) -> Self:
        """Those in which the person has a say, by name or by a role that they hold."""
        return self._with_say(today, person=person)

    def awaiting(self, member: Member, *, today: date) -> Self:
        """Open ones in which the member has a say, and has not used it in this round."""
        from interlock.launch.models.vote import GateDecision, Vote

        before = GateDecision.objects.filter(gate=OuterRef("pk")).order_by().values("gate")
        rounds = Coalesce(Subquery(before.annotate(number=Count("pk")).values("number")), 0)
        voted = Vote.objects.filter(gate=OuterRef("pk"), person__member=member, round=OuterRef("rounds"))
        mine = self.open()._with_say(today, person__member=member)
        return mine.annotate(rounds=rounds).filter(~Exists(voted))

    def _with_say(self, today: date, **who: Any) -> Self:
        held = RoleAssignment.objects.current(today=today).filter(**who).values("role")
        by_role = Gate.approving_roles.through.objects.filter(role__in=held, role__archived_at=None)
        by_name = Gate.approving_people.through.objects.filter(**who)
        return self.filter(models.Q(pk__in=by_role.values("gate")) | models.Q(pk__in=by_name.values("gate")))


class Gate(ProductPlanModel):
    """A question that a release must pass, such as “Go or no-go?”: criteria, who approves, until when."""

    prefix = "GATE"
    page = "gate"
    product_path = "release__product"

    release = models.ForeignKey(Release, models.PROTECT, related_name="gates")
    name = models.CharField(max_length=120)
    # The moment of the plan to which it is tied, from which it has its dates.
    milestone = models.ForeignKey(Task, models.PROTECT, null=True, blank=True, related_name="gates")
    decide_by = models.DateField(null=True, blank=True)
    # How many of the approvers must have voted; all of them where it is empty.
    quorum = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    # Whether the release cannot go out without it.
    required = models.BooleanField(default=True)
    approving_roles = models.ManyToManyField(Role, blank=True, related_name="gates")
    approving_people = models.ManyToManyField(Person, blank=True, related_name="gates")

    objects: ClassVar[Any] = GateQuerySet.as_manager()

    class Meta:
        ordering = ["decide_by", "number"]
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="gate_key")]
        indexes = [models.Index(fields=["release", "archived_at"], name="gate_by_release")]

    def __str__(self) -> str:
        return self.name

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        if "milestone" in names and self.milestone:
            tied = self.milestone
            if tied.workstream.release_id != self.release_id or tied.kind != Task.Kind.MILESTONE:
                raise DomainError("A gate is tied to a milestone of its own release.", field="milestone")

    # --- voting and deciding ---------------------------------------------------------------------

    @transaction.atomic
    def vote(self, choice: str, *, reason: str, by: Member, today: date, person: Person | None = None) -> list[Any]:
        """Say go or no-go, for each seat that one fills among its approvers.

        person  whose vote it is, where an approver without an account said it aloud and an editor writes it down
        """
        from interlock.launch.models.vote import Vote
        from interlock.launch.standing import standing_of

        by.require(Action.CONTRIBUTE)
        standing = standing_of(self._locked(by), today=today)
        if person is None:
            seats = [seat for seat in standing.seats for one in seat.holders if one.member_id == by.pk]
            voters = {seat: one for seat in seats for one in seat.holders if one.member_id == by.pk}
            if not voters:
                raise PermissionDenied("You are not among its approvers.")
        else:
            by.require(Action.EDIT)
            if person.member_id is not None:
                raise DomainError(f"{person} has an account, and votes with it.", field="person")
            voters = {seat: person for seat in standing.seats if person in seat.holders}
            if not voters:
                raise DomainError(f"{person} is not among its approvers.", field="person")
        if standing.closed:
            raise DomainError("It is decided: votes came before.")
        if not reason.strip():
            raise DomainError("Say why: a vote without a reason tells the others nothing.", field="reason")
        votes: list[Any] = Vote.objects.add_many(
            [
                {
                    "gate": self,
                    "round": standing.round,
                    "person": voter,
                    "role": seat.role,
                    "choice": choice,
                    "reason": reason.strip(),
                    "recorded_by": by,
                }
                for seat, voter in voters.items()
            ],
            by=by,
        )
        return votes

    @transaction.atomic
    def decide(self, outcome: str, *, reason: str, by: Member, today: date) -> Any:
        """Record what was decided, with how everything stood. It stays as it is recorded."""
        from interlock.launch.models.vote import GateDecision
        from interlock.launch.standing import standing_of

        standing = standing_of(self._locked(by), today=today)
        if standing.waits:
            raise DomainError(standing.waits)
        if not reason.strip():
            raise DomainError("Say why: later, this is what is left of the meeting.", field="reason")
        return GateDecision.objects.add(
            gate=self,
            round=standing.round,
            outcome=outcome,
            reason=reason.strip(),
            recorded_by=by,
            record=standing.record(),
            by=by,
        )

    def _locked(self, by: Member) -> "Gate":
        """Under lock: of a vote and a decision at the same time, one comes first."""
        locked: Gate = (
            Gate.objects.with_dates().select_related("release").select_for_update(of=("self",)).get(pk=self.pk)
        )
        if locked.archived:
            raise DomainError("This gate is archived.")
        locked.workspace = by.workspace
        return locked


def in_order(gates: Sequence[Gate]) -> list[Gate]:
    """As they are to be passed: by their day, and those without one last."""
    return sorted(gates, key=lambda gate: (gate.decide_by or date.max, gate.number))
