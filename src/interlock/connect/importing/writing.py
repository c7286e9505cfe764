"""The last part of a run: the plan's own verbs write the rows, in short transactions, in an order that holds.

A run may die at any point. What it wrote is recognised by the next run of the same source, which completes it:
a row counts as taken over only when all that hangs on it is written too.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from interlock.backlog.models import Dependency, Tag
from interlock.connect.importing.fields import Hanging, Names, Reference, Spellings
from interlock.connect.importing.judging import NOT_OPEN, changed_fields, chunks, external, marks
from interlock.connect.importing.mapping import Mapping
from interlock.connect.importing.notes import Kind, Note
from interlock.connect.importing.nouns import NOUNS, Noun
from interlock.connect.importing.reading import Progress
from interlock.connect.importing.staging import StagedRow, Staging, State
from interlock.connect.importing.steps import shown
from interlock.organisation.models import Identity, TeamMembership
from interlock.releases.models import ScopeItem, TaskLink
from interlock.workspaces import bulk
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import ExternalId, Member
from interlock.workspaces.turns import Turns

# A transaction of this size takes a fraction of the two seconds that other writers may have to wait.
ROWS_A_TRANSACTION = 500
REMEMBERED = 5_000

Pair = tuple[StagedRow, Any]
Refusals = (DomainError, IntegrityError, PermissionDenied)


class Writer:
    def __init__(self, staging: Staging, mapping: Mapping, *, by: Member, progress: Progress) -> None:
        self.staging, self.mapping, self.by, self.progress = staging, mapping, by, progress
        self.targets = {
            (block.number, name): target for block in mapping.blocks for name, target in block.targets.items()
        }
        self.things: dict[tuple[str, int], Any] = {}
        self.tags: dict[str, Tag] = {}
        self.referred_to = {t.field.noun for t in self.targets.values() if isinstance(t.field, Reference)}
        self.has_aliases = any(block.aliases for block in mapping.blocks)
        self.turns = Turns()
        self.done = 0
        self.total = staging.count("state IN (?, ?)", [State.NEW, State.CHANGED])

    def write(self) -> None:
        for noun in NOUNS.values():
            for level in self._levels(noun):
                waiting = "entity = ? AND level = ? AND state IN (?, ?)"
                for rows in self._batches(waiting, noun.name, level, State.NEW, State.CHANGED):
                    self._in_one_transaction(self._write_rows, noun, rows)
                    self.done += len(rows)
                    self.progress("Writing", self.done, self.total)
            if crossing(noun):
                for rows in self._batches("entity = ? AND state = ?", noun.name, State.STANDING):
                    self._in_one_transaction(self._cross, noun, rows)
        self.staging.flush()

    def _batches(self, where: str, *parameters: Any) -> Iterator[list[StagedRow]]:
        return self.staging.batches(where, parameters, ROWS_A_TRANSACTION)

    def _levels(self, noun: Noun) -> list[int]:
        found = self.staging.db.execute(
            "SELECT DISTINCT level FROM rows WHERE entity = ? AND state IN (?, ?) ORDER BY level",
            (noun.name, State.NEW, State.CHANGED),
        )
        return [level for (level,) in found]

    def _in_one_transaction(self, write: Callable[..., None], noun: Noun, rows: list[StagedRow]) -> None:
        """A row that the plan refuses is searched for by halves; the others are written."""
        states = [row.state for row in rows]
        self.turns.give()
        try:
            with transaction.atomic():
                write(noun, rows)
        except Refusals as problem:
            # What the transaction made is gone with it.
            self.things.clear()
            self.tags.clear()
            for row, state in zip(rows, states, strict=True):
                row.state = state
            if len(rows) > 1:
                middle = len(rows) // 2
                self._in_one_transaction(write, noun, rows[:middle])
                self._in_one_transaction(write, noun, rows[middle:])
                return
            [row] = rows
            stands = row.state == State.STANDING
            row.state = State.STANDING if stands else State.REFUSED
            kind = Kind.LOST if stands else Kind.REFUSED
            self._note(kind, row, getattr(problem, "field", ""), _told(problem))
        self.staging.settle(rows)

    # --- the rows themselves ---------------------------------------------------------------------

    def _write_rows(self, noun: Noun, rows: list[StagedRow]) -> None:
        held = self._held(noun, rows)
        refs = self._referred(noun, rows)
        things = self._known_things(noun, rows)
        wanted = {
            row.id: changed_fields(noun, row, held.get(row.ext)) if row.id in things else row.fields for row in rows
        }
        columns = {row.id: self._columns(noun, row, wanted[row.id], refs) for row in rows}
        known = set(things)
        new = [row for row in rows if row.id not in known]
        added = noun.model.objects.add_many([columns[row.id] for row in new], by=self.by)
        pairs = [(things[row.id], columns[row.id]) for row in rows if row.id in known]
        touched = {thing.pk for thing in noun.model.objects.change_many(pairs, by=self.by)}
        things |= {row.id: thing for row, thing in zip(new, added, strict=True)}
        touched |= self._hang(noun, [(row, things[row.id]) for row in rows], wanted, refs, held)
        for row in rows:
            row.pk = things[row.id].pk
            row.outcome = "created" if row.id not in known else "changed" if row.pk in touched else "unchanged"
            crosses = any(name in wanted[row.id] for name in crossing(noun))
            row.state = State.STANDING if crosses else State.WRITTEN
            if noun.name in self.referred_to and len(self.things) < REMEMBERED:
                self.things[noun.name, row.pk] = things[row.id]
        self._remember(noun, rows, refs, held)

    def _known_things(self, noun: Noun, rows: list[StagedRow]) -> dict[int, Any]:
        known = noun.model.objects.editable_by(self.by).in_bulk([row.pk for row in rows if row.pk])
        gone = next((row for row in rows if row.pk and row.pk not in known), None)
        if gone:
            raise DomainError(NOT_OPEN.format(shown(gone.ext)))
        return {row.id: known[row.pk] for row in rows if row.pk}

    def _columns(self, noun: Noun, row: StagedRow, wanted: dict[str, Any], refs: dict[Any, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, frozen in wanted.items():
            field = noun.fields[name]
            if field.after:
                continue
            if isinstance(field, Names):
                values[name] = self._tags(frozen or [])
            elif isinstance(field, Reference):
                things = self._ends(name, frozen, refs)
                values[name] = things if field.many else things[0] if things else None
                if field.required and not things:
                    raise DomainError("what it refers to could not be written", field=name)
            else:
                values[name] = field.thaw(frozen)
        return values

    def _tags(self, names: list[str]) -> list[Tag]:
        unknown = [name for name in names if name not in self.tags]
        if unknown:
            self.tags |= {tag.name: tag for tag in Tag.named(unknown, workspace=self.by.workspace)}
        return [self.tags[name] for name in names]

    # --- what they refer to ----------------------------------------------------------------------

    def _referred(self, noun: Noun, rows: list[StagedRow]) -> dict[tuple[str, str], Any]:
        """What the references of these rows mean: (target, text) to the thing itself."""
        wanted: dict[str, dict[str, str]] = defaultdict(dict)
        for row in rows:
            for name, refs in row.fields.items():
                field = noun.fields[name]
                if isinstance(field, Reference):
                    for target, text, *_ in refs:
                        wanted[target][text] = field.noun
        found: dict[tuple[str, str], tuple[str, int]] = {}
        for target, texts in wanted.items():
            for chunk in chunks(texts):
                for text, pk in self.staging.db.execute(
                    "SELECT l.text, coalesce(l.pk, r.pk) FROM lookups l LEFT JOIN rows r ON r.id = l.row"
                    f" WHERE l.target = ? AND l.text IN ({marks(chunk)})",
                    (target, *chunk),
                ):
                    if pk is not None:
                        found[target, text] = (texts[text], pk)
        self._fetch(set(found.values()))
        return {ref: self.things[at] for ref, at in found.items() if at in self.things}

    def _fetch(self, wanted: set[tuple[str, int]]) -> None:
        if len(self.things) + len(wanted) > REMEMBERED:
            self.things.clear()
        missing: dict[str, list[int]] = defaultdict(list)
        for noun, pk in wanted - self.things.keys():
            missing[noun].append(pk)
        for name, pks in missing.items():
            rows = NOUNS[name].model.objects.visible_to(self.by)
            for chunk in chunks(pks):
                self.things |= {(name, pk): thing for pk, thing in rows.in_bulk(chunk).items()}

    @staticmethod
    def _ends(name: str, frozen: list[list[str]] | None, refs: dict[Any, Any]) -> list[Any]:
        ends = [refs[target, text] for target, text, *_ in frozen or [] if (target, text) in refs]
        return list({end.pk: end for end in ends}.values())

    # --- what hangs on them ----------------------------------------------------------------------

    def _hang(
        self, noun: Noun, pairs: list[Pair], wanted: dict[int, Any], refs: dict[Any, Any], held: dict[str, ExternalId]
    ) -> set[int]:
        """Returns the keys of the things on which something changed."""
        changed: set[int] = set()
        for field in noun.fields.values():
            if not field.after or field.name in crossing(noun):
                continue
            concerned = [(row, thing) for row, thing in pairs if field.name in wanted[row.id]]
            if not concerned:
                continue
            if isinstance(field, Spellings):
                changed |= self._identify(field, concerned, wanted)
                continue
            ends = {row.id: self._ends(field.name, wanted[row.id][field.name], refs) for row, _ in concerned}
            match noun.name, field.name:
                case "person", "teams":
                    changed |= self._join(concerned, ends, held)
                case "role", "holders":
                    changed |= self._assign(concerned, ends, held)
                case "feature", "release":
                    changed |= self._plan(concerned, ends)
        return changed

    def _identify(self, field: Spellings, pairs: list[Pair], wanted: dict[int, Any]) -> set[int]:
        known = [(thing, field.kind, one) for row, thing in pairs for one in wanted[row.id][field.name] or []]
        new, taken = Identity.objects.note_many(known, source=self.mapping.source, by=self.by)
        rows = {thing.pk: row for row, thing in pairs}
        for person, spelling in taken:
            self._note(Kind.LOST, rows[person.pk], field.name, f"“{spelling}” is known to be somebody else")
        return {person.pk for person, _ in new}

    def _join(self, pairs: list[Pair], ends: dict[int, list[Any]], held: dict[str, ExternalId]) -> set[int]:
        today = timezone.localdate()
        joined = TeamMembership.objects.join_many(
            [(thing, team) for row, thing in pairs for team in ends[row.id]], by=self.by
        )
        left = self._withdrawn(pairs, "teams", ends, held)
        for person, pks in left:
            for membership in person.memberships.filter(team__in=pks).over_later_than(today).select_related("team"):
                person.leave(membership.team, by=self.by, on=max(today, membership.starts_on or today))
        return {person.pk for person, _ in joined} | {person.pk for person, _ in left}

    def _assign(self, pairs: list[Pair], ends: dict[int, list[Any]], held: dict[str, ExternalId]) -> set[int]:
        today = timezone.localdate()
        for row, role in pairs:
            for person in ends[row.id]:
                role.assign(person, by=self.by, on=today)
        left = self._withdrawn(pairs, "holders", ends, held)
        for role, pks in left:
            for assignment in role.assignments.filter(person__in=pks, ends_on=None).select_related("person"):
                role.relieve(assignment.person, by=self.by, on=today)
        return {role.pk for _, role in pairs}

    def _plan(self, pairs: list[Pair], ends: dict[int, list[Any]]) -> set[int]:
        ScopeItem.objects.plan_many([(feature, next(iter(ends[row.id]), None)) for row, feature in pairs], by=self.by)
        return {feature.pk for _, feature in pairs}

    @staticmethod
    def _withdrawn(
        pairs: list[Pair], name: str, ends: dict[int, list[Any]], held: dict[str, ExternalId]
    ) -> list[tuple[Any, set[int]]]:
        """What the source named last time and no longer names."""
        found = []
        for row, thing in pairs:
            before = held[row.ext].record.get("ends", {}).get(name, []) if row.ext in held else []
            if gone := set(before) - {end.pk for end in ends[row.id]}:
                found.append((thing, gone))
        return found

    # --- what may point to any other of its kind ---------------------------------------------------

    def _cross(self, noun: Noun, rows: list[StagedRow]) -> None:
        held = self._held(noun, rows)
        refs = self._referred(noun, rows)
        things = {row.id: thing for row, thing in self._standing(noun, rows)}
        for name in crossing(noun):
            pairs = [(row, things[row.id]) for row in rows]
            if noun.name == "task":
                self._wait(name, pairs, refs, held)
            else:
                self._depend(name, pairs, refs, held)
        for row in rows:
            row.state = State.WRITTEN
        self._remember(noun, rows, refs, held)

    def _standing(self, noun: Noun, rows: list[StagedRow]) -> list[Pair]:
        self._fetch({(noun.name, row.pk) for row in rows if row.pk})
        return [(row, self.things[noun.name, row.pk]) for row in rows if row.pk]

    def _depend(self, name: str, pairs: list[Pair], refs: dict[Any, Any], held: dict[str, ExternalId]) -> None:
        ends = {row.id: self._ends(name, row.fields.get(name), refs) for row, _ in pairs}
        wanted = {
            ((thing, end) if name == "needs" else (end, thing)): self._note_of(row, name)
            for row, thing in pairs
            for end in ends[row.id]
            if end.pk != thing.pk
        }
        active = Dependency.objects.of(self.by.workspace).active()
        known = set(
            active.filter(feature__in=[feature.pk for feature, _ in wanted]).values_list("feature_id", "needs_id")
        )
        Dependency.objects.add_many(
            [
                {"feature": feature, "needs": needs, "note": note}
                for (feature, needs), note in wanted.items()
                if (feature.pk, needs.pk) not in known
            ],
            by=self.by,
        )
        one_end, other_end = ("feature", "needs") if name == "needs" else ("needs", "feature")
        for thing, gone in self._withdrawn(pairs, name, ends, held):
            active.filter(**{one_end: thing, f"{other_end}__in": gone}).archive(by=self.by)

    def _wait(self, name: str, pairs: list[Pair], refs: dict[Any, Any], held: dict[str, ExternalId]) -> None:
        """Finish to start, without days between: of whatever else links are, each is a record of its own."""
        ends = {row.id: self._ends(name, row.fields.get(name), refs) for row, _ in pairs}
        wanted = [(task, before) for row, task in pairs for before in ends[row.id]]
        active = TaskLink.objects.of(self.by.workspace).active()
        known = set(active.filter(task__in=[task.pk for task, _ in wanted]).values_list("task_id", "predecessor_id"))
        TaskLink.objects.add_many(
            [{"task": task, "predecessor": before} for task, before in wanted if (task.pk, before.pk) not in known],
            by=self.by,
        )
        for task, gone in self._withdrawn(pairs, name, ends, held):
            active.filter(task=task, predecessor__in=gone).archive(by=self.by)

    def _note_of(self, row: StagedRow, name: str) -> str:
        target = self.targets.get((row.block, name))
        return target.note if target else ""

    # --- where they came from --------------------------------------------------------------------

    def _held(self, noun: Noun, rows: list[StagedRow]) -> dict[str, ExternalId]:
        asked, held = external(noun, [row.ext for row in rows], source=self.mapping.source, by=self.by)
        return {asked[one.record_id]: one for one in held}

    def _remember(self, noun: Noun, rows: list[StagedRow], refs: dict[Any, Any], held: dict[str, ExternalId]) -> None:
        """Note what the source said. Without a digest, the next run looks at the row again."""
        unfinished = [row.ext for row in rows if row.state == State.STANDING]
        ExternalId.objects.filter(pk__in=[held[ext].pk for ext in unfinished if ext in held]).update(digest="")
        said = {row.ext: self._record(noun, row, refs) for row in rows if row.state == State.WRITTEN}
        changed = [one for ext, one in held.items() if ext in said]
        for row in rows:
            if row.ext in held and row.ext in said:
                one = held[row.ext]
                one.object_id, one.digest, one.record = row.pk or 0, row.digest, said[row.ext]
                one.seen_at = timezone.now()
        ExternalId.objects.bulk_update(changed, ["object_id", "digest", "record", "seen_at"])
        kind = ContentType.objects.get_for_model(noun.model).pk
        now = timezone.now()
        named = [(row, row.ext, row.digest, said.get(row.ext, {})) for row in rows if row.ext not in held]
        named += [(row, alias, "", {}) for row, alias in self._new_aliases(noun, rows)]
        bulk.insert(
            ExternalId,
            ("workspace", "source", "content_type", "seen_at", "object_id", "record_id", "digest", "record"),
            [
                (self.by.workspace_id, self.mapping.source, kind, now, row.pk, name, digest if record else "", record)
                for row, name, digest, record in named
            ],
        )

    def _record(self, noun: Noun, row: StagedRow, refs: dict[Any, Any]) -> dict[str, Any]:
        ends = {
            name: [end.pk for end in self._ends(name, frozen, refs)]
            for name, frozen in row.fields.items()
            if isinstance(noun.fields[name], Hanging)
        }
        return row.told | {"ends": ends}

    def _new_aliases(self, noun: Noun, rows: list[StagedRow]) -> list[tuple[StagedRow, str]]:
        """Further names that are one row's alone and not yet noted; what two go by leads to neither."""
        if not self.has_aliases:
            return []
        by_id = {row.id: row for row in rows}
        found = self.staging.db.execute(
            f"SELECT row, alias FROM aliases WHERE row IN ({marks(list(by_id))}) AND NOT EXISTS ("
            " SELECT 1 FROM aliases other"
            " WHERE other.entity = aliases.entity AND other.alias = aliases.alias AND other.row <> aliases.row)"
            " AND NOT EXISTS (SELECT 1 FROM rows WHERE rows.entity = aliases.entity AND rows.ext = aliases.alias)",
            list(by_id),
        ).fetchall()
        asked, held = external(noun, [alias for _, alias in found], source=self.mapping.source, by=self.by)
        noted = {asked[name] for name in held.values_list("record_id", flat=True)}
        return [(by_id[row], alias) for row, alias in found if alias not in noted]

    def _note(self, kind: Kind, row: StagedRow, field: str, reason: str) -> None:
        self.staging.note(Note(kind, reason, row.entity, field, row.file, row.line))


def crossing(noun: Noun) -> list[str]:
    """What points to others of its own kind and makes rows of another."""
    return [field.name for field in noun.fields.values() if isinstance(field, Hanging) and field.noun == noun.name]


def _told(problem: Exception) -> str:
    if isinstance(problem, DomainError):
        return problem.sentence
    if isinstance(problem, PermissionDenied):
        return str(problem) or "changing it is not open to you"
    return "it stands in the way of what is there already"
