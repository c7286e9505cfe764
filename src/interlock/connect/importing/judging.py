"""The second part of a run: what each staged row would do to the plan, and whether it may. Nothing is written."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from copy import copy
from itertools import islice
from typing import Any

import orjson
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from interlock.connect.importing.fields import Names, Reference, link_of
from interlock.connect.importing.mapping import Block, Mapping, Target
from interlock.connect.importing.notes import Kind, Note
from interlock.connect.importing.nouns import NOUNS, Noun
from interlock.connect.importing.reading import Progress, spellings, target_id
from interlock.connect.importing.staging import BATCH, StagedRow, Staging, State
from interlock.connect.importing.steps import shown, text
from interlock.connect.readers import Refusal
from interlock.connect.readers.refusal import place
from interlock.organisation.models import Identity, Person
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import ExternalId, Member
from interlock.workspaces.plan import PlanModel

# Below what every database takes as parameters of one query.
CHUNK = 800
# A reference as it is staged: the target under which it is looked up, its text, its file and line.
Ref = Any
# What a lookup led to: a staged row, a row that is there already, or why to neither.
Hit = tuple[int | None, int | None, str]
LONGEST_TOLD = 200
# Of what is not there, and of what is hidden: an import must not tell one from the other.
NOT_OPEN = "nothing is known under “{}”, or changing it is not open to you"


class Judge:
    def __init__(self, staging: Staging, mapping: Mapping, *, by: Member, progress: Progress) -> None:
        self.staging, self.mapping, self.by, self.progress = staging, mapping, by, progress
        self.targets: dict[str, tuple[Noun, Target]] = {
            target_id(block, name): (NOUNS[target.field.noun], target)
            for block in mapping.blocks
            for name, target in block.targets.items()
            if isinstance(target.field, Reference)
        }
        # What was made and not yet told of.
        self.made: set[int] = set()
        self.blanks: dict[str, Any] = {}

    def judge(self) -> None:
        for noun in NOUNS.values():
            self._recognise(noun)
        for block in self.mapping.blocks:
            if block.only_known:
                self._set_unknown_aside(block)
        self._refuse_shared_spellings()
        for target, (noun, wanted) in self.targets.items():
            self._resolve(target, noun, wanted)
        for noun in NOUNS.values():
            if noun.told_by:
                self._recognise_by_ends(noun)
        done, total = 0, self.staging.count("state = ?", [State.STAGED])
        for noun in NOUNS.values():
            for rows in self.staging.batches("entity = ? AND state = ?", [noun.name, State.STAGED]):
                self._judge(noun, rows)
                self.staging.update(rows)
                done += len(rows)
                self.progress("Checking", done, total)
        for noun in NOUNS.values():
            self._order(noun)
        self._follow_refusals()
        self.staging.flush()

    # --- which rows are known --------------------------------------------------------------------

    def _recognise(self, noun: Noun) -> None:
        """By the id under which the source brought them before, else by what is unique about them."""
        for rows in self._unrecognised(noun):
            held = self._known(noun, [ext for _, ext, _, _ in rows])
            known = {row: held[ext] for row, ext, _, _ in rows if ext in held}
            keyed = self._keyed(noun, {key for _, ext, _, key in rows if key and ext not in held})
            known |= {row: keyed[key] for row, ext, _, key in rows if ext not in held and key in keyed}
            unknown = [(row, called) for row, _, called, _ in rows if row not in known]
            if noun.matched_by_name:
                namesakes = self._called(noun, {called for _, called in unknown})
                known |= {row: min(namesakes[called]) for row, called in unknown if called in namesakes}
            if noun.name == "person":
                known |= self._people_known_as([row for row, _ in unknown])
            self.staging.db.executemany("UPDATE rows SET pk = ? WHERE id = ?", ((pk, row) for row, pk in known.items()))

    def _keyed(self, noun: Noun, keys: Iterable[str]) -> dict[str, int]:
        """What stands under its key, among what the member sees."""
        numbers = {number: key for key in keys if (number := noun.model.number_of(key))}
        rows = noun.model.objects.visible_to(self.by).active()
        return {
            numbers[number]: pk
            for chunk in chunks(numbers)
            for number, pk in rows.filter(number__in=chunk).values_list("number", "pk")
        }

    def _recognise_by_ends(self, noun: Noun) -> None:
        """What points to the same rows as something that stands here already."""
        for rows in self.staging.batches("entity = ? AND state = ? AND pk IS NULL", [noun.name, State.STAGED]):
            refs = {row.id: [row.fields[name][0][:2] for name in noun.told_by if name in row.fields] for row in rows}
            lookups = self._looked_up({(ref[0], ref[1]) for some in refs.values() for ref in some})
            ends = {row: tuple(lookups[ref[0], ref[1]][1] for ref in some) for row, some in refs.items()}
            whole = {row: some for row, some in ends.items() if len(some) == len(noun.told_by) and all(some)}
            first, *_ = columns = [f"{name}_id" for name in noun.told_by]
            standing = noun.model.objects.visible_to(self.by).active()
            held = {
                tuple(told): pk
                for chunk in chunks({some[0] for some in whole.values()})
                for pk, *told in standing.filter(**{f"{first}__in": chunk}).values_list("pk", *columns)
            }
            known = [(held[some], row) for row, some in whole.items() if some in held]
            self.staging.db.executemany("UPDATE rows SET pk = ? WHERE id = ?", known)

    def _unrecognised(self, noun: Noun) -> Iterator[list[tuple[int, str, str, str]]]:
        after = 0
        while rows := self.staging.db.execute(
            "SELECT id, ext, called, key FROM rows WHERE entity = ? AND state = ? AND id > ?"
            f" ORDER BY id LIMIT {BATCH}",
            (noun.name, State.STAGED, after),
        ).fetchall():
            after = rows[-1][0]
            yield rows

    def _people_known_as(self, rows: list[int]) -> dict[int, int]:
        """Staged people whom some address or handle shows to be here already."""
        spelled = [
            (row, (kind, folded))
            for chunk in chunks(rows)
            for row, kind, folded in self.staging.db.execute(
                f"SELECT row, kind, folded FROM spellings WHERE row IN ({marks(chunk)}) ORDER BY rowid DESC", chunk
            )
        ]
        known = self._known_as(one for _, one in spelled)
        return {row: known[one] for row, one in spelled if one in known}

    def _external(self, noun: Noun, exts: Iterable[str]) -> Iterator[tuple[dict[str, str], QuerySet[ExternalId]]]:
        """Rows, and which name was asked for under the one by which each is kept."""
        for chunk in chunks(exts):
            yield external(noun, chunk, source=self.mapping.source, by=self.by)

    def _held(self, noun: Noun, exts: Iterable[str]) -> dict[str, ExternalId]:
        return {asked[one.record_id]: one for asked, rows in self._external(noun, exts) for one in rows}

    def _known(self, noun: Noun, exts: Iterable[str]) -> dict[str, int]:
        found = self._external(noun, exts)
        return {asked[ext]: pk for asked, rows in found for ext, pk in rows.values_list("record_id", "object_id")}

    def _digests(self, noun: Noun, exts: Iterable[str]) -> dict[str, str]:
        found = self._external(noun, exts)
        return {asked[ext]: digest for asked, rows in found for ext, digest in rows.values_list("record_id", "digest")}

    def _visible(self, noun: Noun, pks: Iterable[int]) -> set[int]:
        rows = noun.model.objects.visible_to(self.by)
        return {pk for chunk in chunks(pks) for pk in rows.filter(pk__in=chunk).values_list("pk", flat=True)}

    def _called(self, noun: Noun, names: Iterable[str]) -> dict[str, set[int]]:
        """What is called so, among what the member sees."""
        called: dict[str, set[int]] = defaultdict(set)
        rows = noun.model.objects.visible_to(self.by).active()
        wanted = set(names)
        for chunk in chunks(wanted):
            found = rows.annotate(folded=Lower(noun.called)).filter(folded__in=chunk)
            for pk, name in found.values_list("pk", noun.called):
                called[name.casefold()].add(pk)
        # SQLite's lower() knows no letters beyond a to z.
        if rest := {name for name in wanted - called.keys() if not name.isascii()}:
            for pk, name in rows.values_list("pk", noun.called).iterator():
                if name.casefold() in rest:
                    called[name.casefold()].add(pk)
        return called

    def _known_as(self, known: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        wanted = set(known)
        for chunk in chunks({folded for _, folded in wanted}):
            identities = Identity.objects.filter(workspace=self.by.workspace_id, folded__in=chunk)
            found |= {(kind, folded): pk for kind, folded, pk in identities.values_list("kind", "folded", "person_id")}
            addresses = {folded for kind, folded in wanted if kind == Identity.Kind.EMAIL} & set(chunk)
            people = Person.objects.visible_to(self.by).annotate(folded=Lower("email")).filter(folded__in=addresses)
            found |= {(Identity.Kind.EMAIL.value, folded): pk for folded, pk in people.values_list("folded", "pk")}
        return {one: pk for one, pk in found.items() if one in wanted}

    def _set_unknown_aside(self, block: Block) -> None:
        """Unknown, gone or hidden: the same is said of all."""
        for rows in self.staging.batches("block = ? AND state = ?", [block.number, State.STAGED]):
            mine = self._editable_keys(block.noun, [row.pk for row in rows if row.pk])
            unknown = [row for row in rows if row.pk not in mine]
            for row in unknown:
                row.state = State.MERGED
                self._note(Kind.SET_ASIDE, row, "", NOT_OPEN.format(shown(row.ext)))
            self.staging.update(unknown)

    def _refuse_shared_spellings(self) -> None:
        """An address or handle is one person's: who comes second with it is refused."""
        shared = self.staging.db.execute(
            "SELECT other.id, other.file, other.line, first.file, first.line, mine.folded FROM spellings mine"
            " JOIN spellings theirs"
            " ON theirs.kind = mine.kind AND theirs.folded = mine.folded AND theirs.row > mine.row"
            " JOIN rows first ON first.id = mine.row JOIN rows other ON other.id = theirs.row"
            " WHERE first.state = ? AND other.state = ?",
            [State.STAGED, State.STAGED],
        ).fetchall()
        for pk, file, line, first_file, first_line, folded in {row[0]: row for row in reversed(shared)}.values():
            self.staging.db.execute("UPDATE rows SET state = ? WHERE id = ?", (State.REFUSED, pk))
            reason = f"“{shown(folded)}” is somebody else's already, in {place(first_file, first_line)}"
            self.staging.note(Note(Kind.REFUSED, reason, "person", "", file, line))

    # --- what references mean --------------------------------------------------------------------

    def _resolve(self, target: str, noun: Noun, wanted: Target) -> None:
        for way in wanted.ways:
            for texts in self._open_lookups(target):
                keys = {one: self._key(one, way.steps) for one in texts}
                found = self._find(noun, way.name, {key for key in keys.values() if key})
                hits = {one: found[key] for one, key in keys.items() if key in found}
                self._close_lookups(target, hits)
        if wanted.on_missing == "create":
            for texts in self._open_lookups(target, with_reason=False):
                self._make(target, noun, wanted, texts)

    def _open_lookups(self, target: str, *, with_reason: bool = True) -> Iterator[list[str]]:
        open_only = "row IS NULL AND pk IS NULL" + ("" if with_reason else " AND why IS NULL")
        after = ""
        while texts := [
            one
            for (one,) in self.staging.db.execute(
                f"SELECT text FROM lookups WHERE target = ? AND text > ? AND {open_only} ORDER BY text LIMIT {CHUNK}",
                (target, after),
            )
        ]:
            after = texts[-1]
            yield texts

    @staticmethod
    def _key(written: str, steps: Iterable[Any]) -> str:
        value: Any = written
        for apply in steps:
            value = apply(value, lambda problem: None)
        return text(value).strip() if value is not None and not isinstance(value, list | dict) else ""

    def _close_lookups(self, target: str, hits: dict[str, Hit]) -> None:
        self.staging.db.executemany(
            "UPDATE lookups SET row = ?, pk = ?, why = ? WHERE target = ? AND text = ?",
            ((*hit, target, written) for written, hit in hits.items()),
        )

    def _find(self, noun: Noun, way: str, keys: set[str]) -> dict[str, Hit]:
        hits: dict[str, set[tuple[int | None, int | None]]] = defaultdict(set)
        folded = {key: Identity.fold(key) if noun.name == "person" else key.casefold() for key in keys}
        match way:
            case "id":
                for key, row, pk in self._staged("ext", noun, keys) + self._staged_aliases(noun, keys):
                    hits[key].add((None, pk) if pk else (row, None))
                held = self._known(noun, [key for key in keys if key not in hits])
                seen = self._visible(noun, set(held.values()))
                hits |= {key: {(None, pk)} for key, pk in held.items() if pk in seen}
            case "key":
                numbers = {number: key for key in keys if (number := noun.model.number_of(key))}
                for chunk in chunks(numbers):
                    rows = noun.model.objects.visible_to(self.by).filter(number__in=chunk)
                    for number, pk in rows.values_list("number", "pk"):
                        hits[numbers[number]].add((None, pk))
            case _:
                by_folded = self._by_spelling(noun, way, set(folded.values()))
                hits |= {key: by_folded[one] for key, one in folded.items() if one in by_folded}
        return {key: _one_of(noun, found) for key, found in hits.items() if found}

    def _by_spelling(self, noun: Noun, way: str, folded: set[str]) -> dict[str, set[tuple[int | None, int | None]]]:
        hits: dict[str, set[tuple[int | None, int | None]]] = defaultdict(set)
        if way == "name" and noun.called:
            for key, row, pk in self._staged("called", noun, folded):
                hits[key].add((None, pk) if pk else (row, None))
            for key, pks in self._called(noun, folded).items():
                hits[key] |= {(None, pk) for pk in pks}
        if noun.name == "person":
            for chunk in chunks(folded):
                for key, row, pk in self.staging.db.execute(
                    "SELECT s.folded, r.id, r.pk FROM spellings s JOIN rows r ON r.id = s.row"
                    f" WHERE s.kind = ? AND s.folded IN ({marks(chunk)}) AND r.state <> ?",
                    (way, *chunk, State.REFUSED),
                ):
                    hits[key].add((None, pk) if pk else (row, None))
            for (_, key), pk in self._known_as((way, one) for one in folded).items():
                hits[key].add((None, pk))
        return hits

    def _staged(self, column: str, noun: Noun, keys: Iterable[str]) -> list[tuple[str, int, int | None]]:
        return [
            row
            for chunk in chunks(keys)
            for row in self.staging.db.execute(
                f"SELECT {column}, id, pk FROM rows WHERE entity = ? AND {column} IN ({marks(chunk)})"
                " AND state NOT IN (?, ?)",
                (noun.name, *chunk, State.MERGED, State.REFUSED),
            )
        ]

    def _staged_aliases(self, noun: Noun, keys: Iterable[str]) -> list[tuple[str, int, int | None]]:
        return [
            row
            for chunk in chunks(keys)
            for row in self.staging.db.execute(
                "SELECT a.alias, r.id, r.pk FROM aliases a JOIN rows r ON r.id = a.row"
                f" WHERE a.entity = ? AND a.alias IN ({marks(chunk)}) AND r.state NOT IN (?, ?)",
                (noun.name, *chunk, State.MERGED, State.REFUSED),
            )
        ]

    def _make(self, target: str, noun: Noun, wanted: Target, texts: list[str]) -> None:
        """Stage what references ask for and nobody brought."""
        person = noun.name == "person"
        exts = {written: Identity.fold(written) if person else written for written in texts}
        held = self._known(noun, set(exts.values()))
        seen = self._visible(noun, set(held.values()))
        staged = {ext: row for ext, row, _ in self._staged("ext", noun, set(exts.values()))}
        hits: dict[str, Hit] = {}
        for written, ext in exts.items():
            if ext in held:
                hits[written] = (
                    (None, held[ext], "") if held[ext] in seen else (None, None, NOT_OPEN.format(shown(written)))
                )
                continue
            if ext not in staged:
                row = _made(noun, wanted, written, ext)
                self.staging.add(row)
                self.made.add(row.id)
                staged[ext] = row.id
            hits[written] = (staged[ext], None, "")
        self.staging.flush()
        self._close_lookups(target, hits)

    # --- what each row would do ------------------------------------------------------------------

    def _judge(self, noun: Noun, rows: list[StagedRow]) -> None:
        # Before anything is told of a row, even that it is unchanged: whether it is theirs to know.
        mine = self._editable(noun, [row.pk for row in rows if row.pk])
        digests = self._digests(noun, [row.ext for row in rows if row.pk])
        lookups = self._looked_up({(ref[0], ref[1]) for row in rows for ref in self._references(noun, row)})
        open_rows: list[StagedRow] = []
        edges: list[tuple[int, int, str, bool]] = []
        for row in rows:
            if row.pk and row.pk not in mine:
                self._note(Kind.REFUSED, row, "", NOT_OPEN.format(shown(row.ext)))
                row.state = State.REFUSED
                continue
            self._settle_references(noun, row, lookups, edges)
            if row.state == State.REFUSED:
                continue
            row.told = {"fields": told(noun, row.fields), "kept": row.kept}
            row.digest = digest_of(row.told)
            if digests.get(row.ext) == row.digest:
                row.state = State.UNCHANGED
            else:
                row.state = State.CHANGED if row.pk else State.NEW
                open_rows.append(row)
        self.staging.db.executemany("INSERT INTO edges VALUES (?,?,?,?)", edges)
        known = [row for row in open_rows if row.pk]
        held = self._held(noun, [row.ext for row in known])
        for row in open_rows:
            if row.pk and getattr(mine[row.pk], "erased_at", None):
                self._leave_erased(row, mine[row.pk])
            else:
                self._try(noun, row, mine[row.pk] if row.pk else None, held.get(row.ext))

    def _leave_erased(self, row: StagedRow, person: Person) -> None:
        """Who was erased is known again, so that nobody takes their place, and nothing of the row is kept."""
        self._note(Kind.SET_ASIDE, row, "", f"{person.key} was erased, and takes nothing from a source again")
        row.ext, row.called, row.state = person.key, "", State.UNCHANGED
        row.fields, row.kept, row.told = {}, {}, {}
        self.staging.rename(row)

    @staticmethod
    def _references(noun: Noun, row: StagedRow) -> Iterator[Ref]:
        for name, value in row.fields.items():
            if isinstance(noun.fields[name], Reference):
                yield from value

    def _looked_up(self, wanted: set[Any]) -> dict[tuple[str, str], tuple[int | None, int | None, str | None]]:
        found = {}
        by_target: dict[str, list[str]] = defaultdict(list)
        for target, written in wanted:
            by_target[target].append(written)
        for target, texts in by_target.items():
            for chunk in chunks(texts):
                for written, row, pk, why in self.staging.db.execute(
                    f"SELECT text, row, pk, why FROM lookups WHERE target = ? AND text IN ({marks(chunk)})",
                    (target, *chunk),
                ):
                    found[target, written] = (row, pk, why)
        return found

    def _settle_references(
        self, noun: Noun, row: StagedRow, lookups: dict[Any, Any], edges: list[tuple[int, int, str, bool]]
    ) -> None:
        for name, refs in list(row.fields.items()):
            if not isinstance(noun.fields[name], Reference):
                continue
            good = []
            for ref in refs:
                hit_row, hit_pk, why = lookups[ref[0], ref[1]]
                if hit_row is None and hit_pk is None:
                    self._miss(row, name, ref, why)
                    continue
                good.append(ref)
                if hit_row is not None:
                    required = self.targets[ref[0]][1].required
                    edges.append((row.id, hit_row, name, required))
                    self._tell_of_made(row, name, ref, hit_row)
            if good:
                row.fields[name] = good
            else:
                del row.fields[name]

    def _miss(self, row: StagedRow, name: str, ref: Ref, why: str | None) -> None:
        target, written, file, line = ref
        noun, wanted = self.targets[target]
        reason = why or f"there is no {noun.title} “{shown(written)}”"
        if wanted.on_missing == "refuse" or wanted.required:
            if row.state != State.REFUSED:
                self.staging.note(Note(Kind.REFUSED, reason, row.entity, name, file, line))
            row.state = State.REFUSED
            return
        self.staging.note(Note(Kind.UNMATCHED, reason, row.entity, name, file, line))
        if wanted.on_missing == "keep":
            links = row.fields.setdefault("links", [])
            link = link_of(written)
            if link not in links:
                links.append(link)

    def _tell_of_made(self, row: StagedRow, name: str, ref: Ref, made: int) -> None:
        if made not in self.made:
            return
        self.made.remove(made)
        text = f"“{shown(ref[1])}” is made, because this refers to it"
        self.staging.note(Note(Kind.CREATED, text, row.entity, name, ref[2], ref[3]))

    def _editable(self, noun: Noun, pks: Iterable[int]) -> dict[int, Any]:
        rows = noun.model.objects.editable_by(self.by)
        return {pk: row for chunk in chunks(pks) for pk, row in rows.in_bulk(chunk).items()}

    def _editable_keys(self, noun: Noun, pks: Iterable[int]) -> set[int]:
        rows = noun.model.objects.editable_by(self.by)
        return {pk for chunk in chunks(pks) for pk in rows.filter(pk__in=chunk).values_list("pk", flat=True)}

    def _try(self, noun: Noun, row: StagedRow, known: Any, before: ExternalId | None) -> None:
        """Let the model say what makes no sense together; alone, each value has been looked at already."""
        if noun.model.refuse_nonsense is PlanModel.refuse_nonsense and not noun.model.beyond_edit:
            return
        wanted = changed_fields(noun, row, before) if known else row.fields
        try:
            for name in wanted.keys() & noun.model.beyond_edit.keys():
                self.by.require(noun.model.beyond_edit[name])
        except PermissionDenied as denied:
            self._note(Kind.REFUSED, row, name, str(denied))
            row.state = State.REFUSED
            return
        thing = known or self._blank(noun)
        for name, value in wanted.items():
            field = noun.fields[name]
            if not field.after and not isinstance(field, Reference | Names):
                setattr(thing, name, field.thaw(value))
        try:
            thing.refuse_nonsense(set())
        except DomainError as error:
            self._note(Kind.REFUSED, row, error.field, error.sentence)
            row.state = State.REFUSED

    def _blank(self, noun: Noun) -> Any:
        """A new thing to try values on; to make one anew for every row takes ten times as long."""
        if noun.name not in self.blanks:
            self.blanks[noun.name] = noun.model(workspace=self.by.workspace)
        thing = copy(self.blanks[noun.name])
        thing._state = copy(thing._state)
        thing._state.fields_cache = dict(thing._state.fields_cache)
        return thing

    # --- in which order they are written ---------------------------------------------------------

    def _order(self, noun: Noun) -> None:
        """What stands under another is written after it; a circle refuses the import."""
        own = [f.name for f in noun.fields.values() if isinstance(f, Reference) and f.noun == noun.name and not f.after]
        if not own:
            return
        above = dict(
            self.staging.db.execute(
                "SELECT e.row, e.target FROM edges e JOIN rows r ON r.id = e.row"
                f" WHERE r.entity = ? AND e.field IN ({marks(own)})",
                (noun.name, *own),
            )
        )
        levels: dict[int, int] = {}
        for row in above:
            path, walked = [row], {row}
            while path[-1] in above and path[-1] not in levels:
                upper = above[path[-1]]
                if upper in walked:
                    self._refuse_circle(noun, path[path.index(upper) :])
                path.append(upper)
                walked.add(upper)
            top = levels.get(path[-1], 0)
            for distance, one in enumerate(reversed(path)):
                levels[one] = top + distance
        self.staging.db.executemany(
            "UPDATE rows SET level = ? WHERE id = ?", ((level, row) for row, level in levels.items() if level)
        )

    def _refuse_circle(self, noun: Noun, circle: list[int]) -> None:
        rows = {row.id: row for row in self.staging.rows(f"id IN ({marks(circle[:CHUNK])})", circle[:CHUNK])}
        steps = " → ".join(f"“{shown(rows[one].ext)}” ({place(rows[one].file, rows[one].line)})" for one in circle[:5])
        raise Refusal(
            f"The {noun.titles} stand under each other in a circle: {steps} → “{shown(rows[circle[0]].ext)}”."
        )

    def _follow_refusals(self) -> None:
        """What cannot do without a refused row is refused with it; what can is noted."""
        while affected := self.staging.db.execute(
            "SELECT DISTINCT e.row, e.field, gone.ext FROM edges e JOIN rows gone ON gone.id = e.target"
            " JOIN rows r ON r.id = e.row WHERE e.required AND gone.state = ? AND r.state NOT IN (?, ?)",
            (State.REFUSED, State.REFUSED, State.MERGED),
        ).fetchall():
            for row_id, name, ext in affected:
                [row] = self.staging.rows("id = ?", [row_id])
                row.state = State.REFUSED
                self.staging.update([row])
                self._note(Kind.REFUSED, row, name, f"“{shown(ext)}”, to which it refers, is refused")
        for name, ext, *where in self.staging.db.execute(
            "SELECT e.field, gone.ext, r.entity, r.file, r.line FROM edges e JOIN rows gone ON gone.id = e.target"
            " JOIN rows r ON r.id = e.row WHERE NOT e.required AND gone.state = ? AND r.state IN (?, ?)",
            (State.REFUSED, State.NEW, State.CHANGED),
        ).fetchall():
            entity, file, line = where
            text = f"“{shown(ext)}”, to which it refers, is refused"
            self.staging.note(Note(Kind.UNMATCHED, text, entity, name, file, line))

    def _note(self, kind: Kind, row: StagedRow, field: str, reason: str) -> None:
        self.staging.note(Note(kind, reason, row.entity, field, row.file, row.line))


