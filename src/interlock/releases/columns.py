from collections import defaultdict
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q

from interlock.backlog.columns import Pairs, RowColumn, column
from interlock.backlog.filters import NOTHING, Asked, Option, RowFilter
from interlock.backlog.models import Feature
from interlock.organisation.models.product import products_seen
from interlock.releases.models import Release, ScopeItem
from interlock.workspaces.forms import RowField
from interlock.workspaces.keyset import Leg, Legs
from interlock.workspaces.models import Member

UNPLANNED = ~Exists(ScopeItem.objects.filter(feature=OuterRef("pk")))


class ReleaseFilter(RowFilter):
    def narrow(self, options: list[Option], found: list[int], *, none: bool) -> Asked:
        checks = Q(scope__release__in=found) if found else NOTHING
        return Asked(options, checks | Q(UNPLANNED) if none else checks)


@column(after="objectives")
class ReleaseColumn(RowColumn):
    name, label, model = "release", "Release", Release
    usual = True
    related = ("scope__release",)
    filter = ReleaseFilter("release", "Release", Release, "scope__release", ("none", "No release"))

    def legs(self, by: Member) -> Legs:
        """What ships first; then what is in a release without a date, then what is in none."""
        seen = products_seen(by)
        if seen is None:
            released, unplanned = Q(scope__release__workspace=by.workspace_id), UNPLANNED
        else:
            # A release that is hidden orders nothing, and no place in the list tells of its day.
            released = Q(scope__release__product__in=seen)
            shown = ScopeItem.objects.filter(feature=OuterRef("pk"), release__product__in=seen)
            unplanned = ~Exists(shown)
        return (
            Leg(
                ("scope__release__target_on", "scope__release_id", "rank"),
                released & Q(scope__release__target_on__isnull=False),
            ),
            Leg(("scope__release_id", "rank"), released & Q(scope__release__target_on=None)),
            Leg(("rank",), Q(unplanned)),
        )

    def row(self, feature: Feature, by: Member) -> Release | None:
        release = self.held(feature)
        return release if release and release.seen_by(by) else None

    def held(self, feature: Feature) -> Release | None:
        scope: ScopeItem | None = getattr(feature, "scope", None)
        return scope.release if scope else None

    def field(self, by: Member, feature: Feature | None = None) -> forms.Field:
        made = RowField(Release, label=self.label, required=False, empty="No release")
        made.serve(by, held=self.held(feature) if feature else None)
        return made

    def put(self, pairs: Pairs, *, by: Member, version: int | None = None) -> None:
        into: dict[Any, list[Feature]] = defaultdict(list)
        for feature, release in pairs:
            into[release].append(feature)
        for release, features in into.items():
            ScopeItem.objects.plan(features, release, by=by, version=version)
            for feature in features:
                feature._state.fields_cache.pop("scope", None)
