from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from interlock.backlog.models import Dependency, Feature

register = template.Library()


@register.simple_tag
def in_place() -> SafeString:
    """Attributes of what holds cells that are changed where they stand."""
    return mark_safe(
        'hx-boost="true" hx-target="closest [data-cell]" hx-select="unset" hx-swap="innerHTML" hx-push-url="false"'
    )


@register.simple_tag
def part(parts: Mapping[str, SafeString], name: str) -> SafeString:
    return parts[name]


@register.filter
def end(edge: Dependency, name: str) -> Feature:
    """The feature at one end."""
    return edge.needs if name == "needs" else edge.feature


@register.filter
def done(rows: Iterable[Any]) -> int:
    return sum(row.status == "done" for row in rows)
