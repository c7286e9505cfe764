"""From a workspace to files: streamed, from one moment's view of the database."""

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from interlock import __version__
from interlock.connect.exporting import FORMAT, HISTORY, MANIFEST, VERSION, history
from interlock.connect.exporting.kinds import LEFT_OUT, Kind, kinds
from interlock.connect.exporting.naming import Names
from interlock.connect.exporting.values import packing
from interlock.workspaces.bulk import batches
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import AuditEvent, Member, Workspace
from interlock.workspaces.snapshots import snapshot

BATCH = 1000
PARTIAL = ".partial"

Told = dict[str, Any]


@dataclass(frozen=True)
class Summary:
    kinds: int
    rows: int
    size: int


def export(workspace: Workspace, target: Path) -> Summary:
    """Into a folder where there is one of that name, else into a zip archive, which appears when it is complete."""
    try:
        if target.is_dir():
            if any(target.iterdir()):
                raise DomainError(f"{target} is not empty: name an empty folder, or a file to make.")
            return _write(workspace, _Folder(target))
        # Of its own, since a job that was taken for lost may be done twice at the same time.
        descriptor, draft = tempfile.mkstemp(dir=target.parent, prefix=f"{target.name}.", suffix=PARTIAL)
        try:
            with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                summary = _write(workspace, _Zip(archive))
            os.replace(draft, target)
        finally:
            Path(draft).unlink(missing_ok=True)
    except OSError as error:
        raise DomainError(f"{target} cannot be written ({error.strerror}).") from error
    return summary


@dataclass(frozen=True)
class _Zip:
    archive: zipfile.ZipFile

    def open(self, name: str) -> IO[bytes]:
        return self.archive.open(name, "w", force_zip64=True)


@dataclass(frozen=True)
class _Folder:
    path: Path

    def open(self, name: str) -> IO[bytes]:
        return (self.path / name).open("wb")


@dataclass
class _Noted:
    """What the manifest says of a file."""

    kind: str
    rows: int = 0
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def told(self, name: str) -> Told:
        return {
            "name": name,
            "kind": self.kind,
            "rows": self.rows,
            "bytes": self.size,
            "sha256": self.digest.hexdigest(),
        }


def _write(workspace: Workspace, target: _Zip | _Folder) -> Summary:
    files = []
    with snapshot():
        names = Names(workspace)
        for label, rows in _parts(workspace, names):
            noted, name = _Noted(label), f"{label}.jsonl"
            with target.open(name) as file:
                for line in map(line_of, rows):
                    file.write(line)
                    noted.digest.update(line)
                    noted.rows += 1
                    noted.size += len(line)
            files.append(noted.told(name))
    manifest = {
        "format": FORMAT,
        "format_version": VERSION,
        "made_by": f"Interlock {__version__}",
        "made_at": timezone.now().isoformat(timespec="seconds"),
        "workspace": workspace.slug,
        "files": files,
        "left_out": LEFT_OUT,
    }
    with target.open(MANIFEST) as file:
        file.write(json.dumps(manifest, indent=1, ensure_ascii=False).encode() + b"\n")
    return Summary(len(files), sum(one["rows"] for one in files), sum(one["bytes"] for one in files))


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def line_of(row: Told) -> bytes:
    # JSON escapes half of a surrogate pair just as Python's backslashes do.
    ordered = ",".join(f"{_encode(name)}:{_encode(value)}" for name, value in row.items())
    return f"{{{ordered}}}\n".encode("utf-8", "backslashreplace")


def _parts(workspace: Workspace, names: Names) -> Iterator[tuple[str, Iterable[Told]]]:
    yield Workspace._meta.label_lower, [workspace_told(workspace)]
    for kind in kinds().values():
        yield kind.label, _members(names) if kind.model is Member else _rows(kind, workspace, names)
    at: Any = packing(AuditEvent._meta.get_field("at"))
    yield HISTORY, ({**event, "at": at(event["at"])} for event in history.told(workspace, names, BATCH))


