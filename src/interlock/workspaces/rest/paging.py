"""Pages of a list, each behind the last row of the one before: `next` says where that was.

It is signed, so that nothing else can be asked with it, and it belongs to one order of one list.
"""

from collections.abc import Mapping
from typing import Any

from django.core import signing
from django.db.models import Q

from interlock.workspaces import keyset
from interlock.workspaces.keyset import Leg, Legs, Term
from interlock.workspaces.rest.problems import invalid

LIMIT, AT_MOST = 50, 200

# Name → what it goes by; a minus turns the order round. The first is the order of a list that is not asked for one.
Orders = Mapping[str, Legs]


def by(*terms: Term) -> Legs:
    """An order by columns that are never empty, and that are unique together."""
    return [Leg(terms)]


def by_date(name: str) -> Legs:
    """What has no date comes last."""
    return [Leg((name, "number"), where=~Q(**{name: None})), Leg(("number",), where=Q(**{name: None}))]


def page(
    rows: Any, shown: Any, orders: Orders, *, order: str, limit: int, cursor: str | None, salt: str
) -> dict[str, Any]:
    """`rows` says which they are; `shown`, with all that is told of them, what they are read from."""
    salt = f"{salt}?{order}"
    found = keyset.page(
        rows,
        shown,
        {name.removeprefix("-"): legs for name, legs in orders.items()}[order.removeprefix("-")],
        size=limit,
        descending=order.startswith("-"),
        after=read(cursor, salt=salt) if cursor is not None else "",
    )
    return {"items": found.rows, "next": signing.Signer(salt=salt).sign(found.after) if found.after else None}


def read(cursor: str, *, salt: str) -> str:
    try:
        return signing.Signer(salt=salt).unsign(cursor)
    except signing.BadSignature:
        invalid("cursor", "This is no cursor of this list in this order. Begin without one.")
