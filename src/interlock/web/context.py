"""What every page knows of the frame around it."""

import time
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from interlock.web.navigation import places

THEMES = ("light", "dark")


def shell(request: HttpRequest) -> dict[str, Any]:
    theme = request.COOKIES.get("theme", "")
    member = getattr(request, "member", None)
    return {
        "theme": theme if theme in THEMES else "",
        "fragment": fragment(request),
        "sign_up": settings.SIGN_UP == "open",
        # From when on the page wants to hear of changes.
        "rendered": int(time.time() * 1000),
        "navigation": SimpleLazyObject(lambda: places(member, path=standing(request))) if member else [],
    }


def fragment(request: HttpRequest) -> bool:
    """Whether only the inside of the page is asked for."""
    htmx = getattr(request, "htmx", None)
    return bool(htmx and not htmx.history_restore_request)


def standing(request: HttpRequest) -> str:
    """The page that the browser stands on: a part that is fetched for it has an address of its own."""
    if fragment(request) and request.htmx.target != "main":  # type: ignore[attr-defined]
        return urlsplit(request.htmx.current_url or "").path  # type: ignore[attr-defined]
    return request.path
