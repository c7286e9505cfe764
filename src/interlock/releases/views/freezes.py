from datetime import date
from typing import Any

from django.db.models import prefetch_related_objects
from django.utils import timezone

from interlock.releases.forms import FreezeWindowFilters
from interlock.releases.launches import caught, launches
from interlock.releases.models import FreezeWindow
from interlock.workspaces.lists import ListView
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Member
from interlock.workspaces.pages import RowPage


class FreezesView(ListView):
    """When nothing may launch."""

    model = FreezeWindow
    template = "releases/freezewindows.html"
    filters = FreezeWindowFilters
    orders = {"from": ("starts_on", "number"), "until": ("ends_on", "number"), "name": ("name",)}
    columns = {
        "key": lambda window: window.key,
        "name": lambda window: window.name,
        "starts_on": lambda window: window.starts_on,
        "ends_on": lambda window: window.ends_on,
        "product": lambda window: window.product and window.product.name,
        "departments": lambda window: [department.name for department in window.departments.all()],
        "stops_work": lambda window: window.stops_work,
        "reason": lambda window: window.reason,
    }

    def rows(self, member: Member) -> Any:
        return super().rows(member).select_related("product").prefetch_related("departments")

    def more(self, request: MemberRequest, page: Any) -> dict[str, Any]:
        by, today = request.member, timezone.localdate()
        now = [one for one in page.object_list if not one.archived and one.starts_on <= today <= one.ends_on]
        hit = caught(launches(by, today=today), list(page.object_list))
        for one in page.object_list:
            one.caught = hit[one.pk]
        return {"now": now, "today": today, "hit": sum(map(len, hit.values()))}


class FreezeView(RowPage):
    model = FreezeWindow
    related = ("product",)

    def more(self, request: MemberRequest, row: FreezeWindow) -> dict[str, Any]:
        today: date = timezone.localdate()
        prefetch_related_objects([row], "departments")
        return {"caught": caught(launches(request.member, today=today), [row])[row.pk], "today": today}
