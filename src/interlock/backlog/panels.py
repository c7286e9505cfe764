from typing import Any

from interlock.backlog.models import Feature
from interlock.organisation.models import Person, Product, Team
from interlock.people.models import Role
from interlock.strategy.models import Objective
from interlock.workspaces.models import Member
from interlock.workspaces.panels import Panel, panel

SHOWN = 12


@panel(Objective, order=20)
def serving(objective: Objective, member: Member) -> Panel:
    """Also where there is none: that nobody works on an objective is what one has to see."""
    return _features(member, "Features that serve it", f"objective={objective.key}", objectives=objective)


@panel(Person, order=25)
def owned(person: Person, member: Member) -> Panel | None:
    return _if_any(_features(member, "Features", f"owner={person.key}", owner=person))


@panel(Role, order=40)
def owned_by_role(role: Role, member: Member) -> Panel | None:
    return _if_any(_features(member, "Features", "", owner_role=role))


@panel(Team, order=30)
def of_team(team: Team, member: Member) -> Panel | None:
    return _if_any(_features(member, "Features", f"team={team.key}", team=team))


@panel(Product, order=45)
def of_product(product: Product, member: Member) -> Panel | None:
    return _if_any(_features(member, "Features, most important first", f"product={product.key}", product=product))


def _features(member: Member, heading: str, narrowed: str, **where: Any) -> Panel:
    """The first of them in the order of the backlog, which `narrowed` opens for the rest."""
    found = Feature.objects.visible_to(member).active().filter(**where).ranked().select_related("owner__department")
    shown = list(found.defer("description")[: SHOWN + 1])
    told = {"heading": heading, "features": shown[:SHOWN], "more": len(shown) > SHOWN, "narrowed": narrowed}
    return Panel("backlog/panels/features.html", {**told, "owners": member.reads_all and "owner" not in where})


def _if_any(shown: Panel) -> Panel | None:
    return shown if shown.context["features"] else None
