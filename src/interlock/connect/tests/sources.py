"""Building the files that the tests read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interlock.connect.readers import Reading, Remarks, opened
from interlock.connect.readers.records import Value


def files(folder: Path, contents: Mapping[str, str | bytes]) -> Path:
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def read(path: Path, **reading: Any) -> list[tuple[str, int, Value]]:
    """Every record of a source: its file, its line and its values."""
    source, how = opened(path), Reading(**reading)
    return [
        (record.file, record.line, record.data)
        for name in how.names(source)
        for record in how.records(source, name, Remarks())
    ]


def values(path: Path, **reading: Any) -> list[Value]:
    return [data for _, _, data in read(path, **reading)]
