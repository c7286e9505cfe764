"""What is exported: every model whose rows belong to a workspace, less what is listed here with its reason.

A model is described by its fields alone:

- `workspace` goes without saying, and a row's number is told as its key (F-212)
- a foreign key or many-to-many field is told by the names of the rows that it points to
- `content_type` and `object_id` are told as one field, `object`: the kind and the name
- `product_id`, a number that is no foreign key, is told as if it were one
- a model may say by a Q in `exported` which of its rows are worth it
- a model may name fields in `secrets`, which stay empty, and in `derived`, which its `derive(workspace)` fills anew
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import models

from interlock.connect.exporting import HISTORY
from interlock.workspaces.models import Member, Workspace
from interlock.workspaces.purging import paths_to_workspace

# A later model may say its reason itself: left_out_of_exports = "…"
LEFT_OUT = {
    "workspaces.user": "Accounts are the installation's. A member's line holds address and name; no password, no key.",
    "workspaces.apitoken": "A secret. Issue new tokens.",
    "workspaces.answeredrequest": "Answers kept for a day so that a request sent twice acts once.",
    "alignment.tally": "Counted anew by the check that follows an import.",
    "alignment.checkedrows": "Noted anew by the check that follows an import.",
    "alignment.pendingchange": "What is still to be checked; after an import, everything is.",
    "alignment.checklease": "Says which process checks right now.",
    "web.searchdocument": "The search index, built anew from the rows.",
    "web.liveevent": "What browsers were told in the last quarter of an hour.",
    "jobs.turn": "The schedule of this installation.",
    "jobs.heartbeat": "Which workers of this installation live.",
    "connect.export": "The exports themselves.",
}
# Files are not part of an export yet: these are gone once the row is worth keeping.
FILES_LEFT_OUT = {"connect.importrun.file": "Deleted when its import is done; an unfinished import is begun anew."}


class Naming(Enum):
    """How other rows refer to a row of a kind."""

    KEY = "its key"
    FIELDS = "the fields that tell it from all others"
    PLACE = "its place in its file, counted from 1"
    ADDRESS = "its e-mail address"


@dataclass(frozen=True)
class Column:
    """A field of the format. `to` says of which kind the rows are that it refers to."""

    name: str
    field: Any
    to: str = ""
    required: bool = False

    @property
    def attname(self) -> str:
        return str(self.field.attname)

    @property
    def is_key(self) -> bool:
        """The number, told with the prefix before it."""
        return self.name == "key" and self.field.name == "number"


class Unfit(Exception):
    """A model that cannot be exported by what its fields say."""


@dataclass(frozen=True)
class Kind:
    model: type[models.Model]
    # The lookup from a row to its workspace.
    path: str

    @property
    def label(self) -> str:
        return self.model._meta.label_lower

    @property
    def file(self) -> str:
        return f"{self.label}.jsonl"

    @property
    def nouns(self) -> str:
        return str(self.model._meta.verbose_name_plural)

    @property
    def rows(self) -> Any:
        """In the order of the file. Whoever reads them anew gets them in this order."""
        return self.model._base_manager.order_by("number" if self.numbered else "pk")

    def of(self, workspace: Workspace) -> Any:
        return self.rows.filter(getattr(self.model, "exported", models.Q()), **{self.path: workspace.pk})

    # --- its fields ------------------------------------------------------------------------------

    @property
    def numbered(self) -> bool:
        return any(field.name == "number" for field in self.model._meta.concrete_fields)

    @property
    def prefix(self) -> str:
        return str(getattr(self.model, "prefix", "")) if self.numbered else ""

    @property
    def keyed_by_pk(self) -> bool:
        """Its key is made of the primary key, which is another in every installation."""
        return hasattr(self.model, "prefix") and not self.numbered

    @property
    def columns(self) -> list[Column]:
        return _columns(self.model)

    @property
    def untold(self) -> list[Any]:
        """Fields of which an export says nothing."""
        return [field for field in self.model._meta.concrete_fields if _untold(self.model, field)]

    @property
    def to_workspace(self) -> list[str]:
        """The field that says to which workspace a row belongs, where it is not another row that says so."""
        return [field.name for field in self.model._meta.concrete_fields if field.related_model is Workspace]

    @property
    def points_to_anything(self) -> bool:
        return {"content_type", "object_id"} <= {field.name for field in self.model._meta.concrete_fields}

    @property
    def links(self) -> list[Column]:
        return [
            Column(field.name, field, _kind_of(field))
            for field in self.model._meta.many_to_many
            if field.remote_field.through._meta.auto_created  # type: ignore[union-attr]
        ]

    @property
    def derived(self) -> frozenset[str]:
        return frozenset(getattr(self.model, "derived", ()))

    # --- what others call a row ------------------------------------------------------------------

    @property
    def naming(self) -> Naming:
        if self.model is Member:
            return Naming.ADDRESS
        if self.numbered:
            return Naming.KEY
        return Naming.FIELDS if self.naming_fields else Naming.PLACE

    @property
    def naming_fields(self) -> tuple[str, ...]:
        return _naming_fields(self.model)

    def __hash__(self) -> int:
        return hash(self.model)


@cache
def kinds() -> dict[str, Kind]:
    """By label, in the order of the rooms: what others point to comes first, as far as that goes."""
    found = paths_to_workspace()
    ours = [model for model in apps.get_models() if model in found and reason_left_out(model) is None]
    return {model._meta.label_lower: Kind(model, found[model]) for model in ours}


def reason_left_out(model: type[models.Model]) -> str | None:
    return LEFT_OUT.get(model._meta.label_lower) or getattr(model, "left_out_of_exports", None)


def unaccounted() -> Iterator[str]:
    """Models of ours, and fields of theirs, of which nobody has said what becomes of them in an export."""
    for model in apps.get_models():
        label = model._meta.label_lower
        ours = model.__module__.startswith("interlock.") and model._meta.managed and not model._meta.proxy
        accounted = label in kinds() or label in (HISTORY, Workspace._meta.label_lower)
        if ours and not accounted and reason_left_out(model) is None:
            yield label
    for kind in kinds().values():
        try:
            told = {column.name for column in (*kind.columns, *kind.links)}
        except Unfit as error:
            yield str(error)
            continue
        if kind.points_to_anything and "object" in told:
            yield f"{kind.label}.object stands in the way of what it points to"
        for field in kind.model._meta.concrete_fields:
            if isinstance(field, models.FileField) and f"{kind.label}.{field.name}" not in FILES_LEFT_OUT:
                yield f"{kind.label}.{field.name} holds a file"


@cache
def _columns(model: type[models.Model]) -> list[Column]:
    soft = {f"{kind.model._meta.model_name}_id": label for label, kind in kinds().items()}
    anything = {"content_type", "object_id"} <= {field.name for field in model._meta.concrete_fields}
    columns = []
    for field in model._meta.concrete_fields:
        told_otherwise = anything and field.name in ("content_type", "object_id")
        if field.primary_key or field.generated or told_otherwise or _untold(model, field):
            continue
        if field.many_to_one or field.one_to_one:
            if field.related_model is not Workspace:
                columns.append(Column(field.name, field, _kind_of(field), required=not field.null))
        elif field.name in soft:
            columns.append(Column(field.name.removesuffix("_id"), field, soft[field.name], required=not field.null))
        elif field.name == "number" and hasattr(model, "prefix"):
            columns.append(Column("key", field))
        else:
            columns.append(Column(field.name, field))
    return sorted(columns, key=lambda column: not column.is_key)


def _untold(model: type[models.Model], field: Any) -> bool:
    names = {*getattr(model, "secrets", ()), *getattr(model, "derived", ())}
    return field.name in names or isinstance(field, models.FileField) or (model is Member and field.name == "pseudonym")


def _kind_of(field: Any) -> str:
    label: str = field.related_model._meta.label_lower
    account = label == "workspaces.user" and field.model is Member
    if label not in kinds() and not account and field.related_model is not ContentType:
        raise Unfit(f"{field.model._meta.label_lower}.{field.name} points to {label}, which is not exported")
    return label


@cache
def _naming_fields(model: type[models.Model]) -> tuple[str, ...]:
    told = {column.field.name for column in _columns(model)}
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields and constraint.condition is None:
            names = tuple(name for name in constraint.fields if name != "workspace")
            if set(names) <= told:
                return names
    return ()
