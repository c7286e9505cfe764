from collections.abc import Sequence
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views import View

from interlock.organisation.models import Department
from interlock.organisation.models.product import products_seen
from interlock.releases import files
from interlock.releases.drawing import Drawing, days_moved, histogram
from interlock.releases.forms import StartPlanForm, WorkstreamAddForm
from interlock.releases.loads import Load
from interlock.releases.models import Forecast, PlanRun, Release, ReleaseTemplate, RiskHit, Task, Workstream
from interlock.releases.plans import Plan
from interlock.releases.portfolio import Span
from interlock.releases.slippage import Slippage
from interlock.releases.timeline import Zoom
from interlock.releases.ways import ways_for
from interlock.risks.models import Risk
from interlock.workspaces.errors import DomainError
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Member, Workspace
from interlock.workspaces.pages import ActView, Done, may_edit, stay


class PlanView(View):
    """Who does what until the launch, over time."""

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        by, today = request.member, timezone.localdate()
        release = Release.objects.visible_to(by).select_related("product").keyed(key).first()
        if release is None:
            raise by.turned_away(Release, number=Release.number_of(key))
        plan = Plan.of(release, by=by)
        streams, tasks = plan.streams, plan.tasks
        editable = not release.archived and may_edit(by, release)
        zoom = request.GET.get("zoom", "")
        drawing = Drawing.of(plan, zoom=zoom, today=today, editable=editable)
        run = PlanRun.objects.filter(workspace=by.workspace_id).first()
        forecast = Forecast.objects.visible_to(by).newest().filter(release=release).first()
        shown = {
            "row": release,
            "release": release,
            "drawing": drawing if streams else None,
            "plan": plan,
            "agreed_on": timezone.localdate(plan.baseline.kept_at) if plan.baseline else None,
            "against": _against(plan),
            "zooms": [(zoom.word, zoom.word.capitalize()) for zoom in Zoom],
            "streams": plan.parts,
            "tasks": tasks,
            "late": [task for task in tasks if task.misses_deadline],
            "vacant": [task for task in tasks if task.open and not task.owner_id and task.kind == Task.Kind.TASK],
            "done": [task for task in tasks if task.status == Task.Status.DONE],
            "forecast": forecast,
            "histogram": histogram(forecast) if forecast else "",
            "driven": _driven(forecast, tasks),
            "holds_back": forecast.holds_back(tasks) if forecast else None,
            "threats": _threats(release, forecast, by=by),
            "levers": forecast.levers_for(by) if forecast else [],
            # What contradicts each other may be tasks of any release.
            "says": run.says if run and products_seen(by) is None else "",
            "run": run,
            "slippage": Slippage.of(release),
            "editable": editable,
            "kinds": files.KINDS.values(),
            "ways": ways_for(by) if editable else (),
        }
        return render(request, "releases/plan.html", shown)


class LanesView(View):
    """The names of the lanes with how loaded each department is: fetched once the plan is shown, since all releases
    make it."""

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        by, today = request.member, timezone.localdate()
        release = by.visible(Release, key=key)
        plan = Plan.of(release, by=by)
        loaded = _loaded(by.workspace, release, plan.streams, today=today)
        zoom = request.GET.get("zoom", "")
        drawing = Drawing.of(plan, zoom=zoom, today=today, editable=False, loaded=loaded)
        return HttpResponse(drawing.names())


class PlanFileView(View):
    """The plan as a file to keep."""

    ending = "svg"

    def get(self, request: MemberRequest, key: str) -> HttpResponseBase:
        by = request.member
        plan = Plan.of(by.visible(Release, key=key), by=by, described=True)
        zoom = request.GET.get("zoom", "")
        return files.answer(plan, self.ending, by=by, today=timezone.localdate(), zoom=zoom)


def _loaded(workspace: Workspace, release: Release, streams: Sequence[Workstream], *, today: date) -> dict[int, str]:
    """Workstream → how loaded its department is while it works for the release, as the dates were asked for."""
    departments = [stream.department_id for stream in streams]
    load = Load.of(workspace, asked=True, today=today, weeks=Span.YEAR.weeks, departments=departments)
    return {stream.pk: load.while_at(release, stream.department) for stream in streams}


