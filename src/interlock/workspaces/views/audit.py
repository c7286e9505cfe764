"""Who changed what, when, from what to what, and through which door."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render
from django.views import View

from interlock.workspaces import exports, keyset
from interlock.workspaces.history import Told, told
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import AuditEvent, Workspace
from interlock.workspaces.permissions import Action
from interlock.workspaces.views.forms import AuditFilters

NEWEST_FIRST: keyset.Legs = [keyset.Leg(("pk",))]
PAGE, BATCH = 50, 1000

COLUMNS: exports.Columns = {
    "at": lambda told: told.event.at,
    "actor": lambda told: told.actor,
    "actor_id": lambda told: told.event.actor,
    "door": lambda told: told.event.door,
    "verb": lambda told: told.event.verb,
    "kind": lambda told: told.event.model,
    "key": lambda told: told.event.key,
    "changes": lambda told: told.event.changes,
    "reason": lambda told: told.event.reason,
}


@dataclass(frozen=True)
class Page:
    """As the pager of the lists wants it."""

    events: list[Told]
    previous_query: str | None
    next_query: str | None
    sentence: str = ""


class AuditView(View):
    def get(self, request: MemberRequest) -> HttpResponseBase:
        request.member.require_to_see(Action.READ_AUDIT)
        filters = AuditFilters(request.GET, by=request.member)
        events = filters.narrow(AuditEvent.objects.visible_to(request.member))
        kind = request.GET.get("format")
        if kind in exports.FORMATS:
            lines = _all(events, request.member.workspace)
            return exports.download(f"{request.member.workspace.slug}-history", kind, COLUMNS, lines, by=request.member)
        return render(request, "workspaces/audit.html", {"filters": filters, "page": self._page(request, events)})

    @staticmethod
    def _page(request: MemberRequest, events: Any) -> Page:
        found = keyset.page(
            events,
            AuditEvent.objects.all(),
            NEWEST_FIRST,
            size=PAGE,
            descending=True,
            after=request.GET.get("after", ""),
            before=request.GET.get("before", ""),
        )
        query = request.GET.copy()
        for name in ("after", "before"):
            query.pop(name, None)
        beside = query.urlencode()

        def address(name: str, place: str) -> str | None:
            return f"?{'&'.join(filter(None, [beside, f'{name}={place}']))}" if place else None

        return Page(
            told(found.rows, request.member.workspace), address("before", found.before), address("after", found.after)
        )


def _all(events: Any, workspace: Workspace) -> Iterator[Told]:
    for batch in keyset.batches(events, AuditEvent.objects.all(), NEWEST_FIRST, size=BATCH, descending=True):
        yield from told(batch, workspace)
