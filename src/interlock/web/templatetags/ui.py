"""The parts that pages are made of: `{% load ui %}`. They write strings, since tables have many of them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from interlock.web import markdown as md
from interlock.web import messages
from interlock.workspaces import times
from interlock.workspaces.addresses import address
from interlock.workspaces.forms import HIDDEN
from interlock.workspaces.permissions import seen_by

register = template.Library()

LEVEL_OF_SEVERITY = {4: ("bad", "Error"), 2: ("warn", "Warning"), 1: ("info", "Note")}


def _reader(context: Context) -> Any:
    return getattr(context["request"], "member", None) if "request" in context else None


@register.filter
def seen(rows: Sequence[Any], member: Any) -> list[Any]:
    """Those that the member may know of."""
    return [row for row in rows if seen_by(member, row)]


def _link(context: Context, name: str, key: str) -> str:
    """By the workspace at hand: asking each row for its own would cost a query a row."""
    member = _reader(context)
    return address(name, member.workspace.slug, key) if member else ""


# --- severity, people, departments -------------------------------------------------------------------


@register.simple_tag
def severity(value: int) -> SafeString:
    level, word = LEVEL_OF_SEVERITY[int(value)]
    return format_html('<span class="severity" data-level="{}"><i></i>{}</span>', level, word)


@register.filter
def level(value: int) -> str:
    """The level of a severity, for data-level."""
    return LEVEL_OF_SEVERITY[int(value)][0]


@register.simple_tag(takes_context=True)
def person(context: Context, somebody: Any, link: bool = True) -> SafeString:
    if somebody is None:
        return mark_safe('<span class="person none">Nobody</span>')
    if not seen_by(_reader(context), somebody):
        return format_html('<span class="none">{}</span>', HIDDEN)
    inner = format_html("{}<span>{}</span>", face(somebody), somebody.name)
    address = _link(context, "person", somebody.key) if link else ""
    if address:
        return format_html('<a class="person" href="{}">{}</a>', address, inner)
    return format_html('<span class="person">{}</span>', inner)


@register.simple_tag
def face(somebody: Any) -> SafeString:
    """The initials, in the colour of the department where that was fetched; the name stands beside it."""
    department = somebody._state.fields_cache.get("department")
    colour = format_html(' data-colour="{}"', department.colour) if department else ""
    return format_html('<span class="face" aria-hidden="true"{}>{}</span>', colour, somebody.initials)


@register.filter
def initials(user: Any) -> str:
    words = str(user).split()
    return "".join(word[0] for word in words[:1] + words[1:][-1:]).upper()


@register.simple_tag(takes_context=True)
def faces(context: Context, people: Sequence[Any], at_most: int = 5) -> SafeString:
    people = seen(people, _reader(context))
    if not people:
        return SafeString("")
    names = ", ".join(one.name for one in people)
    more = len(people) - at_most
    return format_html(
        '<span class="faces" role="img" aria-label="{}" title="{}">{}{}</span>',
        names,
        names,
        mark_safe("".join(face(one) for one in people[:at_most])),  # noqa: S308 each is formatted
        format_html('<span class="more">+{}</span>', more) if more > 0 else "",
    )


@register.simple_tag(takes_context=True)
def department(context: Context, unit: Any, link: bool = True) -> SafeString:
    if unit is None:
        return mark_safe('<span class="faint">No department</span>')
    if not seen_by(_reader(context), unit):
        return format_html('<span class="none">{}</span>', HIDDEN)
    address = _link(context, "department", unit.key) if link else ""
    name = format_html('<a href="{}">{}</a>', address, unit.name) if address else unit.name
    return format_html('<span class="department" data-colour="{}"><i></i>{}</span>', unit.colour, name)


@register.simple_tag(takes_context=True)
def department_tag(context: Context, unit: Any) -> SafeString:
    if not seen_by(_reader(context), unit):
        return SafeString("")
    return format_html('<span class="tag" data-colour="{}"><i></i>{}</span>', unit.colour, unit.name)


# --- numbers -----------------------------------------------------------------------------------------


def level_of(score: float) -> str:
    return "good" if score >= 75 else "warn" if score >= 60 else "bad"


@register.simple_tag
def meter(value: float, label: str = "", level: str = "", out_of: float = 100) -> SafeString:
    share = max(0.0, min(1.0, value / out_of)) if out_of else 0.0
    return format_html(
        '<svg class="meter" data-level="{}" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect width="{}" height="6"/></svg>',
        level or level_of(100 * share),
        label or f"{100 * share:.0f} of 100",
        f"{100 * share:.1f}",
    )


@register.simple_tag
def sparkline(values: Sequence[float], label: str, width: int = 180, height: int = 36) -> SafeString:
    """A line of what was, ending in what is. With one value there is only the point."""
    values = list(values)
    if not values:
        return SafeString("")
    low, span = min(values), (max(values) - min(values)) or 1.0
    inner, step = height - 8, (width - 8) / max(1, len(values) - 1)
    points = [(4 + n * step, 4 + inner * (1 - (value - low) / span)) for n, value in enumerate(values)]
    if len(points) == 1:
        points = [(width - 4, height / 2)]
    x, y = points[-1]
    return format_html(
        '<svg class="spark" width="{}" height="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<polyline points="{}"/><circle cx="{}" cy="{}" r="3.2"/></svg>',
        *(width, height, width, height, label),
        " ".join(f"{x:.1f},{y:.1f}" for x, y in points),
        *(f"{x:.1f}", f"{y:.1f}"),
    )


# --- times -------------------------------------------------------------------------------------------


@register.simple_tag
def when(moment: datetime | None) -> SafeString:
    """A moment: relative while fresh, else its day; the other on hover."""
    if moment is None:
        return mark_safe('<span class="faint">never</span>')
    ago = times.ago(moment, now=timezone.now())
    return format_html(
        '<time datetime="{}" title="{}"{}>{}</time>',
        moment.isoformat(timespec="seconds"),
        times.exact(moment),
        SafeString(" data-fresh") if ago else "",
        ago or times.day(timezone.localtime(moment).date(), today=timezone.localdate()),
    )


@register.simple_tag
def day(value: date | None, absent: str = "no date") -> SafeString:
    """A planned day: absolute, the distance on hover."""
    if value is None:
        return format_html('<span class="faint">{}</span>', absent)
    today = timezone.localdate()
    told = times.distance(value, today=today)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', value.isoformat(), told, times.day(value, today=today)
    )


@register.filter
def last_day(out: date, first: date | None) -> date:
    """Of what is over on the day `out`. What was over on the day on which it began has that day alone."""
    last = out - timedelta(days=1)
    return max(last, first) if first else last


# --- text --------------------------------------------------------------------------------------------


@register.filter
def markdown(text: str) -> SafeString:
    return format_html('<div class="prose">{}</div>', md.render(text))


@register.simple_tag
def diff(before: Any, after: Any) -> SafeString:
    """What was, struck out, and what is."""
    was = format_html("<del>{}</del> ", _told(before)) if before not in (None, "", []) else ""
    now = format_html("<ins>{}</ins>", _told(after)) if after not in (None, "", []) else "nothing"
    return format_html('<span class="change">{}{}</span>', was, now)


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_told(one) for one in value)
    return str(value)


# --- lists -------------------------------------------------------------------------------------------


def query(request: HttpRequest, **changes: Any) -> str:
    """The address's query with some parameters set, or dropped where None. The page starts over."""
    params = request.GET.copy()
    for name, value in {"page": None, **changes}.items():
        if value is None:
            params.pop(name, None)
        else:
            params[name] = str(value)
    return "?" + params.urlencode()


