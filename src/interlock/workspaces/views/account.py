"""A user's own account, which belongs to no workspace."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views import View

from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import User


@method_decorator([login_required, reauthentication_required], name="dispatch")
class EraseView(View):
    """Being forgotten. Whoever is signed in proves again who they are, since it cannot be taken back."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "workspaces/account_erase.html")

    def post(self, request: HttpRequest) -> HttpResponse:
        user = User.objects.get(email=request.user.email)  # type: ignore[union-attr]
        try:
            user.erase()
        except DomainError as refusal:
            return render(request, "workspaces/account_erase.html", {"refusal": refusal.sentence}, status=422)
        logout(request)
        messages.success(request, "Your account is gone.")
        return redirect("account_login")
