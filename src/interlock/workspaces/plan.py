"""What every row of the plan has in common: its workspace, its key, its version, and the verbs that change it.

All five doors (page, API, command, importer, rule fix) come through `add`, `change`, `archive` and
`restore`, one row or many: each row that changes is locked, compared with what the database holds now,
written, audited once and announced.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, cast
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from interlock.workspaces import bulk
from interlock.workspaces.addresses import address
from interlock.workspaces.errors import DomainError, StaleVersion
from interlock.workspaces.models.audit import Entry, record
from interlock.workspaces.models.workspace import KeyCounter, Member, Workspace
from interlock.workspaces.permissions import Action, Reach

if TYPE_CHECKING:
    from django.db.models.options import Options

Row = TypeVar("Row", bound="PlanModel")
AnyRow = TypeVar("AnyRow", bound=models.Model)

BATCH = 500

Verb = TypeVar("Verb", bound=Callable[..., Any])


def once(verb: Verb) -> Verb:
    """Where the database finds that such a row is there already, the model's own sentence says so."""

    @wraps(verb)
    def said(rows: "PlanQuerySet[Any]", *args: Any, **how: Any) -> Any:
        try:
            return verb(rows, *args, **how)
        except IntegrityError as error:
            if not rows.model.taken:
                raise
            sentence, field = rows.model.taken
            raise DomainError(sentence, field=field) from error

    return cast("Verb", said)


class WorkspaceQuerySet(models.QuerySet[AnyRow], Generic[AnyRow]):
    def visible_to(self, member: Member) -> Self:
        """The only way from a member to rows. Guests see what is shared with them, which a model must say itself."""
        if not member.reads_all:
            return self.none()
        return self.of(member.workspace)

    def of(self, workspace: Workspace) -> Self:
        rows = self.filter(workspace=workspace)
        # What a related manager does: the rows know their workspace without asking the database.
        rows._known_related_objects = {  # type: ignore[attr-defined]
            self.model._meta.get_field("workspace"): {workspace.pk: workspace}
        }
        return rows


