"""Ways in which a plan comes to a release: a lower room adds its own to the menu of the plan's page.

    add_way("From Microsoft Project (XML)", page="plan-import", action=Action.IMPORT)

`page` is an address with the keys of the workspace and the release, shown to those who may do what the action says.
"""

from dataclasses import dataclass

from interlock.workspaces.models import Member
from interlock.workspaces.permissions import Action


@dataclass(frozen=True)
class Way:
    label: str
    page: str
    action: Action


_ways: list[Way] = []


def add_way(label: str, *, page: str, action: Action) -> None:
    way = Way(label, page, action)
    if way not in _ways:
        _ways.append(way)


def ways_for(member: Member) -> list[Way]:
    return [way for way in _ways if member.can(way.action)]
