"""Lists as files: what a page shows, with its filters and order, as CSV or JSON; streamed, however long."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse

from interlock.workspaces.models import Member
from interlock.workspaces.permissions import seen_by

Columns = Mapping[str, Callable[[Any], Any]]

FORMATS = ("csv", "json")
# What a spreadsheet would run as a formula.
RISKY = ("=", "+", "-", "@", "\t", "\r")


def inert(cell: Any) -> str:
    """As it may stand in a CSV that somebody opens in a spreadsheet. `as_written` takes it back, exactly."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(RISKY) or (text.startswith("'") and as_written(text) != text) else text


def as_written(cell: str) -> str:
    """What `inert` was given."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*RISKY, "'")) else cell


def download(name: str, kind: str, columns: Columns, rows: Iterable[Any], *, by: Member) -> HttpResponseBase:
    """A cell may hold rows: they are told by their names, as far as whoever asks may know of them."""
    told = {column: _told_to(by, cell) for column, cell in columns.items()}
    lines = csv_lines(told, rows) if kind == "csv" else json_lines(told, rows)
    response = StreamingHttpResponse(
        lines, content_type="text/csv; charset=utf-8" if kind == "csv" else "application/json"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response


def _told_to(reader: Member, cell: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def told(row: Any) -> Any:
        value = cell(row)
        if isinstance(value, list | tuple):
            return [one for one in value if seen_by(reader, one)]
        return value if seen_by(reader, value) else None

    return told


class Line:
    """What the csv module writes to: it hands the line back."""

    def write(self, text: str) -> str:
        return text


def csv_lines(columns: Columns, rows: Iterable[Any]) -> Iterator[str]:
    writer = csv.writer(Line())
    # Spreadsheets read UTF-8 only where this mark says so.
    yield "\ufeff" + writer.writerow(columns)
    for row in rows:
        yield writer.writerow([inert(_flat(cell(row))) for cell in columns.values()])


def json_lines(columns: Columns, rows: Iterable[Any]) -> Iterator[str]:
    """One array, a row a line."""
    before = "[\n"
    for row in rows:
        yield before + json.dumps({name: _plain(cell(row)) for name, cell in columns.items()}, ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _flat(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return "; ".join(str(_plain(one)) for one in value)
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float | dict) else str(value)
