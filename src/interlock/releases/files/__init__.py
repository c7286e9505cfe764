"""A release's plan as files: pictures, a table, a calendar, and what Microsoft Project reads."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from django.utils.text import slugify

from interlock.releases import calendar
from interlock.releases.files import picture, project, table
from interlock.releases.plans import Plan
from interlock.workspaces import exports
from interlock.workspaces.models import Member


@dataclass(frozen=True)
class Kind:
    """What a plan can be fetched as. `write` gets the plan, the day, and the zoom that was asked for."""

    ending: str
    label: str
    content_type: str
    write: Callable[[Plan, date, str], str | bytes] | None = None

    @property
    def page(self) -> str:
        return f"plan-{self.ending}"


def _events(plan: Plan, today: date, zoom: str) -> bytes:
    return calendar.written(str(plan.release), calendar.of_tasks(plan.tasks, site=settings.BASE_URL))


def _picture(plan: Plan, today: date, zoom: str) -> str:
    return picture.svg(plan, today=today, zoom=zoom, site=settings.BASE_URL)


KINDS = {
    kind.ending: kind
    for kind in [
        Kind("svg", "As a picture (SVG)", "image/svg+xml", _picture),
        Kind("png", "As a picture (PNG)", "image/png", lambda *plan: picture.png(_picture(*plan))),
        Kind("csv", "As a table (CSV)", "text/csv"),
        Kind("ics", "As a calendar (iCalendar)", "text/calendar", _events),
        Kind("xml", "For Microsoft Project (XML)", "application/xml", lambda plan, *_: project.written(plan)),
    ]
}


def answer(plan: Plan, ending: str, *, by: Member, today: date, zoom: str = "") -> HttpResponseBase:
    """The plan as a file to keep. Raises DomainError where it cannot be drawn."""
    kind = KINDS[ending]
    name = f"{slugify(str(plan.release)) or plan.release.key.lower()}-plan"
    if kind.write is None:
        return exports.download(name, "csv", table.columns(plan), plan.tasks, by=by)
    charset = "" if ending == "png" else "; charset=utf-8"
    return HttpResponse(
        kind.write(plan, today, zoom),
        content_type=kind.content_type + charset,
        headers={"Content-Disposition": f'attachment; filename="{name}.{ending}"'},
    )
