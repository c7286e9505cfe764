from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views import View

from interlock.launch.days import launch_days
from interlock.launch.forms import AffectForm, CommunicationAddForm, SentForm
from interlock.launch.models import Communication
from interlock.launch.remarks import Outlook, remarks
from interlock.organisation.models import Absence
from interlock.people.models import Audience, Channel
from interlock.releases.models import Forecast, Release
from interlock.workspaces.addresses import address
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Member
from interlock.workspaces.pages import ActView, Done, RowView, stay

NAMED = ("audience__department", "owner__department", "needs__dates", "needs__workstream")
MOST = 500


@dataclass
class Row:
    """An audience in the matrix: what it is told, by each channel."""

    audience: Audience
    affected: bool
    channels: list[tuple[str, str]]
    cells: dict[str, list[Communication]] = field(default_factory=lambda: defaultdict(list))
    told: bool = False

    @property
    def in_channels(self) -> list[list[Communication]]:
        return [self.cells.get(value, []) for value, _ in self.channels]

    @property
    def missing(self) -> str:
        if self.told or not self.affected:
            return ""
        if not any(self.cells.values()):
            return "Nothing in the plan is for them."
        return "Nothing reaches them before customers have it."


class CommunicationsView(View):
    """Who is told what of a release, by which channel and when; and what is missing."""

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        by, today = request.member, timezone.localdate()
        if not by.reads_all:
            raise Http404
        release = by.visible(Release, key=key)
        rows = Communication.objects.visible_to(by).active().filter(release=release).by_day()
        entries = list(rows.select_related(*NAMED)[:MOST])
        for entry in entries:
            entry.release = release
        held = outlook(release, entries, today=today)
        said = [(entry, remarks(entry, held)) for entry in entries]
        matrix = _matrix(release, entries, held)
        shown = {
            "row": release,
            "release": release,
            "said": said,
            "matrix": matrix,
            "channels": _channels(entries),
            "untold": [row for row in matrix if row.missing],
            "affected": [row for row in matrix if row.affected],
            "wrong": [entry for entry, told in said if any(one.level == "bad" for one in told)],
            "lacking": [entry for entry, told in said if told],
            "sent": [entry for entry in entries if entry.status == Communication.Status.SENT],
            "left": [entry for entry in entries if entry.open],
            "held": held,
            "editable": not release.archived and by.edits,
            "mine": set() if by.edits else _owned(by, entries),
        }
        return render(request, "launch/communication.html", shown)


def outlook(release: Release, entries: list[Communication], *, today: date) -> Outlook:
    days = [entry.goes_out_on for entry in entries if entry.open and entry.goes_out_on]
    owners = {entry.owner_id for entry in entries if entry.open and entry.owner_id}
    away: list[tuple[int, date, date]] = []
    if days and owners:
        absent = Absence.objects.between(min(days), max(days)).filter(person__in=owners)
        away = list(absent.values_list("person", "starts_on", "ends_on"))
    forecast = Forecast.objects.newest().filter(release=release).first() if release.open else None
    launch = launch_days([release])[release.pk]
    kept = [entry for entry in entries if entry.status != Communication.Status.DROPPED]
    return Outlook(
        today=today,
        launch=launch,
        likely=forecast.p85_on if forecast else None,
        target=release.latest_target if release.open else None,
        told={entry.audience_id for entry in kept if entry.reaches_by(launch)},
        away=away,
    )


def _matrix(release: Release, entries: list[Communication], held: Outlook) -> list[Row]:
    affected = list(release.audiences.select_related("department"))
    channels = _channels(entries)
    rows = {one.pk: Row(one, not one.archived, channels) for one in affected}
    for entry in entries:
        if entry.status == Communication.Status.DROPPED:
            continue
        row = rows.setdefault(entry.audience_id, Row(entry.audience, False, channels))
        row.cells[entry.channel].append(entry)
    for pk, row in rows.items():
        row.told = pk in held.told
    return sorted(rows.values(), key=lambda row: (row.audience.kind, row.audience.name.casefold()))


def _channels(entries: list[Communication]) -> list[tuple[str, str]]:
    used = {entry.channel for entry in entries if entry.status != Communication.Status.DROPPED}
    return [(value, label) for value, label in Channel.choices if value in used]


def _owned(by: Member, entries: list[Communication]) -> set[int]:
    """Of those who may only change what is theirs: what that is."""
    mine = Communication.objects.editable_by(by).filter(pk__in=[entry.pk for entry in entries])
    return set(mine.values_list("pk", flat=True))


class CommunicationAddView(RowView):
    """An entry of a release's plan; `?audience=` and `?channel=` say for whom, and how."""

    model, form = Communication, CommunicationAddForm

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        release = request.member.editable(Release, key=key)
        asked = {name: request.GET.get(name, "") for name in ("audience", "channel")}
        initial = {name: value for name, value in asked.items() if value}
        form = self.form(by=request.member, release=release.pk, initial=initial)
        return self.form_page(request, form, title=f"Who is told what of {release}?")

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        release = request.member.editable(Release, key=key)
        form = self.form(request.POST, by=request.member, release=release.pk)
        entry = form.save(release=release) if form.is_valid() else None
        if entry is None:
            return self.form_page(request, form)
        messages.success(request, f"{entry.audience} are told “{entry}”.")
        return stay(request, plan_of(release))


class SentView(ActView):
    """It has gone out."""

    model, form, act = Communication, SentForm, "It has gone out"

    def initial(self, row: Communication) -> dict[str, Any]:
        return {"on": timezone.localdate()}

    def title(self, row: Communication) -> str:
        return f"When were {row.audience} told “{row}”?"

    def do(self, row: Communication, *, by: Member, **answers: Any) -> Done:
        row.send(on=answers["on"], by=by)
        undo = reverse("communication-take-back", args=[by.workspace.slug, row.key])
        return Done(f"{row.audience} were told on {answers['on']:%-d %B}.", undo)


class TakeBackView(View):
    """Undoes what SentView did."""

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        entry = request.member.editable(Communication, key=key)
        entry.take_back(by=request.member)
        return stay(request, entry.get_absolute_url())


class AffectView(ActView):
    """Whom the release affects besides."""

    model, form, act = Release, AffectForm, "Add"

    def title(self, row: Release) -> str:
        return f"Whom does {row} affect?"

    def says(self, row: Release) -> str:
        return "Customers, partners, the teams that answer questions: whoever is to know of it."

    def leads_to(self, row: Release) -> str:
        return plan_of(row)

    def do(self, row: Release, *, by: Member, **answers: Any) -> Done:
        audiences = answers["audiences"]
        row.affect(audiences, by=by)
        return Done(f"{row} affects {', '.join(map(str, audiences))}.")


class SpareView(View):
    """The release does not affect them."""

    def post(self, request: MemberRequest, key: str, audience: str) -> HttpResponse:
        by = request.member
        release = by.editable(Release, key=key)
        spared = by.visible(Audience, key=audience)
        release.spare(spared, by=by)
        undo = reverse("release-affect-again", args=[by.workspace.slug, release.key, spared.key])
        messages.success(request, f"{release} does not affect {spared}.", extra_tags=f"undo {undo}")
        return stay(request, plan_of(release))


class AffectAgainView(View):
    """Undoes what SpareView did."""

    def post(self, request: MemberRequest, key: str, audience: str) -> HttpResponse:
        release = request.member.editable(Release, key=key)
        release.affect([request.member.visible(Audience, key=audience)], by=request.member)
        return stay(request, plan_of(release))


def plan_of(release: Release) -> str:
    return address("release-communication", release.workspace.slug, release.key)
