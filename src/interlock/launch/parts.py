"""The gates of a release template: the part `gates:` below its departments.

gates:
  - gate: Go or no-go
    milestone: freeze            # id of the milestone to which it is tied
    decide: 5                    # working days before launch by which it is decided
    approvers: [Product Manager, Head of Support]
    criteria:
      - {text: "Help articles are out", department: Support, task: help}
      - {text: Nobody's work is unowned, rule: RL102}
      - {text: The press kit is approved, department: Marketing, link: ""}
      - {text: Support is staffed for launch week, department: Support}
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from interlock.alignment import registry
from interlock.launch.models import Gate, GateCriterion
from interlock.organisation.models import Department
from interlock.people.models import Role
from interlock.releases.models import Release, Task
from interlock.releases.recipes import Part, Words, add_part
from interlock.workspaces.models import Member

Kind = GateCriterion.Kind
Name = Annotated[Words, Field(max_length=120)]
Id = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")]


class CriterionEntry(BaseModel):
    """With a task, a rule or a place for a link; else it is somebody's word."""

    model_config = ConfigDict(extra="forbid")

    text: Words
    department: Name | None = None
    task: Id | None = None
    rule: str | None = None
    link: Annotated[str, Field(max_length=1000)] | None = None

    @model_validator(mode="after")
    def is_shown_by_one_thing(self) -> "CriterionEntry":
        if sum(one is not None for one in (self.task, self.rule, self.link)) > 1:
            raise ValueError("give it a task, a rule or a link, and not several of them")
        if self.rule is not None and self.rule not in registry.codes():
            raise ValueError(f"there is no rule {self.rule[:20]}")
        return self

    @property
    def kind(self) -> Kind:
        if self.task is not None:
            return Kind.TASK
        return Kind.RULE if self.rule is not None else Kind.LINK if self.link is not None else Kind.WORD


class GateEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    gate: Name
    milestone: Id | None = None
    decide: Annotated[int, Field(ge=-250, le=500)] | None = None
    quorum: Annotated[int, Field(ge=1, le=100)] | None = None
    required: bool = True
    approvers: Annotated[list[Name], Field(max_length=50)] = []
    criteria: Annotated[list[CriterionEntry], Field(max_length=100)] = []

    @property
    def when(self) -> str:
        if self.decide is None:
            return "with its milestone" if self.milestone else "no day"
        days = f"{abs(self.decide)} day{'' if abs(self.decide) == 1 else 's'}"
        return "at launch" if not self.decide else f"{days} {'before' if self.decide > 0 else 'after'}"


def start(release: Release, entries: Sequence[GateEntry], tasks: Mapping[str, Task], *, by: Member) -> None:
    """The gates with their criteria. What speaks of a department or task that the release does without is left out."""
    departments = {
        stream.department.name.casefold(): stream.department
        for stream in release.workstreams.active().select_related("department")
    }
    roles = _roles(release, {name for entry in entries for name in entry.approvers}, by=by)
    gates = Gate.objects.add_many([_fields(release, entry, tasks, departments, roles) for entry in entries], by=by)
    GateCriterion.objects.add_many(
        [
            {"gate": gate, **fields}
            for gate, entry in zip(gates, entries, strict=True)
            for one in entry.criteria
            if (fields := _criterion(one, tasks, departments)) is not None
        ],
        by=by,
    )


def _fields(
    release: Release,
    entry: GateEntry,
    tasks: Mapping[str, Task],
    departments: Mapping[str, Department],
    roles: Mapping[str, Role],
) -> dict[str, Any]:
    tied = tasks.get(entry.milestone or "")
    tied = tied if tied and tied.kind == Task.Kind.MILESTONE else None
    decide_by = tied.deadline if tied else None
    if entry.decide is not None and release.latest_target:
        # The gate is everybody's; its working week is that of whoever reaches the milestone.
        calendar = tied.workstream.department if tied else next(iter(departments.values()), None)
        target = release.latest_target
        decide_by = calendar.shifted(target, -entry.decide) if calendar and entry.decide else target
    return {
        "release": release,
        "name": entry.gate,
        "milestone": tied,
        "decide_by": decide_by,
        "quorum": entry.quorum,
        "required": entry.required,
        "approving_roles": [roles[name] for name in dict.fromkeys(entry.approvers) if name in roles],
    }


def _criterion(
    one: CriterionEntry, tasks: Mapping[str, Task], departments: Mapping[str, Department]
) -> dict[str, Any] | None:
    department = departments.get((one.department or "").casefold())
    if (one.department and department is None) or (one.task is not None and one.task not in tasks):
        return None
    fields = {"text": one.text, "kind": one.kind, "department": department}
    if one.task is not None:
        return {**fields, "task": tasks[one.task]}
    return {**fields, "rule": one.rule or "", "link": one.link or ""}


def _roles(release: Release, names: set[str], *, by: Member) -> dict[str, Role]:
    """By the name that the template uses: the product's own role of that name before one of the whole workspace."""
    seen = Role.objects.visible_to(by).active().filter(product__in=[release.product_id]) | (
        Role.objects.visible_to(by).active().filter(product=None)
    )
    found: dict[str, Role] = {}
    for role in seen.order_by("product", "number"):
        name = role.name.casefold()
        if name not in found or (role.product_id and not found[name].product_id):
            found[name] = role
    return {name: found[name.casefold()] for name in names if name.casefold() in found}


def refuse_strangers(entries: Sequence[GateEntry], steps: Mapping[str, Any]) -> str:
    """What is wrong with what they refer to, in a sentence; nothing where all of it is in the template."""
    for entry in entries:
        if entry.milestone and not (entry.milestone in steps and steps[entry.milestone].milestone):
            return f"The gate “{entry.gate}” is tied to {entry.milestone}, which is no milestone of the template."
        for one in entry.criteria:
            if one.task and one.task not in steps:
                return f"The gate “{entry.gate}” asks for {one.task}, which the template does not have."
    return ""


add_part(Part("gates", GateEntry, start, refuse_strangers))
