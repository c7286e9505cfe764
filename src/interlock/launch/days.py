"""On which day customers have a release, as far as the plan tells."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import F, Max
from django.db.models.functions import Coalesce

from interlock.releases.models import Release, Task


def launch_days(releases: Iterable[Release]) -> dict[int, date | None]:
    """Of each release: the day on which it was released; before that, its target, or the later day of its launch."""
    releases = list(releases)
    planned = (
        launch_milestones(releases)
        .order_by()
        .annotate(day=Coalesce("done_on", "dates__ends_on"), release=F("workstream__release"))
    )
    slips = dict(planned.values("release").annotate(last=Max("day")).values_list("release", "last"))
    return {one.pk: _day(one, slips.get(one.pk)) for one in releases}


def launch_milestones(releases: Iterable[Release]) -> Any:
    """The launch waits for its day: it is a milestone with a day before which it may not be."""
    rows = Task.objects.active().filter(
        kind=Task.Kind.MILESTONE, not_before__isnull=False, workstream__archived_at=None
    )
    return rows.exclude(status=Task.Status.DROPPED).filter(workstream__release__in=[one.pk for one in releases])


def _day(release: Release, slips_to: date | None) -> date | None:
    if release.released_on:
        return release.released_on
    target = release.latest_target
    return max(target, slips_to) if target and slips_to else target or slips_to