class PlanQuerySet(WorkspaceQuerySet[Row]):
    def editable_by(self, member: Member) -> Self:
        reach = member.reach(Action.EDIT)
        if reach is Reach.ALL:
            return self.visible_to(member)
        if reach is Reach.OWN and self.model.owner_path:
            return self.visible_to(member).filter(**{self.model.owner_path: member})
        return self.none()

    def active(self) -> Self:
        return self.filter(archived_at=None)

    def archived(self) -> Self:
        return self.exclude(archived_at=None)

    def keyed(self, key: str) -> Self:
        return self.filter(number=self.model.number_of(key) or 0)

    def named(self) -> Self:
        """With all that str() reads."""
        return self.select_related(*self.model.named_after) if self.model.named_after else self

    def called(self, name: str) -> Self:
        """Those of that name or title; none of what has neither, and goes by its key."""
        names = {field.name for field in self.model._meta.fields}
        known = next((one for one in ("name", "title") if one in names), None)
        return self.filter(**{f"{known}__iexact": name}) if known else self.none()

    # --- verbs -----------------------------------------------------------------------------------

    def add(self, *, by: Member, **fields: Any) -> Row:
        return self.add_many([fields], by=by)[0]

    @once
    @transaction.atomic
    def add_many(self, rows: Sequence[Mapping[str, Any]], *, by: Member, reason: str = "") -> list[Row]:
        """Create rows of the member's workspace. Many-to-many fields take lists of rows."""
        if not rows:
            return []
        model = self.model
        links = {f.name for f in model._meta.many_to_many}
        numbers = KeyCounter.take(by.workspace_id, model.prefix, len(rows))
        now = timezone.now()
        added = [
            model(
                workspace=by.workspace,
                number=number,
                **{"changed_at": now, **{name: value for name, value in fields.items() if name not in links}},
            )
            for number, fields in zip(numbers, rows, strict=True)
        ]
        model.before_add(added)
        self._refuse_beyond_edit({name for fields in rows for name, value in fields.items() if value}, by=by)
        for row, fields in zip(added, rows, strict=True):
            row.refuse_nonsense(set(fields) - links)
        bulk.create(added)
        linked = [{name: list(fields[name]) for name in links & fields.keys() if fields[name]} for fields in rows]
        for name in {name for one in linked for name in one}:
            _link(model, name, [(row, one.get(name, [])) for row, one in zip(added, linked, strict=True)])
        record(
            [_entry_of_new(row, fields, one) for row, fields, one in zip(added, rows, linked, strict=True)],
            by=by,
            reason=reason,
        )
        return added

    def change(self, *, by: Member, reason: str = "", **fields: Any) -> list[Row]:
        """The same values for every row of the query."""
        return self.change_many([(row, fields) for row in self], by=by, reason=reason)

    @once
    @transaction.atomic
    def change_many(
        self,
        pairs: Iterable[tuple[Row, Mapping[str, Any]]],
        *,
        by: Member | None,
        verb: str = "changed",
        version: int | None = None,
        reason: str = "",
    ) -> list[Row]:
        """Set fields of rows, each its own; returns the rows in which something changed.

        Rows are compared under lock with what the database holds now, so the audit's "before" is what
        was really replaced. A stale `version` raises StaleVersion and changes nothing.
        """
        wanted = {row.pk: (row, dict(fields)) for row, fields in pairs}
        held = self._locked().in_bulk(list(wanted))
        linked = {f.name for f in self.model._meta.many_to_many} & {
            name for _, fields in wanted.values() for name in fields
        }
        # Asked for all rows at once, and behind the lock.
        models.prefetch_related_objects(list(held.values()), *sorted(linked))
        changed: list[tuple[Row, Entry, dict[str, list[Any]]]] = []
        now = timezone.now()
        for pk, (row, fields) in sorted(wanted.items()):
            current = held.get(pk)
            if current is None or (by and current.workspace_id != by.workspace_id):
                raise DomainError(f"{row.key} is gone.")
            current.workspace = by.workspace if by else row.workspace
            if version is not None and current.version != version:
                raise StaleVersion(current)
            entry, links = _difference(current, fields, verb)
            if not entry.changes:
                continue
            self._refuse_beyond_edit(entry.changes, by=by)
            current.refuse_nonsense(set(fields))
            current.version += 1
            current.changed_at = now
            changed.append((current, entry, links))
            _catch_up(row, current, dropped=links)
        self._write([current for current, _, _ in changed], {name for _, e, _ in changed for name in e.changes})
        for name in {name for _, _, links in changed for name in links}:
            pairs_of = [(current, links[name]) for current, _, links in changed if name in links]
            _link(self.model, name, pairs_of, replace=True)
        record([entry for _, entry, _ in changed], by=by, reason=reason)
        return [wanted[current.pk][0] for current, _, _ in changed]

    def _refuse_beyond_edit(self, names: Iterable[str], *, by: Member | None) -> None:
        for name in sorted(names):
            if by and name in self.model.beyond_edit:
                by.require(self.model.beyond_edit[name])

    def _locked(self) -> Any:
        rows = self.model._base_manager.select_for_update(of=("self",)).order_by("pk")
        return rows.select_related(*self.model.scope_relations) if self.model.scope_relations else rows

    def _write(self, rows: list[Row], names: set[str]) -> None:
        columns = sorted({f.name for f in self.model._meta.concrete_fields} & names | {"changed_at"})
        values = [{name: getattr(row, name) for name in columns} for row in rows]
        if all(value == values[0] for value in values):
            for start in range(0, len(rows), BATCH):
                same = self.model._base_manager.filter(pk__in=[row.pk for row in rows[start : start + BATCH]])
                same.update(version=models.F("version") + 1, **values[0])
        else:
            self.model._base_manager.bulk_update(rows, [*columns, "version"], batch_size=BATCH)

    def archive(self, *, by: Member | None, reason: str = "") -> list[Row]:
        return self.model._default_manager.change_many(  # type: ignore[attr-defined]
            [(row, {"archived_at": timezone.now()}) for row in self.filter(archived_at=None)],
            by=by,
            verb="archived",
            reason=reason,
        )

    def restore(self, *, by: Member) -> list[Row]:
        return self.model._default_manager.change_many(  # type: ignore[attr-defined]
            [(row, {"archived_at": None}) for row in self.exclude(archived_at=None)], by=by, verb="restored"
        )


