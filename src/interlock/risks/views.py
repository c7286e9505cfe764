from typing import Any

from interlock.risks.forms import RiskFilters
from interlock.risks.models import Risk
from interlock.workspaces.lists import ListView
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Member
from interlock.workspaces.pages import RowPage


class RisksView(ListView):
    model = Risk
    template = "risks/risks.html"
    filters = RiskFilters
    orders = {
        "title": ("title",),
        "probability": ("probability", "number"),
        "days": ("likely", "number"),
        "product": ("product__name", "number"),
        "owner": ("owner__name", "number"),
        "status": ("status", "number"),
    }
    columns = {
        "key": lambda risk: risk.key,
        "title": lambda risk: risk.title,
        "product": lambda risk: risk.product.name,
        "status": lambda risk: risk.status,
        "probability": lambda risk: risk.probability,
        "optimistic": lambda risk: risk.optimistic,
        "likely": lambda risk: risk.likely,
        "pessimistic": lambda risk: risk.pessimistic,
        "owner": lambda risk: risk.owner,
        "mitigation": lambda risk: risk.mitigation,
        "description": lambda risk: risk.description,
    }

    def rows(self, member: Member) -> Any:
        return super().rows(member).select_related("product", "owner__department")

    def ordered(self, rows: Any, sort: str) -> Any:
        return super().ordered(rows, sort) if sort else rows.gravest_first()


class RiskView(RowPage):
    model = Risk
    related = ("product", "owner__department")

    def more(self, request: MemberRequest, row: Risk) -> dict[str, Any]:
        return {"three": row.three}
