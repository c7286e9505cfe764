from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django_htmx.middleware import HtmxDetails

from interlock.workspaces import security
from interlock.workspaces.models import Door, Member, User, Workspace

Respond = Callable[[HttpRequest], HttpResponse]


class MemberRequest(HttpRequest):
    """A request to a workspace, made by one of its members."""

    member: Member
    user: User
    htmx: HtmxDetails


def seat(user: Any, slug: str, door: Door) -> Member:
    """The user's seat in the workspace of that address; whoever has none learns nothing of it."""
    seats = Member.objects.active().filter(workspace__slug=slug, workspace__deleted_at=None, user_id=user.pk)
    member = seats.select_related("workspace").first()
    if member is None:
        if Workspace.objects.filter(slug=slug).exists():
            security.hidden(f"workspace {slug}", user=user)
        raise Http404
    member.user = user
    return member.through(door)


class MemberMiddleware:
    """Turns the first part of a page's address into `request.member`; views never see the slug.

    Whoever is turned away, at whichever door, is noted here.
    """

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code in security.TURNED_AWAY:
            security.denied(request, response.status_code)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]) -> HttpResponse | None:
        if "workspace" not in kwargs or request.path.startswith("/api/"):
            return None
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        request.member = seat(request.user, kwargs.pop("workspace"), Door.PAGE)  # type: ignore[attr-defined]
        return None


class SessionLifeMiddleware:
    """Ends sessions that were idle too long, or that are too old however busy."""

    started, seen = "_started", "_seen"
    # Noting every request would write to the database on every read.
    note_every = 300

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        came_in = request.user.is_authenticated
        if came_in:
            now = int(timezone.now().timestamp())
            session = request.session
            started = session.setdefault(self.started, now)
            seen = session.get(self.seen, now)
            idle, age = settings.SESSION_IDLE.total_seconds(), settings.SESSION_ABSOLUTE.total_seconds()
            if now - seen > idle or now - started > age:
                logout(request)
            elif self.seen not in session or now - seen > self.note_every:
                session[self.seen] = now
        response = self.get_response(request)
        if came_in and not request.user.is_authenticated:
            # Else the next person at this screen goes back to what the last one read.
            response["Clear-Site-Data"] = '"cache"'
        return response