def _against(plan: Plan) -> str:
    """How far the plan is from what was agreed, in words."""
    days = [moved for task in plan.tasks if (moved := plan.moved(task))]
    if not days:
        return "nothing has moved since"
    later, earlier = sum(one > 0 for one in days), sum(one < 0 for one in days)
    parts = [f"{number} {word}" for number, word in ((later, "later"), (earlier, "earlier")) if number]
    return f"{' and '.join(parts)} now, {days_moved(max(days, key=abs))} at most"


def _driven(forecast: Forecast | None, tasks: Sequence[Task]) -> list[tuple[Task, int]]:
    """The tasks whose uncertainty moves the release most, each with its share of that in per cent."""
    known = {task.key: task for task in tasks}
    shares = [(known.get(key), round(100 * share)) for key, share in (forecast.drivers if forecast else [])]
    return [(task, share) for task, share in shares if task and share][:5]


def _threats(release: Release, forecast: Forecast | None, *, by: Member) -> list[tuple[RiskHit, int]]:
    """The open risks that hit the release, each with its share in what moves the date, in per cent; that first."""
    shares = {key: round(100 * share) for key, share in (forecast.drivers if forecast else [])}
    hits = RiskHit.objects.visible_to(by).active().filter(release=release, risk__archived_at=None)
    found = hits.filter(risk__status=Risk.Status.OPEN).select_related(
        "risk", "task__workstream__release", "workstream__department"
    )
    return sorted(((hit, shares.get(hit.risk.key, 0)) for hit in found), key=lambda one: -one[1])


class StartPlanView(ActView):
    """Gives a release its plan from a template."""

    model, form, act = Release, StartPlanForm, "Start the plan"

    def initial(self, row: Release) -> dict[str, Any]:
        return {"template": ReleaseTemplate.objects.usual_for(row)}

    def title(self, row: Release) -> str:
        return f"Plan {row} from a template"

    def says(self, row: Release) -> str:
        due = row.latest_target
        return f"Its tasks are counted back from {due:%-d %B %Y}." if due else "The release needs a target first."

    def leads_to(self, row: Release) -> str:
        return row.plan_url

    def do(self, row: Release, *, by: Member, **answers: Any) -> Done:
        template = ReleaseTemplate.objects.called_or_shipped(answers["template"], by=by)
        if template is None:
            raise DomainError("There is no such template.", field="template")
        tasks = template.start(row, by=by, left_out=answers["left_out"])
        return Done(f"Planned {len(tasks)} tasks for {row}.")


class WorkstreamAddView(ActView):
    model, form, act = Release, WorkstreamAddForm, "Add"

    def title(self, row: Release) -> str:
        return f"Which department has a part in {row}?"

    def leads_to(self, row: Release) -> str:
        return row.plan_url

    def do(self, row: Release, *, by: Member, department: Department) -> Done:  # type: ignore[override]
        Workstream.objects.add(release=row, department=department, by=by)
        return Done(f"{department} has a part in {row}.")


class PlanRunView(View):
    """How far the computation of the plan is."""

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        by = request.member
        if not by.reads_all:
            raise Http404
        release = by.visible(Release, key=key)
        run = PlanRun.objects.filter(workspace=by.workspace_id).first()
        shown = {"release": release, "run": run, "editable": may_edit(by, release)}
        return render(request, "releases/plan_run_page.html", shown)


class PlanComputeView(View):
    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        release = request.member.editable(Release, key=key)
        PlanRun.objects.want_for(request.member.workspace_id)
        return stay(request, release.plan_url)


class PlanStopView(View):
    """Leaves the dates at what they were; the next change of the plan has them computed again."""

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        release = request.member.editable(Release, key=key)
        run = PlanRun.objects.filter(workspace=request.member.workspace_id).first()
        if run and run.stop():
            messages.success(request, "The computation is stopped. The dates stay what they were.")
        return stay(request, release.plan_url)
