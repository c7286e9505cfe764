from typing import Any

from django.contrib import messages
from django.db.models import Q, prefetch_related_objects
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views import View

from interlock.backlog.columns import columns
from interlock.backlog.forms import DependencyForm, RequirementForm
from interlock.backlog.models import Dependency, Feature, Requirement
from interlock.backlog.table import Table
from interlock.workspaces.history import told
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import AuditEvent, Member
from interlock.workspaces.pages import ActView, Done

# Columns that stand elsewhere on the page, or say nothing on it.
APART = ("key", "title", "description", "links", "changed")
HISTORY, SHOWN = 30, 200


def with_columns(by: Member, key: str) -> Feature:
    """A feature with all that its columns show."""
    related = {name for one in columns() for name in one.related} | {"owner"}
    feature = Feature.objects.visible_to(by).select_related(*related).keyed(key).first()
    if feature is None:
        raise Http404
    prefetch_related_objects([feature], *(prefetch for one in columns() for prefetch in one.prefetches(by)))
    return feature


class FeatureView(View):
    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        by = request.member
        feature = with_columns(by, key)
        table = Table(columns(), by=by, on_page=True)
        editable = table.editable(feature) and not feature.archived
        edges = Dependency.objects.visible_to(by).active().select_related("feature__team", "needs__team")
        edges = edges.filter(Q(feature=feature) | Q(needs=feature)).order_by("number")
        initiative = feature.kind == Feature.Kind.INITIATIVE
        context = {
            "feature": feature,
            "editable": editable,
            "restorable": feature.archived and table.editable(feature),
            "parts": {one.name: table.inside(one, feature, fixed=feature.archived) for one in columns()},
            "details": [one for one in columns() if one.name not in APART],
            "requirements": Requirement.objects.visible_to(by).active().filter(feature=feature),
            "needs": [edge for edge in edges if edge.feature_id == feature.pk],
            "blocks": [edge for edge in edges if edge.feature_id != feature.pk],
            "gathered": Feature.objects.visible_to(by).active().filter(initiative=feature).ranked()[:SHOWN]
            if initiative
            else (),
        }
        return render(request, "backlog/feature.html", context)


class HistoryView(View):
    """What became of a feature, its requirements and its dependencies. Whoever sees it may read that."""

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        feature = request.member.visible(Feature, key=key)
        if not request.member.reads_all:
            raise Http404
        parts = AuditEvent.objects.about(feature)
        for model in (Requirement, Dependency):
            mine = model.objects.visible_to(request.member).filter(feature=feature).values("pk")
            parts |= AuditEvent.objects.filter(model=model._meta.label_lower, object_id__in=mine)
        before = request.GET.get("before", "")
        events = (
            parts.filter(pk__lt=int(before)) if before.isascii() and before.isdigit() and len(before) < 19 else parts
        )
        found = list(events.order_by("-pk")[: HISTORY + 1])
        context = {
            "feature": feature,
            "events": told(found[:HISTORY], request.member.workspace, reader=request.member),
            "older": found[HISTORY - 1].pk if len(found) > HISTORY else None,
            "before": before,
        }
        return render(request, "backlog/history.html", context)


# --- requirements ------------------------------------------------------------------------------------


class RequirementAddView(ActView):
    model, form, act = Feature, RequirementForm, "Add requirement"

    def title(self, row: Feature) -> str:
        return f"New requirement of {row.key}"

    def says(self, row: Feature) -> str:
        return row.title

    def do(self, row: Feature, *, by: Member, **answers: Any) -> Done:
        added = Requirement.objects.add(feature=row, by=by, **answers)
        return Done(f"Added {added.key}.")


class RequirementStatusView(View):
    """Done, dropped, or open again."""

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        requirement = request.member.editable(Requirement, key=key)
        before = requirement.status
        requirement.change(status=request.POST.get("status", ""), by=request.member)
        messages.success(request, f"{requirement.key} is {requirement.get_status_display().lower()}, not {before}.")
        return redirect(requirement)


# --- dependencies ------------------------------------------------------------------------------------


class DependencyAddView(ActView):
    """That the feature needs another, or, from the other end, that another needs it."""

    model, form, act = Feature, DependencyForm, "Add"
    blocks = False

    def title(self, row: Feature) -> str:
        return f"What needs {row.key}?" if self.blocks else f"What does {row.key} need?"

    def says(self, row: Feature) -> str:
        return row.title

    def row(self, member: Member, key: str) -> Feature:
        # Seen from the other end, it is the other feature that changes.
        found: Feature = member.visible(Feature, key=key) if self.blocks else member.editable(Feature, key=key)
        return found

    def do(self, row: Feature, *, by: Member, **answers: Any) -> Done:
        needy, needed = (answers["feature"], row) if self.blocks else (row, answers["feature"])
        needy = by.editable(Feature, key=needy.key)
        added = Dependency.objects.add(feature=needy, needs=needed, note=answers["note"], by=by)
        undo = reverse("dependency-archive", args=[by.workspace.slug, added.key])
        return Done(f"{needy.key} needs {needed.key}.", undo=undo)
