from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils import timezone

from interlock.alignment.rule import Rule, Severity, Violation, fix
from interlock.launch.models import LaunchReview
from interlock.organisation.concerned import people_of
from interlock.organisation.models import Person
from interlock.releases.models import Release
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member


class NoPostLaunchReview(Rule):
    """A full or feature launch on which nobody has looked back, so long after it is out.

    Why: teams that debrief perform better by about a quarter than those that do not, and a debrief costs an hour.
    Tannenbaum & Cerasoli (2013), doi:10.1177/0018720812448394
    Wrong: 7.0 is out since March; what it did to late payments, and why it slipped, is anybody's guess in May.
    Right: within a month, its review says what to keep, what to change, and who does what by when.
    """

    code, severity = "RL111", Severity.NOTE
    subject = Release
    reads = {LaunchReview: "reviews"}
    # Days after the release.
    settings = {"days": 30}

    def checked(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Any:
        return rows.active().filter(
            status=Release.Status.RELEASED,
            tier__in=(Release.Tier.FULL, Release.Tier.FEATURE),
            released_on__lt=today - timedelta(days=settings["days"]),
        )

    def violations(self, rows: Any, *, today: date, settings: Mapping[str, int]) -> Iterator[Violation]:
        concluded = LaunchReview.objects.concluded().filter(release=OuterRef("pk"))
        silent = list(rows.exclude(Exists(concluded)).order_by("number"))
        drafts = LaunchReview.objects.active().filter(release__in=[release.pk for release in silent])
        begun = {review.release_id: review for review in drafts.select_related("owner")}
        for release in silent:
            review = begun.get(release.pk)
            yield Violation(
                [release],
                says=f"Nobody has looked back on {release}",
                evidence=f"It was released on {release.released_on:%-d %B %Y}, and {_so_far(review)}.",
                people=people_of(review) if review else frozenset(),
                fixes=["name_owner", "conclude"] if review else ["start_review"],
            )

    @fix("Start the review, and name who leads it", among={"owner": lambda rows, releases: rows.current()})
    def start_review(self, release: Release, *, owner: Person, by: Member) -> None:
        LaunchReview.objects.add(release=release, owner=owner, by=by)

    @fix("Name who leads it", among={"owner": lambda rows, releases: rows.current()})
    def name_owner(self, release: Release, *, owner: Person, by: Member) -> None:
        _draft(release).change(owner=owner, by=by)

    @fix("Conclude the review")
    def conclude(self, release: Release, *, summary: str, by: Member) -> None:
        _draft(release).conclude(summary, on=timezone.localdate(), by=by)


def _so_far(review: LaunchReview | None) -> str:
    if review is None:
        return "its review is not started"
    lead = f"led by {review.owner}" if review.owner else "led by nobody"
    due = f", due on {review.due_on:%-d %B %Y}" if review.due_on else ""
    return f"its review, {lead}{due}, is a draft"


def _draft(release: Release) -> LaunchReview:
    review: LaunchReview | None = release.reviews.active().first()
    if review is None:
        raise DomainError("Its review is gone: start one first.")
    return review
