"""Ranks between ranks: to move one row of an ordered list, write that row alone.

A rank is a string of base-36 digits read as a fraction (0.d1d2d3…), compared as text; between any two
different ranks lies another. Only digits and small letters are used, so that every collation of every
database agrees on the order; none ends in zero, so that equal fractions are equal texts.

Source: the idea is fractional indexing, as described by Greenspan, "Implementing Fractional Indexing"
(Observable, 2020); the fixed first digits and the random last ones are ours.
"""

from itertools import takewhile
from random import Random

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
BASE = len(DIGITS)
# The first digits count places in the list; what is moved in between adds digits behind them.
WIDTH = 8
STEP = BASE**4
# Two clients that move into the same gap at once draw different ranks.
JITTER = 4


def between(before: str | None, after: str | None, *, rng: Random) -> str:
    """A rank after `before` and before `after`; None stands for the list's end on that side.

    Raises ValueError unless before < after.

    >>> low, high = spread(2, None, rng=Random(1))
    >>> low < between(low, high, rng=Random(2)) < high
    True
    """
    if before is not None and after is not None and before >= after:
        raise ValueError(f"nothing lies between {before!r} and {after!r}")
    if before is None and after is None:
        return spread(1, None, rng=rng)[0]
    if after is None:
        whole = _number(before or "", WIDTH) + STEP
        if whole < BASE**WIDTH:
            return _digits(whole, WIDTH) + _jitter(rng)
    if before is None:
        whole = _number(after or "", WIDTH) - STEP
        if whole > 0:
            return _digits(whole, WIDTH) + _jitter(rng)
    width = max(len(before or ""), len(after or "")) + JITTER + 1
    low = _number(before or "", width)
    high = _number(after, width) if after is not None else BASE**width
    # Somewhere in the middle half, as short as the gap allows.
    quarter = (high - low) // 4
    point = low + quarter + rng.randrange(max(1, 2 * quarter))
    for short in range(1, width + 1):
        unit = BASE ** (width - short)
        rounded = point - point % unit
        if low < rounded < high and unit * BASE**JITTER <= high - low:
            return _digits(rounded // unit, short).rstrip("0")
    return _digits(point, width).rstrip("0")


def spread(count: int, last: str | None, *, rng: Random) -> list[str]:
    """`count` ranks in order, all after `last`, with room between them."""
    ranks = []
    for _ in range(count):
        last = between(last, None, rng=rng) if last else _digits(BASE**WIDTH // 2, WIDTH) + _jitter(rng)
        ranks.append(last)
    return ranks


def among(count: int, before: str | None, after: str | None, *, rng: Random) -> list[str]:
    """`count` ranks in order and evenly apart, all after `before` and before `after`: shorter than what grew there."""
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(before or "", after or "", strict=False))
    shared = sum(1 for _ in alike)
    width = shared + WIDTH
    while True:
        low = _number(before or "", width) + 1  # a rank with more digits than `width` lies behind its first ones
        high = _number(after, width) if after is not None else BASE**width
        step = (high - low) // (count + 1)
        if step >= BASE**JITTER:
            return [
                _digits(low + step * place + rng.randrange(1, step), width).rstrip("0") for place in range(1, count + 1)
            ]
        width += 1


def _number(digits: str, width: int) -> int:
    return int(digits[:width].ljust(width, "0"), BASE)


def _digits(number: int, width: int) -> str:
    out = []
    for _ in range(width):
        number, digit = divmod(number, BASE)
        out.append(DIGITS[digit])
    return "".join(reversed(out))


def _jitter(rng: Random) -> str:
    return _digits(rng.randrange(1, BASE**JITTER), JITTER).rstrip("0")
