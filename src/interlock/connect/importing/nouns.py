"""What can be imported: each noun of the plan with its fields, in the order in which they build on each other."""

from dataclasses import dataclass
from typing import Any

from interlock.backlog.models import Dependency, Feature, Requirement
from interlock.connect.importing.fields import Field, Hanging, Links, Sentences, Spellings, field_of
from interlock.organisation.models import Department, Identity, Person, Product, Team
from interlock.people.models import Role
from interlock.releases.models import Release, Task, TaskLink, Workstream
from interlock.strategy.models import KeyResult, Objective


@dataclass(frozen=True)
class Noun:
    name: str
    model: Any
    fields: dict[str, Field]
    # The column by which people call it; a dependency has none.
    called: str
    # Whether two of the same name cannot stand side by side, so that a namesake is the same thing.
    matched_by_name: bool
    # Where a reference asks for one that is missing, this much is known of it.
    can_be_made: bool
    # References of which no two that stand side by side have the same: such a row is the same thing.
    told_by: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return self.name.replace("_", " ")

    @property
    def titles(self) -> str:
        return str(self.model._meta.verbose_name_plural)

    @property
    def label(self) -> str:
        return str(self.model._meta.label_lower)

    @property
    def rank(self) -> int:
        return list(NOUNS).index(self.name)


MODELS: dict[str, Any] = {
    "department": Department,
    "team": Team,
    "product": Product,
    "person": Person,
    "role": Role,
    "objective": Objective,
    "key_result": KeyResult,
    "release": Release,
    "feature": Feature,
    "requirement": Requirement,
    "dependency": Dependency,
    "workstream": Workstream,
    "task": Task,
    "task_link": TaskLink,
}
COLUMNS = {
    "department": "name colour",
    "team": "name department parent purpose",
    "product": "name description teams",
    "person": "name email title department standing",
    "role": "name product department purpose",
    "objective": "title description status parent product department team owner owner_role starts_on ends_on",
    "key_result": "objective title unit start target current confidence owner due_on",
    "release": "product name description tier status target_on target_precision released_on",
    "feature": "product title description kind status initiative owner owner_role team contributing_teams "
    "objectives effort_days tags",
    "requirement": "feature title description status",
    "dependency": "feature needs note",
    "workstream": "release department owner note",
    "task": "workstream title description kind status owner feature optimistic likely pessimistic remaining people "
    "not_before fixed_on deadline started_on done_on",
    "task_link": "task predecessor kind lag_days",
}
OTHERS: dict[str, list[Field]] = {
    "person": [
        Spellings("handles", private=True, kind=Identity.Kind.HANDLE),
        Spellings("emails", private=True, kind=Identity.Kind.EMAIL),
        Spellings("names", private=True, kind=Identity.Kind.NAME),
        Hanging("teams", noun="team", many=True),
    ],
    "role": [Hanging("holders", noun="person", many=True)],
    "feature": [
        Links("links"),
        Hanging("release", noun="release"),
        Hanging("needs", noun="feature", many=True),
        Hanging("blocks", noun="feature", many=True),
    ],
    "requirement": [Sentences("criteria")],
    "task": [Hanging("predecessors", noun="task", many=True)],
}
MATCHED_BY_NAME = {"department", "product"}
TOLD_BY = {"workstream": ("release", "department"), "task_link": ("task", "predecessor")}
CAN_BE_MADE = {"department", "product", "person"}


def _nouns() -> dict[str, Noun]:
    names = {model: name for name, model in MODELS.items()}
    return {
        name: Noun(
            name=name,
            model=model,
            fields={
                one.name: one
                for one in [field_of(model, column, names) for column in COLUMNS[name].split()] + OTHERS.get(name, [])
            },
            called=next((one for one in ("name", "title") if one in COLUMNS[name].split()), ""),
            matched_by_name=name in MATCHED_BY_NAME,
            can_be_made=name in CAN_BE_MADE,
            told_by=TOLD_BY.get(name, ()),
        )
        for name, model in MODELS.items()
    }


NOUNS = _nouns()
