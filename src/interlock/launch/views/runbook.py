from datetime import date, time
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views import View

from interlock.launch.forms import (
    FailForm,
    LaunchHourForm,
    NoteForm,
    RemarkForm,
    RunbookStepForm,
    StartRunbookForm,
    TickForm,
)
from interlock.launch.models import LaunchEntry, RunbookStep
from interlock.launch.recipe import RUNBOOK, take
from interlock.launch.runbook import Runbook
from interlock.releases.models import Release, ReleaseTemplate
from interlock.workspaces import exports
from interlock.workspaces.addresses import address
from interlock.workspaces.errors import DomainError
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Member
from interlock.workspaces.pages import UNPROCESSABLE, ActView, Done, RowView, may_edit, stay
from interlock.workspaces.permissions import Action

SHOWN = 100


def launch_url(release: Release) -> str:
    return address("release-launch", release.workspace.slug, release.key)


class LaunchView(View):
    """The runbook on its day, ticked by several people at once."""

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        return self.page(request, self.release(request.member, key), RemarkForm(by=request.member))

    @staticmethod
    def release(by: Member, key: str) -> Release:
        if not by.reads_all:
            raise Http404
        release = Release.objects.visible_to(by).select_related("product").keyed(key).first()
        if release is None:
            raise by.turned_away(Release, number=Release.number_of(key))
        found: Release = release
        return found

    @staticmethod
    def page(request: MemberRequest, release: Release, form: RemarkForm) -> HttpResponse:
        by = request.member
        book = Runbook.of(release, now=timezone.now())
        editable = not release.archived and may_edit(by, release)
        if editable and by.edits:
            mine = {step.pk for step in book.steps}
        else:
            mine = set(RunbookStep.objects.editable_by(by).filter(release=release).values_list("pk", flat=True))
        entries = LaunchEntry.objects.visible_to(by).filter(release=release).named().order_by("-pk")
        log = list(entries[: SHOWN + 1])
        shown = {
            "row": release,
            "release": release,
            "book": book,
            "mine": mine,
            "editable": editable,
            "log": log[:SHOWN],
            "more": len(log) > SHOWN,
            "form": form,
            "remarks": by.can(Action.CONTRIBUTE),
            "zone": timezone.get_current_timezone_name(),
        }
        status = UNPROCESSABLE if form.is_bound else 200
        return render(request, "launch/launch.html", shown, status=status)


class LogView(View):
    """The record of a launch as a file; and what somebody adds to it."""

    columns: exports.Columns = {
        "at": lambda entry: timezone.localtime(entry.at),
        "by": lambda entry: entry.by,
        "step": lambda entry: entry.step and entry.step.key,
        "title": lambda entry: entry.step and entry.step.title,
        "status": lambda entry: entry.status,
        "text": lambda entry: entry.text,
    }

    def get(self, request: MemberRequest, key: str) -> HttpResponseBase:
        by = request.member
        release = LaunchView.release(by, key)
        kind = request.GET.get("format", "csv")
        if kind not in exports.FORMATS:
            return redirect(launch_url(release))
        rows = LaunchEntry.objects.visible_to(by).filter(release=release).named().order_by("pk")
        name = f"{by.workspace.slug}-{release.key.lower()}-launch-log"
        return exports.download(name, kind, self.columns, rows.iterator(1000), by=by)

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        by = request.member
        release = LaunchView.release(by, key)
        by.require(Action.CONTRIBUTE)
        form = RemarkForm(request.POST, by=by)
        if form.is_valid() and form.attempt(LaunchEntry.objects.remark, release, form.cleaned_data["text"], by=by):
            return redirect(launch_url(release))
        return LaunchView.page(request, release, form)


class LaunchHourView(ActView):
    model, form, act = Release, LaunchHourForm, "Save"

    def initial(self, row: Release) -> dict[str, Any]:
        return {"on": row.latest_target, "at": row.hour}

    def title(self, row: Release) -> str:
        return f"When does {row} go out?"

    def says(self, row: Release) -> str:
        return f"The day is the target of the release. The hour is that of {timezone.get_current_timezone_name()}."

    def leads_to(self, row: Release) -> str:
        return launch_url(row)

    def do(self, row: Release, *, by: Member, on: date, at: time) -> Done:  # type: ignore[override]
        fields: dict[str, Any] = {"launch_time": at}
        if on != row.latest_target:
            fields |= {"target_on": on, "target_precision": Release.Precision.DAY}
        row.change(by=by, **fields)
        return Done(f"{row} goes out on {on:%-d %B %Y} at {at:%H:%M}.")


