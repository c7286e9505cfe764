"""What the search finds: each app says so in its `search.py`; the index itself is kept further down the house.

    @indexes(Requirement, "feature__workspace", follows="feature")
    def requirement(requirement: Requirement) -> str:
        return requirement.description

The function gives the words beside the title; key, title and address every row of the plan has. The further
names are relations that the row's address needs, fetched with it. `follows` names the relation whose product or
name the row is found by: when these change, it is indexed again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from interlock.workspaces.models import Workspace
from interlock.workspaces.plan import PlanModel

Words = Callable[[Any], str]


@dataclass(frozen=True)
class Indexed:
    model: type[PlanModel]
    words: Words
    related: tuple[str, ...]
    follows: str = ""


_indexed: dict[str, Indexed] = {}


def indexes(model: type[PlanModel], *related: str, follows: str = "") -> Callable[[Words], Words]:
    def note(words: Words) -> Words:
        _indexed[model._meta.label_lower] = Indexed(model, words, ("workspace", *related), follows)
        return words

    return note


def indexed() -> dict[str, Indexed]:
    """By the model's label."""
    return _indexed


def followers(model: type[PlanModel]) -> list[Indexed]:
    """What is found by the product or the name of these rows."""
    return [
        one
        for one in _indexed.values()
        if one.follows and one.model._meta.get_field(one.follows).related_model is model
    ]


# From a model, a workspace and what was typed to the primary keys of the rows, as a subquery.
Match = Callable[[type[PlanModel], Workspace, str], Any]
_match: list[Match] = []


def finds(match: Match) -> Match:
    """Registers who keeps the index, and can answer from it."""
    _match[:] = [match]
    return match


def matching(model: type[PlanModel], workspace: Workspace, text: str) -> Any:
    """Rows in which all the words occur that were typed, for `pk__in`; None where there is no word to look for."""
    return _match[0](model, workspace, text) if _match and model._meta.label_lower in _indexed else None
