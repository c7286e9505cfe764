"""When releases launch, as far as that is known to a day."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from interlock.organisation.models import Department
from interlock.releases.models import Freezes, FreezeWindow, Release, Task
from interlock.releases.models.freeze import taking_part
from interlock.workspaces.models import Member


@dataclass(frozen=True)
class Launch:
    """A day on which a release is to be out.

    asked        whether it is the target; else it is the day on which the plan has the launch itself
    departments  that take part in the release
    """

    release: Release
    day: date
    asked: bool
    departments: frozenset[Department]

    @property
    def says(self) -> str:
        return f"{self.release} is {'to launch' if self.asked else 'planned to launch'} on {self.day:%-d %B %Y}"

    @property
    def off_work(self) -> list[Department]:
        """Those that take part, and do not work on that day."""
        return sorted((one for one in self.departments if not one.workdays(self.day, 1)[0]), key=lambda one: one.name)


def launches(member: Member, *, today: date) -> list[Launch]:
    """Of the open releases that the member sees."""
    releases = list(Release.objects.visible_to(member).open())
    moments = Task.objects.of(member.workspace).planned().filter(kind=Task.Kind.MILESTONE, dates__isnull=False)
    moments = moments.filter(workstream__release__in=[one.pk for one in releases]).defer("description")
    moments = moments.select_related("workstream__release", "dates")
    return launches_of(releases, moments, taking_part(releases), today=today)


def launches_of(
    releases: Collection[Release], tasks: Iterable[Task], part: Mapping[int, frozenset[Department]], *, today: date
) -> list[Launch]:
    """From today on, the earliest first; none of what is only known to a week or a month.

    tasks  that have dates, those of other releases too
    part   the departments that take part in each release

    Where the plan has the launch itself on the target, that is one launch.
    """
    known = {one.pk: one for one in releases}
    precise = {one.pk: one.target_on for one in releases if one.target_precision == Release.Precision.DAY}
    found = [Launch(known[pk], day, True, part[pk]) for pk, day in precise.items() if day]
    for task in tasks:
        pk, day = task.workstream.release_id, task.dates.ends_on
        if pk in known and task.launch_day and day != precise.get(pk):
            found.append(Launch(known[pk], day, False, part[pk]))
    return sorted((one for one in found if one.day >= today), key=lambda one: (one.day, one.release.number))


def caught(found: Iterable[Launch], windows: Sequence[FreezeWindow]) -> Mapping[int, list[Launch]]:
    """The launches that lie in each freeze window."""
    freezes = Freezes.of(windows)
    hit: dict[int, list[Launch]] = {one.pk: [] for one in windows}
    for launch in found:
        for one in freezes.over_launch(launch.day, product=launch.release.product_id, departments=launch.departments):
            hit[one.pk].append(launch)
    return hit