@register.simple_tag(takes_context=True)
def here(context: Context, **changes: Any) -> str:
    """The address of this page with other parameters: `href="{% here status="open" %}"`."""
    return query(context["request"], **changes)


@register.simple_tag(takes_context=True)
def sortable(context: Context, name: str, label: str, default: str = "", css: str = "") -> SafeString:
    """A column's head that sorts by it, and back: `<tr>{% sortable "title" "Title" %}…`"""
    request = context["request"]
    now = request.GET.get("sort", default)
    direction = {name: "ascending", f"-{name}": "descending"}.get(now)
    return format_html(
        '<th scope="col"{}{}><a href="{}">{}</a></th>',
        format_html(' class="{}"', css) if css else "",
        format_html(' aria-sort="{}"', direction) if direction else "",
        query(request, sort=f"-{name}" if direction == "ascending" else name),
        label,
    )


@register.inclusion_tag("web/pager.html", takes_context=True)
def pager(context: Context, page: Any, noun: str = "rows") -> dict[str, Any]:
    """Under a list. Takes Django's Page, or anything that knows its neighbours' addresses:

    previous_query, next_query (a query string or None) and sentence.
    """
    if hasattr(page, "sentence"):
        return {"sentence": page.sentence, "previous": page.previous_query, "next": page.next_query}
    request, count = context["request"], page.paginator.count
    return {
        "sentence": f"{page.start_index():,}–{page.end_index():,} of {count:,} {noun}" if count else "",
        "previous": query(request, page=page.previous_page_number()) if page.has_previous() else None,
        "next": query(request, page=page.next_page_number()) if page.has_next() else None,
    }


@register.simple_block_tag
def empty(content: str, title: str, sentence: str = "") -> SafeString:
    """What an empty list says, and between the tags what to do next."""
    return format_html(
        '<div class="empty"><h2>{}</h2>{}{}</div>',
        title,
        format_html("<p>{}</p>", sentence) if sentence else "",
        format_html('<div class="acts">{}</div>', content) if content.strip() else "",
    )


# --- behaviour ---------------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def live(context: Context, name: str, *topics: str, every: int = 0) -> SafeString:
    """Attributes of a part of the page that refreshes itself: `<section {% live "list" "features" %}>`.

    It becomes #list, and is fetched anew from this address when one of the topics is announced; with `every`,
    also after so many seconds, for what is under way and says so by no event. The page's title in words, where it
    is marked #answer, follows.
    """
    triggers = [f"live:{topic} from:body" for topic in topics] + ([f"every {every}s"] if every else [])
    return format_html(
        'id="{}" hx-get="{}" hx-select="#{}" hx-target="this" hx-swap="morph:outerHTML" hx-push-url="false"'
        ' hx-select-oob="#answer"'
        # What stands inside has targets of its own.
        ' hx-disinherit="*" hx-trigger="{}"',
        *(name, context["request"].get_full_path(), name),
        ", ".join(triggers),
    )


@register.simple_tag
def smooth() -> SafeString:
    """Attributes of a form that is sent without leaving the page; the view answers with a redirect, as ever."""
    return mark_safe(
        'hx-boost="true" hx-target="#main" hx-select="#main" hx-swap="morph:outerHTML" hx-push-url="false"'
    )


@register.simple_tag
def filtering(name: str) -> SafeString:
    """Attributes of a filter form (method=get): what it narrows is #name; the address and #answer follow."""
    return format_html(
        'hx-boost="true" hx-target="#{}" hx-select="#{}" hx-swap="outerHTML" hx-push-url="true" hx-sync="this:replace"'
        ' hx-select-oob="#answer"'
        ' hx-trigger="submit, change, input delay:250ms from:find [type=search]"',
        name,
        name,
    )


register.filter("toast_level", messages.level)
register.filter("undo_url", messages.undo_url)
