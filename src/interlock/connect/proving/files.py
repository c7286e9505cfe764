"""A history that stands in files: a table of changes, and what of it is what (see examples/kubernetes/history.yaml)."""

import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Mapping as Map
from datetime import UTC, datetime
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from django.contrib.contenttypes.models import ContentType

from interlock.backlog.models import Feature
from interlock.connect.importing.expressions import Constant
from interlock.connect.importing.mapping import Mapping
from interlock.connect.proving.told import Laid, nested
from interlock.connect.readers import Reading, Refusal, Remarks, Source, opened
from interlock.connect.readers.yaml_documents import documents
from interlock.engine.promises import Change, Freeze, History, Story
from interlock.workspaces.models import ExternalId, Workspace

PARTS = {"mapping", "changes", "documents", "beside", "plan", "stages", "version", "releases"}
NEEDED = {
    "changes": ("file", "at", "item", "field", "value"),
    "documents": ("field", "path"),
    "plan": ("release",),
    "releases": ("at",),
}
PLAN = {"release", "stage", "planned", "team", "teams", "people", "status"}


class FileHistory:
    """The changes of documents, each of which is a feature.

    description  the YAML that says what is what
    folder       where the files stand that it names

    Raises Refusal, with the place, where the description or the table makes no sense.
    """

    def __init__(self, description: Path, folder: Path) -> None:
        self.name, self.folder = description.name, folder
        self.said = self._described(description)
        self.version = self._version()
        self.mapping_file = description.parent / self.said["mapping"]
        self.changes = self._read_changes()

    # --- reading -----------------------------------------------------------------------------------

    def _described(self, path: Path) -> dict[str, Any]:
        found = [document for _, document in documents(_text(path), path.name)]
        if len(found) != 1 or not isinstance(found[0], dict):
            raise Refusal("is not one YAML document of names and values.", file=self.name)
        said: dict[str, Any] = found[0]
        if unknown := sorted(said.keys() - PARTS):
            raise Refusal(f"“{unknown[0]}” is not known here; there are {', '.join(sorted(PARTS))}.", file=self.name)
        for part, names in {"": ("mapping", *NEEDED), **NEEDED}.items():
            inside = said[part] if part else said
            if not isinstance(inside, dict):
                raise Refusal(f"“{part}” takes names and values.", file=self.name)
            for name in names:
                if not inside.get(name):
                    raise Refusal(f"“{f'{part}.{name}' if part else name}” is missing.", file=self.name)
        self._refuse_misfits(said)
        return said

    def _refuse_misfits(self, said: Map[str, Any]) -> None:
        for name, value in said["plan"].items():
            if name not in PLAN or not isinstance(value, str):
                raise Refusal(f"“plan” takes a field for each of {', '.join(sorted(PLAN))}.", file=self.name)
        for part, value in (("stages", said.get("stages", [])), ("beside", said.get("beside", []))):
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                raise Refusal(f"“{part}” takes a list of texts.", file=self.name)

    def _version(self) -> re.Pattern[str]:
        try:
            pattern = re.compile(self.said.get("version") or "(.+)")
        except (re.error, TypeError) as error:
            raise Refusal(f"“version” is no pattern ({error}).", file=self.name) from error
        if not pattern.groups:
            raise Refusal("“version” takes a pattern with the release in brackets.", file=self.name)
        return pattern

    def _read_changes(self) -> dict[str, list[Change]]:
        """Item → its changes as the table has them, in the order of time."""
        table, leave = self.said["changes"], set(map(str, self.said["changes"].get("leave") or ()))
        source, reading = opened(self.folder), Reading(files=[table["file"]])
        if not reading.names(source):
            raise Refusal(f"There is no {table['file']} in {self.folder.name}.", file=self.name)
        found: dict[str, list[Change]] = defaultdict(list)
        for record in reading.records(source, table["file"], Remarks()):
            row: Map[str, Any] = record.data if isinstance(record.data, dict) else {}
            if missing := [table[name] for name in ("at", "item", "field", "value") if table[name] not in row]:
                raise Refusal(f"has no column “{missing[0]}”.", file=record.file, line=record.line)
            if (item := str(row[table["item"]])) not in leave:
                at = self._moment(row[table["at"]], record.file, record.line)
                found[item].append(Change(at, str(row[table["field"]]), row[table["value"]] or ""))
        for changes in found.values():
            changes.sort(key=lambda change: change.at)
        return found

    def _moment(self, value: Any, file: str, line: int = 0) -> datetime:
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError as error:
            raise Refusal(f"“{value}” is no moment, such as 2024-02-09T02:00:00Z.", file=file, line=line) from error
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    # --- the stories ---------------------------------------------------------------------------------

    @cached_property
    def history(self) -> History:
        freezes = []
        for release, moments in self.said["releases"]["at"].items():
            if not isinstance(moments, dict) or not moments.get("freeze"):
                raise Refusal(f"The release {release} needs the moment of its “freeze”.", file=self.name)
            out = moments.get("out")
            freeze = self._moment(moments["freeze"], self.name)
            freezes.append(Freeze(str(release), freeze, self._moment(out, self.name) if out else None))
        stories = {item: Story([self._understood(one) for one in changes]) for item, changes in self.changes.items()}
        planned = {
            change.after
            for story in stories.values()
            for change in story.changes
            if change.after and (change.field == "release" or change.field.startswith("planned "))
        }
        told = [change.at for story in stories.values() for change in story.changes]
        names = sorted(planned | {freeze.release for freeze in freezes}, key=_natural)
        return History(
            stories=stories,
            freezes=sorted(freezes, key=lambda freeze: freeze.at),
            order={name: float(rank) for rank, name in enumerate(names)},
            stages=tuple(self.said.get("stages") or ()),
            until=max([*told, *(freeze.at for freeze in freezes)], default=None),
        )

    @cached_property
    def _meanings(self) -> dict[str, str]:
        """A document's field → what a story calls it."""
        plan = dict(self.said["plan"])
        planned = plan.pop("planned", "")
        found = {field: meaning for meaning, field in plan.items()}
        return found | {planned.format(stage): f"planned {stage}" for stage in self.said.get("stages") or () if planned}

    def _understood(self, change: Change) -> Change:
        meaning = self._meanings.get(change.field)
        if meaning is None:
            return change
        if meaning == "release" or meaning.startswith("planned "):
            found = self.version.search(str(change.after))
            return Change(change.at, meaning, found[1] if found else None)
        if meaning in ("teams", "people"):
            return Change(change.at, meaning, tuple(one for one in str(change.after).split() if one != "TBD"))
        return Change(change.at, meaning, change.after)

    # --- the plan as it stood ------------------------------------------------------------------------

    @cached_property
    def holds(self) -> frozenset[str]:
        """The fields that the mapping takes from the documents: neither constants, nor what stands beside them."""
        said = self.said["documents"]
        places = (
            change.after for of_one in self.changes.values() for change in of_one if change.field == said["field"]
        )
        path = said["path"].format(next(places, ""))
        mapping = Mapping.parse(_text(self.mapping_file), name=self.mapping_file.name)
        return frozenset(
            f"{block.noun.name}.{name}"
            for block in mapping.blocks
            if _Named(path).matching(block.reading.files, block.reading.leaving)
            for name, target in block.targets.items()
            if not isinstance(target.source, Constant)
        )

    def known_here(self, items: Iterable[str], workspace: Workspace) -> dict[str, int]:
        """By the ids under which an import by the same mapping has brought them."""
        said = self.said["documents"]
        paths = {}
        for item in items:
            places = [change.after for change in self.changes.get(item, ()) if change.field == said["field"]]
            if places:
                paths[said["path"].format(places[-1])] = item
        kind = ContentType.objects.get_for_model(Feature)
        held = ExternalId.objects.filter(workspace=workspace, content_type=kind, record_id__in=paths)
        return {paths[ext]: pk for ext, pk in held.values_list("record_id", "object_id")}

    def lay_out(self, freeze: Freeze, folder: Path) -> Laid:
        items: dict[str, str] = {}
        touched: dict[str, datetime] = {}
        said, lists = self.said["documents"], set(self.said["documents"].get("lists") or ())
        for item, changes in self.changes.items():
            known = [change for change in changes if change.at <= freeze.at]
            then: dict[str, Any] = {change.field: change.after for change in known}
            place = then.pop(said["field"], None)
            if not place:
                continue
            path = said["path"].format(place)
            document = {name: value.split() if name in lists else value for name, value in then.items()}
            if said.get("item"):
                document[said["item"]] = item
            _write(folder, path, json.dumps(nested(document), ensure_ascii=False))
            items[path], touched[path] = item, known[-1].at
        for path in self.said.get("beside") or ():
            self._copy(path, folder)
        return Laid(folder, self._mapping(freeze, folder), items, touched)

    def _mapping(self, freeze: Freeze, folder: Path) -> str:
        """With this release open and those before it out, and without what reads files that are not here."""
        releases = self.said["releases"]
        if releases.get("file"):
            for one in self.history.freezes:
                if one.at <= freeze.at:
                    self._copy(releases["file"].format(one.release), folder)
        text = _text(self.mapping_file)
        [(_, mapping)] = documents(text, self.mapping_file.name)
        if releases.get("table"):
            states = {freeze.release: releases.get("open", "in_progress"), "*": releases.get("out", "released")}
            mapping.setdefault("tables", {})[releases["table"]] = states
        laid, blocks = opened(folder), Mapping.parse(text, name=self.mapping_file.name).blocks
        # An import refuses to go without files that it was promised: what has no history is not asked for.
        mapping["imports"] = [
            said for said, block in zip(mapping["imports"], blocks, strict=True) if block.reading.names(laid)
        ]
        return json.dumps(mapping, ensure_ascii=False)

    def _copy(self, path: str, folder: Path) -> None:
        source = (self.folder / path).resolve()
        if not source.is_relative_to(self.folder.resolve()) or not source.is_file():
            raise Refusal(f"There is no {path} in {self.folder.name}.", file=self.name)
        _write(folder, path, "")
        shutil.copyfile(source, folder / path)


class _Named(Source):
    """As if there were one file of that path, to ask which blocks of a mapping would read it."""

    def __init__(self, label: str) -> None:
        self.label = label

    def names(self) -> list[str]:
        return [self.label]

    def size(self, name: str) -> int:
        return 0

    def open(self, name: str) -> IO[bytes]:
        return BytesIO()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"{path.name} cannot be read as UTF-8 text.") from error


def _write(folder: Path, path: str, text: str) -> None:
    place = folder / path
    if not place.resolve().is_relative_to(folder.resolve()):
        raise Refusal(f"“{path}” leads out of the folder.")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")


def _natural(name: str) -> tuple[Any, ...]:
    """1.9 before 1.10, and words behind numbers."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"\d+|\D+", name))
