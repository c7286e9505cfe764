from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef

from interlock.alignment.rule import Rule, Severity, Violation, fix
from interlock.launch.days import launch_days
from interlock.launch.models import Communication
from interlock.organisation.models import Person
from interlock.people.models import Audience, Channel
from interlock.releases.models import Forecast, Release, Task, Workstream
from interlock.workspaces.models import Member


class AudienceNotTold(Rule):
    """An audience that a release affects, and that nothing in its plan reaches before customers have it.

    Why: a change that one is not told of leaves one unsure of it, and word from those whom it comes from is what helps.
    Bordia et al. (2004), doi:10.1023/B:JOBU.0000028449.99127.f7
    Wrong: prices change with 4.2, and partners read it in the press.
    Right: partners have the new prices by e-mail a week before.
    """

    code, severity = "RL108", Severity.WARNING
    subject = Release
    reads = {
        Communication: "communications",
        Audience: ("audiences", "communications__audience"),
        Workstream: "workstreams",
        Task: "workstreams__tasks",
        Forecast: "forecasts",
    }

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        return rows.open().filter(Exists(Audience.objects.active().filter(releases=OuterRef("pk"))))

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        releases = list(rows.prefetch_related("audiences__department").order_by("number"))
        launches = launch_days(releases)
        told: dict[int, set[int]] = defaultdict(set)
        planned: dict[int, set[int]] = defaultdict(set)
        entries = Communication.objects.kept().filter(release__in=[one.pk for one in releases])
        for entry in entries.only("release", "audience", "goes_out_on", "sent_on", "status", "workspace", "number"):
            planned[entry.release_id].add(entry.audience_id)
            if entry.reaches_by(launches[entry.release_id]):
                told[entry.release_id].add(entry.audience_id)
        for release in releases:
            untold = [one for one in release.audiences.all() if not one.archived and one.pk not in told[release.pk]]
            if untold:
                yield self._violation(release, untold, planned[release.pk], launches[release.pk])

    @staticmethod
    def _violation(release: Release, untold: list[Audience], planned: set[int], launch: date | None) -> Violation:
        names = ", ".join(audience.name for audience in untold)
        late = [audience.name for audience in untold if audience.pk in planned]
        when = f"before customers have it, on {launch:%-d %B %Y}" if launch else "at all"
        evidence = f"{release.key} affects {names}, and nothing in its communication plan reaches them {when}."
        if late:
            evidence += f" For {', '.join(late)} there is an entry that goes out later, or has no day."
        return Violation(
            [release],
            says=f"Nobody tells {names} of {release} in time",
            evidence=evidence,
            people=frozenset(audience.owner_id for audience in untold if audience.owner_id),
            departments=frozenset(audience.department_id for audience in untold if audience.department_id),
            mentions=untold,
        )

    @fix(
        "Plan to tell them",
        among={
            "audience": lambda rows, releases: rows.filter(releases__in=releases),
            "owner": lambda rows, releases: rows.current(),
        },
    )
    def plan_to_tell(
        self, release: Release, *, audience: Audience, message: str, goes_out_on: date, owner: Person, by: Member
    ) -> None:
        channel = audience.channels[0] if audience.channels else Channel.EMAIL
        Communication.objects.add(
            release=release,
            audience=audience,
            message=message,
            channel=channel,
            goes_out_on=goes_out_on,
            owner=owner,
            by=by,
        )

    @fix("It does not affect them", among={"audience": lambda rows, releases: rows.filter(releases__in=releases)})
    def spare(self, release: Release, *, audience: Audience, by: Member) -> None:
        release.spare(audience, by=by)
