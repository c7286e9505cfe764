"""What accounts do otherwise than allauth does of itself."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import Resolver404, resolve

from interlock.workspaces.models import Invitation, User, Workspace
from interlock.workspaces.permissions import Role
from interlock.workspaces.post import send_soon
from interlock.workspaces.sealing import seal, unseal
from interlock.workspaces.security import client_address, note

TOO_MANY = "too_many_login_attempts"


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Where only the invited may, the link that they were mailed lets them in; and somebody must be the first."""
        return settings.SIGN_UP == "open" or _comes_invited(request) or not User.objects.exists()

    def save_user(self, request: Any, user: Any, form: Any, commit: bool = True) -> Any:
        user.name = form.cleaned_data.get("name", "")
        return super().save_user(request, user, form, commit)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Behind the request, so that the time it takes does not tell either whether there is such an account."""
        links = {name: _at_home(value) for name, value in context.items() if name.endswith("_url")}
        send_soon(self.render_mail(template_prefix, email, {**context, **links, "home": settings.BASE_URL}))

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Attempts are counted by account alone: the host, which the client names, would begin a new count."""
        return str(credentials.get("email", "")).lower()

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        """Too many attempts are answered with 429 rather than with a form: programs that guess shall notice."""
        if code == TOO_MANY:
            note("sign-in blocked", address=client_address(self.request))
            response = ratelimit.respond_429(self.request)
            response["Retry-After"] = str(min(_periods("login_failed")))
            raise ImmediateHttpResponse(response)
        return super().validation_error(code, *args)


def _comes_invited(request: HttpRequest) -> bool:
    try:
        at = resolve(urlsplit(request.POST.get("next") or request.GET.get("next", "")).path)
    except (Resolver404, ValueError):
        return False
    invitation = Invitation.objects.of_link(at.kwargs["link"]).first() if at.url_name == "invitation" else None
    return invitation is not None and invitation.open


def may_found(user: User) -> bool:
    """Make a workspace: where only the invited have accounts, whoever owns one already, and the first of all."""
    owned = user.seats.filter(ended_at=None, role=Role.OWNER)
    return settings.SIGN_UP == "open" or owned.exists() or not Workspace.objects.exists()


def _periods(action: str) -> list[int]:
    return [int(rate.duration) for rate in ratelimit.get_rates(app="allauth.account", action=action)]


def _at_home(url: str) -> str:
    """Where people find this installation, whatever host the request claimed to be for."""
    return settings.BASE_URL + urlsplit(url)._replace(scheme="", netloc="").geturl()


class MFAAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return seal(text, "mfa")

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text, "mfa")
