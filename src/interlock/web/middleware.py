import json
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers

from interlock.web.conflict import conflict
from interlock.web.messages import level, undo_url
from interlock.workspaces.errors import DomainError, StaleVersion
from interlock.workspaces.middleware import MemberRequest

Respond = Callable[[HttpRequest], HttpResponse]


class PageMiddleware:
    """The page door: views redirect, leave messages and let the domain refuse; here that reaches the browser.

    A script that asks for part of a page sees neither redirects nor messages. It is told of the first by
    HX-Location, which refreshes what is inside the frame, and of the second by HX-Trigger, which shows toasts.
    """

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # PostgreSQL has no place for NUL in a text, and nobody means one.
        request.META["QUERY_STRING"] = request.META.get("QUERY_STRING", "").replace("%00", "")
        response = self.get_response(request)
        if request.path.startswith(("/api/", "/static/")):
            return response
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_cache=True)
        if response.streaming:
            return response
        patch_vary_headers(response, ["HX-Request"])
        if not request.htmx:  # type: ignore[attr-defined]
            return response
        # The same address means the whole page: a browser going back must not get the part from its cache.
        patch_cache_control(response, no_store=True)
        if response.status_code in (301, 302, 303):
            return _followed(request, response)
        if "X-Live" not in request.headers:
            _tell(request, response)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if request.path.startswith("/api/"):
            return None
        if isinstance(error, StaleVersion):
            return conflict(cast("MemberRequest", request), error)
        if isinstance(error, DomainError):
            return _refused(request, error)
        return None


def _followed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    target = response["Location"]
    answer = HttpResponse(status=204)
    answer.cookies = response.cookies
    current = urlsplit(request.htmx.current_url or "")  # type: ignore[attr-defined]
    to = urlsplit(target)
    workspace = getattr(request, "member", None) and f"/{request.member.workspace.slug}/"  # type: ignore[attr-defined]
    if (to.netloc and to.netloc != request.get_host()) or not workspace or not to.path.startswith(workspace):
        answer["HX-Redirect"] = target
        return answer
    same = (to.path, to.query) == (current.path, current.query)
    answer["HX-Location"] = json.dumps(
        {
            "path": target,
            "target": "#main",
            "select": "#main",
            "swap": "morph:outerHTML" if same else "outerHTML show:window:top",
            "push": "false" if same else "true",
        }
    )
    return answer


def _tell(request: HttpRequest, response: HttpResponse) -> None:
    toasts = [
        {"level": level(message.level_tag), "text": str(message), "undo": undo_url(message.extra_tags)}
        for message in get_messages(request)
    ]
    if toasts:
        response["HX-Trigger"] = json.dumps({"toast": toasts})


def _refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    """What no form stood ready to show."""
    if not request.htmx:  # type: ignore[attr-defined]
        return render(request, "web/refused.html", {"sentence": error.sentence}, status=422)
    response = HttpResponse(status=422)
    response["HX-Reswap"] = "none"
    response["HX-Trigger"] = json.dumps({"toast": [{"level": "bad", "text": error.sentence, "undo": ""}]})
    return response
