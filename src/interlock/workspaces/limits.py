"""How many requests a token or a member may send in a minute, counted over all web processes."""

import time
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache

MINUTE = 60
REMEMBERED = 10_000

# Until when a key is refused. The count of a minute cannot fall before its oldest request is a minute old, so
# what is noted here is exact, and a flood is turned away without asking anybody.
_refused: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class Allowance:
    amount: int
    left: int
    # Seconds until the count falls again.
    seconds: int
    refused: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """As in draft-ietf-httpapi-ratelimit-headers."""
        told = {
            "RateLimit-Policy": f'"minute";q={self.amount};w={MINUTE}',
            "RateLimit": f'"minute";r={self.left};t={self.seconds}',
        }
        return told | {"Retry-After": str(self.seconds)} if self.refused else told


def already_refused(key: str, *, amount: int) -> Allowance | None:
    until = _refused.get(key)
    if until is None:
        return None
    left = until - time.time()
    if left <= 0:
        _refused.pop(key, None)
        return None
    return Allowance(amount, 0, int(left) + 1, refused=True)


def take(key: str, *, amount: int) -> Allowance:
    """Count one request."""
    refused = already_refused(key, amount=amount)
    if refused:
        return refused
    before, seconds = cache.take(key, amount=amount) if hasattr(cache, "take") else _take(cache, key, amount)
    if before >= amount:
        if len(_refused) > REMEMBERED:
            _refused.clear()
        _refused[key] = int(time.time()) + seconds
        return Allowance(amount, 0, seconds, refused=True)
    return Allowance(amount, amount - before - 1, seconds)


def forget() -> None:
    _refused.clear()


def _take(cache: Any, key: str, amount: int) -> tuple[int, int]:
    """The same in any cache that counts atomically, such as Redis, which several hosts share."""
    now = int(time.time())
    names = {f"hits:{key}:{second}": second for second in range(now - MINUTE + 1, now + 1)}
    mine = f"hits:{key}:{now}"
    cache.add(mine, 0, MINUTE + 1)
    cache.incr(mine)
    hits = cache.get_many(names)
    before = sum(hits.values()) - 1
    if before >= amount:
        cache.decr(mine)
    oldest = min((names[name] for name, count in hits.items() if count), default=now)
    return min(before, amount), MINUTE - (now - oldest)
