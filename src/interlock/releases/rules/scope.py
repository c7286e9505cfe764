from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, F, OuterRef, Q

from interlock.alignment.rule import Rule, Severity, Violation, fix, keys_of
from interlock.backlog.models import Dependency, Feature, Requirement
from interlock.backlog.rules import FeatureRule
from interlock.organisation.concerned import departments_of, people_of
from interlock.organisation.models import Person, Product, Team
from interlock.releases.models import Release
from interlock.workspaces.models import Member

LONG_TEXTS = ("feature__description", "needs__description")
FINISHED = (Feature.Status.DONE, Feature.Status.DROPPED)


class RequirementWithoutCriteria(Rule):
    """A requirement in a release, of which nobody could say when it is done.

    Why: a requirement is to be worded so that it can be proven to be met; else everybody proves their own.
    ISO/IEC/IEEE 29148:2018, 5.2.5, verifiable
    Wrong: "The import is fast."
    Right: "The import is fast": 10,000 rows in 10 s on the reference machine.
    """

    code, severity = "BL104", Severity.WARNING
    rests_on = ("requirement.criteria",)
    subject = Requirement
    reads = {
        Feature: "feature",
        Release: "feature__scope__release",
        Person: "feature__owner",
        Team: "feature__team",
    }

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        return rows.filter(
            status=Requirement.Status.OPEN,
            feature__archived_at=None,
            feature__scope__release__status__in=Release.OPEN,
            feature__scope__release__archived_at=None,
        ).exclude(feature__status__in=FINISHED)

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        related = ("feature__owner", "feature__team", "feature__scope__release")
        for requirement in rows.without_criteria().select_related(*related).iterator():
            feature, release = requirement.feature, requirement.feature.scope.release
            yield Violation(
                [requirement],
                says=f"Nobody could say when “{requirement}” is done",
                evidence=f"{requirement.key} of {feature.key} is planned for {release}, without acceptance criteria.",
                people=people_of(feature),
                departments=departments_of(feature),
                mentions=[feature, release],
            )

    @fix("Write a criterion")
    def write_criterion(self, requirement: Requirement, *, criterion: str, by: Member) -> None:
        requirement.extend(criteria=[criterion], by=by)

    @fix("Drop the requirement")
    def drop(self, requirement: Requirement, *, by: Member) -> None:
        requirement.change(status=Requirement.Status.DROPPED, by=by)


class DependencyReleasedLater(FeatureRule):
    """A feature in a release that needs something planned for later, or not planned at all.

    Why: task dependencies are among what decides most, in the eyes of 185 teams, whether software is on time.
    Kula et al. (2022), doi:10.1109/TSE.2021.3101192
    Wrong: 4.2 takes "Auto-collect", which needs "Ledger migration", planned for 4.3.
    Right: both are in 4.2, or "Auto-collect" waits for 4.3.
    """

    code, severity = "BL106", Severity.ERROR
    rests_on = ("feature.needs", "feature.release")
    reads = {
        Dependency: "needs",
        Feature: "needs__needs",
        Release: ("scope__release", "needs__needs__scope__release"),
        Person: ("owner", "needs__needs__owner"),
        Team: ("team", "needs__needs__team"),
    }

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        return rows.open().filter(
            Exists(Dependency.objects.active().filter(feature=OuterRef("pk"))),
            scope__release__status__in=Release.OPEN,
            scope__release__archived_at=None,
        )

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        ends = [f"{end}__{what}" for end in ("feature", "needs") for what in ("owner", "team", "scope__release")]
        edges = Dependency.objects.active().filter(feature__in=keys_of(rows)).exclude(comes_in_time())
        lacks: dict[Feature, list[Lack]] = defaultdict(list)
        for edge in edges.select_related(*ends).defer(*LONG_TEXTS).order_by("number").iterator():
            lack = lacking(edge.feature.scope.release, edge.needs)
            if lack:
                lacks[edge.feature].append(lack)
        for feature, found in lacks.items():
            release, needed = feature.scope.release, [lack.need for lack in found]
            yield Violation(
                [feature],
                says=f"“{feature}” is in {release}, and what it needs comes later",
                evidence="It needs "
                + "; it needs ".join(f"{lack.need.key} “{lack.need}”, {lack.why}" for lack in found)
                + ".",
                people=frozenset().union(*map(people_of, [feature, *needed])),
                departments=frozenset().union(*map(departments_of, [feature, *needed])),
                mentions=list(dict.fromkeys([release, *needed, *(lack.planned for lack in found if lack.planned)])),
                fixes=ways_out(found),
            )

    @fix("Bring what it needs into this release")
    def bring_forward(self, feature: Feature, *, by: Member) -> None:
        release = feature.scope.release
        edges = feature.needs.active()
        late = [edge.needs for edge in edges.select_related("needs__scope__release") if lacking(release, edge.needs)]
        mine = Feature.objects.editable_by(by).filter(pk__in=[need.pk for need in late])
        if len(mine) < len(late):
            raise PermissionDenied("Changing what it needs is not open to you.")
        release.take(list(mine), by=by)

    @fix("Move it to another release", among={"release": lambda rows, features: rows.open()})
    def move(self, feature: Feature, *, release: Release, by: Member) -> None:
        release.take([feature], by=by)

    @fix("Take it out of the release")
    def take_out(self, feature: Feature, *, by: Member) -> None:
        feature.scope.release.drop([feature], by=by)

    @fix(
        "Do without what it needs",
        changes="dependency",
        among={"dependency": lambda rows, features: rows.filter(feature__in=features)},
    )
    def do_without(self, feature: Feature, *, dependency: Dependency, by: Member) -> None:
        dependency.archive(by=by)


