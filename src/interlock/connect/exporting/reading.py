"""An export as it lies there: recognised by its manifest, and gone through once before anything is written."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from interlock.connect.exporting import FORMAT, HISTORY, MANIFEST, VERSION
from interlock.connect.exporting.kinds import Kind, Naming, kinds
from interlock.connect.readers import limits
from interlock.connect.readers.refusal import Refusal
from interlock.connect.readers.sources import Folder, Source, Zip
from interlock.workspaces.models import Workspace

Line = tuple[int, dict[str, Any]]


def recognised(path: Path, label: str = "") -> "Archive | None":
    """The export at that path; None where it is something else. Refuses one that is an export, and damaged."""
    label = label or path.name
    if path.is_dir():
        if not (path / MANIFEST).is_file():
            return None
        source: Source = Folder(path, label, limits.EXPORT_BYTES)
    else:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            if file.read(4) != b"PK\x03\x04":
                return None
        try:
            source = Zip(path, label, limits.EXPORT_BYTES)
        except Refusal:
            # The readers of others' archives refuse it in the same words.
            return None
    if MANIFEST not in source.names():
        return None
    manifest = _manifest(source)
    return Archive(source, _files(manifest), str(manifest.get("workspace", ""))) if manifest else None


def _manifest(source: Source) -> dict[str, Any] | None:
    with source.open(MANIFEST) as file:
        text = file.read(limits.MANIFEST + 1)
    try:
        manifest = json.loads(text) if len(text) <= limits.MANIFEST else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        return None
    version = manifest.get("format_version")
    if version != VERSION:
        raise Refusal(
            f"{source.label} has version {str(version)[:20]} of the format, and this Interlock reads {VERSION}: "
            "bring it in where it was made, or upgrade first."
        )
    return manifest


@dataclass
class File:
    name: str
    kind: str
    rows: int
    digest: str


def _files(manifest: dict[str, Any]) -> dict[str, File]:
    try:
        files = [File(one["name"], one["kind"], one["rows"], one["sha256"]) for one in manifest["files"]]
        right = all(
            re.fullmatch(r"[a-z_]{1,60}\.[a-z_]{1,60}", one.kind)
            and one.name == f"{one.kind}.jsonl"
            and type(one.rows) is int
            and isinstance(one.digest, str)
            for one in files
        )
    except (KeyError, TypeError) as error:
        raise Refusal("does not say which files there are.", file=MANIFEST) from error
    if not right or len({one.kind for one in files}) < len(files):
        raise Refusal("does not say rightly which files there are.", file=MANIFEST)
    return {one.kind: one for one in files}


@dataclass
class Archive:
    source: Source
    files: dict[str, File]
    came_from: str
    # Kind → name of a row → its place in its file, counted from 0.
    places: dict[str, dict[Any, int]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files.values())

    def look_through(self) -> None:
        """Refuse what is not there, not whole or not ours, and learn what the rows are called."""
        known = {Workspace._meta.label_lower, HISTORY, *kinds()}
        for label, file in self.files.items():
            if label not in known:
                raise Refusal("holds rows of a kind that this Interlock does not know.", file=file.name)
            if file.name not in self.source.names():
                raise Refusal(f"{self.source.label} lacks {file.name}, which its manifest names.")
        for label in sorted(known - self.files.keys()):
            raise Refusal(f"{self.source.label} lacks {label}.jsonl.")
        for name in sorted(set(self.source.names()) - {file.name for file in self.files.values()} - {MANIFEST}):
            raise Refusal(f"{self.source.label} holds {name[:80]!r}, which its manifest does not name.")
        for label in self.files:
            self._count(label)

    def _count(self, label: str) -> None:
        file, kind = self.files[label], kinds().get(label)
        digest, rows = hashlib.sha256(), 0
        places = self.places.setdefault(label, {})
        for number, line in self._raw(file):
            digest.update(line)
            rows += 1
            row = parsed(line, file.name, number)
            if kind is None:
                continue
            name = name_of(kind, row, number)
            if name in places:
                raise Refusal(f"{str(name)[:60]} is there twice.", file=file.name, line=number)
            if name is not None:
                places[name] = number - 1
        if digest.hexdigest() != file.digest or rows != file.rows:
            raise Refusal("is not what was exported: its checksum is another.", file=file.name)

    def lines(self, label: str) -> Iterator[Line]:
        file = self.files[label]
        for number, line in self._raw(file):
            yield number, parsed(line, file.name, number)

    def _raw(self, file: File) -> Iterator[tuple[int, bytes]]:
        with self.source.open(file.name) as stream:
            number = 0
            while line := stream.readline(limits.EXPORT_LINE + 1):
                number += 1
                if len(line) > limits.EXPORT_LINE:
                    raise Refusal(f"is longer than {limits.EXPORT_LINE // 1_000_000} MB.", file=file.name, line=number)
                yield number, line


def parsed(line: bytes, file: str, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Refusal("is not JSON.", file=file, line=number) from error
    if not isinstance(row, dict):
        raise Refusal("is not a JSON object.", file=file, line=number)
    return row


def name_of(kind: Kind, row: dict[str, Any], number: int) -> Any:
    """What others call the row on that line."""
    match kind.naming:
        case Naming.PLACE:
            return number
        case Naming.ADDRESS:
            return hashable(row.get("email"))
        case Naming.KEY:
            return hashable(row.get("key" if kind.prefix else "number"))
    names = {column.field.name: column.name for column in kind.columns}
    parts = [row.get(names[name]) for name in kind.naming_fields]
    return hashable(parts if len(parts) > 1 else parts[0])


def hashable(name: Any) -> Any:
    """A name as it can be looked up."""
    if isinstance(name, list):
        return tuple(hashable(one) for one in name)
    return str(name) if isinstance(name, dict) else name
