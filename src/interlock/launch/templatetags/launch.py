from collections.abc import Container
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from interlock.launch.models import LaunchEntry, RunbookStep
from interlock.launch.runbook import Runbook, told
from interlock.releases.models import Release

register = template.Library()

LEVELS = {"open": "none", "running": "info", "done": "good", "failed": "bad", "skipped": "warn"}
MARKED = {
    "open": "is open again",
    "running": "has begun",
    "done": "is done",
    "failed": "failed",
    "skipped": "is skipped",
}


@register.filter
def among(one: Any, some: Container[Any]) -> bool:
    return one in some


@register.filter
def tick_level(step: RunbookStep) -> str:
    return LEVELS[step.status]


@register.filter
def marked(entry: LaunchEntry) -> str:
    return MARKED.get(entry.status, entry.status)


@register.filter
def span(behind: timedelta) -> str:
    return told(behind) if behind >= timedelta(minutes=1) else "On time"


@register.filter
def clocktime(moment: datetime, release: Release) -> str:
    """The hour; with the day where that is not the launch day."""
    local = timezone.localtime(moment)
    return f"{local:%H:%M}" if local.date() == release.latest_target else f"{local:%-d %b %H:%M}"


@register.filter
def countdown(book: Runbook) -> str:
    """How long to the launch, or since it, as T−01:30."""
    launch = book.release.launches_at
    if launch is None:
        return "–"
    minutes = int((launch - book.now).total_seconds() // 60)
    sign, minutes = ("−", minutes) if minutes >= 0 else ("+", -minutes)
    days, minutes = divmod(minutes, 24 * 60)
    if days > 1:
        return f"T{sign}{days} days"
    return f"T{sign}{days * 24 + minutes // 60:02}:{minutes % 60:02}"


@register.simple_tag
def clock(book: Runbook) -> SafeString:
    """What the script needs to let the clock go on by the server's time; nothing once the launch is over."""
    if not (book.release.open and book.left):
        return SafeString("")
    launch = book.release.launches_at
    due = book.left[0].planned_at
    return format_html(
        'data-clock="{}" data-launch="{}" data-due="{}" data-zone="{}"',
        book.now.isoformat(timespec="seconds"),
        launch.isoformat() if launch else "",
        due.isoformat() if due else "",
        timezone.get_current_timezone_name(),
    )


@register.filter
def days(late: int | None) -> str:
    """So many days late or early."""
    if late is None:
        return "–"
    if not late:
        return "on time"
    return f"{abs(late)} day{'' if abs(late) == 1 else 's'} {'late' if late > 0 else 'early'}"
