"""The history that every workspace has: its audit events, each with what a field was before and after."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from interlock.backlog.models import Feature
from interlock.connect.importing.fields import Reference
from interlock.connect.importing.nouns import NOUNS, Noun
from interlock.connect.proving.told import Laid
from interlock.engine.promises import Change, Freeze, History, Story
from interlock.releases.models import Release
from interlock.workspaces.models import AuditEvent, Workspace

# A release that was never set in progress counts as frozen so long before its target.
FROZEN_BEFORE = timedelta(weeks=6)
# What hangs on a row is told one end at a time: added or taken away.
ONE_BY_ONE = {("person", "teams"), ("role", "holders")}
# What an event does not tell, since it is about a person.
UNTOLD = "…"


@dataclass
class Row:
    """What the events tell of one row: its fields as they came to be, in the order of time."""

    changes: list[Change] = field(default_factory=list)

    def at(self, moment: datetime) -> dict[str, Any]:
        return {change.field: change.after for change in self.changes if change.at <= moment}


class EventHistory:
    def __init__(self, workspace: Workspace) -> None:
        self.rows: dict[str, dict[str, Row]] = {name: defaultdict(Row) for name in NOUNS}
        self.told: dict[str, set[str]] = defaultdict(set)
        names = {noun.label: noun.name for noun in NOUNS.values()}
        events = AuditEvent.objects.filter(workspace_id=workspace.pk, model__in=names).order_by("at", "pk")
        for at, model, key, changes in events.values_list("at", "model", "key", "changes").iterator():
            self._take(at, names[model], key, changes)

    def _take(self, at: datetime, noun: str, key: str, changes: dict[str, Any]) -> None:
        row = self.rows[noun][key]
        for name, pair in changes.items():
            if not isinstance(pair, list) or len(pair) != 2:
                continue
            before, after = pair
            if (noun, name) in ONE_BY_ONE:
                held = list(row.at(at).get(name) or ())
                after = [one for one in held if one != before] + ([after] if after else [])
            if after != UNTOLD:
                row.changes.append(Change(at, name, after))
                self.told[noun].add(name)
        if not row.changes:  # it was there, even where nothing is told of it
            row.changes.append(Change(at, "", None))

    # --- the stories ---------------------------------------------------------------------------------

    @cached_property
    def history(self) -> History:
        releases = {key: row.at(datetime.max.replace(tzinfo=UTC)) for key, row in self.rows["release"].items()}
        targets = {
            key: date.fromisoformat(said["target_on"]) for key, said in releases.items() if said.get("target_on")
        }
        undated = max(targets.values(), default=date.min)
        order = {
            key: float(targets[key].toordinal() if key in targets else undated.toordinal() + 1) for key in releases
        }
        freezes = [freeze for key, row in self.rows["release"].items() if (freeze := self._freeze(key, row))]
        return History(
            stories={key: Story(list(self._story(row))) for key, row in self.rows["feature"].items()},
            freezes=sorted(freezes, key=lambda freeze: freeze.at),
            order=order,
            finishes=True,
        )

    @staticmethod
    def _freeze(key: str, row: Row) -> Freeze | None:
        """When it was first in progress, or else some weeks before its target; none for what was called off."""
        said = [change for change in row.changes if change.field in ("status", "archived_at", "target_on")]
        now = {change.field: change.after for change in said}
        if now.get("status") == Release.Status.CANCELLED or now.get("archived_at"):
            return None

        def first(status: str) -> datetime | None:
            return next((one.at for one in said if (one.field, one.after) == ("status", status)), None)

        out, target = first(Release.Status.RELEASED), now.get("target_on")
        at = first(Release.Status.IN_PROGRESS)
        if at is None and target:
            at = datetime.combine(date.fromisoformat(target), time.min, UTC) - FROZEN_BEFORE
        return Freeze(key, at, out) if at and (out is None or at < out) else None

    def _story(self, row: Row) -> Iterator[Change]:
        meanings = {"contributing_teams": "teams", "owner": "people"}
        for change in row.changes:
            after = change.after
            if change.field == "archived_at":
                yield Change(change.at, "status", "dropped" if after else row.at(change.at).get("status"))
            elif change.field in meanings:
                ends = tuple(after) if isinstance(after, list) else (after,) if after else ()
                yield Change(change.at, meanings[change.field], ends)
            else:
                yield Change(change.at, change.field, after)

    # --- the plan as it stood ------------------------------------------------------------------------

    @cached_property
    def holds(self) -> frozenset[str]:
        fields = {f"{noun}.{name}" for noun, names in self.told.items() for name in names}
        return frozenset(fields | ({"feature.needs"} if "dependency.needs" in fields else set()))

    def known_here(self, items: Iterable[str], workspace: Workspace) -> dict[str, int]:
        numbers = {item: Feature.number_of(item) for item in items}
        held = Feature.objects.of(workspace).filter(number__in=numbers.values()).values_list("number", "pk")
        pks = dict(held)
        return {item: pks[number] for item, number in numbers.items() if number in pks}

    def lay_out(self, freeze: Freeze, folder: Path) -> Laid:
        blocks = []
        standing: dict[str, datetime] = {}
        for noun in NOUNS.values():
            rows = []
            for key, row in self.rows[noun.name].items():
                said = row.at(freeze.at)
                if said and not said.get("archived_at"):
                    rows.append({"key": key, **self._fields(noun, key, said)})
                    if noun.name == "feature":
                        standing[key] = max(change.at for change in row.changes if change.at <= freeze.at)
            if rows:
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{noun.name}.json").write_text(json.dumps(rows), encoding="utf-8")
                blocks.append(self._block(noun, {name for row in rows for name in row}))
        mapping = json.dumps({"source": "history", "imports": blocks})
        return Laid(folder, mapping, {key: key for key in standing}, standing)

    @staticmethod
    def _fields(noun: Noun, key: str, said: dict[str, Any]) -> dict[str, Any]:
        """What the importer takes; a name that is not told is the key."""
        found = {name: value for name, value in said.items() if name in noun.fields and value not in (None, "", [])}
        needed = {noun.called: key} if noun.called else {}
        return needed | found

    @staticmethod
    def _block(noun: Noun, names: set[str]) -> dict[str, Any]:
        fields = {
            name: {"from": name, "by": "id"} if isinstance(one, Reference) else name
            for name, one in noun.fields.items()
            if name in names
        }
        file = f"{noun.name}.json"
        return {"entity": noun.name, "files": file, "records": "[]", "external_id": "key", "fields": fields}
