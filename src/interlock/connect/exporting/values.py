"""How a field's value is written down, the same on either database, and how it is read again, strictly."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models


class Unreadable(Exception):
    """A value that the field does not take; says why."""


@cache
def packing(field: Any) -> Callable[[Any], Any] | None:
    """From what the database holds to what the file says; None where that is the same."""
    match field:
        case models.DateTimeField():
            return _moment
        case models.DateField():
            return date.isoformat
        case models.DecimalField():
            exponent = Decimal(1).scaleb(-field.decimal_places)
            return lambda value: str(Decimal(value).quantize(exponent))
        case models.TimeField() | models.UUIDField() | models.GenericIPAddressField():
            return str
        case models.DurationField():
            return lambda value: str(value.total_seconds())
        case models.BinaryField():
            return lambda value: bytes(value).hex()
    return None


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def unpack(field: Any, told: Any) -> Any:
    """What the field holds for what a file says, if it says it exactly as we would."""
    if told is None:
        if field.null:
            return None
        raise Unreadable("must not be empty")
    try:
        value = _read(field, told)
        if isinstance(field, models.JSONField):
            return value
        pack = packing(field)
        if (pack(value) if pack else value) != told or isinstance(value, bool) != isinstance(told, bool):
            raise Unreadable(f"is not written as Interlock writes it: {_shown(told)}")
        left_blank = value == "" and field.blank
        if field.choices and not left_blank and value not in _choices(field):
            raise Unreadable(f"cannot be {_shown(told)}")
        field.run_validators(value)
    except ValidationError as error:
        raise Unreadable(f"is not right: {' '.join(error.messages)}") from error
    except (TypeError, ValueError, ArithmeticError) as error:
        raise Unreadable(f"makes no sense: {_shown(told)}") from error
    return value


@cache
def _choices(field: Any) -> frozenset[Any]:
    return frozenset(dict(field.flatchoices))


def _read(field: Any, told: Any) -> Any:
    match field:
        case models.JSONField():
            return told
        case models.DateTimeField() | models.DateField() | models.DecimalField() | models.UUIDField():
            if not isinstance(told, str):
                raise TypeError
        case models.CharField() | models.TextField():
            if not isinstance(told, str):
                raise TypeError
            if "\0" in told:
                raise ValueError
            if isinstance(field, models.TextField) and field.max_length and len(told) > field.max_length:
                raise Unreadable(f"has more than {field.max_length:,} characters")
        case models.BinaryField():
            return bytes.fromhex(told)
        case models.FloatField():
            if not isinstance(told, float | int) or isinstance(told, bool):
                raise TypeError
            return float(told)
    if isinstance(field, models.DateTimeField):
        return datetime.fromisoformat(told.removesuffix("Z")).replace(tzinfo=UTC)
    return field.to_python(told)


def _shown(told: Any) -> str:
    text = repr(told)
    return text if len(text) <= 80 else f"{text[:80]}…"
