from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views import View

from interlock.backlog.models import Feature, Requirement
from interlock.backlog.undoing import noted
from interlock.releases.creep import creep_of
from interlock.releases.forms import AgreeForm, MoveForm, ReleaseFilters, ScopeForm
from interlock.releases.models import Release, ScopeBaseline
from interlock.workspaces.errors import DomainError
from interlock.workspaces.lists import ListView
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Member
from interlock.workspaces.pages import UNPROCESSABLE, ActView, Done, RowPage

SHOWN = 500


class ReleasesView(ListView):
    model = Release
    template = "releases/releases.html"
    filters = ReleaseFilters
    orders = {
        "target": (F("target_on").asc(nulls_last=True), "number"),
        "name": ("name",),
        "product": ("product__name", "target_on"),
        "tier": ("tier", "target_on"),
        "status": ("status", "target_on"),
    }
    columns = {
        "key": lambda release: release.key,
        "name": lambda release: release.name,
        "product": lambda release: release.product.name,
        "tier": lambda release: release.get_tier_display(),
        "status": lambda release: release.status,
        "target_on": lambda release: release.target_on,
        "target_precision": lambda release: release.target_precision,
        "released_on": lambda release: release.released_on,
        "features": lambda release: release.features,
        "done": lambda release: release.done,
        "description": lambda release: release.description,
    }
    for_guests = True

    def rows(self, member: Member) -> Any:
        return super().rows(member).select_related("product").counted(by=member)

    def ordered(self, rows: Any, sort: str) -> Any:
        if sort == "-target":
            return rows.order_by(F("target_on").desc(nulls_last=True), "-number")
        return super().ordered(rows, sort) if sort else rows.order_by(*self.orders["target"])

    def more(self, request: MemberRequest, page: Any) -> dict[str, Any]:
        today = timezone.localdate()
        for release in page.object_list:
            release.late = release.late_on(today)
        return {"late": Release.objects.visible_to(request.member).overdue(today=today).count()}


class ReleaseView(RowPage):
    model = Release
    related = ("product",)

    def more(self, request: MemberRequest, row: Release) -> dict[str, Any]:
        by = request.member
        seen = Feature.objects.visible_to(by).active().filter(scope__release=row).ranked()
        rows = with_requirements(seen.select_related("owner__department", "team__department"), by=by)
        agreements = ScopeBaseline.objects.active().filter(release=row)
        features = list(rows.annotate(agreed=Exists(agreements))[:SHOWN])
        kept = [feature for feature in features if feature.status != Feature.Status.DROPPED]
        done = [feature for feature in kept if feature.status == Feature.Status.DONE]
        efforts = [feature.effort_days for feature in kept if feature.effort_days is not None]
        today = timezone.localdate()
        return {
            "features": features,
            "kept": kept,
            "done": done,
            "effort": sum(efforts),
            "unestimated": len(kept) - len(efforts),
            "departments": sorted({f.team.department.name for f in kept if f.team}) if by.reads_all else [],
            "days": (row.latest_target - today).days if row.latest_target else None,
            "movable": by.edits and not row.archived,
            "agreed": by.reads_all and (features[0].agreed if features else agreements.exists()),
        }


def with_requirements(features: Any, *, by: Member) -> Any:
    """With how many of its requirements are met, and of how many."""
    kept = Requirement.objects.visible_to(by).active().exclude(status=Requirement.Status.DROPPED)
    mine = kept.filter(feature=OuterRef("pk")).order_by().values("feature")
    met = mine.filter(status=Requirement.Status.DONE)

    def number(of: Any) -> Any:
        return Coalesce(Subquery(of.annotate(number=Count("pk")).values("number")), 0)

    return features.annotate(met=number(met), to_meet=number(mine))


def ask_why(releases: Iterable[Release | None], reason: str) -> None:
    """What changes a scope that was agreed on is to be explained."""
    agreed = ScopeBaseline.objects.newest().filter(release__in=[one for one in releases if one])
    first = None if reason.strip() else agreed.select_related("release").first()
    if first:
        raise DomainError(
            f"The scope of {first.release} was agreed on {first.agreed_on:%-d %B %Y}: say why it changes.",
            field="reason",
        )


