from collections.abc import AsyncIterator
from functools import cache

from django.apps import apps
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.template import loader
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_safe

from interlock.web import navigation
from interlock.web.forms import FoundForm, ProfileForm
from interlock.web.home import Home
from interlock.web.live import hub, subscriber_of
from interlock.web.palette import sections
from interlock.web.search import search, words
from interlock.workspaces.accounts import may_found
from interlock.workspaces.indexing import indexed
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Invitation, Member, User, Workspace
from interlock.workspaces.permissions import Action
from interlock.workspaces.plan import PlanModel

# --- in a workspace ----------------------------------------------------------------------------------


@require_safe
def home(request: MemberRequest) -> HttpResponse:
    return render(request, "web/home.html", {"home": Home(request.member, today=timezone.localdate())})


@require_safe
def search_page(request: MemberRequest) -> HttpResponse:
    text, kind = request.GET.get("q", ""), request.GET.get("kind", "")
    kinds = {one.model._meta.model_name: one.model for one in indexed().values()}
    chosen = [kinds[kind]] if kind in kinds else []
    found = search(request.member, text, at_most=51, kinds=chosen)
    names = [(name, str(model._meta.verbose_name_plural).capitalize()) for name, model in kinds.items()]
    context = {"text": text, "kind": kind, "kinds": names, "found": found[:50], "more": len(found) > 50}
    return render(request, "web/search.html", context)


@require_safe
def palette(request: MemberRequest) -> HttpResponse:
    text = request.GET.get("q", "")[:500]
    return render(request, "web/palette.html#options", {"sections": sections(request.member, text), "asked": True})


@require_safe
def keys(request: MemberRequest) -> HttpResponse:
    places = [place for group in navigation.places(request.member) for place in group if place.key]
    return render(request, "web/keys.html", {"places": places})


@require_safe
def choose(request: MemberRequest, model: str) -> HttpResponse:
    """Rows that fit what was typed into a field that chooses one."""
    kind = plan_models().get(model)
    text = request.GET.get("q", "")[:200]
    if model == "member" and request.member.can(Action.READ_AUDIT):
        seats = Member.objects.visible_to(request.member).matching(text).named()[:20]
        return render(request, "web/choose_options.html", {"offered": [(m.key, str(m)) for m in seats], "noun": model})
    if kind is None:
        raise Http404
    if kind._meta.label_lower in indexed() and words(text):
        offered = [(one.key, one.plain) for one in search(request.member, text, at_most=20, kinds=[kind])]
    else:
        offered = [(row.key, str(row)) for row in kind.objects.visible_to(request.member).active().named()[:20]]
    return render(request, "web/choose_options.html", {"offered": offered, "noun": kind._meta.verbose_name})


@cache
def plan_models() -> dict[str, type[PlanModel]]:
    return {str(one._meta.model_name): one for one in apps.get_models() if issubclass(one, PlanModel)}


@require_GET
async def live(request: MemberRequest) -> HttpResponse | StreamingHttpResponse:
    subscriber = subscriber_of(request)
    since = request.headers.get("Last-Event-ID") or request.GET.get("since", "")

    async def told() -> AsyncIterator[str]:
        try:
            await hub.join(subscriber, int(since) if since.isascii() and since.isdigit() and len(since) < 16 else None)
            async for message in subscriber.messages():
                yield message
        finally:
            hub.leave(subscriber)

    return StreamingHttpResponse(
        told(),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


# --- outside of them ---------------------------------------------------------------------------------


@login_required
@require_safe
def root(request: HttpRequest) -> HttpResponse:
    """To the only workspace there is, else to the choice of them."""
    mine = list(Workspace.objects.of(_user(request))[:2])
    return redirect(mine[0] if len(mine) == 1 else "workspaces")


@method_decorator(login_required, name="dispatch")
class WorkspacesView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(request, FoundForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = FoundForm(request.POST)
        if not may_found(_user(request)):
            raise PermissionDenied("Whoever owns a workspace here makes others.")
        if form.is_valid() and (member := form.found(by=_user(request))):
            return redirect(member.workspace)
        return self.page(request, form, status=422)

    @staticmethod
    def page(request: HttpRequest, form: FoundForm, status: int = 200) -> HttpResponse:
        user = _user(request)
        seats = user.seats.filter(ended_at=None, workspace__deleted_at=None).select_related("workspace")
        context = {
            "seats": seats.order_by("workspace__name"),
            "invitations": Invitation.objects.open(now=timezone.now()).of_user(user).select_related("workspace"),
            "deleted": Workspace.objects.deleted_by(user),
            "form": form if may_found(user) else None,
        }
        return render(request, "web/workspaces.html", context, status=status)


@method_decorator(login_required, name="dispatch")
class ProfileView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "account/profile.html", {"form": ProfileForm(initial={"name": _user(request).name})})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ProfileForm(request.POST)
        if not form.is_valid():
            return render(request, "account/profile.html", {"form": form}, status=422)
        user = _user(request)
        user.name = form.cleaned_data["name"]
        user.save(update_fields=["name"])
        messages.success(request, "Saved.")
        return redirect("profile")


def _user(request: HttpRequest) -> User:
    if isinstance(request.user, AnonymousUser):
        raise Http404
    return request.user


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    return render(request, "web/offline.html")


@require_safe
@cache_control(max_age=86_400)
def icon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for it at this address where an answer is no page of ours and names none."""
    return redirect(staticfiles_storage.url("web/icon.svg"))


@require_safe
@cache_control(max_age=3600)
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, from an address that may speak for the whole site."""
    path = finders.find("build/worker.js") or staticfiles_storage.path("build/worker.js")
    with open(path, "rb") as file:
        return HttpResponse(file.read(), content_type="text/javascript")


# --- what went wrong ---------------------------------------------------------------------------------


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", {"sentence": str(exception)}, status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Without a context: whatever it would ask may be what is broken."""
    theme = request.COOKIES.get("theme", "")
    theme = theme if theme in ("light", "dark") else ""
    return HttpResponse(loader.render_to_string("500.html", {"theme": theme}), status=500)
