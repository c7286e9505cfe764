"""What became of a scope since it was agreed on: what came in, what fell out, who did it, when and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, Subquery

from interlock.backlog.models import Feature
from interlock.releases.models import BaselineItem, Release, ScopeBaseline
from interlock.workspaces.history import NAMELESS, SYSTEM
from interlock.workspaces.models import AuditEvent, Member

# As the history has it where a feature is planned for a release, dropped, or archived.
VERBS = ("replanned", "changed", "archived")


@dataclass(frozen=True)
class Passage:
    """A feature that came in, or fell out, and what the history tells of that; `into` where it went."""

    feature: Feature
    effort_days: Decimal | None
    at: datetime | None = None
    actor: str = ""
    reason: str = ""
    into: Release | None = None


@dataclass(frozen=True)
class Creep:
    """Of the newest agreement on a release.

    agreed       features that were agreed on, as far as the reader sees them
    reestimated  days by which the estimates of what was agreed on, and is still in, have changed
    """

    baseline: ScopeBaseline
    agreed: int
    came: Sequence[Passage]
    fell: Sequence[Passage]
    reestimated: Decimal

    @property
    def days_in(self) -> Decimal:
        return _days(self.came)

    @property
    def days_out(self) -> Decimal:
        return _days(self.fell)

    @property
    def days_added(self) -> Decimal:
        """In all; negative where the scope has become smaller."""
        return self.days_in - self.days_out + self.reestimated

    @property
    def days_fewer(self) -> Decimal:
        return -self.days_added


def _days(passages: Iterable[Passage]) -> Decimal:
    return sum((one.effort_days for one in passages if one.effort_days is not None), Decimal(0))


def creep_of(release: Release, *, by: Member) -> Creep | None:
    """None where no scope is agreed on, or where the member does not see that."""
    newest = ScopeBaseline.objects.visible_to(by).newest().filter(release=release)
    related = ("baseline__agreed_by__user", "feature__scope__release")
    items = BaselineItem.objects.filter(baseline__in=newest).select_related(*related)
    frozen = list(items.defer("feature__description").order_by("feature__number"))
    if not frozen:
        return None
    held = {item.feature_id: item for item in frozen if item.feature.seen_by(by)}
    here = {row.pk: row for row in _kept(release, by)}
    came = [row for pk, row in here.items() if pk not in held]
    fell = [item for pk, item in held.items() if pk not in here]
    history = _last_passages([*came, *(item.feature for item in fell)], release)
    changes = (
        (here[pk].effort_days or Decimal(0)) - (item.effort_days or Decimal(0))
        for pk, item in held.items()
        if pk in here
    )
    return Creep(
        frozen[0].baseline,
        agreed=len(held),
        came=[_passage(row, row.effort_days, history) for row in came],
        fell=[
            _passage(item.feature, item.effort_days, history, into=_elsewhere(item.feature, release, by=by))
            for item in fell
        ],
        reestimated=sum(changes, Decimal(0)),
    )


def _kept(release: Release, by: Member) -> Any:
    rows = Feature.objects.visible_to(by).active().exclude(status=Feature.Status.DROPPED)
    return rows.filter(scope__release=release).order_by("number").defer("description")


def _elsewhere(feature: Feature, release: Release, *, by: Member) -> Release | None:
    scope = getattr(feature, "scope", None)
    seen = scope and scope.release_id != release.pk and scope.release.seen_by(by)
    return scope.release if scope and seen else None


Told = tuple[datetime, str, str]


def _passage(
    feature: Feature, days: Decimal | None, history: Mapping[int, Told], *, into: Release | None = None
) -> Passage:
    at, actor, reason = history.get(feature.pk, (None, "", ""))
    return Passage(feature, days, at, actor, reason, into)


def _last_passages(features: Sequence[Feature], release: Release) -> dict[int, Told]:
    """When each last came into the release or left it, who did that, and why."""
    if not features:
        return {}
    actor = Member.objects.filter(pseudonym=OuterRef("actor"))
    mine = AuditEvent.objects.filter(
        workspace_id=release.workspace_id,
        model=Feature._meta.label_lower,
        key__in=[feature.key for feature in features],
        verb__in=VERBS,
    )
    last: dict[int, Told] = {}
    named: Any = mine.annotate(name=Subquery(actor.values("user__name"))).order_by("pk")
    for event in named:
        if _moves(event, release):
            name = event.name or NAMELESS if event.actor else SYSTEM
            last[event.object_id] = event.at, name, event.reason
    return last


def _moves(event: AuditEvent, release: Release) -> bool:
    return (
        event.verb == "archived"
        or release.key in event.changes.get("release", ())
        or Feature.Status.DROPPED in event.changes.get("status", ())
    )
