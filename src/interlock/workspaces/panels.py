"""What lower rooms know about a row of an upper one: sections of that row's page.

    @panel(Person)
    def roles(person: Person, member: Member) -> Panel | None:
        return Panel("people/panels/roles_of_person.html", {"assignments": …})

Such a function stands in its app's panels.py. It returns None where there is nothing to show. The page
says where they go: `{% panels person %}`, and `{% panels person "side" %}` for those at the side.
What is registered for a Member is a section of their Home, and says how much of it needs them now.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from interlock.workspaces.models import Member
from interlock.workspaces.plan import PlanModel


@dataclass(frozen=True)
class Panel:
    template: str
    context: dict[str, Any] = field(default_factory=dict)
    place: str = "main"
    # How many things in it need whoever reads it to do something now.
    needs: int = 0


Show = Callable[[Any, Member], Panel | None]

_panels: dict[type[Any], list[tuple[int, Show]]] = defaultdict(list)


def panel(model: type[PlanModel | Member], *, order: int = 50) -> Callable[[Show], Show]:
    """Register a section for the pages of a model's rows, PlanModel for all; a smaller order stands higher."""

    def note(show: Show) -> Show:
        _panels[model].append((order, show))
        return show

    return note


def panels_of(row: PlanModel | Member, member: Member) -> Iterator[Panel]:
    known = [one for model in type(row).__mro__ for one in _panels.get(model, ())]
    for _, show in sorted(known, key=lambda one: one[0]):
        shown = show(row, member)
        if shown:
            yield shown
