from datetime import date
from typing import Annotated, Any, Literal

from django.utils import timezone
from ninja import Query
from pydantic import Field

from interlock.organisation.api import DepartmentKey, departments
from interlock.organisation.models import Department
from interlock.releases.loads import Load
from interlock.workspaces.rest import ApiRequest, MaybePointer, Out, Pointer


class PartOut(Out):
    release: MaybePointer = Field(description="Null for all that you do not see together.")
    days: float = Field(description="Person-days.")


class WeekOut(Out):
    week: date = Field(description="Its Monday; the present week counts from today on.")
    people: float = Field(description="Who are there on a day of work, on average.")
    days_there: float = Field(description="Person-days that they have.")
    days_needed: float = Field(description="Person-days of work.")
    percent: int | None = Field(description="Of what the people can do; null where nobody is there.")
    releases: list[PartOut]


class LoadOut(Out):
    department: Pointer
    known: bool = Field(description="Whether it is known how many people it has; if not, there are no weeks.")
    weeks: list[WeekOut]


@departments.get(
    "/{key}/load", response={200: LoadOut}, operation_id="read_load", summary="Read the load of a department by week"
)
def read_load(
    request: ApiRequest,
    key: DepartmentKey,
    weeks: Annotated[int, Query(ge=1, le=52)] = 13,
    dates: Literal["planned", "asked"] = "planned",
) -> Any:
    """`planned`: as the plan has the tasks, which overloads nobody. `asked`: as if every date that was asked for were
    kept; more than 100 % then says that they cannot all be."""
    department = request.member.visible(Department, key=key)
    how = {"today": timezone.localdate(), "weeks": weeks, "departments": [department.pk]}
    load = Load.of(request.member.workspace, asked=dates == "asked", **how)
    return {
        "department": department,
        "known": department not in load.unknown,
        "weeks": [
            {
                "week": cell.week,
                "people": round(cell.people, 2),
                "days_there": round(cell.there, 2),
                "days_needed": round(cell.needed, 2),
                "percent": cell.percent,
                "releases": _parts(load, cell, request.member),
            }
            for cell in load.of_department(department)
        ],
    }


def _parts(load: Load, cell: Any, member: Any) -> list[dict[str, Any]]:
    made = load.releases([cell])
    seen = [{"release": release, "days": round(effort, 2)} for release, effort in made if release.seen_by(member)]
    hidden = sum(effort for release, effort in made if not release.seen_by(member))
    return [*seen, *([{"release": None, "days": round(hidden, 2)}] if hidden else [])]
