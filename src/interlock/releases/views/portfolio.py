"""The portfolio: all open releases together."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views import View

from interlock.organisation.models import Department
from interlock.releases.drawing import launch_line
from interlock.releases.loads import Load, days, monday
from interlock.releases.models import Release
from interlock.releases.portfolio import Portfolio, Span
from interlock.workspaces import exports
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.pages import came_from

COLUMNS: exports.Columns = {
    "department": lambda one: one[0].department.name,
    "week": lambda one: one[0].week,
    "people": lambda one: round(one[0].people, 1),
    "days_there": lambda one: round(one[0].there, 1),
    "days_needed": lambda one: round(one[0].needed, 1),
    "percent": lambda one: one[0].percent,
    # Those that the reader may know of.
    "releases": lambda one: one[1],
}
READINGS = ("planned", "asked")


class PortfolioView(View):
    """What ships when, who is to do it all, and what collides."""

    def get(self, request: MemberRequest) -> HttpResponseBase:
        by = request.member
        by_reading = reading(request)
        if not by.reads_all:
            raise Http404
        shown = Portfolio.of(by, span=Span.named(request.GET.get("span", "")), today=timezone.localdate())
        load = shown.asked if by_reading == "asked" else shown.load
        if request.GET.get("format") == "csv":
            lines = [
                (cell, [release for release, _ in load.releases([cell])]) for _, cells in load.rows for cell in cells
            ]
            return exports.download(f"{by.workspace.slug}-load", "csv", COLUMNS, lines, by=by)
        context = {
            "portfolio": shown,
            "load": load,
            "reading": by_reading,
            "spans": list(Span),
            "weeks": _labelled(load.weeks, shown.span),
            "rows": [(row, launch_line(row, shown)) for row in shown.rows],
        }
        return render(request, "releases/portfolio.html", context)


def _labelled(weeks: Sequence[date], span: Span) -> list[tuple[date, str]]:
    """What stands above each week: its Monday; where weeks are narrow, the month that begins in it."""
    if span is Span.QUARTER:
        return [(week, f"{week:%-d %b}") for week in weeks]
    ends = [week + timedelta(days=6) for week in weeks]
    firsts = [n for n, end in enumerate(ends) if end.day <= 7]
    # The month at hand as well, where there is room for it.
    named = [0, *firsts] if firsts and firsts[0] > 2 else firsts
    words = {n: f"{ends[n]:%b %Y}" if n == named[0] or ends[n].month == 1 else f"{ends[n]:%b}" for n in named}
    return [(week, words.get(n, "")) for n, week in enumerate(weeks)]


def reading(request: MemberRequest) -> str:
    asked = request.GET.get("dates", "")
    return asked if asked in READINGS else READINGS[0]


class LoadView(View):
    """A department in one week: which releases and tasks make its load."""

    def get(self, request: MemberRequest, key: str, week: str) -> HttpResponse:
        by, today, by_reading = request.member, timezone.localdate(), reading(request)
        department = by.visible(Department, key=key)
        begins = _monday(week)
        number = (begins - monday(today)).days // 7
        if not 0 <= number < Span.YEAR.weeks:
            raise Http404
        both = Load.both(by.workspace, today=today, weeks=number + 1, departments=[department.pk])
        load, other = both if by_reading == "planned" else both[::-1]
        cell, others = (next(iter(one.of_department(department)[number:]), None) for one in (load, other))
        made = load.releases([cell]) if cell else []
        visible = Release.objects.visible_to(by).filter(pk__in=[release.pk for release, _ in made])
        seen = set(visible.values_list("pk", flat=True)) if made else set()
        tasks = [(load.tasks[pk], effort) for pk, effort in cell.by_task.items()] if cell else []
        context: dict[str, Any] = {
            "department": department,
            "week": begins,
            "cell": cell,
            "other": others,
            "reading": by_reading,
            "there": days(cell.there) if cell else "",
            "needed": days(cell.needed) if cell else "",
            "unknown": department in load.unknown,
            "releases": [
                (
                    release,
                    days(effort),
                    [(task, days(part)) for task, part in tasks if task.workstream.release_id == release.pk],
                )
                for release, effort in made
                if release.pk in seen
            ],
            "hidden": days(sum(effort for release, effort in made if release.pk not in seen)),
            "hides": any(release.pk not in seen for release, _ in made),
            "back": came_from(request),
        }
        return render(request, "releases/load.html", context)


def _monday(text: str) -> date:
    try:
        return monday(date.fromisoformat(text))
    except ValueError:
        raise Http404 from None
