"""Markdown: the YAML above the text, or the tables within it."""

import re
from collections.abc import Iterator

from interlock.connect.readers.records import Lined, Record, Remarks, within
from interlock.connect.readers.refusal import Unreadable
from interlock.connect.readers.text import Text
from interlock.connect.readers.yaml_documents import documents

FENCE = re.compile(r"\A---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*$\r?\n?", re.DOTALL | re.MULTILINE)
RULER = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*\Z")
CELL_ENDS = re.compile(r"(?<!\\)\|")
EMPHASIS = re.compile(r"\*\*|__|`")


def read_front_matter(text: Text, steps: list[str], remarks: Remarks) -> Iterator[Record]:
    """The values above the text, with the text itself as `$body`."""
    remarks.taken[text.name] = f"{text.encoding_name} Markdown"
    whole = text.whole()
    found = FENCE.match(whole)
    data: Lined = Lined(1)
    if found:
        for _, document in documents(found[1], text.name, first_line=2):
            if not isinstance(document, dict):
                raise Unreadable("has no names and values between its --- lines.", file=text.name, line=2)
            data.update(document)
    data["$body"] = whole[found.end() :].strip() if found else whole.strip()
    yield from within(Record(data, text.name, 1), steps)


def read_tables(text: Text, heading: str, remarks: Remarks) -> Iterator[Record]:
    """The rows of every table that has a column of that heading (of every table where it is empty)."""
    remarks.taken[text.name] = f"{text.encoding_name} Markdown"
    above, names = "", list[str]()
    for number, line in enumerate(text.whole().splitlines(), start=1):
        if "|" not in line:
            above, names = "", []
        elif RULER.match(line) and above:
            names = [plain(cell) for cell in _cells(above)]
            above = ""
        elif names:
            cells = [cell.strip() for cell in _cells(line)]
            if not heading or heading in names:
                yield Record(dict(zip(names, cells, strict=False)), text.name, number)
        else:
            above = line


def plain(cell: str) -> str:
    return EMPHASIS.sub("", cell).strip()


def _cells(line: str) -> list[str]:
    return [cell.replace("\\|", "|") for cell in CELL_ENDS.split(line.strip().removeprefix("|").removesuffix("|"))]