@dataclass(frozen=True, slots=True)
class Lack:
    """A needed feature on which a release cannot count."""

    need: Feature
    why: str
    # Where it is planned instead, if anywhere.
    planned: Release | None = None
    # It will never come.
    gone: bool = False


def lacking(release: Release, need: Feature) -> Lack | None:
    """Why a release cannot count on a feature; None where it can.

    Of a date that is known to the month or quarter, the last day counts.
    """
    if need.status == Feature.Status.DONE:
        return None
    if need.archived or need.status == Feature.Status.DROPPED:
        return Lack(need, "which is archived" if need.archived else "which is dropped", gone=True)
    scope = getattr(need, "scope", None)
    if scope is None or scope.release.archived:
        return Lack(need, "which is in no release")
    other = scope.release
    if other.pk == release.pk or other.status == Release.Status.RELEASED:
        return None
    if other.status == Release.Status.CANCELLED:
        return Lack(need, f"planned for {other}, which is cancelled", other)
    if release.latest_target is None:
        return None
    if other.latest_target is None:
        return Lack(need, f"planned for {other}, which has no date", other)
    if other.latest_target > release.latest_target:
        return Lack(need, f"planned for {other}, {other.due}", other)
    return None


def comes_in_time() -> Q:
    """Of a dependency: what the database can tell to be well, so that only the rest need be looked at."""
    other, own = "needs__scope__release__", "feature__scope__release__"
    earlier = {
        f"{other}target_precision": Release.Precision.DAY,
        f"{own}target_precision": Release.Precision.DAY,
        f"{other}target_on__lte": F(f"{own}target_on"),
        f"{other}status__in": Release.OPEN,
    }
    planned = Q(needs__scope__release=F("feature__scope__release")) | Q(**earlier)
    there = Q(needs__archived_at=None, needs__status__in=Feature.OPEN, **{f"{other}archived_at": None})
    return Q(needs__status=Feature.Status.DONE) | there & planned


def ways_out(lacks: Sequence[Lack]) -> Sequence[str]:
    """The fixes that help: what never comes cannot be brought forward, and what has no date not waited for."""
    ways = ["do_without", "take_out"]
    if not any(lack.gone for lack in lacks):
        ways.append("bring_forward")
    if all(lack.planned and lack.planned.open and lack.planned.latest_target for lack in lacks):
        ways.append("move")
    return ways


class ReleaseOverdue(Rule):
    """A release that is past its target and still open.

    Why: a project gets to be a year late one day at a time, and nobody speaks of the days.
    Brooks (1975), The Mythical Man-Month, ch. 14
    Wrong: 4.1, target 14 March, in progress on 2 April, and nobody said so.
    Right: 4.1, moved to 20 April, with the reason, on the day it was known.
    """

    code, severity = "RL114", Severity.ERROR
    rests_on = ("release.target_on", "release.status")
    subject = Release
    reads = {
        Feature: "scope__feature",
        Person: "scope__feature__owner",
        Team: "scope__feature__team",
        Product: "scope__feature__product",
    }

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        return rows.open().exclude(target_on=None).exclude(target_precision=Release.Precision.TBC)

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        past = rows.overdue(today=today)
        waiting = Feature.objects.active().exclude(status__in=FINISHED).filter(scope__release__in=past.values("pk"))
        # Whoever sees the release reads this: of another product's features, only such as everybody may see.
        waiting = waiting.filter(Q(product=F("scope__release__product")) | Q(product__restricted=False))
        concerned: dict[int, list[Feature]] = defaultdict(list)
        for feature in waiting.select_related("owner", "team", "scope").defer("description").iterator():
            concerned[feature.scope.release_id].append(feature)
        for release in past:
            open_features = concerned[release.pk]
            yield Violation(
                [release],
                says=f"{release} was to be out by {release.latest_target:%-d %B %Y} and is still open",
                evidence=f"{release.key} was planned for {release.due}; it is "
                f"{release.get_status_display().lower()}, with {counted(len(open_features))} to finish.",
                people=frozenset().union(*map(people_of, open_features)),
                departments=frozenset().union(*map(departments_of, open_features)),
            )

    @fix("Move the target")
    def move_target(self, release: Release, *, target_on: date, by: Member) -> None:
        release.change(target_on=target_on, target_precision=Release.Precision.DAY, by=by)

    @fix("It is released")
    def mark_released(self, release: Release, *, released_on: date, by: Member) -> None:
        release.change(status=Release.Status.RELEASED, released_on=released_on, by=by)

    @fix("Cancel the release")
    def cancel(self, release: Release, *, by: Member) -> None:
        release.change(status=Release.Status.CANCELLED, by=by)


def counted(features: int) -> str:
    return {0: "no feature left", 1: "one feature"}.get(features, f"{features} features")