class PlanModel(models.Model):
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", editable=False)
    number = models.PositiveIntegerField(editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    # The letters before the number of a key: F-212.
    prefix: ClassVar[str]
    # The name of its page; what is shown on another's says itself where.
    page: ClassVar[str]
    # From a row to the member who owns it, for members who may change what they own.
    owner_path: ClassVar[str] = ""
    # What product_scope() reads of other rows.
    scope_relations: ClassVar[tuple[str, ...]] = ()
    # Fields that take another right than that to edit, whatever the door.
    beyond_edit: ClassVar[Mapping[str, Action]] = {}
    # Relations that its name is made of.
    named_after: ClassVar[tuple[str, ...]] = ()
    # Where there may be one alone of a kind: what is said to a second, and at which field.
    taken: ClassVar[tuple[str, str] | None] = None
    # Fields whose values are about a person: audited as changed, without the values.
    private_fields: ClassVar[frozenset[str]] = frozenset()

    if TYPE_CHECKING:
        objects: ClassVar[Any]
        _meta: ClassVar[Options[Any]]

    class Meta:
        abstract = True

    def get_absolute_url(self) -> str:
        return address(self.page, self.workspace.slug, self.key)

    @property
    def key(self) -> str:
        return f"{self.prefix}-{self.number}"

    @classmethod
    def number_of(cls, key: str) -> int | None:
        prefix, _, number = key.rpartition("-")
        if prefix.upper() != cls.prefix or not number.isascii() or not number.isdigit() or len(number) > 9:
            return None
        return int(number)

    @property
    def archived(self) -> bool:
        return self.archived_at is not None

    def seen_by(self, member: Member) -> bool:
        """Whether `visible_to` would give the member this row: for rows that came with another."""
        return member.reads_all

    def product_scope(self) -> int | None:
        """The product whose restrictions hold for this row; None for what belongs to the whole workspace."""
        return None

    # --- verbs, for one row ----------------------------------------------------------------------

    def change(self, *, by: Member | None, version: int | None = None, reason: str = "", **fields: Any) -> Self:
        type(self)._default_manager.change_many([(self, fields)], by=by, version=version, reason=reason)  # type: ignore[attr-defined]
        return self

    @transaction.atomic
    def extend(self, *, by: Member, **more: Sequence[Any]) -> Self:
        """Add to links and lists what they do not hold yet, whatever others add at the same moment."""
        manager: Any = type(self)._base_manager
        held = manager.select_for_update(of=("self",)).get(pk=self.pk)
        fields: dict[str, Any] = {}
        for name, added in more.items():
            value = getattr(held, name)
            before = list(value.all()) if self._meta.get_field(name).many_to_many else list(value)
            fields[name] = before + [one for one in added if one not in before]
        return self.change(by=by, **fields)

    def archive(self, *, by: Member, version: int | None = None) -> Self:
        if not self.archived_at:
            type(self)._default_manager.change_many(  # type: ignore[attr-defined]
                [(self, {"archived_at": timezone.now()})], by=by, verb="archived", version=version
            )
        return self

    def restore(self, *, by: Member, version: int | None = None) -> Self:
        if self.archived_at:
            type(self)._default_manager.change_many(  # type: ignore[attr-defined]
                [(self, {"archived_at": None})], by=by, verb="restored", version=version
            )
        return self

    # --- what a model adds -----------------------------------------------------------------------

    @classmethod
    def before_add(cls, rows: list[Any]) -> None:
        """Fill what a new row gets from the domain rather than from whoever adds it."""

    def refuse_nonsense(self, names: set[str]) -> None:
        """Raise DomainError where the fields just set make no sense, alone or together."""
        exclude = {f.name for f in self._meta.concrete_fields if f.name not in names or f.is_relation}
        try:
            self.clean_fields(exclude=exclude)
        except ValidationError as error:
            field, messages = next(iter(error.message_dict.items()))
            raise _refusal(self._meta.get_field(field), messages) from error
        for name in names:
            field_ = self._meta.get_field(name)
            if field_.many_to_one or field_.one_to_one:
                refuse_foreign(self, name, getattr(self, name))


def refuse_foreign(row: PlanModel, name: str, value: Any) -> None:
    """Nothing may point into another workspace: for this one, it does not exist."""
    if value is not None and getattr(value, "workspace_id", row.workspace_id) != row.workspace_id:
        field: Any = row._meta.get_field(name)
        raise DomainError(f"There is no such {field.verbose_name}.", field=name)


# --- comparing and linking ---------------------------------------------------------------------------


def _difference(current: Row, fields: Mapping[str, Any], verb: str) -> tuple[Entry, dict[str, list[Any]]]:
    """Set the fields on the row; what changed, as the audit tells it, and the new ends of its links."""
    entry = Entry(current, verb, {})
    links: dict[str, list[Any]] = {}
    for name, value in fields.items():
        field = current._meta.get_field(name)
        if field.many_to_many:
            before, after = list(getattr(current, name).all()), list(value)
            if {row.pk for row in before} != {row.pk for row in after}:
                for row in after:
                    refuse_foreign(current, name, row)
                links[name] = after
                entry.changes[name] = [_told(before), _told(after)]
                _touch(entry, *before, *after)
        else:
            before = getattr(current, name)
            after = value if field.is_relation else _read(field, value)
            setattr(current, name, after)
            if before != after:
                entry.changes[name] = _pair(current, name, before, after)
                _touch(entry, before, after)
    return entry, links


def _read(field: Any, value: Any) -> Any:
    try:
        return field.to_python(value)
    except ValidationError as error:
        raise _refusal(field, error.messages) from error


def _refusal(field: Any, messages: Sequence[str]) -> DomainError:
    return DomainError(f"{str(field.verbose_name).capitalize()}: {messages[0]}", field=field.name)


def _catch_up(row: PlanModel, current: PlanModel, *, dropped: Iterable[str]) -> None:
    """Make the caller's row hold what the database holds now, its cached relations included."""
    row.__dict__.update({name: value for name, value in current.__dict__.items() if not name.startswith("_")})
    cache = row._state.fields_cache
    for name, end in list(cache.items()):
        if row._meta.get_field(name).concrete and (end and end.pk) != row.__dict__[f"{name}_id"]:
            del cache[name]
    cache.update(current._state.fields_cache)
    for name in dropped:
        row.__dict__.get("_prefetched_objects_cache", {}).pop(name, None)


def _entry_of_new(row: PlanModel, fields: Mapping[str, Any], linked: Mapping[str, list[Any]]) -> Entry:
    entry = Entry(row, "added", {})
    for name, value in fields.items():
        if name in linked:
            for end in linked[name]:
                refuse_foreign(row, name, end)
            entry.changes[name] = [None, _told(linked[name])]
            _touch(entry, *linked[name])
        elif value not in (None, "", []):
            entry.changes[name] = _pair(row, name, None, value)
            _touch(entry, value)
    return entry


def _touch(entry: Entry, *ends: Any) -> None:
    for end in ends:
        if isinstance(end, models.Model):
            entry.touched.setdefault(end._meta.label_lower, set()).add(end.pk)


def _pair(row: PlanModel, name: str, before: Any, after: Any) -> list[Any]:
    return ["…", "…"] if name in row.private_fields else [_told(before), _told(after)]


def _told(value: Any) -> Any:
    """As the audit keeps it: rows by their keys, so that a name erased later is gone from here too."""
    if value is None or type(value) in (str, int, bool):
        return value
    if isinstance(value, models.Model):
        return getattr(value, "key", value.pk)
    if isinstance(value, list | tuple):
        return [_told(one) for one in value]
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    return value


def _link(model: type[Row], name: str, pairs: list[tuple[Row, list[Any]]], *, replace: bool = False) -> None:
    """Write many-to-many ends for many rows in a fixed number of queries."""
    field = model._meta.get_field(name)
    through = field.remote_field.through  # type: ignore[union-attr]
    here, there = field.m2m_field_name(), field.m2m_reverse_field_name()  # type: ignore[union-attr]
    if replace:
        through._default_manager.filter(**{f"{here}__in": [row.pk for row, _ in pairs]}).delete()
    linked = dict.fromkeys((row.pk, end.pk) for row, ends in pairs for end in ends)
    bulk.insert(through, (here, there), linked)
