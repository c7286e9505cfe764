"""The workspace as a whole: its name, leaving it, deleting it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View

from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Door, Member, Workspace
from interlock.workspaces.models.workspace import GRACE
from interlock.workspaces.pages import ActView, Done
from interlock.workspaces.permissions import Action
from interlock.workspaces.views.forms import CurrencyForm, DeletionForm, WorkspaceForm


class SettingsView(View):
    def get(self, request: MemberRequest) -> HttpResponse:
        context = {
            "workspace": request.member.workspace,
            "configures": request.member.can(Action.CONFIGURE),
            "deletes": request.member.can(Action.DELETE_WORKSPACE),
        }
        return render(request, "workspaces/settings.html", context)


class WorkspaceView(ActView):
    """What belongs to the workspace itself, by those who may."""

    action: Action

    def row(self, member: Member) -> Workspace:  # type: ignore[override]
        member.require(self.action)
        return member.workspace

    def leads_to(self, row: Workspace) -> str:
        return reverse("settings", args=[row.slug])


class RenameView(WorkspaceView):
    form, action = WorkspaceForm, Action.CONFIGURE

    def initial(self, row: Workspace) -> dict[str, Any]:
        return {"name": row.name}

    def title(self, row: Workspace) -> str:
        return "What is this workspace called?"

    def do(self, row: Workspace, *, by: Member, **answers: Any) -> Done:
        row.rename(answers["name"], by=by)
        return Done("Saved.")


class CurrencyView(WorkspaceView):
    form, action = CurrencyForm, Action.CONFIGURE

    def initial(self, row: Workspace) -> dict[str, Any]:
        return {"currency": row.currency}

    def title(self, row: Workspace) -> str:
        return "In which currency are amounts?"

    def do(self, row: Workspace, *, by: Member, **answers: Any) -> Done:
        row.reckon_in(answers["currency"], by=by)
        return Done("Saved.")


class DeleteView(WorkspaceView):
    form, action, act = DeletionForm, Action.DELETE_WORKSPACE, "Delete the workspace"
    template = "workspaces/delete.html"

    def title(self, row: Workspace) -> str:
        return f"Delete {row}?"

    def says(self, row: Workspace) -> str:
        return f"It closes at once, for everybody. For {GRACE.days} days you can bring it back; then it is gone."

    def do(self, row: Workspace, *, by: Member, **answers: Any) -> Done:
        row.delete_after_grace(named=answers["named"], by=by)
        return Done(f"{row} is closed. Until it is gone you can bring it back from here.")

    def after(self, request: MemberRequest, row: Workspace) -> HttpResponse:
        return redirect("workspaces")


class LeaveView(View):
    """One's own seat. Only an invitation brings it back."""

    def get(self, request: MemberRequest) -> HttpResponse:
        return render(request, "workspaces/leave.html")

    def post(self, request: MemberRequest) -> HttpResponse:
        request.member.end(by=request.member)
        messages.success(request, f"You have left {request.member.workspace}.")
        return redirect("workspaces")


@method_decorator(login_required, name="dispatch")
class BringBackView(View):
    """A workspace that its owner has deleted and that is not gone yet. It has no pages, so this one is outside."""

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        user: Any = request.user
        workspace = get_object_or_404(Workspace.objects.deleted_by(user), slug=slug)
        owner = Member.objects.active().get(workspace=workspace, user=user)
        workspace.bring_back(by=owner.through(Door.PAGE))
        messages.success(request, f"{workspace} is back.")
        return redirect(workspace)
