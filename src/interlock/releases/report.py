"""What `interlock plan` has to say: documented in docs/planning.md."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from interlock.engine.outlook import Lever
from interlock.organisation.models import Department
from interlock.releases.figures import Figures, ReleaseFigures, days_between
from interlock.releases.models import Release, Task
from interlock.releases.scheduling import Gathered, lines_of
from interlock.releases.what_if import Supposed


@dataclass(frozen=True)
class Case:
    """The plan as it is, or as it would be."""

    gathered: Gathered
    figures: Figures
    levers: Sequence[Lever] = ()
    learnt: Sequence[str] = ()

    def of(self, release: Release) -> ReleaseFigures | None:
        return self.figures["releases"].get(release.key)

    @property
    def tasks(self) -> dict[str, Task]:
        return {task.key: task for task in self.gathered.tasks if task.key in self.figures["tasks"]}

    def departments(self) -> Iterator[tuple[Department, list[Task]]]:
        known = {one.key: one for one in self.gathered.departments}
        mine = list(self.tasks.values())
        for key in self.figures["load"]:
            theirs = [task for task in mine if task.workstream.department_id == known[key].pk]
            yield known[key], sorted(theirs, key=lambda task: self.figures["tasks"][task.key]["starts_on"])


@dataclass(frozen=True)
class PlanReport:
    release: Release
    today: date
    # As it is, and, where changes are tried, as it would be.
    cases: Sequence[Case]
    changes: Sequence[Supposed]
    runs: int
    seed: int

    @property
    def others(self) -> list[tuple[Release, int]]:
        """What becomes of the other releases: by how many days the 85 % date is later, or earlier if negative."""
        before, after = (case.figures["releases"] for case in (self.cases[0], self.cases[-1]))
        found = []
        for one in self.cases[-1].gathered.releases:
            days = days_between(before.get(one.key), after.get(one.key))
            if days and one.pk != self.release.pk:
                found.append((one, days))
        return found

    def headline(self, case: Case) -> str:
        found = case.of(self.release)
        if found is None:
            return f"{self.release}: nothing that is left to do decides its date"
        if found["chance"] is None:
            return f"{self.release} is likely done by {_day(found['p85_on'])}, and has no target"
        late = days_between({"p85_on": found["target_on"]}, found)
        told = "on time" if not late or late <= 0 else f"{late} day{'' if late == 1 else 's'} late"
        return f"{self.release} is likely {told}: the chance of its target is {_percent(found['chance'])}"

    def as_json(self) -> dict[str, Any]:
        return {
            "workspace": self.release.workspace.slug,
            "release": {"key": self.release.key, "name": self.release.name, "product": self.release.product.name},
            "today": f"{self.today}",
            "runs": self.runs,
            "seed": self.seed,
            "changes": [{"change": one.line, "words": one.words} for one in self.changes],
            "plan": self._case(self.cases[0]),
            "what_if": self._case(self.cases[1]) if len(self.cases) > 1 else None,
        }

    def _case(self, case: Case) -> dict[str, Any]:
        told, tasks = case.figures, case.tasks
        return {
            "forecast": case.of(self.release),
            "contradictions": told["against"],
            "person_days": told["person_days"],
            "departments": [
                {
                    "key": department.key,
                    "name": department.name,
                    "load": told["load"][department.key],
                    "tasks": [
                        {"key": task.key, "title": task.title, "kind": task.kind, **told["tasks"][task.key]}
                        for task in theirs
                    ],
                }
                for department, theirs in case.departments()
            ],
            "drivers": [
                {"task": key, "title": tasks[key].title, "share": share}
                for key, share in told["drivers"]
                if key in tasks
            ],
            "levers": [
                {
                    "words": one.words,
                    "days": one.gain,
                    "chance": round(one.chance, 4),
                    "costs": [words for _, words in one.costs],
                    "changes": lines_of(case.gathered, one),
                }
                for one in case.levers
            ],
            "other_releases": [
                {"key": one.key, "name": one.name, **figures}
                for one in case.gathered.releases
                if one.pk != self.release.pk and (figures := told["releases"].get(one.key))
            ],
        }


def _day(text: str) -> str:
    return f"{date.fromisoformat(text):%-d %B %Y}"


def _percent(share: float) -> str:
    return f"{share:.0%}"
