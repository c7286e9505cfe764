from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse

from interlock.releases.models import Release
from interlock.releases.tabs import tabs

register = template.Library()


@register.inclusion_tag("releases/tabs.html", takes_context=True)
def release_tabs(context: Context, release: Release, here: str) -> dict[str, Any]:
    """The pages of a release; guests see what is in it, and not who does what."""
    member = context["request"].member
    seen = [tab for tab in tabs(release) if member.reads_all or tab.word == "scope"]
    return {
        "tabs": [(tab, reverse(tab.address, args=[member.workspace.slug, release.key])) for tab in seen],
        "here": here,
    }
