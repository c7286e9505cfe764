from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, F, OuterRef, Q

from interlock.alignment.rule import Rule, Severity, Violation, fix
from interlock.backlog.models import Feature
from interlock.organisation.concerned import departments_of, people_of
from interlock.organisation.models import Person, Product, Team
from interlock.releases.models import BaselineItem, Release, ScopeBaseline
from interlock.workspaces.models import Member

NAMED = 5


class ScopeCreep(Rule):
    """A release into which features came after its scope was agreed on, beyond the share that is allowed.

    Why: requirements are almost never stable. What comes in is often needed; what comes in unseen moves the date, and
    nobody has decided that. Jones (1996), doi:10.1109/2.507640
    Wrong: twelve features were agreed on for 4.2 in March; in May there are fifteen, and the date is the same.
    Right: two of the three wait for 4.3, and the third is agreed on anew, with what it costs.
    """

    code, severity = "RL110", Severity.WARNING
    subject = Release
    reads = {
        ScopeBaseline: "scope_baselines",
        Feature: ("scope__feature", "scope_baselines__items__feature"),
        Person: "scope__feature__owner",
        Team: "scope__feature__team",
        Product: ("scope__feature__product", "scope_baselines__items__feature__product"),
    }
    # Per cent of the features agreed on, or of their days, that may come in besides.
    settings = {"share": 10}

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        return rows.open().filter(Exists(ScopeBaseline.objects.active().filter(release=OuterRef("pk"))))

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        newest = ScopeBaseline.objects.newest().filter(release__in=rows.values("pk"))
        frozen: dict[int, dict[int, Decimal | None]] = defaultdict(dict)
        items = BaselineItem.objects.filter(baseline__in=newest.values("pk")).filter(_shown("baseline__release"))
        for release_id, feature_id, days in items.values_list("baseline__release", "feature", "effort_days"):
            frozen[release_id][feature_id] = days
        added: dict[int, list[Feature]] = defaultdict(list)
        for feature in _kept().filter(scope__release__in=rows.values("pk")).order_by("number"):
            if feature.pk not in frozen[feature.scope.release_id]:
                added[feature.scope.release_id].append(feature)
        for baseline in newest.select_related("release").order_by("release__number"):
            release, came, agreed = baseline.release, added[baseline.release_id], frozen[baseline.release_id]
            if came and agreed and (shares := _shares(came, agreed.values(), settings["share"])):
                yield Violation(
                    [release],
                    says=f"{release} has grown since its scope was agreed on",
                    evidence=f"{len(agreed)} feature{'' if len(agreed) == 1 else 's'} "
                    f"{'was' if len(agreed) == 1 else 'were'} agreed on, on {baseline.agreed_on:%-d %B %Y}; since then "
                    f"{_named(came)} came in, {shares}.",
                    people=frozenset().union(*map(people_of, came)),
                    departments=frozenset().union(*map(departments_of, came)),
                    mentions=came,
                )

    @fix(
        "Move what came in to another release",
        among={"release": lambda rows, subjects: rows.open().exclude(pk__in=[one.pk for one in subjects])},
    )
    def move(self, subject: Release, *, release: Release, reason: str, by: Member) -> None:
        newest = ScopeBaseline.objects.newest().filter(release=subject)
        agreed = BaselineItem.objects.filter(baseline__in=newest).values("feature")
        came = _kept().filter(scope__release=subject, status__in=Feature.OPEN).exclude(pk__in=agreed)
        mine = Feature.objects.editable_by(by).filter(pk__in=[feature.pk for feature in came])
        if len(mine) < len(came):
            raise PermissionDenied("Changing what came in is not open to you.")
        release.take(list(mine), by=by, reason=reason)

    @fix("Agree on the scope anew")
    def agree_anew(self, release: Release, *, note: str, by: Member) -> None:
        ScopeBaseline.objects.add(release=release, note=note, by=by)


def _shown(release: str) -> Q:
    """Whoever sees the release reads this: of another product's features, only such as everybody may see."""
    return Q(feature__product=F(f"{release}__product")) | Q(feature__product__restricted=False)


def _kept() -> Any:
    rows = Feature.objects.active().exclude(status=Feature.Status.DROPPED)
    rows = rows.filter(Q(product=F("scope__release__product")) | Q(product__restricted=False))
    return rows.select_related("owner", "team", "scope").defer("description")


def _shares(came: Sequence[Feature], agreed: Any, allowed: int) -> str:
    """In words by how much it has grown; empty where that is allowed."""
    before = sum((days for days in agreed if days), Decimal(0))
    more = sum((feature.effort_days for feature in came if feature.effort_days), Decimal(0))
    by_number = 100 * len(came) / len(agreed)
    by_days = float(100 * more / before) if before else 0.0
    if max(by_number, by_days) <= allowed:
        return ""
    told = f"{by_number:.0f} % more in number"
    return f"{told} and {by_days:.0f} % more in days" if before else told


def _named(features: Sequence[Feature]) -> str:
    names = [f"{feature.key} “{feature}”" for feature in features[:NAMED]]
    left = len(features) - len(names)
    return ", ".join(names) + (f" and {left} more" if left else "")
