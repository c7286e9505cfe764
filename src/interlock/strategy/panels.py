from typing import Any

from interlock.organisation.models import Department, Person, Product, Team
from interlock.people.models import Role
from interlock.strategy.models import KeyResult, Objective
from interlock.workspaces.models import Member
from interlock.workspaces.panels import Panel, panel

SHOWN = 50


@panel(Person, order=30)
def owned(person: Person, member: Member) -> Panel | None:
    objectives = _objectives(member, owner=person)
    results = KeyResult.objects.visible_to(member).active().filter(owner=person, objective__archived_at=None)
    held = list(results.select_related("objective")[:SHOWN])
    if not (objectives or held):
        return None
    return Panel("strategy/panels/objectives.html", {"objectives": objectives, "results": held})


@panel(Role, order=30)
def owned_by_role(role: Role, member: Member) -> Panel | None:
    objectives = _objectives(member, owner_role=role)
    return Panel("strategy/panels/objectives.html", {"objectives": objectives}) if objectives else None


@panel(Product, order=20)
def of_product(product: Product, member: Member) -> Panel | None:
    return _of_unit(product, member, "product")


@panel(Department, order=20)
def of_department(department: Department, member: Member) -> Panel | None:
    return _of_unit(department, member, "department")


@panel(Team, order=20)
def of_team(team: Team, member: Member) -> Panel | None:
    return _of_unit(team, member, "team")


def _of_unit(row: Product | Department | Team, member: Member, name: str) -> Panel | None:
    objectives = _objectives(member, **{name: row})
    if not objectives and not member.edits:
        return None
    return Panel("strategy/panels/objectives.html", {"objectives": objectives, "of": row, "of_field": name})


def _objectives(member: Member, **where: Any) -> list[Objective]:
    rows = Objective.objects.visible_to(member).active().filter(**where)
    return list(rows.order_by("status", "number")[:SHOWN])
