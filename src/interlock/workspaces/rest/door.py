"""Who asks: an API token, or the session of somebody who is signed in.

A token belongs to one member of one workspace, so at any other workspace it finds nothing. A session comes
from a browser, which sends its cookie along whoever asks it to; so it must show its CSRF token to change anything.
"""

from typing import cast

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest
from ninja.utils import check_csrf

from interlock.workspaces import limits, security
from interlock.workspaces.middleware import seat
from interlock.workspaces.models import APIToken, Door, Member, User, Workspace
from interlock.workspaces.models.token import Scope
from interlock.workspaces.models.workspace import digest
from interlock.workspaces.rest.problems import KINDS, Problem

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class ApiRequest(HttpRequest):
    """A request whose sender is known."""

    user: User
    token: APIToken | None
    # Set where the address names a workspace.
    member: Member
    allowance: limits.Allowance


def identify(request: HttpRequest) -> User:
    """Whoever asks, at any address of the API."""
    known = cast("ApiRequest", request)
    text = token_text(request)
    if "Authorization" in request.headers:
        known.token = APIToken.objects.bearer(text) if text else None
        if known.token is None:
            raise Problem(401, "This token is unknown, expired or revoked.", headers={"WWW-Authenticate": "Bearer"})
        known.user = known.token.member.user  # type: ignore[assignment]
        _count(known, rate_key_of(text))
        if request.method not in SAFE and known.token.scope != Scope.WRITE:
            raise Problem(403, "This token only reads.")
        return known.user
    known.token = None
    if isinstance(request.user, AnonymousUser):
        raise Problem(401, "Send a token, or sign in.", headers={"WWW-Authenticate": "Bearer"})
    _count(known, f"user:{request.user.pk}")
    if request.method not in SAFE and check_csrf(request) is not None:
        raise Problem(403, "A session must send its CSRF token in X-CSRFToken.")
    return known.user


def enter(request: HttpRequest) -> Member:
    """Whoever asks, as the member of the workspace that the address names."""
    known = cast("ApiRequest", request)
    user = identify(request)
    slug = request.resolver_match.kwargs["workspace"]  # type: ignore[union-attr]
    if known.token is None:
        known.member = seat(user, slug, Door.API)
    elif known.token.member.workspace.slug == slug:
        known.member = known.token.actor()
    else:
        if Workspace.objects.filter(slug=slug).exists():
            security.hidden(f"workspace {slug}", member=known.token.member)
        raise Http404
    return known.member


def token_text(request: HttpRequest) -> str:
    kind, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else ""


def rate_key_of(text: str) -> str:
    return f"token:{digest(text)}"


def _count(request: ApiRequest, key: str) -> None:
    request.allowance = limits.take(key, amount=settings.API_REQUESTS_PER_MINUTE)
    if request.allowance.refused:
        raise Problem(429, KINDS[429].means)
