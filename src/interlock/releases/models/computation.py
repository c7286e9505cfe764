from datetime import datetime
from typing import Any, ClassVar, Self, TypeVar

from django.db import models

from interlock.engine.outlook import Stage

Row = TypeVar("Row", bound="Computation")

# Of engine.outlook.Stage, in words.
STAGES = {
    Stage.SCHEDULING: "Looking for the best dates",
    Stage.EXPLAINING: "Looking for what contradicts each other",
    Stage.SIMULATING: "Carrying the plan out by chance",
    Stage.LEVERS: "Measuring what would bring it back",
}


class ComputationQuerySet(models.QuerySet[Row]):
    def behind(self) -> Self:
        """Computed for something as it is no more, and not told to leave it at that."""
        return self.filter(computed__lt=models.F("wanted")).exclude(state=Computation.State.STOPPED)


class Computation(models.Model):
    """Something that is computed in the background: what for, how far it is, what came of it."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        AT_WORK = "at_work", "Being computed"
        DONE = "done", "Computed"
        REFUSED = "refused", "Cannot be scheduled"
        STOPPED = "stopped", "Stopped"

    # Counts the changes of what it is computed from: what was computed for an older number is out of date.
    wanted = models.PositiveIntegerField(default=0)
    computed = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    # While it is at work: what is being done (see engine.outlook.Stage), and the share of that.
    stage = models.CharField(max_length=10, blank=True)
    share = models.FloatField(default=0)
    # Where it is refused: why, in sentences.
    says = models.TextField(blank=True)
    at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = ComputationQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def behind(self) -> bool:
        return self.computed < self.wanted and self.state != Computation.State.STOPPED

    @property
    def stopped(self) -> bool:
        return self.state == Computation.State.STOPPED

    @property
    def doing(self) -> str:
        """What is being done, in words."""
        if self.state != Computation.State.AT_WORK:
            return "Waiting for its turn"
        return STAGES[Stage(self.stage)] if self.stage else "Getting ready"

    @property
    def percent(self) -> int:
        """Of what is being done; how much is to be done after it, nobody knows before."""
        return round(100 * self.share)

    def want(self) -> None:
        """Have it computed anew: what was begun for what was is not wanted any more."""
        rows = type(self).objects.filter(pk=self.pk)
        rows.update(wanted=models.F("wanted") + 1)
        rows.filter(state=Computation.State.STOPPED).update(state=Computation.State.WAITING)
        self.enqueue()

    def enqueue(self) -> None:
        raise NotImplementedError

    def stop(self) -> bool:
        """Leave it at what was computed before, until the next change; False where nothing was under way."""
        under_way = type(self).objects.filter(pk=self.pk).behind()
        return bool(under_way.update(state=Computation.State.STOPPED, stage="", share=0))

    # --- for whoever computes it -----------------------------------------------------------------

    def begin(self) -> bool:
        """Whether there is something to compute; this one object is asked then."""
        self.refresh_from_db()
        mine = type(self).objects.filter(pk=self.pk).behind()
        return bool(mine.update(state=Computation.State.AT_WORK, stage="", share=0))

    def still_wanted(self) -> bool:
        return bool(type(self).objects.filter(pk=self.pk, wanted=self.wanted).behind().exists())

    def report(self, stage: str, share: float) -> None:
        mine = type(self).objects.filter(pk=self.pk, wanted=self.wanted, state=Computation.State.AT_WORK)
        mine.update(stage=stage, share=share)

    def end(self, state: str, *, at: datetime, says: str = "", **more: Any) -> None:
        values = {"state": state, "computed": self.wanted, "says": says, "at": at, "stage": "", "share": 0, **more}
        for name, value in values.items():
            setattr(self, name, value)
        self.save(update_fields=list(values))
