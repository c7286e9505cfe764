from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views import View

from interlock.organisation.trees import Node, TreeListView
from interlock.strategy.forms import (
    CheckInForm,
    KeyResultForm,
    MeasureForm,
    MetricFilters,
    MoveForm,
    ObjectiveFilters,
)
from interlock.strategy.models import KeyResult, Measurement, Metric, Objective
from interlock.strategy.models.progress import Progress, of_children, progress_of
from interlock.workspaces.lists import ListView
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Member
from interlock.workspaces.numbers import plain
from interlock.workspaces.pages import ActView, Done, RowPage, RowView, may_edit, stay

MEASURED = Prefetch("key_results", KeyResult.objects.active(), to_attr="measured_by")


class ObjectivesView(TreeListView):
    model = Objective
    template = "strategy/objectives.html"
    filters = ObjectiveFilters
    orders = {
        "key": ("number",),
        "title": ("title",),
        "owner": ("owner__name",),
        "period": ("starts_on", "ends_on"),
        "department": ("department__name",),
        "status": ("status", "number"),
    }
    columns = {
        "key": lambda objective: objective.key,
        "title": lambda objective: objective.title,
        "status": lambda objective: objective.status,
        "serves": lambda objective: objective.seen_parent and objective.seen_parent.key,
        "owner": lambda objective: objective.owner,
        "owning_role": lambda objective: objective.owner_role,
        "starts_on": lambda objective: objective.starts_on,
        "ends_on": lambda objective: objective.ends_on,
        "product": lambda objective: objective.product,
        "department": lambda objective: objective.department,
        "team": lambda objective: objective.team,
        "key_results": lambda objective: [f"{result.key} {result.title}" for result in objective.measured_by],
        "description": lambda objective: objective.description,
    }
    for_guests = True

    def rows(self, member: Member) -> Any:
        return super().rows(member).select_related("owner__department", "owner_role__product", "product", "department")

    def exported(self, rows: Any, member: Member) -> Any:
        seen = Objective.objects.visible_to(member)
        return rows.select_related("team").prefetch_related(MEASURED, Prefetch("parent", seen, to_attr="seen_parent"))

    def more(self, request: MemberRequest, page: Any) -> dict[str, Any]:
        progress = progress_seen(request.member, self.nodes)
        seen = KeyResult.objects.visible_to(request.member).active().select_related("owner__department")
        prefetch_related_objects(page.object_list, Prefetch("key_results", seen, to_attr="results"))
        for objective in page.object_list:
            objective.progress = progress.get(objective.pk) or Progress(None, "")
        return {
            "movable": request.member.edits and not (request.GET.get("sort") or request.GET.get("archived")),
            "reached": of_children([progress[pk] for pk in at_the_top(self.nodes)]).per_cent,
        }


def at_the_top(nodes: Sequence[Node]) -> Iterator[int]:
    """Those that serve no other that is seen."""
    seen = {pk for pk, _ in nodes}
    return (pk for pk, parent in nodes if parent not in seen)


def progress_seen(member: Member, nodes: Iterable[Node]) -> dict[int, Progress]:
    """Computed from what the member sees, so that no number tells of what they do not."""
    return progress_of(nodes, KeyResult.objects.visible_to(member).active().tallied())


class ObjectiveView(RowPage):
    model = Objective
    related = ("parent", "product", "department", "team__department", "owner__department", "owner_role__product")

    def more(self, request: MemberRequest, row: Any) -> dict[str, Any]:
        member = request.member
        seen = Objective.objects.visible_to(member).active()
        progress = progress_seen(member, seen.values_list("pk", "parent_id"))
        children: list[Any] = list(seen.filter(parent=row).select_related("owner__department"))
        for child in children:
            child.progress = progress[child.pk]
        results = list(
            KeyResult.objects.visible_to(member).active().filter(objective=row).select_related("owner__department")
        )
        mine = {result.pk for result in results if member.edits or may_edit(member, row)}
        if not mine and results:
            mine = set(KeyResult.objects.editable_by(member).filter(objective=row).values_list("pk", flat=True))
        return {
            "progress": progress.get(row.pk) or Progress(None, ""),
            "children": children,
            "results": results,
            "mine": mine,
        }


class MoveView(ActView):
    """Under another objective, or to the top."""

    model, form, act = Objective, MoveForm, "Move"

    def initial(self, row: Objective) -> dict[str, Any]:
        return {"parent": row.parent}

    def title(self, row: Objective) -> str:
        return f"What does {row.key} serve?"

    def says(self, row: Objective) -> str:
        return f"“{row}” moves with everything under it."

    def do(self, row: Objective, *, by: Member, **answers: Any) -> Done:
        before, parent = row.parent, answers["parent"]
        row.change(parent=parent, by=by)
        undo = reverse("objective-move-back", args=[by.workspace.slug, row.key, before.key if before else TOP])
        return Done(f"{row.key} stands under {parent.key}." if parent else f"{row.key} stands at the top.", undo)

    def leads_to(self, row: Objective) -> str:
        return reverse("objectives", args=[row.workspace.slug])