class AgreeView(ActView):
    """Freezes what is in the release, so that later changes are seen as such."""

    model, form, act = Release, AgreeForm, "Agree on the scope"

    def title(self, row: Release) -> str:
        return f"Agree on the scope of {row}"

    def says(self, row: Release) -> str:
        return "What is in it now is kept, with efforts and requirements. What comes in or falls out later is shown."

    def do(self, row: Release, *, by: Member, note: str) -> Done:  # type: ignore[override]
        baseline = ScopeBaseline.objects.add(release=row, note=note, by=by)
        undo = reverse("scopebaseline-archive", args=[by.workspace.slug, baseline.key])
        return Done(f"The scope of {row} is agreed on.", undo=undo)


class AgreementsView(View):
    """When the scope of a release was agreed on, and what became of it since; that alone where its page asks."""

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        by = request.member
        if not by.reads_all:
            raise Http404
        release = by.visible(Release, key=key)
        mine = Q(items__feature__in=Feature.objects.visible_to(by))
        rows = ScopeBaseline.objects.visible_to(by).active().filter(release=release).select_related("agreed_by__user")
        counted = rows.annotate(
            features=Count("items", filter=mine), days=Sum("items__effort_days", filter=mine, default=0)
        )
        shown = {
            "row": release,
            "release": release,
            "movable": by.edits and not release.archived,
            "creep": creep_of(release, by=by),
        }
        if request.htmx.target == "creep":
            return render(request, "releases/creep.html", shown)
        return render(request, "releases/agreements.html", {**shown, "agreements": list(counted[:SHOWN])})


class ScopeAddView(ActView):
    """Plans features for the release."""

    model, form, act = Release, ScopeForm, "Add"

    def title(self, row: Release) -> str:
        return f"What is to be in {row}?"

    def do(self, row: Release, *, by: Member, **answers: Any) -> Done:
        mine = Feature.objects.editable_by(by).filter(pk__in=[feature.pk for feature in answers["features"]])
        if mine.count() < len(answers["features"]):
            raise DomainError("Some of these are not yours to plan.", field="features")
        features = list(mine.select_related("scope__release"))
        ask_why([row, *(feature.scope.release for feature in features if hasattr(feature, "scope"))], answers["reason"])
        with noted(by) as span:
            row.take(features, by=by, reason=answers["reason"])
        count = len(answers["features"])
        undo = reverse("backlog-undo", args=[by.workspace.slug, span.token(by)])
        return Done(f"Planned {count} feature{'' if count == 1 else 's'} for {row}.", undo=undo)


class ScopeMoveView(View):
    """Moves the ticked features to another release, or out of this one."""

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        by = request.member
        release = by.editable(Release, key=key)
        form = MoveForm(request.POST, by=by)
        numbers = {Feature.number_of(one) for one in request.POST.getlist("key")} - {None}
        rows = Feature.objects.editable_by(by).filter(number__in=numbers, scope__release=release)
        features = list(rows.select_related("scope__release"))
        if not features:
            raise DomainError("Tick the features that are to leave this release.")
        if not form.is_valid() or not form.attempt(
            ask_why, [release, form.cleaned_data["release"]], form.cleaned_data["reason"]
        ):
            context = {"form": form, "row": release, "keys": request.POST.getlist("key")}
            return render(request, "releases/move.html", context, status=UNPROCESSABLE)
        into, reason = form.cleaned_data["release"], form.cleaned_data["reason"]
        with noted(by) as span:
            if into:
                into.take(features, by=by, reason=reason)
            else:
                release.drop(features, by=by, reason=reason)
        undo = reverse("backlog-undo", args=[by.workspace.slug, span.token(by)])
        noun = "feature" if len(features) == 1 else "features"
        told = f"Moved {len(features)} {noun} to {into}." if into else f"Took {len(features)} {noun} out of {release}."
        messages.success(request, told, extra_tags=f"undo {undo}")
        return redirect(release)
