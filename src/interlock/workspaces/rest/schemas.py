"""The types of which the API's representations are made.

What comes in is strict: no field that is not declared, no number written as a string. What goes out names
other rows by key and name, and leaves those out that the reader may not see.
"""

import re
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import models
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
    create_model,
)
from pydantic_core import CoreSchema, PydanticUndefined, core_schema

from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member
from interlock.workspaces.permissions import seen_by

Item = TypeVar("Item")


class In(BaseModel):
    """What a client may set. Anything else in the body is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)


# --- texts, days, numbers ----------------------------------------------------------------------------

# A text holds something; and no database takes NUL.
_TEXT = r"^[^\x00]*$"
_LINE = r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f\u0085\u00a0\u2028\u2029][^\x00-\x1f\x7f]*$"
_WORD, _LABEL = r"[A-Za-z0-9_%+-]{1,64}", r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = rf"^{_WORD}(\.{_WORD}){{0,3}}@{_LABEL}(\.{_LABEL}){{0,3}}\.[A-Za-z]{{2,20}}$"
_DAY = r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"

Line = Annotated[str, Field(pattern=_LINE, min_length=1), AfterValidator(str.strip)]
Text = Annotated[str, Field(pattern=_TEXT)]
Email = Annotated[str, Field(pattern=_EMAIL, max_length=254, examples=["ada@northwind.example"])]
# A field that may be left out, and is then what the domain makes of it.
LEFT_OUT: Any = Field(default_factory=lambda: None)


def _day(text: Any) -> date:
    if not isinstance(text, str) or not re.fullmatch(_DAY, text):
        raise ValueError("A day is written 2026-12-31, between 1900 and 2199.")
    return date.fromisoformat(text)


def _moment(text: Any) -> datetime:
    if not isinstance(text, str) or not re.match(r"(19|20|21)\d\d-\d\d-\d\d[Tt]", text):
        raise ValueError("A moment is written 2026-12-31T12:00:00Z.")
    moment = datetime.fromisoformat(text.upper())
    if moment.tzinfo is None:
        raise ValueError("A moment needs its time zone: 2026-12-31T12:00:00Z.")
    return moment


Day = Annotated[
    date,
    BeforeValidator(_day),
    Field(
        strict=False,
        json_schema_extra={"type": "string", "format": "date", "pattern": _DAY, "examples": ["2026-12-31"]},
    ),
]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    Field(strict=False, json_schema_extra={"pattern": "^(19|20|21)[0-9]{2}-", "examples": ["2026-12-31T12:00:00Z"]}),
]
_HOUR = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


def _hour(text: Any) -> time:
    if not isinstance(text, str) or not re.fullmatch(_HOUR, text):
        raise ValueError("An hour is written 09:30.")
    return time.fromisoformat(text)


Hour = Annotated[
    time,
    BeforeValidator(_hour),
    Field(strict=False, json_schema_extra={"type": "string", "pattern": _HOUR, "examples": ["09:30"]}),
]
HourOut = Annotated[
    str | None, BeforeValidator(lambda hour: None if hour is None else f"{hour:%H:%M}"), Field(examples=["09:30"])
]


def rounded(places: int) -> AfterValidator:
    """A number as the database keeps it."""
    return AfterValidator(lambda number: round(Decimal(repr(number)), places))


# A number that JSON, whose numbers are binary, carries exactly.
Measure = Annotated[float, Field(ge=-99_999_999_999, le=99_999_999_999), rounded(4)]
Number = Annotated[float, BeforeValidator(lambda value: None if value is None else float(value))]


class OneOf:
    """One of a model field's choices."""

    def __init__(self, choices: type[models.TextChoices] | type[models.IntegerChoices]) -> None:
        self.choices = choices

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(list(self.choices.values))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        told = "; ".join(f"`{value}` {label}" for value, label in self.choices.choices)
        return {**handler(schema), "description": told}


# --- rows by key -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PointsTo:
    """The text is the key of a row: `F-12`. Whoever may not see the row is told that there is none."""

    model: type[Any]
    # The field that holds the number of the key.
    field: str = "number"

    @property
    def pattern(self) -> str:
        return rf"^{self.model.prefix}-[1-9][0-9]{{0,8}}$"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.str_schema(pattern=self.pattern)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), "examples": [f"{self.model.prefix}-1"]}

    @staticmethod
    def number(key: str) -> int:
        return int(key.rpartition("-")[2])

    def rows(self, keys: Iterable[str], *, member: Member) -> dict[str, Any]:
        seen = self.model._default_manager.visible_to(member).filter(
            **{f"{self.field}__in": set(map(self.number, keys))}
        )
        return {row.key: row for row in seen}


def pointer_of(annotation: Any) -> PointsTo | None:
    """Where a field points: `Key`, `Key | None` and `list[Key]` alike."""
    found = [one for one in _metadata(annotation) if isinstance(one, PointsTo)]
    return found[0] if found else None


