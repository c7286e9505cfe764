"""What gates, runbook, communication and review say on the pages of releases, audiences, templates, roles and more."""

from typing import Any

from django.db.models import F
from django.utils import timezone

from interlock.launch.models import Communication, Gate, GateCriterion, LaunchReview
from interlock.launch.recipe import RUNBOOK
from interlock.launch.runbook import Runbook
from interlock.people.models import Audience, Role
from interlock.releases.models import Release, ReleaseTemplate, Task
from interlock.strategy.models import Metric
from interlock.workspaces.models import Member
from interlock.workspaces.panels import Panel, panel
from interlock.workspaces.permissions import Action

SHOWN = 20


@panel(Release, order=15)
def next_gate(release: Release, member: Member) -> Panel | None:
    """The one that is to be decided next, in one query: how it stands is told by its own page."""
    rows = Gate.objects.visible_to(member).open().filter(release=release).select_related("milestone__dates")
    gate = rows.order_by(F("decide_by").asc(nulls_last=True), "number").first()
    return Panel("launch/panels/next_gate.html", {"gate": gate, "release": release}, place="side") if gate else None


@panel(ReleaseTemplate, order=20)
def of_template(template: ReleaseTemplate, member: Member) -> Panel | None:
    entries = template.recipe.parts.get("gates")
    return Panel("launch/panels/of_template.html", {"entries": entries}) if entries else None


@panel(ReleaseTemplate, order=30)
def runbook_of_template(template: ReleaseTemplate, member: Member) -> Panel | None:
    entries = template.recipe.parts.get(RUNBOOK)
    return Panel("launch/panels/runbook_of_template.html", {"entries": entries}) if entries else None


@panel(Task, order=20)
def of_milestone(task: Task, member: Member) -> Panel | None:
    if task.kind != Task.Kind.MILESTONE:
        return None
    return _listed("Gates that are tied to it", Gate.objects.visible_to(member).active().filter(milestone=task))


@panel(Role, order=25)
def of_role(role: Role, member: Member) -> Panel | None:
    return _listed("Gates to approve", Gate.objects.visible_to(member).open().filter(approving_roles=role))


@panel(Member, order=20)
def to_vote_on(member: Member, _: Member) -> Panel | None:
    """On Home: the gates that wait for the member's vote."""
    if not member.can(Action.CONTRIBUTE):
        return None
    rows = Gate.objects.visible_to(member).awaiting(member, today=timezone.localdate())
    return _listed("Gates that wait for your vote", rows, needed=True)


@panel(Metric, order=20)
def of_metric(metric: Metric, member: Member) -> Panel | None:
    rest = GateCriterion.objects.active().filter(metric=metric).values("gate")
    return _listed("Gates that rest on it", Gate.objects.visible_to(member).active().filter(pk__in=rest))


def _listed(heading: str, rows: Any, *, needed: bool = False) -> Panel | None:
    gates = list(rows.select_related("release").order_by("decide_by", "number")[:SHOWN])
    if not gates:
        return None
    return Panel("launch/panels/gates.html", {"heading": heading, "gates": gates}, needs=len(gates) if needed else 0)


@panel(Release, order=30)
def launch(release: Release, member: Member) -> Panel | None:
    """How far the launch is, or the review of it."""
    if not member.reads_all:
        return None
    if release.status == Release.Status.RELEASED:
        reviews = LaunchReview.objects.visible_to(member).active().filter(release=release)
        return Panel("launch/panels/review_of_release.html", {"review": reviews.first()}, "side")
    book = Runbook.of(release, now=timezone.now())
    return Panel("launch/panels/launch_of_release.html", {"book": book}, "side") if book.steps else None


@panel(ReleaseTemplate, order=30)
def told_by_template(template: ReleaseTemplate, member: Member) -> Panel | None:
    entries = template.recipe.parts.get("communication")
    return Panel("launch/panels/told_by_template.html", {"entries": entries}) if entries else None


@panel(Audience, order=20)
def what_it_hears(audience: Audience, member: Member) -> Panel | None:
    """What is still to go out to them, of whatever release, and whom of the open releases they are affected by."""
    entries = Communication.objects.visible_to(member).planned().filter(audience=audience).by_day()
    releases = audience.releases.visible_to(member).open().select_related("product")
    return Panel(
        "launch/panels/of_audience.html",
        {
            "entries": list(entries.select_related("release", "owner__department")[:SHOWN]),
            "releases": list(releases[:SHOWN]),
            "today": timezone.localdate(),
        },
    )


@panel(Member, order=20)
def what_is_due(home: Member, member: Member) -> Panel | None:
    """On their Home: what was to go out by today, and has not."""
    today = timezone.localdate()
    due = Communication.objects.visible_to(member).due_by(today).filter(owner__member=home).by_day()
    entries = list(due.select_related("release", "audience")[:SHOWN])
    if not entries:
        return None
    return Panel("launch/panels/due.html", {"entries": entries, "today": today}, needs=len(entries))
