from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views import View

from interlock.releases.forms import DoneForm, DragForm, LinkForm, TaskAddForm
from interlock.releases.models import Task, TaskLink, Workstream
from interlock.workspaces.errors import DomainError
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Member
from interlock.workspaces.pages import ActView, Done, RowPage, RowView, stay


class TaskView(RowPage):
    model = Task
    related = ("workstream__department", "workstream__release__product", "owner", "feature", "dates")

    def more(self, request: MemberRequest, row: Task) -> dict[str, Any]:
        links = TaskLink.objects.visible_to(request.member).active()
        return {
            "release": row.workstream.release,
            "dates": getattr(row, "dates", None),
            "before": list(links.filter(task=row).select_related("predecessor__workstream__department")),
            "after": list(links.filter(predecessor=row).select_related("task__workstream__department")),
        }


class TaskAddView(RowView):
    """A task of a workstream."""

    model, form = Task, TaskAddForm

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        stream = self._stream(request.member, key)
        return self.form_page(request, self.form(by=request.member), title=f"What is {stream.department} to do?")

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        stream = self._stream(request.member, key)
        form = self.form(request.POST, by=request.member)
        task = form.save(workstream=stream) if form.is_valid() else None
        if task is None:
            return self.form_page(request, form)
        return stay(request, stream.release.plan_url)

    @staticmethod
    def _stream(by: Member, key: str) -> Workstream:
        stream: Workstream = by.editable(Workstream, key=key)
        return stream


class LinkAddView(ActView):
    model, form, act = Task, LinkForm, "Link"

    def title(self, row: Task) -> str:
        return f"What does “{row}” wait for?"

    def do(self, row: Task, *, by: Member, **answers: Any) -> Done:
        predecessor = answers["predecessor"]
        TaskLink.objects.add(task=row, by=by, **answers)
        return Done(f"{row.key} waits for {predecessor.key}.")


class DragView(View):
    """A bar was moved, or stretched: the constraint that this means is set, and the plan is computed anew."""

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        by = request.member
        task = by.editable(Task, key=key)
        form = DragForm(request.POST, by=by)
        if not form.is_valid():
            raise DomainError("A bar is dropped on a day, or made some days long.")
        starts_on, days = form.cleaned_data["starts_on"], form.cleaned_data["days"]
        if starts_on:
            task.hold_until(starts_on, by=by)
        if days is not None:
            task.stretch(days, by=by)
        if request.htmx:
            return HttpResponse(status=204)
        return redirect(task.workstream.release.plan_url)


class _Step(View):
    """A button that moves a task on."""

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        task = request.member.editable(Task, key=key)
        self.step(task, by=request.member)
        return stay(request, task.get_absolute_url())

    def step(self, task: Task, *, by: Member) -> None:
        raise NotImplementedError


class StartView(_Step):
    def step(self, task: Task, *, by: Member) -> None:
        task.start(on=timezone.localdate(), by=by)


class ReopenView(_Step):
    def step(self, task: Task, *, by: Member) -> None:
        task.reopen(by=by)


class FinishView(ActView):
    model, form, act = Task, DoneForm, "It is done"

    def initial(self, row: Task) -> dict[str, Any]:
        return {"on": timezone.localdate()}

    def title(self, row: Task) -> str:
        return f"When was “{row}” done?"

    def do(self, row: Task, *, by: Member, **answers: Any) -> Done:
        row.finish(on=answers["on"], by=by)
        return Done(f"{row.key} is done.")
