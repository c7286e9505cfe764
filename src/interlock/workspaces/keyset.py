"""Pages of long lists: each starts where the one before it ended, so that the last costs what the first does.

A page is found by the place of the row at its edge (its values in the list's order), never by counting rows
from the start. Where rows may be empty in what they are ordered by, the order is cut into legs, each of which
can be walked in an index.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, F, Func, Q, Value

Term = str | Func


@dataclass(frozen=True)
class Leg:
    """A part of an order: the rows of `where` by `terms`, which are never empty there and together unique."""

    terms: tuple[Term, ...]
    where: Q = field(default_factory=Q)


Legs = Sequence[Leg]


@dataclass(frozen=True)
class Page:
    """Rows, and the places before and behind which there are more: as they stand in an address, or empty."""

    rows: list[Any]
    before: str = ""
    after: str = ""


def page(
    rows: Any,
    source: Any,
    legs: Legs,
    *,
    size: int,
    descending: bool = False,
    after: str = "",
    before: str = "",
    last: bool = False,
) -> Page:
    """The rows behind one place or before another; without a place that can be read, those at an end.

    `rows` says which they are; `source`, with all that is to be fetched, what they are read from.
    """
    place = _read(after or before, rows, legs)
    backwards = (bool(before) and place is not None) or last
    found = _walk(rows, source, legs, place, size + 1, descending=descending is not backwards)
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    if not found:
        return Page([])
    edges = (_place(found[0], legs), _place(found[-1], legs))
    there = (more, place is not None) if backwards else (place is not None, more)
    return Page(found, *(edge if beyond else "" for edge, beyond in zip(edges, there, strict=True)))


def batches(rows: Any, source: Any, legs: Legs, *, size: int, descending: bool = False) -> Iterator[list[Any]]:
    """All rows in order, some at a time, so that a long list never lies in memory as a whole."""
    found = page(rows, source, legs, size=size, descending=descending)
    yield found.rows
    while found.after:
        found = page(rows, source, legs, size=size, descending=descending, after=found.after)
        yield found.rows


def _walk(rows: Any, source: Any, legs: Legs, place: "_Place | None", size: int, *, descending: bool) -> list[Any]:
    found: list[Any] = []
    numbers = range(len(legs))
    for number in reversed(numbers) if descending else numbers:
        if place and (number > place.leg if descending else number < place.leg):
            continue
        terms = _terms(legs[number])
        part = _on(rows, legs[number])
        if place and number == place.leg:
            # The first term by itself too: of tuples that cross tables, a database cannot make use in an index.
            part = part.filter(Beyond(terms[:1], "<=" if descending else ">=", place.values[:1]))
            part = part.filter(Beyond(terms, "<" if descending else ">", place.values))
        order = [term.desc() if descending else term.asc() for term in terms]
        # Which rows they are is asked apart from what they hold: what must be sorted are keys alone.
        keys = part.order_by(*order).values("pk")[: size - len(found)]
        for row in _on(source, legs[number]).filter(pk__in=keys).order_by(*order):
            row.place_leg = number
            found.append(row)
        if len(found) == size:
            break
    return found


def _on(rows: Any, leg: Leg) -> Any:
    return rows.filter(leg.where).annotate(**{f"place_{n}": term for n, term in enumerate(_terms(leg))})


def _terms(leg: Leg) -> list[Any]:
    return [F(term) if isinstance(term, str) else term for term in leg.terms]


class Beyond(Func):
    """Whether a tuple stands behind another. Both of our databases compare tuples, and find them in an index."""

    output_field = BooleanField()

    def __init__(self, terms: Sequence[Any], operator: str, values: Sequence[Any]) -> None:
        self.operator = operator
        super().__init__(*terms, *map(Value, values))

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        compiled = [compiler.compile(expression) for expression in self.get_source_expressions()]
        half = len(compiled) // 2
        here, there = (", ".join(sql for sql, _ in part) for part in (compiled[:half], compiled[half:]))
        return f"({here}) {self.operator} ({there})", [one for _, params in compiled for one in params]


# --- places in addresses -----------------------------------------------------------------------------


class _Place(NamedTuple):
    leg: int
    values: list[Any]


def _place(row: Any, legs: Legs) -> str:
    values = [getattr(row, f"place_{n}") for n in range(len(legs[row.place_leg].terms))]
    text = json.dumps([row.place_leg, *(str(value) for value in values)], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(text: str, rows: Any, legs: Legs) -> _Place | None:
    """The place that an address names; None where somebody made it up."""
    try:
        number, *told = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        terms = _on(rows, legs[number]).query.annotations
        fields = [terms[f"place_{n}"].output_field for n in range(len(legs[number].terms))]
        values = [kind.to_python(str(one)) for kind, one in zip(fields, told, strict=True)]
    except (ValueError, TypeError, IndexError, ValidationError):
        return None
    unfit = any((isinstance(value, int) and abs(value) >= 2**63) or "\0" in str(value) for value in values)
    return None if unfit or number < 0 else _Place(number, values)
