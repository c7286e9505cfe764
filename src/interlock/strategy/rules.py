from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef

from interlock.alignment.rule import Rule, Severity, Violation, fix
from interlock.organisation.concerned import departments_of, people_of
from interlock.organisation.models import Person, Team
from interlock.people.models import Role
from interlock.strategy.models import KeyResult, Objective
from interlock.workspaces.models import Member


def current(people: Any, subjects: Any) -> Any:
    return people.current()


def open_(rows: Any, subjects: Any) -> Any:
    return rows.open()


class ObjectiveRule(Rule):
    """What rules about one objective have in common."""

    subject = Objective
    reads = {Person: "owner", Team: "team"}

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        return rows.open()


def wrong_objective(objective: Objective, *, says: str, evidence: str) -> Violation:
    return Violation(
        [objective],
        says=says,
        evidence=evidence,
        people=people_of(objective),
        departments=departments_of(objective),
    )


class ObjectiveWithoutOwner(ObjectiveRule):
    """An objective that nobody owns.

    Why: where everybody is responsible, each feels less so, and waits for the others.
    Darley & Latané (1968), doi:10.1037/h0025589
    Wrong: "Halve the time to the first answer", owner: everybody in Support.
    Right: "Halve the time to the first answer", owner: the head of Support.
    """

    code, severity = "GO101", Severity.ERROR
    rests_on = ("objective.owner",)

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        for objective in rows.filter(owner=None, owner_role=None).select_related("team"):
            yield wrong_objective(
                objective,
                says=f"Nobody owns the objective “{objective}”",
                evidence=f"{objective.key} names neither a person nor a role as its owner.",
            )

    @fix("Choose an owner", among={"owner": current})
    def choose_owner(self, objective: Objective, *, owner: Person, by: Member) -> None:
        objective.change(owner=owner, by=by)

    @fix("Choose an owning role")
    def choose_role(self, objective: Objective, *, role: Role, by: Member) -> None:
        objective.change(owner_role=role, by=by)


class ObjectiveWithoutKeyResult(ObjectiveRule):
    """An objective that nothing measures.

    Why: a specific goal is reached more often than "do your best".
    Locke & Latham (2002), doi:10.1037/0003-066X.57.9.705
    Wrong: "Answer faster", without a number.
    Right: "Answer faster", with the key result "first answer within 4 hours, from 11".
    """

    code, severity = "GO102", Severity.WARNING
    rests_on = ("key_result.objective",)
    reads = {**ObjectiveRule.reads, KeyResult: "key_results"}

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        measured = Exists(KeyResult.objects.active().filter(objective=OuterRef("pk")))
        for objective in rows.filter(~measured).select_related("team", "owner"):
            yield wrong_objective(
                objective,
                says=f"Nothing measures the objective “{objective}”",
                evidence=f"{objective.key} has no key result, so nobody can say whether it is reached.",
            )

    @fix("Add a key result")
    def add_key_result(self, objective: Objective, *, title: str, target: Decimal, by: Member) -> None:
        KeyResult.objects.add(objective=objective, title=title, target=target, by=by)


class ObjectiveOffTheTree(ObjectiveRule):
    """An objective of a product, department or team that serves no objective of the organisation.

    Why: units whose goals are not derived from common ones pull in directions of their own.
    Kaplan & Norton (2006), Alignment, Harvard Business School Press
    Wrong: "Publish 40 articles a quarter", under nothing, or under an objective of last year.
    Right: "Publish 40 articles a quarter", under "Twice as many trials from small firms".
    """

    code, severity = "GO201", Severity.WARNING
    rests_on = ("objective.parent",)
    reads = {**ObjectiveRule.reads, Objective: "parent"}

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        return rows.open().exclude(product=None, department=None, team=None)

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        """Found where a branch is cut off, and not again at everything that hangs on it."""
        carried = Exists(Objective.objects.open().filter(pk=OuterRef("parent")))
        for objective in rows.filter(~carried).select_related("team", "owner", "parent"):
            above = objective.parent
            evidence = f"{objective.key} stands alone: it is under no other objective."
            if above:
                over = "archived" if above.archived else "closed"
                evidence = f"{objective.key} stands under {above.key}, which is {over}."
            yield Violation(
                [objective],
                says=f"“{objective}” serves no objective of the organisation",
                evidence=evidence,
                people=people_of(objective),
                departments=departments_of(objective),
                mentions=[above] if above else [],
            )

    @fix("Choose what it serves", among={"parent": lambda rows, own: rows.open().exclude(pk__in=[o.pk for o in own])})
    def choose_parent(self, objective: Objective, *, parent: Objective, by: Member) -> None:
        objective.change(parent=parent, by=by)

    @fix("Close the objective")
    def close(self, objective: Objective, *, by: Member) -> None:
        objective.change(status=Objective.Status.CLOSED, by=by)