def external(
    noun: Noun, exts: Iterable[str], *, source: str, by: Member
) -> tuple[dict[str, str], QuerySet[ExternalId]]:
    """What a source named so, people that were erased included; and each name that was asked for by the one kept."""
    asked = ExternalId.spelled(exts) if noun.model is Person else {ext: ext for ext in exts}
    kind = ContentType.objects.get_for_model(noun.model)
    rows = ExternalId.objects.filter(workspace=by.workspace_id, content_type=kind, source=source, record_id__in=asked)
    return asked, rows


def told(noun: Noun, fields: dict[str, Any]) -> dict[str, Any]:
    """What the source said, as it is kept: long and private values by their digest alone."""
    kept = {}
    for name, value in fields.items():
        field = noun.fields[name]
        if isinstance(field, Reference):
            value = sorted({ref[1] for ref in value})
        written = orjson.dumps(value)
        about_somebody = field.private or (isinstance(field, Reference) and field.noun == "person")
        if about_somebody or len(written) > LONGEST_TOLD:
            value = "#" + salted_hmac("interlock.connect.told", written, algorithm="sha256").hexdigest()[:32]
        kept[name] = value
    return kept


def changed_fields(noun: Noun, row: StagedRow, before: ExternalId | None) -> dict[str, Any]:
    """What the source says otherwise than last time. What it never changed is left to those who edit it here."""
    said = before.record.get("fields", {}) if before else {}
    changed = {name: value for name, value in row.fields.items() if row.told["fields"][name] != said.get(name)}
    withdrawn = {name: noun.fields[name].empty for name in said if name in noun.fields and name not in row.fields}
    return changed | withdrawn


