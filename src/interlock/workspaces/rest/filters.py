"""What a list may be asked for: named, typed, and refused where unknown.

    class TeamFilters(Filters):
        department: Keys[Department]

Several values of one filter widen the list, several filters narrow it.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from django.db.models import Q
from pydantic import BaseModel, BeforeValidator, Field, create_model

from interlock.workspaces.models import Member
from interlock.workspaces.rest import paging
from interlock.workspaces.rest.schemas import Moment, PointsTo, pointer_of

NONE = "none"


@dataclass(frozen=True)
class Where:
    """The lookup that a filter's values go to; by default the field of the filter's own name."""

    lookup: str


class OrNone(PointsTo):
    """A key, or `none` for rows that point nowhere."""

    @property
    def pattern(self) -> str:
        return rf"{super().pattern[:-1]}$|^{NONE}$"


def _whole(text: Any) -> Any:
    if isinstance(text, str) and not re.fullmatch(r"[0-9]{1,4}", text):
        raise ValueError("A whole number is written in digits.")
    return int(text)


# A number out of a query, where everything is text.
Whole = BeforeValidator(_whole)


class Asked(BaseModel):
    """What every list can be asked for: which page, in which order."""

    order: str = ""
    limit: Annotated[int, Field(ge=1, le=paging.AT_MOST), Whole] = paging.LIMIT
    cursor: Annotated[str | None, Field(max_length=1000)] = Field(
        None, description="The `next` of the page before; with the same order and filters."
    )

    @classmethod
    def asked(cls, orders: paging.Orders) -> type["Asked"]:
        names = tuple(name for one in orders for name in (one, one[1:] if one.startswith("-") else f"-{one}"))
        order: Any = (Literal[names], Field(names[0], description="A minus turns the order round."))
        return create_model(f"{cls.__name__}Asked", __base__=cls, order=order)

    def of(self, rows: Any, *, member: Member) -> Any:
        """The rows that were asked for."""
        for name, info in type(self).model_fields.items():
            value = getattr(self, name)
            if value in (None, []) or name in Asked.model_fields:
                continue
            custom = getattr(self, f"where_{name}", None)
            if custom:
                rows = custom(rows, value)
                continue
            lookup = next((one.lookup for one in info.metadata if isinstance(one, Where)), name)
            rows = _narrowed(rows, lookup, value, pointer_of(info.annotation), member)
        return rows


class Filters(Asked):
    """What every list of the plan can be asked for besides."""

    archived: Literal["no", "yes", "any"] = Field("no", description="Whether archived rows are listed.")
    changed_since: Annotated[Moment | None, Where("changed_at__gte")] = Field(
        None, description="Only what changed at that moment or later."
    )

    def where_archived(self, rows: Any, value: str) -> Any:
        return {"no": rows.active, "yes": rows.archived, "any": rows.all}[value]()


def _narrowed(rows: Any, lookup: str, value: Any, pointer: PointsTo | None, member: Member) -> Any:
    if not isinstance(value, list):
        return rows.filter(**{lookup: value})
    wanted = Q(**{f"{lookup}__in": _values(value, pointer, member)})
    if NONE in value:
        wanted |= Q(**{f"{lookup}__isnull": True})
    field = rows.model._meta.get_field(lookup.partition("__")[0])
    if field.many_to_many or field.one_to_many:
        # By subquery: a join would list a row once for each of its matches.
        return rows.filter(pk__in=rows.model._base_manager.filter(wanted).order_by().values("pk"))
    return rows.filter(wanted)


def _values(value: list[Any], pointer: PointsTo | None, member: Member) -> list[Any]:
    if pointer is None:
        return value
    return [row.pk for row in pointer.rows([key for key in value if key != NONE], member=member).values()]
