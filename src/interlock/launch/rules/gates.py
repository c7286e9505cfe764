from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef

from interlock.alignment.rule import Rule, Severity, Violation, fix
from interlock.launch.models import Gate, GateCriterion, GateDecision
from interlock.organisation.models import Person
from interlock.people.models import Role
from interlock.releases.models import Release
from interlock.workspaces.models import Member


class GateWithoutApprover(Rule):
    """A gate of an open release that nobody can approve, or that asks for nothing.

    Why: gates work where criteria and those who decide are named before the meeting; a gate without them lets
    everything pass. Cooper (2008), doi:10.1111/j.1540-5885.2008.00296.x
    Wrong: "Go or no-go", approved by a role that nobody holds.
    Right: "Go or no-go", approved by Product and Support, when help articles are out and the errors are below 2 %.
    """

    code, severity = "RL107", Severity.WARNING
    subject = Gate
    reads = {
        GateCriterion: "criteria",
        GateDecision: "decisions",
        Release: "release",
        Role: "approving_roles",
        Person: ("approving_people", "approving_roles__assignments__person"),
    }

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        return rows.open()

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        criteria = GateCriterion.objects.active().filter(gate=OuterRef("pk"))
        held = Role.objects.held(today=today).filter(gates=OuterRef("pk"))
        here = Person.objects.current().filter(gates=OuterRef("pk"))
        named = Gate.approving_roles.through.objects.filter(gate=OuterRef("pk"))
        judged = rows.annotate(
            asks=Exists(criteria), approved=Exists(held) | Exists(here), has_roles=Exists(named)
        ).exclude(asks=True, approved=True)
        for gate in judged.select_related("release").order_by("number"):
            gaps, fixes = [], []
            if not gate.approved:
                gaps.append("the roles that approve it are vacant" if gate.has_roles else "nobody approves it")
                fixes += ["choose_approver", "choose_role"]
            if not gate.asks:
                gaps.append("it has no criteria")
                fixes.append("add_criterion")
            due = f" It is to be decided by {gate.decide_by:%-d %B %Y}." if gate.decide_by else ""
            yield Violation(
                [gate],
                says=f"The gate “{gate}” of {gate.release} lets everything pass"
                if gate.approved
                else f"Nobody can approve the gate “{gate}” of {gate.release}",
                evidence=f"{' and '.join(gaps).capitalize()}.{due}",
                mentions=[gate.release],
                fixes=fixes,
            )

    @fix("Choose an approver", among={"person": lambda rows, gates: rows.current()})
    def choose_approver(self, gate: Gate, *, person: Person, by: Member) -> None:
        gate.extend(approving_people=[person], by=by)

    @fix("Let a role approve it")
    def choose_role(self, gate: Gate, *, role: Role, by: Member) -> None:
        gate.extend(approving_roles=[role], by=by)

    @fix("Add a criterion")
    def add_criterion(self, gate: Gate, *, criterion: str, by: Member) -> None:
        GateCriterion.objects.add(gate=gate, text=criterion, by=by)