def digest_of(said: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps([said["fields"], said["kept"]])).hexdigest()


def chunks(values: Iterable[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def marks(values: list[Any]) -> str:
    return ",".join("?" * len(values))


def _one_of(noun: Noun, found: set[tuple[int | None, int | None]]) -> tuple[int | None, int | None, str]:
    if len(found) == 1:
        return (*next(iter(found)), "")
    return None, None, f"{len(found)} {noun.titles} go by that name"


def _made(noun: Noun, wanted: Target, written: str, ext: str) -> StagedRow:
    name = written.strip().strip("“”‘’\"'").lstrip("@").strip()
    fields: dict[str, Any] = {noun.called: name[:120]}
    if noun.name == "person":
        kind = _kind_of_spelling(written, wanted)
        fields |= {"standing": Person.Standing.UNCONFIRMED, kind: [name]}
        if kind == "emails":
            fields["email"] = name.lower()
    row = StagedRow(0, noun.name, ext, "", 0, fields | wanted.made_with, {}, called=name.casefold())
    if noun.name == "person":
        row.spellings = spellings(row)
    return row


def _kind_of_spelling(written: str, wanted: Target) -> str:
    ways = [way.name for way in wanted.ways]
    if "@" in written.strip().lstrip("@"):
        return "emails"
    if "handle" in ways and (ways[0] == "handle" or " " not in written.strip()):
        return "handles"
    return "names"
