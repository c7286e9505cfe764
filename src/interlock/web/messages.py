"""Django's messages, as toasts.

`messages.success(request, "Archived F-12.", extra_tags=f"undo {url}")` offers to take it back by posting there.
"""

LEVELS = {"success": "good", "warning": "warn", "error": "bad"}


def level(tag: str) -> str:
    return LEVELS.get(tag, "info")


def undo_url(extra_tags: str | None) -> str:
    word, _, url = (extra_tags or "").partition(" ")
    return url if word == "undo" else ""
