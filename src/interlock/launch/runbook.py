"""A runbook on its day: what is next, how far behind it is, and the way back where something failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from interlock.launch.models import RunbookStep
from interlock.releases.models import Release

Status = RunbookStep.Status


@dataclass(frozen=True)
class Runbook:
    release: Release
    # In order, as `RunbookStep.objects.in_order` gives them.
    steps: Sequence[RunbookStep]
    now: datetime

    @classmethod
    def of(cls, release: Release, *, now: datetime) -> "Runbook":
        book = cls(release, RunbookStep.objects.in_order(release), now)
        for step in book.steps:
            step.early = book.early(step)
        return book

    @property
    def done(self) -> list[RunbookStep]:
        return [step for step in self.steps if step.status == Status.DONE]

    @property
    def left(self) -> list[RunbookStep]:
        return [step for step in self.steps if not step.over]

    @property
    def next(self) -> RunbookStep | None:
        """What can be done now; nothing where all that is left waits for what failed."""
        waiting = (step for step in self.steps if step.status in (Status.OPEN, Status.RUNNING))
        return next((step for step in waiting if self.early(step) is None), None)

    @property
    def failed(self) -> list[RunbookStep]:
        return [step for step in self.steps if step.status == Status.FAILED]

    @property
    def stopped_by(self) -> RunbookStep | None:
        """The step that failed and that all later ones wait for."""
        return next((step for step in self.failed if step.blocking), None)

    @property
    def begun(self) -> bool:
        return any(step.status != Status.OPEN for step in self.steps)

    @property
    def behind(self) -> timedelta:
        """How long ago the first that is left was to happen; nothing while it is still to come."""
        moment = self.left[0].planned_at if self.left else None
        return max(self.now - moment, timedelta(0)) if moment and self.release.open else timedelta(0)

    @property
    def way_back(self) -> list[RunbookStep]:
        """What has to be undone where something failed, the last first."""
        if not self.failed:
            return []
        touched = (Status.DONE, Status.RUNNING, Status.FAILED)
        return [step for step in reversed(self.steps) if step.rollback and step.status in touched]

    def early(self, step: RunbookStep) -> RunbookStep | None:
        """The step that this one has to wait for."""
        mine = step.place[0]
        return next((one for one in self.steps if one.blocking and not one.over and one.place[0] < mine), None)

    @property
    def says(self) -> str:
        """Where it stands, as the title of its page."""
        name = str(self.release)
        if not self.steps:
            return f"{name} has no runbook yet"
        if self.stopped_by:
            return f"The launch of {name} is stopped: “{self.stopped_by}” failed"
        if not self.left:
            return f"The runbook of {name} is through"
        if self.release.open and self.behind >= timedelta(minutes=1):
            return f"The launch of {name} is {told(self.behind)} behind"
        if self.begun:
            over = len(self.steps) - len(self.left)
            return f"The launch of {name} is under way: {over} of {len(self.steps)} steps are over"
        moment = self.release.launches_at
        if moment and moment > self.now:
            return f"{name} goes out in {told(moment - self.now)}"
        return f"{len(self.steps)} steps to launch {name}"


def told(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    hours = minutes // 60
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"
