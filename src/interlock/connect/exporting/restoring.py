"""An empty workspace filled from an export: all of it in one transaction, or nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import DatabaseError, models, transaction

from interlock.alignment.tasks import check_workspace
from interlock.connect.exporting import HISTORY, history
from interlock.connect.exporting.kinds import Column, Kind, kinds
from interlock.connect.exporting.reading import Archive, hashable, name_of
from interlock.connect.exporting.values import Unreadable, unpack
from interlock.connect.exporting.writing import workspace_fields
from interlock.connect.readers.refusal import Refusal
from interlock.workspaces import bulk
from interlock.workspaces.bulk import batches
from interlock.workspaces.changes import Change, announce
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import AuditEvent, KeyCounter, Member, User, Workspace
from interlock.workspaces.models.audit import Entry, product_of, record
from interlock.workspaces.permissions import Action, Role
from interlock.workspaces.plan import PlanModel

BATCH = 1000


@dataclass(frozen=True)
class Brought:
    """How many rows of how many kinds came, and who is a member besides those of the export."""

    kinds: int
    rows: int
    besides: str = ""


def bring_in(archive: Archive, *, by: Member) -> Brought:
    """Fill the member's workspace. It must be empty but for them."""
    for action in (Action.DELETE_WORKSPACE, Action.IMPORT, Action.CONFIGURE, Action.MANAGE_MEMBERS):
        by.require(action)
    archive.look_through()
    try:
        with transaction.atomic():
            Workspace.objects.select_for_update().get(pk=by.workspace_id)
            refuse_full(by)
            return _Filling(archive, by).all()
    except (DatabaseError, ValueError, OverflowError, orjson.JSONEncodeError) as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise Refusal(f"{archive.source.label} holds what the database does not take ({reason}).") from error


def refuse_full(by: Member) -> None:
    """What was there already would be mixed up with what comes."""
    others = Member.objects.filter(workspace=by.workspace_id).exclude(pk=by.pk).count()
    held = [(others, "other members")] if others else []
    for kind in kinds().values():
        if kind.model not in (Member, KeyCounter):
            count = kind.model._base_manager.filter(**{kind.path: by.workspace_id}).count()
            held += [(count, kind.nouns)] if count else []
    if held:
        told = ", ".join(f"{count:,} {nouns}" for count, nouns in held[:3])
        raise Refusal(
            f"{by.workspace} is not empty (it has {told}{' and more' if len(held) > 3 else ''}): "
            "an export is brought into a new workspace."
        )


