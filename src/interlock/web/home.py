"""What needs me now: the page that one opens first."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.urls import reverse

from interlock.alignment.models import Finding, Score, Waiver
from interlock.alignment.overview import with_ends
from interlock.backlog.models import Feature
from interlock.organisation.models import Person, Product
from interlock.releases.models import Release
from interlock.strategy.models import Objective
from interlock.web.navigation import there
from interlock.workspaces.models import Member
from interlock.workspaces.panels import Panel, panels_of
from interlock.workspaces.permissions import Action

SHOWN = 8
GRAVEST = 4
SOON = timedelta(days=14)
HISTORY = timedelta(weeks=12)


@dataclass(frozen=True)
class Step:
    """What to do first in a workspace that holds nothing yet."""

    done: bool
    label: str
    says: str
    url: str


class Home:
    def __init__(self, member: Member, *, today: date) -> None:
        self.member, self.today = member, today

    @cached_property
    def me(self) -> Person | None:
        return Person.objects.visible_to(self.member).filter(member=self.member).first()

    @cached_property
    def findings(self) -> list[Finding]:
        """One more than is shown, to know whether there are more."""
        mine = Finding.objects.visible_to(self.member).open().concerning(self.me).urgent_first()
        return list(with_ends(mine)[: SHOWN + 1])

    @property
    def shown(self) -> list[Finding]:
        return self.findings[:SHOWN]

    @property
    def more(self) -> bool:
        return len(self.findings) > SHOWN

    @cached_property
    def sections(self) -> list[Panel]:
        """What other rooms have for this member."""
        return list(panels_of(self.member, self.member))

    @property
    def needing(self) -> int:
        return len(self.shown) + sum(panel.needs for panel in self.sections)

    @cached_property
    def gravest(self) -> list[Finding]:
        """For whom no finding names: where their help would count most."""
        if self.findings or self.steps:
            return []
        return list(with_ends(Finding.objects.visible_to(self.member).open().urgent_first())[:GRAVEST])

    @cached_property
    def ending_waivers(self) -> list[Waiver]:
        """Of those that this member gave, the ones whose day comes soon."""
        waived = Finding.objects.visible_to(self.member).waived()
        rows = Waiver.objects.filter(by=self.member, ended_at=None, until__lte=self.today + SOON, finding__in=waived)
        return list(rows.select_related("finding").order_by("until")[:SHOWN])

    @cached_property
    def features(self) -> list[Any]:
        rows = Feature.objects.visible_to(self.member).open().filter(owner=self.me).order_by("rank")
        return list(rows.defer("description")[:SHOWN]) if self.me else []

    @cached_property
    def objectives(self) -> list[Any]:
        rows = Objective.objects.visible_to(self.member).open().filter(owner=self.me)
        return list(rows.defer("description")[:SHOWN]) if self.me else []

    @cached_property
    def releases(self) -> list[Any]:
        """What ships next, or should have."""
        rows = Release.objects.visible_to(self.member).open().exclude(target_on=None).order_by("target_on")
        shown: list[Any] = list(rows.defer("description")[:4])
        for release in shown:
            release.late = release.late_on(self.today)
        return shown

    @cached_property
    def curve(self) -> list[float]:
        scores = Score.objects.visible_to(self.member).of(None).filter(dimension="")
        return [score.shown for score in scores.since(self.today - HISTORY)]

    @property
    def score(self) -> float | None:
        return self.curve[-1] if self.curve else None

    @cached_property
    def steps(self) -> list[Step]:
        """Empty once the plan is there, and for those who could not take them."""
        if not self.member.edits or self.curve:
            return []
        products = Product.objects.visible_to(self.member).exists()
        features = Feature.objects.visible_to(self.member).exists()
        others = Member.objects.visible_to(self.member).active().exclude(pk=self.member.pk).exists()
        steps = [
            ("products", products, "Name a product", "What you plan and release hangs under one."),
            ("imports", features, "Bring the plan in", "From files that your tools export, or write it by hand."),
            ("members", others, "Invite the others", "A plan that one department holds alone is not shared."),
            ("alignment", False, "See where it pulls apart", "As soon as there is something to check."),
        ]
        return [
            Step(done, label, says, reverse(name, args=[self.member.workspace.slug]))
            for name, done, label, says in steps
            if there(name, self.member) and (name != "members" or self.member.can(Action.MANAGE_MEMBERS))
        ]
