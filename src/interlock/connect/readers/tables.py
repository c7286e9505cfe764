"""CSV in all its spellings: any delimiter, quoted line breaks, repeated headings, ragged rows."""

import csv
from collections.abc import Iterator
from itertools import islice

from interlock.connect.readers import limits
from interlock.connect.readers.records import Malformed, Record, Remarks
from interlock.connect.readers.refusal import Refusal
from interlock.connect.readers.text import Text

DELIMITERS = (",", ";", "\t", "|", ":")
DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", ":": "colon"}
SAMPLE_ROWS = 50

# The csv module keeps one limit for the whole process; ours is the only use of it.
csv.field_size_limit(limits.CELL)


def read_table(text: Text, remarks: Remarks, *, delimiter: str = "", skip: int = 0) -> Iterator[Record]:
    """Rows below a heading row; `skip` lines stand before it (a title, a summary)."""
    declared = _declared_delimiter(text) if not (delimiter or skip) else ""
    delimiter, skip = (declared, 1) if declared else (delimiter or _delimiter(text, skip), skip)
    remarks.taken[text.name] = f"{text.encoding_name}, separated by {DELIMITER_NAMES.get(delimiter, delimiter)}s"
    rows = _rows(text, delimiter, skip)
    try:
        heading_line, heading = next(rows)
    except StopIteration:
        raise Refusal("is empty.", file=text.name) from None
    names = [name.strip() for name in heading]
    if not any(names):
        raise Refusal("has an empty heading row.", file=text.name, line=heading_line)
    if len(names) > limits.COLUMNS:
        raise Refusal(f"has more than {limits.COLUMNS:,} columns.", file=text.name, line=heading_line)
    repeated = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
    width = len(names)
    for line, cells in rows:
        if len(cells) < width:
            remarks.short_rows.append((text.name, line, len(cells), width))
        elif any(cells[width:]):
            raise_long = f"has {len(cells)} cells where the heading has {width}."
            yield Record(Malformed(raise_long), text.name, line)
            continue
        row = dict(zip(names, cells, strict=False))
        for name in repeated:
            row[name] = [cell for cell, under in zip(cells, names, strict=False) if under == name and cell]  # type: ignore[assignment]
        yield Record(row, text.name, line)


def _rows(text: Text, delimiter: str, skip: int) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line on which it begins. Empty lines are no rows."""
    lines = text.lines()
    for _ in islice(lines, skip):
        pass
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=delimiter != "\t")
    begins = skip + 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            line = skip + reader.line_num
            if "field larger" in str(error):
                raise Refusal(
                    f"has a cell of more than {limits.CELL:,} characters.", file=text.name, line=begins
                ) from error
            raise Refusal(f"cannot be read as a table ({error}).", file=text.name, line=line) from error
        if cells and (len(cells) > 1 or cells[0].strip()):
            yield begins, cells
        begins = skip + reader.line_num + 1


def _declared_delimiter(text: Text) -> str:
    """Excel writes “sep=;” above a table."""
    first = next(text.lines(), "").strip()
    return first[4] if len(first) == 5 and first.startswith("sep=") else ""


def _delimiter(text: Text, skip: int) -> str:
    """The one that cuts the first rows most often and most evenly."""

    def evenness(delimiter: str) -> tuple[int, int]:
        widths = [len(cells) for _, cells in islice(_rows(text, delimiter, skip), SAMPLE_ROWS)]
        if not widths or widths[0] == 1:
            return (0, 0)
        alike = sum(1 for width in widths if width == widths[0])
        return (100 * alike // len(widths), widths[0])

    scores = {delimiter: evenness(delimiter) for delimiter in DELIMITERS}
    return max(DELIMITERS, key=lambda delimiter: scores[delimiter])