class _Filling:
    def __init__(self, archive: Archive, by: Member) -> None:
        self.archive, self.by, self.workspace = archive, by, by.workspace
        # Kind → name → primary key here.
        self.held: dict[str, dict[Any, int]] = {}
        self.pseudonyms: dict[str, Any] = {}
        # Child → parent, in kinds whose rows stand under each other.
        self.trees: dict[tuple[str, str], dict[int, int]] = {}

    def all(self) -> Brought:
        own = AuditEvent.objects.filter(workspace_id=self.workspace.pk).count()
        self._settle_workspace()
        besides = self._seat_members()
        KeyCounter.objects.filter(workspace=self.workspace).delete()
        self._draw_keys()
        for kind in kinds().values():
            if kind.model is not Member:
                self._write(kind)
        self._refuse_circles()
        for kind in kinds().values():
            if kind.derived:
                kind.model.derive(self.workspace)  # type: ignore[attr-defined]
        self._write_history()
        record([Entry(self.workspace, history.BROUGHT_IN, self._told(own))], by=self.by)
        # Before what follows from single changes, so that it finds nothing left to do.
        check_workspace.enqueue(workspace_id=self.workspace.pk)
        self._announce()
        return Brought(len(self.archive.files), self.archive.rows, besides)

    def _told(self, own: int) -> dict[str, list[Any]]:
        return {
            "from": [None, self.archive.came_from[:60]],
            "rows": [None, self.archive.rows],
            "before": [None, own],
        }

    # --- the workspace and its members -----------------------------------------------------------

    def _settle_workspace(self) -> None:
        label = Workspace._meta.label_lower
        fields = {field.name: field for field in workspace_fields()}
        lines = list(islice(self.archive.lines(label), 2))
        if len(lines) != 1:
            raise Refusal("must hold one line.", file=f"{label}.jsonl")
        [(number, row)] = lines
        refuse_other_fields(f"{label}.jsonl", number, row, list(fields))
        for name, field in fields.items():
            setattr(self.workspace, field.attname, read(f"{label}.jsonl", number, name, field, row[name]))
        if not self.workspace.name.strip():
            raise Refusal("A workspace needs a name.", file=f"{label}.jsonl", line=1)
        self.workspace.save(update_fields=list(fields))

    def _seat_members(self) -> str:
        """Accounts that are not here yet are made without a password: their owners set one by e-mail."""
        label = Member._meta.label_lower
        file, held, erased = f"{label}.jsonl", self.held.setdefault(label, {}), 0
        fields = {name: Member._meta.get_field(name) for name in ("role", "joined_at", "ended_at")}
        for number, row in self.archive.lines(label):
            refuse_other_fields(file, number, row, ["email", "name", *fields])
            seat = {name: read(file, number, name, field, row[name]) for name, field in fields.items()}
            name, user = row["email"], None
            if name is None:
                erased += 1
                name = f"erased-{erased}"
            else:
                user = self._account(file, number, name, row["name"])
            mine = user is not None and user.pk == self.by.user_id
            member = Member.objects.get(pk=self.by.pk) if mine else Member(workspace=self.workspace, user=user)
            member.role, member.ended_at = seat["role"], seat["ended_at"]
            member.save()
            # Said of the row, since a new one is given the present moment.
            Member.objects.filter(pk=member.pk).update(joined_at=seat["joined_at"])
            held[name], self.pseudonyms[name] = member.pk, member.pseudonym
        if not Member.objects.active().filter(workspace=self.workspace, role=Role.OWNER).exists():
            raise Refusal("No member is an owner.", file=file)
        return "" if self.by.pk in held.values() else str(self.by)

    @staticmethod
    def _account(file: str, number: int, email: Any, name: Any) -> User:
        try:
            if not isinstance(email, str) or not isinstance(name, str) or "\0" in name or len(name) > 120:
                raise ValidationError("")
            validate_email(email)
        except ValidationError as error:
            raise Refusal("needs an e-mail address and a name.", file=file, line=number) from error
        found = User.objects.filter(email=email).first()
        return found or User.objects.create_user(email, None, name=name)

    # --- the rows --------------------------------------------------------------------------------

    def _draw_keys(self) -> None:
        """Every row has its primary key before the first is written, so that they may point to each other."""
        for kind in kinds().values():
            if kind.model is not Member:
                places = self.archive.places.pop(kind.label)
                keys = bulk.draw_keys(kind.model._meta, len(places)) if places else []
                self.held[kind.label] = {name: keys[place] for name, place in places.items()}

    def _write(self, kind: Kind) -> None:
        columns, links, untold = kind.columns, kind.links, kind.untold
        names = ["id", *(field.name for field in (*untold, *(column.field for column in columns)))]
        names += [*kind.to_workspace, *(["content_type", "object_id"] if kind.points_to_anything else [])]
        wanted = [column.name for column in (*columns, *links)] + (["object"] if kind.points_to_anything else [])
        held = self.held[kind.label]
        for lines in batches(self.archive.lines(kind.label), BATCH):
            rows: list[list[Any]] = []
            linked: dict[str, list[tuple[int, int]]] = {column.name: [] for column in links}
            for number, told in lines:
                refuse_other_fields(kind.file, number, told, wanted)
                pk = held[name_of(kind, told, number)]
                values = self._values(kind, columns, pk, number, told)
                row = [pk, *(_untold_value(kind, field, pk) for field in untold), *values]
                row += [self.workspace.pk for _ in kind.to_workspace]
                rows.append(row + (self._object(kind, number, told["object"]) if kind.points_to_anything else []))
                for column in links:
                    linked[column.name] += [(pk, end) for end in self._ends(kind, number, column, told[column.name])]
            bulk.insert(kind.model, names, rows)
            for column in links:
                field = column.field
                ends = (field.m2m_field_name(), field.m2m_reverse_field_name())
                bulk.insert(field.remote_field.through, ends, linked[column.name])

    def _values(self, kind: Kind, columns: Sequence[Column], pk: int, number: int, told: dict[str, Any]) -> list[Any]:
        values: list[Any] = []
        for column in columns:
            value = told[column.name]
            if column.to:
                values.append(self._end(kind, number, column, value, pk))
                continue
            if column.is_key:
                value = self._number(kind, number, value)
            elif column.name == "url" and isinstance(value, str):
                # Within this workspace, whatever it says.
                value = self.workspace.get_absolute_url() + value.lstrip("/")
            values.append(read(kind.file, number, column.name, column.field, value))
        self._refuse_nonsense(kind, pk, number, values)
        return values

    def _refuse_nonsense(self, kind: Kind, pk: int, number: int, values: Sequence[Any]) -> None:
        """What the domain forbids of a row by itself, as of links that would run a script."""
        if not issubclass(kind.model, PlanModel):
            return
        fields = {column.attname: value for column, value in zip(kind.columns, values, strict=True)}
        row = kind.model(workspace=self.workspace, **fields)
        row.pk = pk
        checked = {column.field.name for column in kind.columns if isinstance(column.field, models.JSONField)}
        try:
            row.refuse_nonsense(checked)
        except DomainError as error:
            raise Refusal(error.sentence, file=kind.file, line=number) from error

    def _number(self, kind: Kind, number: int, key: Any) -> int:
        prefix, _, digits = key.rpartition("-") if isinstance(key, str) else ("", "", "")
        if prefix != kind.prefix or not digits.isascii() or not digits.isdigit() or str(int(digits)) != digits:
            raise Refusal(f"its key is not of the form {kind.prefix}-1.", file=kind.file, line=number)
        return int(digits)

    # --- what rows refer to ----------------------------------------------------------------------

    def _end(self, kind: Kind, number: int, column: Column, name: Any, pk: int) -> int | None:
        if name is None:
            if column.required:
                raise Refusal(f"{column.name} must not be empty.", file=kind.file, line=number)
            return None
        end = self._find(kind.file, number, column.to, name)
        if column.to == kind.label:
            self.trees.setdefault((kind.label, column.name), {})[pk] = end
        return end

    def _ends(self, kind: Kind, number: int, column: Column, names: Any) -> list[int]:
        if not isinstance(names, list):
            raise Refusal(f"{column.name} is not a list.", file=kind.file, line=number)
        found = [self._find(kind.file, number, column.to, name) for name in names]
        if len(set(found)) < len(found):
            raise Refusal(f"{column.name} names one twice.", file=kind.file, line=number)
        return found

    def _find(self, file: str, number: int, label: str, name: Any) -> int:
        found = self.held[label].get(hashable(name))
        if found is None or isinstance(name, bool):
            raise Refusal(f"it refers to {str(name)[:60]}, which is not in {label}.jsonl.", file=file, line=number)
        return found

    def _object(self, kind: Kind, number: int, told: Any) -> list[int]:
        if not isinstance(told, list) or len(told) != 2 or not isinstance(told[0], str):
            raise Refusal("object is not a kind and a name.", file=kind.file, line=number)
        label, name = told
        app, _, model = label.partition(".")
        try:
            content_type = ContentType.objects.get_by_natural_key(app, model)
        except ContentType.DoesNotExist as error:
            raise Refusal(f"there is no kind {label[:60]!r}.", file=kind.file, line=number) from error
        if name is None:
            return [content_type.pk, 0]
        if label not in self.held:
            raise Refusal(f"rows of {label[:60]!r} are not in an export.", file=kind.file, line=number)
        return [content_type.pk, self._find(kind.file, number, label, name)]

    def _refuse_circles(self) -> None:
        for (label, name), above in self.trees.items():
            safe: set[int] = set()
            for start in above:
                path, at = {start}, above[start]
                while at in above and at not in safe:
                    if at in path:
                        raise Refusal(f"rows stand above each other in a circle ({name}).", file=f"{label}.jsonl")
                    path.add(at)
                    at = above[at]
                safe |= path

    # --- the history, and what follows -----------------------------------------------------------

    def _write_history(self) -> None:
        names = ("workspace_id", "at", "actor", "door", "verb", "model", "object_id", "key", "product_id")
        for batch in batches(self.archive.lines(HISTORY), BATCH):
            bulk.insert(AuditEvent, (*names, "changes", "reason"), [self._event(*line) for line in batch])

    def _event(self, number: int, told: dict[str, Any]) -> list[Any]:
        file, meta = f"{HISTORY}.jsonl", AuditEvent._meta
        refuse_other_fields(file, number, told, history.FIELDS)
        value = {
            name: read(file, number, name, meta.get_field("model" if name == "kind" else name), told[name])
            for name in ("at", "door", "verb", "kind", "changes", "reason")
        }
        changes = value["changes"]
        if not isinstance(changes, dict) or not all(
            isinstance(one, list) and len(one) == 2 for one in changes.values()
        ):
            raise Refusal("changes are not field by field what was and what is.", file=file, line=number)
        pk, key = self._about(file, number, value["kind"], told["row"], told["key"])
        try:
            actor = history.actor_of(told["actor"], self.pseudonyms)
        except (TypeError, ValueError, AttributeError) as error:
            raise Refusal(f"there is no member {str(told['actor'])[:60]}.", file=file, line=number) from error
        product = told["product"] and self._find(file, number, history.PRODUCT, told["product"])
        changes = history.translated(value["kind"], changes, history.key_of(self.held))
        where = (self.workspace.pk, value["at"], actor, value["door"], value["verb"], value["kind"])
        return [*where, pk, key, product, changes, value["reason"]]

    def _about(self, file: str, number: int, label: str, row: Any, key: Any) -> tuple[int, str]:
        """The row that an event is about, if there is one yet, and its key."""
        if label == history.WORKSPACE:
            return self.workspace.pk, self.workspace.slug
        if row is not None and label not in self.held:
            raise Refusal(f"rows of {label[:60]!r} are not in an export.", file=file, line=number)
        pk = 0 if row is None else self._find(file, number, label, row)
        if pk and kinds()[label].keyed_by_pk:
            return pk, f"{kinds()[label].model.prefix}-{pk}"  # type: ignore[attr-defined]
        return pk, read(file, number, "key", AuditEvent._meta.get_field("key"), key)

    def _announce(self) -> None:
        """Tell those who keep something derived from rows of the plan: search, live pages."""
        for kind in kinds().values():
            if issubclass(kind.model, PlanModel):
                rows = kind.of(self.workspace)
                if kind.model.scope_relations:
                    rows = rows.select_related(*kind.model.scope_relations)
                for batch in batches(rows.iterator(BATCH), BATCH):
                    announce(_changes(batch))


def _changes(rows: Sequence[Any]) -> Iterator[Change]:
    for row in rows:
        yield Change(row.workspace_id, row._meta.label_lower, row.pk, row.key, product_of(row))


def read(file: str, number: int, name: str, field: Any, told: Any) -> Any:
    try:
        return unpack(field, told)
    except Unreadable as error:
        raise Refusal(f"{name} {error}.", file=file, line=number) from error


def refuse_other_fields(file: str, number: int, told: dict[str, Any], wanted: Sequence[str]) -> None:
    other = sorted(told.keys() ^ set(wanted))
    if other:
        what = "lacks" if other[0] in wanted else "has, and should not,"
        raise Refusal(f"{what} {other[0][:60]}.", file=file, line=number)


def _untold_value(kind: Kind, field: Any, pk: int) -> Any:
    """What is derived later must tell rows apart until then."""
    if field.name in kind.derived:
        return f"#{pk}"
    return None if field.null else field.get_default()
