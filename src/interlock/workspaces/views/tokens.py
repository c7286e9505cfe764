"""A member's own keys to the API."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import APIToken
from interlock.workspaces.pages import UNPROCESSABLE
from interlock.workspaces.permissions import Action
from interlock.workspaces.views.forms import TokenForm


class TokensView(View):
    def get(self, request: MemberRequest) -> HttpResponse:
        request.member.require_to_see(Action.PERSONALISE, at_all=True)
        tokens = APIToken.objects.visible_to(request.member).order_by("revoked_at", "-expires_at")
        return render(request, "workspaces/tokens.html", {"tokens": tokens, "now": timezone.now()})


@method_decorator(never_cache, name="dispatch")
class IssueView(View):
    """Answers with the token's text itself: it is kept nowhere, so no other page could show it."""

    def get(self, request: MemberRequest) -> HttpResponse:
        request.member.require(Action.PERSONALISE, at_all=True)
        return self._form(request, TokenForm(by=request.member))

    def post(self, request: MemberRequest) -> HttpResponse:
        request.member.require(Action.PERSONALISE, at_all=True)
        form = TokenForm(request.POST, by=request.member)
        issue = APIToken.objects.issue
        issued = form.attempt(issue, **form.answers(), by=request.member) if form.is_valid() else None
        if issued is None:
            return self._form(request, form)
        token, text = issued
        return render(request, "workspaces/token_issued.html", {"token": token, "text": text})

    @staticmethod
    def _form(request: MemberRequest, form: TokenForm) -> HttpResponse:
        words = {
            "title": "What is the token for?",
            "says": "It can do at most what you can.",
            "act": "Issue it",
            "back": reverse("tokens", args=[request.member.workspace.slug]),
        }
        status = UNPROCESSABLE if form.is_bound else 200
        return render(request, "workspaces/act.html", {"form": form, **words}, status=status)


class RevokeView(View):
    def post(self, request: MemberRequest, token: int) -> HttpResponse:
        found = get_object_or_404(APIToken.objects.visible_to(request.member), pk=token)
        found.revoke(by=request.member)
        messages.success(request, f"{found.name} no longer works.")
        return redirect("tokens", request.member.workspace.slug)