def _metadata(annotation: Any) -> Iterable[Any]:
    yield from getattr(annotation, "__metadata__", ())
    for inner in getattr(annotation, "__args__", ()):
        yield from _metadata(inner)


def resolve(given: BaseModel, *, member: Member) -> dict[str, Any]:
    """The fields that were sent, with rows in place of keys; each kind of row is looked up once."""
    fields = {name: getattr(given, name) for name in given.model_fields_set}
    pointers = {
        name: pointer
        for name in fields
        if (pointer := pointer_of(_annotation(type(given), name))) and fields[name] is not None
    }
    for pointer in set(pointers.values()):
        mine = [name for name, one in pointers.items() if one == pointer]
        found = pointer.rows([key for name in mine for key in _listed(fields[name])], member=member)
        for name in mine:
            for key in _listed(fields[name]):
                if key not in found:
                    raise DomainError(f"There is no {pointer.model._meta.verbose_name} {key}.", field=name)
            one = fields[name]
            fields[name] = [found[key] for key in one] if isinstance(one, list) else found[one]
    return fields


def editable(model: type[Any], keys: Sequence[str], *, member: Member, field: str) -> list[Any]:
    """The rows of those keys, if the member may change each of them."""
    seen = PointsTo(model).rows(keys, member=member)
    for key in keys:
        if key not in seen:
            raise DomainError(f"There is no {model._meta.verbose_name} {key}.", field=field)
    rows = list(seen.values())
    theirs = set(
        model._default_manager.editable_by(member).filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True)
    )
    for row in rows:
        if row.pk not in theirs:
            raise PermissionDenied(f"You can see {row.key}, and changing it is not open to you.")
    return rows


def _annotation(schema: type[BaseModel], name: str) -> Any:
    info = schema.model_fields[name]
    return Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


# --- what goes out -----------------------------------------------------------------------------------


class Ref(Out):
    """Another row, by its key and its name."""

    key: str = Field(examples=["P-3"])
    name: str = Field(examples=["Ada"])


def _ref(row: Any) -> Any:
    return Ref.model_construct(key=row.key, name=str(row)) if isinstance(row, models.Model) else row  # type: ignore[attr-defined]


def _seen_ref(row: Any, told: ValidationInfo) -> Any:
    return _ref(row) if seen_by(reader_of(told), row) else None


def _refs(rows: Any, told: ValidationInfo) -> Any:
    return [_ref(row) for row in rows_of(rows, told)]


def rows_of(related: Any, told: ValidationInfo) -> Any:
    """What a relation to many holds, as far as the reader may know."""
    rows = related.all() if hasattr(related, "all") else related
    reader = reader_of(told)
    return [row for row in rows if seen_by(reader, row)]


def reader_of(told: ValidationInfo) -> Member | None:
    return told.context and told.context.get("reader")


# A row that whoever sees this one sees.
Pointer = Annotated[Ref, BeforeValidator(_ref)]
# A row that the reader may not see, and is then told nothing of.
MaybePointer = Annotated[Ref | None, BeforeValidator(_seen_ref)]
Pointers = Annotated[list[Ref], BeforeValidator(_refs)]


# The address of a row's page.
Address = Annotated[str, Field(validation_alias="get_absolute_url"), BeforeValidator(lambda address: address())]


class Versioned(Out):
    """What every row of the plan tells of itself."""

    key: str
    version: int = Field(description="Counts the changes; the ETag starts with it.", examples=[3])
    created_at: datetime
    changed_at: datetime
    archived_at: datetime | None = Field(description="When it was archived, or null.")
    url: Address


class Page(Out, Generic[Item]):
    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        return f"{params[0].__name__.removesuffix('Out')}PageOut"

    items: list[Item]
    next: str | None = Field(
        description="Send it as `cursor` to get what follows; null where nothing does.", examples=[None]
    )


class FieldError(Out):
    field: str = Field(examples=["title"])
    says: str = Field(examples=["Field required."])


class ProblemOut(Out):
    """RFC 9457. `detail` is a sentence for people; `type` and `errors` are for programs."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    type: str = Field(examples=["/api/v1/reference#invalid"])
    title: str = Field(examples=["Does not fit the schema"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["title: Field required."])
    errors: list[FieldError] = Field(default_factory=list)
    current: dict[str, Any] | None = Field(default=None, description="With 412: what it holds now.")


# --- a change is the same fields, each optional ------------------------------------------------------


def patch_of(create: type[In], *, without: Iterable[str] = ()) -> type[In]:
    """What may be changed later: every field of `create` but some, none of them required."""
    fields: dict[str, Any] = {}
    for name, info in create.model_fields.items():
        if name not in set(without):
            optional = copy(info)
            optional.default_factory, optional.default = (lambda: None), PydanticUndefined
            fields[name] = (info.annotation, optional)
    name = create.__name__.removesuffix("In") + "Patch"
    return create_model(name, __base__=In, __doc__="What to change; what is left out stays as it is.", **fields)


Archived = Literal["no", "yes", "any"]
