"""What a plan promised at each freeze, what was known then, and what came of it: plain data, read from any history."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

# As many slips and promises as these are added to a group's own, at the rate of all: few say little.
SHRINKAGE = 10


class Change(NamedTuple):
    """At that moment the field became this; empty or None where it was cleared."""

    at: datetime
    field: str
    after: Any


class Freeze(NamedTuple):
    """From that moment on a release is promised as it stands; out is when it came, None where it has not.

    The moment is the last that counts as known.
    """

    release: str
    at: datetime
    out: datetime | None = None


@dataclass(frozen=True)
class Story:
    """What became of one feature. The fields that are understood:

    release         the release that it is planned for
    stage           what it is to be there, such as alpha; where a plan has stages
    planned STAGE   the release for which that stage is, or was, planned
    status          done and dropped mean what they say
    team            who does it
    teams, people   tuples: who else takes part, who is named for it

    Any other field counts as a change of the feature, and no more.
    """

    changes: Sequence[Change]

    @cached_property
    def _moments(self) -> list[datetime]:
        return [change.at for change in self.changes]

    def until(self, moment: datetime) -> Sequence[Change]:
        return self.changes[: bisect_right(self._moments, moment)]

    def at(self, moment: datetime) -> dict[str, Any]:
        """Its fields as they stood then."""
        return {change.field: change.after for change in self.until(moment)}


@dataclass(frozen=True)
class History:
    """Of all features of a plan.

    stories   item → its story, the changes of each in the order of time
    freezes   in the order of time
    order     release → its rank; a release of a higher rank comes later
    stages    in the order in which a feature goes through them; empty where it is done in one
    finishes  whether a status says when something is done. Where none does, that it is not put off must do.
    until     the last moment that it tells of; None for the present
    """

    stories: Mapping[str, Story]
    freezes: Sequence[Freeze]
    order: Mapping[str, float]
    stages: Sequence[str] = ()
    finishes: bool = False
    until: datetime | None = None

    def promised(self, freeze: Freeze) -> list[str]:
        """The items that the release was to hold, as planned at its freeze."""
        over = ("done", "dropped") if self.finishes else ()
        found = []
        for item, story in self.stories.items():
            then = story.at(freeze.at)
            if then.get("release") == freeze.release and then.get("status") not in over:
                found.append(item)
        return found

    def planned(self, item: str, freeze: Freeze) -> str:
        """The field that says for when it is planned: of the stage that it has at the freeze."""
        return f"planned {self.stage(item, freeze)}" if self.stages else "release"

    def stage(self, item: str, freeze: Freeze) -> str:
        """The stage that it has at the freeze; the first, where nothing says which, and empty where there are none."""
        stage = self.stories[item].at(freeze.at).get("stage") if item in self.stories else None
        return next((one for one in self.stages if one == stage), next(iter(self.stages), ""))

    def slipped(self, item: str, freeze: Freeze, *, known: datetime) -> bool | None:
        """Whether what was promised at the freeze came later, by what was known at that moment.

        None where nobody could say: the release is not out, the item was dropped, or its plan was not kept up.
        """
        if item not in self.stories:
            return None
        story, out = self.stories[item], freeze.out if freeze.out and freeze.out <= known else None
        # What becomes of it after the release does not change what the release held.
        status = story.at(out or known).get("status")
        if status == "dropped":
            return None
        if self.finishes and out and status == "done":
            return False
        there = self.order.get(story.at(known).get(self.planned(item, freeze)) or "")
        here = self.order[freeze.release]
        if there is not None and there > here:
            return True
        if out is None:
            return None
        if self.finishes:
            return True
        return False if there == here else None


def signals(history: History, promised: Mapping[str, Sequence[str]], freeze: Freeze) -> dict[str, dict[str, float]]:
    """What each promise of a freeze was like, by what was known then: item → name of the signal → value.

    promised  release → the items promised at its freeze, for this freeze and those before it

    Nothing is about single people: they are counted. Numbers that grow without end are logarithms (of one more).
    """
    items = promised[freeze.release]
    past = _past(history, promised, freeze)
    teams = {item: history.stories[item].at(freeze.at).get("team") for item in items if item in history.stories}
    work = Counter(teams.values())
    known = [(one.team, came) for one in past if (came := one.slipped) is not None]
    usual = (sum(came for _, came in known) + 1) / (len(known) + 4)
    found = {}
    for item in items:
        own = [one for one in past if one.item == item]
        team = teams.get(item)
        theirs = [came for other, came in known if other == team]
        found[item] = _of_story(history, item, freeze) | {
            "features of its team in this release": math.log1p(work[team] if item in teams else 1),
            "share of its team's promises that slipped": (sum(theirs) + SHRINKAGE * usual) / (len(theirs) + SHRINKAGE),
            "slips before": float(sum(one.slipped is True for one in own)),
            "earlier tries at this": math.log1p(sum(one.stage == history.stage(item, freeze) for one in own)),
        }
    return found


class _Promise(NamedTuple):
    item: str
    team: str | None
    stage: str
    slipped: bool | None


def _past(history: History, promised: Mapping[str, Sequence[str]], freeze: Freeze) -> list[_Promise]:
    return [
        _Promise(
            item,
            history.stories[item].at(before.at).get("team") if item in history.stories else None,
            history.stage(item, before),
            history.slipped(item, before, known=freeze.at),
        )
        for before in history.freezes
        if before.at < freeze.at and before.release != freeze.release
        for item in promised.get(before.release, ())
    ]


def _of_story(history: History, item: str, freeze: Freeze) -> dict[str, float]:
    story = history.stories.get(item, Story(()))
    changes, then, stage = story.until(freeze.at), story.at(freeze.at), history.stage(item, freeze)
    found = {f"is {one}": float(one == stage) for one in history.stages}

    def days(moments: Iterable[datetime]) -> float:
        """Since the last of them."""
        last = max(moments, default=freeze.at)
        return math.log1p((freeze.at - last).total_seconds() / 86400)

    found |= {
        "days since it was begun": days(change.at for change in changes[:1]),
        "days since its last change": days(change.at for change in changes),
        "days since it was planned for this release": days(
            change.at for change in changes if change.field == "release" and change.after == freeze.release
        ),
        "times it was changed": math.log1p(len({change.at for change in changes})),
        "teams that take part": float(min(len(then.get("teams") or ()), 6)),
        "people named for it": math.log1p(len(then.get("people") or ())),
    }
    return found | _pace(history, then, stage, history.order[freeze.release])


def _pace(history: History, then: Mapping[str, Any], stage: str, here: float) -> dict[str, float]:
    """How close the stages follow each other; nothing where there are none."""
    if not history.stages:
        return {}
    place = list(history.stages).index(stage)
    before, after = (
        history.order.get(then.get(f"planned {history.stages[near]}") or "")
        if 0 <= near < len(history.stages)
        else None
        for near in (place - 1, place + 1)
    )
    return {
        "its next stage is planned": float(after is not None and after > here),
        "its next stage follows at once": float(after is not None and after - here == 1),
        "releases since its stage before": math.log1p(min(max(here - before, 0), 12)) if before is not None else 0.0,
    }
