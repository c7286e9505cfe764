"""The address of a row's page. Lists and the search index ask for thousands, so each pattern is resolved once."""

from functools import lru_cache

from django.urls import get_script_prefix, reverse

# What stands for the key until it is known; no slug can hold it.
MARK = "KEY-0"


def address(page: str, slug: str, key: str) -> str:
    """Of the page of that name, for the row with this key (letters, a hyphen, digits) in the workspace `slug`."""
    before, after = _around_key(page, slug, get_script_prefix())
    return f"{before}{key}{after}"


@lru_cache(maxsize=10_000)
def _around_key(page: str, slug: str, prefix: str) -> tuple[str, str]:
    before, _, after = reverse(page, args=[slug, MARK]).rpartition(MARK)
    return before, after
