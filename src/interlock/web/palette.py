"""What the command palette offers: places to go, things to make, and whatever the words find."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from interlock.web.navigation import beyond, creations, places
from interlock.web.search import fold, search
from interlock.workspaces.models import Member

ENTITLED = "with this title"


@dataclass(frozen=True)
class Option:
    label: str
    url: str
    says: str = ""
    key: str = ""


def sections(member: Member, text: str) -> list[tuple[str, list[Option]]]:
    asked = fold(text).split()
    known = [place for group in places(member) for place in group]
    # Until something is typed, the palette is as short as the navigation.
    to = [Option(place.label, place.url, place.says) for place in [*known, *(beyond(member) if asked else ())]]
    new = [Option(creation.label, url) for creation, url in creations(member)]
    if asked:
        new += [Option(label, url, ENTITLED) for label, url in entitled(member, text)]
    found = [Option(one.plain, one.url, one.kind, one.key) for one in search(member, text, at_most=12)] if asked else []
    offered = [
        ("Go to", [one for one in to if _fits(one, asked)]),
        ("Found", found),
        ("Make", [one for one in new if _fits(one, asked) or one.says == ENTITLED]),
    ]
    return [(title, options) for title, options in offered if options]


def entitled(member: Member, text: str) -> Iterator[tuple[str, str]]:
    """What can be made with the words as its title: “export invoices”, or “new feature export invoices”."""
    for creation, url in creations(member):
        title = text.strip()
        if title.lower().startswith(f"{creation.label} ".lower()):
            title = title[len(creation.label) :].strip()
        if creation.entitled and not creation.label.lower().startswith(title.lower()):
            yield f"{creation.label} “{title}”", f"{url}?{urlencode({'title': title})}"


def _fits(option: Option, asked: list[str]) -> bool:
    """Every word that was typed begins a word of the option."""
    words = fold(f"{option.label} {option.says}").split()
    return all(any(word.startswith(part) for word in words) for part in asked)
