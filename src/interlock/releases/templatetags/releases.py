from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from interlock.releases.drawing import days_moved
from interlock.releases.models import Release, Task
from interlock.releases.plans import Plan
from interlock.releases.tabs import tabs

register = template.Library()


@register.inclusion_tag("releases/tabs.html", takes_context=True)
def release_tabs(context: Context, release: Release, here: str) -> dict[str, Any]:
    """The pages of a release; guests see what is in it, and not who does what."""
    member = context["request"].member
    seen = [tab for tab in tabs(release) if member.can(tab.action) or tab.word == "scope"]
    return {
        "tabs": [(tab, reverse(tab.address, args=[member.workspace.slug, release.key])) for tab in seen],
        "here": here,
    }


@register.simple_tag
def against_baseline(plan: Plan, task: Task) -> SafeString:
    """How far a task is from what was agreed, in words."""
    moved = plan.moved(task)
    if moved is None:
        return format_html('<span class="faint">{}</span>', "no dates" if task.key in plan.agreed else "new since")
    if not moved:
        return SafeString("as agreed")
    return format_html(
        '<span class="tag" data-level="{}">{}</span>', "warn" if moved > 0 else "good", days_moved(moved)
    )