TOP = "top"


class MoveBackView(View):
    """Undoes what MoveView did."""

    def post(self, request: MemberRequest, key: str, parent: str) -> HttpResponse:
        objective = request.member.editable(Objective, key=key)
        above = None if parent == TOP else request.member.visible(Objective, key=parent)
        objective.change(parent=above, by=request.member)
        return stay(request, reverse("objectives", args=[request.member.workspace.slug]))


# --- key results -----------------------------------------------------------------------------------------


class AddResultView(RowView):
    """Whoever may change the objective may say how it is measured."""

    model, form = KeyResult, KeyResultForm

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        objective = request.member.editable(Objective, key=key)
        return self.form_page(request, self.form(by=request.member), objective=objective)

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        objective = request.member.editable(Objective, key=key)
        form = self.form(request.POST, by=request.member)
        if form.is_valid() and form.save(objective=objective):
            return redirect(objective)
        return self.form_page(request, form, objective=objective)


class CheckInView(ActView):
    model, form, act = KeyResult, CheckInForm, "Check in"

    def initial(self, row: KeyResult) -> dict[str, Any]:
        return {"current": row.current, "confidence": row.confidence, "version": row.version}

    def title(self, row: KeyResult) -> str:
        return f"How far is “{row}”?"

    def says(self, row: KeyResult) -> str:
        return f"From {plain(row.start)} to {plain(row.target)} {row.unit}".rstrip() + "."

    def do(self, row: KeyResult, *, by: Member, **answers: Any) -> Done:
        row.check_in(**answers, by=by)
        return Done(f"{row.key} is at {plain(row.current)} {row.unit}".rstrip() + ".")


# --- metrics ---------------------------------------------------------------------------------------------


class MetricsView(ListView):
    model = Metric
    template = "strategy/metrics.html"
    filters = MetricFilters
    orders = {
        "name": ("name",),
        "product": ("product__name", "name"),
        "department": ("department__name", "name"),
        "owner": ("owner__name", "name"),
        "measured": ("measured_on", "name"),
    }
    columns = {
        "key": lambda metric: metric.key,
        "name": lambda metric: metric.name,
        "value": lambda metric: metric.value,
        "measured_on": lambda metric: metric.measured_on,
        "unit": lambda metric: metric.unit,
        "direction": lambda metric: metric.direction,
        "target": lambda metric: metric.target,
        "product": lambda metric: metric.product,
        "department": lambda metric: metric.department,
        "owner": lambda metric: metric.owner,
        "description": lambda metric: metric.description,
    }
    for_guests = True

    def rows(self, member: Member) -> Any:
        return super().rows(member).measured().select_related("product", "department", "owner__department")

    def more(self, request: MemberRequest, page: Any) -> dict[str, Any]:
        for metric in page.object_list:
            metric.told, metric.good = metric.in_words(metric.value), metric.reached(metric.value)
        # Of a list that fits on one page this is all of them.
        short = None if page.has_other_pages() else sum(one.good is False for one in page.object_list)
        return {"short": short}


class MetricView(RowPage):
    model = Metric
    related = ("product", "department", "owner__department")
    SHOWN = 100

    def more(self, request: MemberRequest, row: Metric) -> dict[str, Any]:
        some: list[Any] = list(Measurement.objects.visible_to(request.member).active().filter(metric=row)[: self.SHOWN])
        for one in some:
            one.told = row.in_words(one.value)
        newest = some[0].value if some else None
        return {
            "measurements": some,
            "line": [float(one.value) for one in reversed(some)],
            "told": row.in_words(newest),
            "goal": row.in_words(row.target),
            "good": row.reached(newest),
        }


class MeasureView(ActView):
    model, form, act = Metric, MeasureForm, "Note it"

    def initial(self, row: Metric) -> dict[str, Any]:
        return {"on": timezone.localdate()}

    def title(self, row: Metric) -> str:
        return f"What is “{row}”?"

    def says(self, row: Metric) -> str:
        return f"In {row.unit}. Whoever notes a day again corrects it." if row.unit else ""

    def do(self, row: Metric, *, by: Member, **answers: Any) -> Done:
        row.measure(**answers, by=by)
        return Done(f"Noted {row.in_words(answers['value'])} for {answers['on']:%-d %B %Y}.")
