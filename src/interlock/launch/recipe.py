"""The part `runbook:` of a release template: what is done on launch day.

runbook:
  - {title: Deploy, at: T-60, department: Engineering, works_when: All instances run it, rollback: Roll back.}
  - {title: Watch the dashboards, at: "14:00", blocking: false}
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from interlock.launch.models import RunbookStep
from interlock.launch.planned import Planned
from interlock.organisation.models import Department
from interlock.releases.models import Release, Task
from interlock.releases.recipes import Part, Words, add_part
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member


class RunbookEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Words
    at: str = "T"
    department: Annotated[str, Field(max_length=120)] = ""
    what: Annotated[str, Field(max_length=10_000)] = ""
    works_when: Annotated[str, Field(max_length=500)] = ""
    rollback: Annotated[str, Field(max_length=10_000)] = ""
    blocking: bool = True

    @property
    def when(self) -> str:
        return Planned.read(self.at).words

    @field_validator("at", mode="before")
    @classmethod
    def is_a_time(cls, told: Any) -> str:
        # YAML reads 14:00 without quotes as a number, and T-30 as it is.
        if not isinstance(told, str):
            raise ValueError("write T-30, T+1h30, or a time of the day in quotes, such as '14:00'")
        try:
            return str(Planned.read(told))
        except DomainError as error:
            raise ValueError(error.sentence.rstrip(".")) from error


def take(release: Release, entries: Sequence[RunbookEntry], *, by: Member) -> list[RunbookStep]:
    """A step for each entry; it is owned by whoever leads its department's part in the release."""
    known = {one.name.casefold(): one for one in Department.objects.visible_to(by).active()}
    leads = {
        stream.department_id: stream.owner
        for stream in release.workstreams.active().select_related("owner__department")
    }
    rows = []
    for entry in entries:
        department = known.get(entry.department.casefold())
        rows.append(
            {
                "release": release,
                "title": entry.title,
                "planned": entry.at,
                "department": department,
                "owner": leads.get(department.pk) if department else None,
                "description": entry.what,
                "works_when": entry.works_when,
                "rollback": entry.rollback,
                "blocking": entry.blocking,
            }
        )
    steps: list[RunbookStep] = RunbookStep.objects.add_many(rows, by=by)
    return steps


def start(release: Release, entries: Sequence[RunbookEntry], tasks: Mapping[str, Task], *, by: Member) -> None:
    take(release, entries, by=by)


RUNBOOK = "runbook"


add_part(Part(RUNBOOK, RunbookEntry, start))
