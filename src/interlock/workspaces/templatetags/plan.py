"""Parts of the pages of rows: values that can be changed in place, and what other rooms add to the page."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import template
from django.db import models
from django.template.context import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from interlock.workspaces import money
from interlock.workspaces.forms import HIDDEN
from interlock.workspaces.history import told
from interlock.workspaces.models import AuditEvent, Member
from interlock.workspaces.numbers import plain
from interlock.workspaces.panels import Panel, panels_of
from interlock.workspaces.permissions import Action
from interlock.workspaces.plan import PlanModel

register = template.Library()

# Rooms whose rows are shown in a way of their own.
KINDS = {"organisation.person": "person", "organisation.department": "department"}


@register.inclusion_tag("workspaces/cell_place.html", takes_context=True)
def cell(context: Context, row: PlanModel, name: str) -> dict[str, Any]:
    """A field's value; where the page says `editable`, changed in its place."""
    return cell_inside(context, row, name)


@register.inclusion_tag("workspaces/cell_place.html", takes_context=True)
def cell_apart(context: Context, row: PlanModel, name: str, label: str = "") -> dict[str, Any]:
    """The same of something that no single field holds; it is changed in a dialog."""
    return {
        "request": context["request"],
        "value": getattr(row, name),
        "kind": "text" if getattr(row, name) else "none",
        "apart": True,
        "dialog": True,
        "label": label or name,
        "url": _field_url(row, name, context["request"]) if context.get("editable") else "",
    }


@register.inclusion_tag("workspaces/cell.html", takes_context=True)
def cell_inside(context: Context, row: PlanModel, name: str, saved: bool = False) -> dict[str, Any]:
    field = row._meta.get_field(name)
    request = context["request"]
    value, kind = _value(row, field)
    if isinstance(value, PlanModel) and not value.seen_by(request.member):
        value, kind = HIDDEN, "text"
    return {
        "request": request,
        "value": value,
        "kind": kind,
        # A link in a link is none: where the value leads somewhere, changing it stands beside.
        "apart": kind in ("person", "department", "row", "markdown"),
        "label": field.verbose_name,  # type: ignore[union-attr]
        "url": _field_url(row, name, request) if context.get("editable") else "",
        "saved": saved,
    }


def _field_url(row: PlanModel, name: str, request: Any) -> str:
    return reverse(f"{row._meta.model_name}-field", args=[request.member.workspace.slug, row.key, name])


def _value(row: PlanModel, field: Any) -> tuple[Any, str]:
    value = getattr(row, field.name)
    if value is None or value == "":
        return None, "none"
    if field.is_relation:
        return value, KINDS.get(value._meta.label_lower, "row" if isinstance(value, PlanModel) else "text")
    if display := getattr(row, f"get_{field.name}_display", None):
        return display(), "text"
    if isinstance(field, models.DateField):
        return value, "date"
    if isinstance(field, models.TimeField):
        return f"{value:%H:%M}", "text"
    if isinstance(field, models.TextField):
        return value, "markdown"
    if isinstance(value, bool):
        return "Yes" if value else "No", "text"
    return plain(value) if isinstance(value, Decimal) else value, "text"


@register.simple_tag(takes_context=True)
def rowlink(context: Context, row: PlanModel | None, absent: str = "–") -> SafeString:
    """A row by its name. The address is made of the workspace at hand: asking each row for its own costs a query."""
    if row is None:
        return format_html('<span class="none">{}</span>', absent)
    member = context["request"].member
    if not row.seen_by(member):
        return format_html('<span class="none">{}</span>', HIDDEN)
    return format_html('<a href="{}">{}</a>', row_url(row, member), row)


def row_url(row: PlanModel, member: Member) -> str:
    return reverse(str(row._meta.model_name), args=[member.workspace.slug, row.key])


register.filter("number", plain)
register.filter("money", money.told)


@register.inclusion_tag("workspaces/row_acts.html", takes_context=True)
def row_acts(context: Context, row: PlanModel) -> dict[str, Any]:
    """Edit, archive, restore: as far as the page says `editable` or `restorable`."""
    name, slug = row._meta.model_name, context["request"].member.workspace.slug
    urls = {act: reverse(f"{name}-{act}", args=[slug, row.key]) for act in ("edit", "archive", "restore")}
    return {**urls, **{known: context.get(known) for known in ("editable", "restorable", "request", "csrf_token")}}


@register.simple_tag(takes_context=True)
def panels(context: Context, row: PlanModel, place: str = "main") -> SafeString:
    """The sections that other rooms have for this row."""
    if "panels" not in context.render_context:
        context.render_context["panels"] = list(panels_of(row, context["request"].member))
    return _drawn(context, [panel for panel in context.render_context["panels"] if panel.place == place])


@register.simple_tag(takes_context=True)
def sections(context: Context, panels: Sequence[Panel]) -> SafeString:
    """Panels that the view has gathered itself."""
    return _drawn(context, panels)


def _drawn(context: Context, panels: Sequence[Panel]) -> SafeString:
    drawn = []
    engine = context.template.engine  # type: ignore[union-attr]
    for panel in panels:
        with context.push(**panel.context):
            drawn.append(engine.get_template(panel.template).render(context))
    return mark_safe("".join(drawn))  # noqa: S308 templates escape


@register.inclusion_tag("workspaces/history.html", takes_context=True)
def history(context: Context, row: PlanModel, at_most: int = 10) -> dict[str, Any]:
    """What became of a row, newest first. Whoever sees the row may read it; the whole log takes READ_AUDIT."""
    member = context["request"].member
    events = list(AuditEvent.objects.about(row).order_by("-pk")[: at_most + 1]) if member.reads_all else []
    return {
        "request": context["request"],
        "events": told(events[:at_most], member.workspace),
        "all": f"{reverse('audit', args=[member.workspace.slug])}?key={row.key}"
        if len(events) > at_most and member.can(Action.READ_AUDIT)
        else "",
    }
