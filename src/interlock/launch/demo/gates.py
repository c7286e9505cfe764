"""Northwind's gates: “Invoicing 4.2” is past its first, and votes on its second."""

from datetime import date, timedelta

from interlock.launch.models import Choice, Gate, GateCriterion
from interlock.organisation.models import Department, Person
from interlock.people.models import Role
from interlock.releases.models import Release
from interlock.strategy.models import Metric
from interlock.workspaces.models import Member

RELEASE = "Invoicing 4.2"
# RL107: its one approving role is the one that nobody holds.
UNAPPROVED = "Partners are ready"

# Person, choice, reason.
SCOPE = [
    ("Ada Moreau", Choice.GO, "What is in it is what customers asked for, and we know how we will measure it."),
    ("Dana Ruiz", Choice.GO, "It fits into the weeks that we have, with the migration first."),
]
FREEZE = [
    ("Ada Moreau", Choice.CONDITIONS, "Go, if the ledger migration is rehearsed once more before the freeze."),
]
LAUNCH = [
    ("Carla Mendes", Choice.GO, "The playbook is read, and the teams can answer what will be asked."),
    ("Greta Olsen", Choice.NO_GO, "Nobody writes the help articles yet."),
]


def decide(by: Member, *, today: date) -> None:
    release = Release.objects.of(by.workspace).get(name=RELEASE)
    scope, freeze, launch = (_gate(by, name) for name in ("Scope agreed", "Code freeze", "Go or no-go"))
    _vote(scope, SCOPE, by, today=today)
    scope.decide(Choice.GO, reason="Agreed in the planning week. What is added from now on is added in the open.",
                 by=by, today=today)  # fmt: skip
    errors = Metric.objects.of(by.workspace).get(name="Errors per thousand invoices")
    opened = Metric.objects.of(by.workspace).get(name="Invoices that open within a second")
    engineering = Department.objects.of(by.workspace).get(name="Engineering")
    lead = Person.objects.of(by.workspace).get(name="Dana Ruiz")
    common = {"department": engineering, "owner": lead, "kind": GateCriterion.Kind.METRIC}
    GateCriterion.objects.add_many(
        [
            {
                **common,
                "gate": freeze,
                "text": "Errors are rare",
                "metric": errors,
                "comparison": "at_most",
                "bound": 2,
            },
            {**common, "gate": launch, "text": "Invoices open quickly", "metric": opened, "bound": 95},
        ],
        by=by,
    )
    _vote(freeze, FREEZE, by, today=today)
    _vote(launch, LAUNCH, by, today=today)
    staffed = GateCriterion.objects.of(by.workspace).get(gate=launch, text__startswith="Support is staffed")
    staffed.say(GateCriterion.Word.MET, note="Two more on the late shift for that week.", by=by)
    payments = Release.objects.of(by.workspace).get(name="Payments 7.1")
    vacant = Role.objects.of(by.workspace).get(name="Product Owner", product=payments.product)
    partners = Gate.objects.add(
        release=payments,
        name=UNAPPROVED,
        decide_by=today + timedelta(days=60),
        required=False,
        approving_roles=[vacant],
        by=by,
    )
    GateCriterion.objects.add(gate=partners, text="Every partner bank has tried the new interface", by=by)
    assert release.gates.count() == 3  # noqa: S101


def _gate(by: Member, name: str) -> Gate:
    gate: Gate = Gate.objects.of(by.workspace).get(release__name=RELEASE, name=name)
    return gate


def _vote(gate: Gate, votes: list[tuple[str, Choice, str]], by: Member, *, today: date) -> None:
    for name, choice, reason in votes:
        person = Person.objects.of(by.workspace).select_related("member").get(name=name)
        if person.member:
            gate.vote(choice, reason=reason, by=person.member, today=today)
        else:
            gate.vote(choice, reason=reason, by=by, person=person, today=today)