def workspace_fields() -> list[Any]:
    """All but where it is, and that somebody is about to delete it."""
    apart = {"id", "slug", "deleted_at", *getattr(Workspace, "secrets", ())}
    return [field for field in Workspace._meta.concrete_fields if field.name not in apart]


def workspace_told(workspace: Workspace) -> Told:
    held = Workspace.objects.get(pk=workspace.pk)
    return {field.name: _packed(field, getattr(held, field.attname)) for field in workspace_fields()}


def _packed(field: Any, value: Any) -> Any:
    pack = packing(field)
    return value if value is None or pack is None else pack(value)


def _members(names: Names) -> Iterator[Told]:
    for name, member in names.seats:
        yield {
            "email": name if member.user else None,
            "name": member.user.name if member.user else "",
            "role": member.role,
            "joined_at": _packed(Member._meta.get_field("joined_at"), member.joined_at),
            "ended_at": _packed(Member._meta.get_field("ended_at"), member.ended_at),
        }


# --- the rows of a kind ------------------------------------------------------------------------------


def _rows(kind: Kind, workspace: Workspace, names: Names) -> Iterator[Told]:
    columns = kind.columns
    wanted = ["pk", *(column.attname for column in columns)]
    anything = kind.points_to_anything
    if anything:
        wanted += ["content_type_id", "object_id"]
    packs = [packing(column.field) if not column.to else None for column in columns]
    home = workspace.get_absolute_url()
    rows = kind.of(workspace).values_list(*wanted).iterator(BATCH)
    for batch in batches(rows, BATCH):
        links = _links(kind, [row[0] for row in batch], names)
        objects = _objects([row[-2:] for row in batch], names) if anything else []
        ends = {
            place: names.of(column.to, (row[place] for row in batch))
            for place, column in enumerate(columns, start=1)
            if column.to
        }
        for number, row in enumerate(batch):
            told: Told = {}
            for place, (column, pack) in enumerate(zip(columns, packs, strict=True), start=1):
                value = row[place]
                if place in ends:
                    value = ends[place].get(value)
                elif column.is_key:
                    value = f"{kind.prefix}-{value}"
                elif column.name == "url" and value.startswith(home):
                    value = value.removeprefix(home)
                elif pack and value is not None:
                    value = pack(value)
                told[column.name] = value
            if anything:
                told["object"] = objects[number]
            for name, ends_of in links.items():
                told[name] = ends_of.get(row[0], [])
            # What hangs on something that is not here, hangs in the air.
            if all(told[column.name] is not None for column in columns if column.required and column.to):
                yield told


def _links(kind: Kind, keys: list[int], names: Names) -> dict[str, dict[int, list[Any]]]:
    """Many-to-many field → primary key → names, in an order of their own."""
    found: dict[str, dict[int, list[Any]]] = {}
    for column in kind.links:
        here, there = column.field.m2m_field_name(), column.field.m2m_reverse_field_name()
        through = column.field.remote_field.through._base_manager
        pairs = list(through.filter(**{f"{here}__in": keys}).values_list(f"{here}_id", f"{there}_id"))
        ends = names.of(column.to, (there for _, there in pairs))
        of: dict[int, list[Any]] = {}
        for row, end in pairs:
            if end in ends:
                of.setdefault(row, []).append(ends[end])
        found[column.name] = {row: sorted(one, key=in_order) for row, one in of.items()}
    return found


def in_order(name: Any) -> Any:
    """F-9 before F-10."""
    if isinstance(name, str):
        prefix, _, number = name.rpartition("-")
        return (prefix, int(number), name) if number.isascii() and number.isdigit() else (name, 0, "")
    return (json.dumps(name), 0, "") if isinstance(name, list) else ("", name, "")


def _objects(pairs: list[tuple[int, int]], names: Names) -> list[list[Any]]:
    wanted: dict[int, set[int]] = {}
    for kind, key in pairs:
        wanted.setdefault(kind, set()).add(key)
    labels = {kind: ".".join(ContentType.objects.get_for_id(kind).natural_key()) for kind in wanted}
    found = {kind: names.of(labels[kind], keys) for kind, keys in wanted.items()}
    return [[labels[kind], found[kind].get(key)] for kind, key in pairs]