class StartRunbookView(ActView):
    """The steps that a template knows, for a release that was planned without."""

    model, form, act = Release, StartRunbookForm, "Take its steps"

    def initial(self, row: Release) -> dict[str, Any]:
        return {"template": row.template.name if row.template else ReleaseTemplate.objects.usual_for(row)}

    def title(self, row: Release) -> str:
        return f"From which template does {row} take its runbook?"

    def leads_to(self, row: Release) -> str:
        return launch_url(row)

    def do(self, row: Release, *, by: Member, **answers: Any) -> Done:
        steps = start_runbook(row, answers["template"], by=by)
        return Done(f"{row} has {len(steps)} steps.")


def start_runbook(release: Release, name: str, *, by: Member) -> list[RunbookStep]:
    template = ReleaseTemplate.objects.called_or_shipped(name, by=by)
    if template is None:
        raise DomainError("There is no such template.", field="template")
    entries = template.recipe.parts.get(RUNBOOK)
    if not entries:
        raise DomainError(f"{template} has no runbook: add one below its second “---”.", field="template")
    if RunbookStep.objects.active().filter(release=release).exists():
        raise DomainError(f"{release} has a runbook already.", field="template")
    return take(release, entries, by=by)


class StepAddView(RowView):
    model, form = RunbookStep, RunbookStepForm

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        release = request.member.editable(Release, key=key)
        return self.form_page(request, self.form(by=request.member), title=f"What is done to launch {release}?")

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        release = request.member.editable(Release, key=key)
        form = self.form(request.POST, by=request.member)
        step = form.save(release=release) if form.is_valid() else None
        if step is None:
            return self.form_page(request, form)
        return stay(request, launch_url(release))


class TickView(View):
    """A button of a step."""

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        by = request.member
        step = by.editable(RunbookStep, key=key)
        form = TickForm(request.POST)
        if not form.is_valid():
            raise DomainError("A step is begun, done, failed or skipped, or opened again.")
        before = step.ticked_by if step.status == form.cleaned_data["status"] else None
        step.tick(**form.cleaned_data, by=by)
        if before and before.pk != by.pk:
            messages.info(request, f"{before} was faster: {step.last_tick}. The log has both.")
        return redirect(step)


class _WithNote(ActView):
    model, form = RunbookStep, NoteForm
    status = ""

    def initial(self, row: RunbookStep) -> dict[str, Any]:
        return {"was": row.status}

    def leads_to(self, row: RunbookStep) -> str:
        return row.get_absolute_url()

    def do(self, row: RunbookStep, *, by: Member, **answers: Any) -> Done:
        row.tick(self.status, by=by, **answers)
        return Done(f"{row.key} is {row.get_status_display().lower()}.")


class FailView(_WithNote):
    form, act, status = FailForm, "It failed", RunbookStep.Status.FAILED

    def title(self, row: RunbookStep) -> str:
        return f"“{row}” failed"

    def says(self, row: RunbookStep) -> str:
        return f"The way back: {row.rollback}" if row.rollback else "No way back is written down for it."


class SkipView(_WithNote):
    act, status = "Skip it", RunbookStep.Status.SKIPPED

    def title(self, row: RunbookStep) -> str:
        return f"Why is “{row}” skipped?"


class MoveStepView(View):
    """Between two steps that are shown, where a script says which; else a place up or down."""

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        by = request.member
        step = by.editable(RunbookStep, key=key)
        for where in ("after", "before"):
            if "key" in request.POST and request.POST.get(where):
                step.move(by=by, **{where: by.visible(RunbookStep, key=request.POST[where])})
                break
        else:
            way = next((one for one in ("up", "down") if one in request.POST), "")
            if not step.step_past(way, by=by):
                messages.info(request, f"{step.key} is already there.")
        if request.htmx and "key" in request.POST:
            return HttpResponse(status=204)
        return redirect(step)
