"""Amounts of money: decimals, all of a workspace in its one currency."""

from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from typing import Any

from django.core.validators import MinValueValidator
from django.db import models

from interlock.workspaces.errors import DomainError

# Models whose rows hold amounts: while there are any, the currency stays.
priced: list[type[models.Model]] = []


def amount_field() -> Any:
    return models.DecimalField(max_digits=15, decimal_places=3, validators=[MinValueValidator(Decimal(0))])


@cache
def currencies() -> frozenset[str]:
    """The codes of the currencies that are money somewhere today."""
    from babel.core import get_global

    told = get_global("territory_currencies").values()
    return frozenset(code for rows in told for code, _, end, tender in rows if end is None and tender)


@cache
def places(currency: str) -> int:
    """Decimals of its smallest coin: two of a euro, none of a yen."""
    from babel.numbers import get_currency_precision

    return int(get_currency_precision(currency))


def in_coins(amount: Decimal, currency: str) -> Decimal:
    """To the smallest coin."""
    return amount.quantize(Decimal(1).scaleb(-places(currency)), rounding=ROUND_HALF_EVEN)


def refuse_fractions(amount: Decimal, currency: str, *, field: str) -> None:
    if in_coins(amount, currency) != amount:
        told = {0: "no decimals", 1: "one decimal"}.get(places(currency), f"at most {places(currency)} decimals")
        raise DomainError(f"An amount in {currency} has {told}.", field=field)


def told(amount: Decimal | None, currency: str) -> str:
    """“€1,250” and “€1,250.50”."""
    from babel.numbers import format_currency

    if amount is None:
        return "–"
    amount = in_coins(amount, currency)
    if amount == amount.to_integral_value():
        return str(format_currency(amount, currency, format="¤#,##0", currency_digits=False, locale="en"))
    return str(format_currency(amount, currency, locale="en"))
