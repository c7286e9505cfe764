"""What a release template says of communication: a list in its second document.

communication:
  - audience: Sales teams         # added, where the workspace has none of that name
    kind: internal                # of a new one; external, unless told
    faces_customers: true         # of a new one: they answer customers
    department: Marketing         # of a new one: who speaks to it
    message: What to say of it, and what not
    channel: meeting
    sent: 4                       # working days before launch; negative: after it
    needs: playbook               # the id of a task or milestone that must be done before
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from django.db import transaction
from pydantic import BaseModel, ConfigDict, Field, model_validator

from interlock.launch.models import Communication
from interlock.organisation import calendars
from interlock.organisation.models import Department
from interlock.organisation.models.units import office_week
from interlock.people.models import Audience, Channel
from interlock.releases.models import Release, Task
from interlock.releases.recipes import Part, Words, add_part
from interlock.workspaces.models import Member

Name = Annotated[Words, Field(max_length=120)]


class Told(BaseModel):
    """That an audience is told, as a template has it."""

    model_config = ConfigDict(extra="forbid")

    audience: Name
    kind: Literal["internal", "external"] = "external"
    faces_customers: bool = False
    department: Name | None = None
    message: Words
    channel: Channel = Channel.EMAIL
    sent: Annotated[int, Field(ge=-250, le=500)]
    needs: str | None = None

    @model_validator(mode="after")
    def makes_sense(self) -> "Told":
        if self.faces_customers and self.kind != Audience.Kind.INTERNAL:
            raise ValueError("only colleagues answer customers: make it internal")
        return self

    @property
    def when(self) -> str:
        days = f"{abs(self.sent)} day{'' if abs(self.sent) == 1 else 's'}"
        return "at launch" if not self.sent else f"{days} {'before' if self.sent > 0 else 'after'}"


def refuse(entries: list[Told], steps: Mapping[str, Any]) -> str:
    for one in entries:
        if one.needs and one.needs not in steps:
            return f"What {one.audience} is told needs {one.needs[:60]}, which the template does not have."
    return ""


@transaction.atomic
def start(release: Release, entries: list[Told], tasks: Mapping[str, Task], *, by: Member) -> None:
    """The release affects whom its template tells, and each entry gets its day, counted back from the launch."""
    target = release.latest_target
    if target is None or not entries:
        return
    audiences = _audiences(entries, by=by)
    release.affect(list(dict.fromkeys(audiences[one.audience.casefold()] for one in entries)), by=by)
    Communication.objects.add_many(
        [_fields(one, release, audiences[one.audience.casefold()], tasks, target) for one in entries], by=by
    )


def _audiences(entries: list[Told], *, by: Member) -> dict[str, Audience]:
    seen = Audience.objects.visible_to(by).active().select_related("department", "owner")
    known = {one.name.casefold(): one for one in seen}
    new = {one.audience.casefold(): one for one in reversed(entries) if one.audience.casefold() not in known}
    if not new:
        return known
    departments = {one.name.casefold(): one for one in Department.objects.visible_to(by).active()}
    rows = [
        {
            "name": one.audience,
            "kind": one.kind,
            "faces_customers": one.faces_customers,
            "department": departments.get((one.department or "").casefold()),
        }
        for one in reversed(new.values())
    ]
    return known | {one.name.casefold(): one for one in Audience.objects.add_many(rows, by=by)}


def _fields(
    told: Told, release: Release, audience: Audience, tasks: Mapping[str, Task], target: date
) -> dict[str, Any]:
    return {
        "release": release,
        "audience": audience,
        "message": told.message,
        "channel": told.channel,
        "goes_out_on": _counted_back(target, told.sent, audience.department),
        "owner": audience.owner,
        "needs": tasks.get(told.needs or ""),
    }


def _counted_back(target: date, days: int, department: Department | None) -> date:
    """In working days of whoever speaks; what goes out with the launch goes out on its day."""
    if not days:
        return target
    return department.shifted(target, -days) if department else calendars.shifted(target, -days, office_week(), "")


add_part(Part("communication", Told, start, refuse))
