"""Lists kept under a name. A page that has them says its own name, and leads to `views/<page>/`."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views import View

from interlock.workspaces.forms import VerbForm
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import DefaultView, SavedView
from interlock.workspaces.pages import UNPROCESSABLE, came_from
from interlock.workspaces.permissions import Action, Reach

# Pages whose lists can be kept: the names of their addresses.
PAGES = ("backlog",)


class KeepForm(VerbForm):
    name = forms.CharField(max_length=80, label="Name", widget=forms.TextInput(attrs={"autocomplete": "off"}))
    shared = forms.BooleanField(
        required=False, label="Everybody in this workspace may use it", help_text="Each sees what is theirs to see."
    )
    default = forms.BooleanField(required=False, label="Open the page with it, for me")
    query = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)


class KeepView(View):
    """Keeps a list under a name."""

    def dispatch(self, request: MemberRequest, page: str) -> HttpResponse:  # type: ignore[override]
        if page not in PAGES or not request.member.reads_all:
            raise Http404
        if request.member.reach(Action.PERSONALISE) is Reach.NONE:
            request.member.require(Action.PERSONALISE)
        return super().dispatch(request, page)  # type: ignore[return-value]

    def get(self, request: MemberRequest, page: str) -> HttpResponse:
        return self.show(request, KeepForm(initial={"query": request.GET.urlencode()}))

    def post(self, request: MemberRequest, page: str) -> HttpResponse:
        form = KeepForm(request.POST)
        if not form.is_valid():
            return self.show(request, form)
        wanted = form.cleaned_data
        kept = form.attempt(
            SavedView.objects.keep,
            wanted["name"],
            page=page,
            query=wanted["query"].lstrip("?"),
            shared=wanted["shared"],
            by=request.member,
        )
        if kept is None:
            return self.show(request, form)
        if wanted["default"]:
            kept.open_with(by=request.member)
        messages.success(request, f"Kept as “{kept}”.")
        return redirect(kept)

    @staticmethod
    def show(request: MemberRequest, form: KeepForm) -> HttpResponse:
        status = UNPROCESSABLE if form.is_bound else 200
        return render(request, "workspaces/keep_view.html", {"form": form}, status=status)


class ForgetView(View):
    def post(self, request: MemberRequest, pk: int) -> HttpResponse:
        view = get_object_or_404(SavedView.objects.visible_to(request.member), pk=pk)
        if not SavedView.objects.editable_by(request.member).filter(pk=pk).exists():
            raise PermissionDenied(f"“{view}” is {view.member}’s: only they can take it away.")
        view.forget(by=request.member)
        messages.success(request, f"Forgot “{view}”.")
        return redirect(came_from(request))


class DefaultViewView(View):
    """What a page opens with: this view, or, where it is that already, none."""

    def post(self, request: MemberRequest, pk: int) -> HttpResponse:
        view = get_object_or_404(SavedView.objects.visible_to(request.member), pk=pk)
        chosen = DefaultView.of(request.member, view.page)
        if chosen and chosen.pk == view.pk:
            view.open_without(by=request.member)
            messages.success(request, "The page opens with everything again.")
        else:
            view.open_with(by=request.member)
            messages.success(request, f"The page opens with “{view}” from now on.")
        return redirect(came_from(request))
