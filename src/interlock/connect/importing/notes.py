"""What a run has to tell besides its result: nothing is lost silently."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    REFUSED = "refused"
    LOST = "lost"
    UNMATCHED = "unmatched"
    CREATED = "created"
    SET_ASIDE = "set aside"
    REMARK = "remark"

    @property
    def heading(self) -> str:
        return HEADINGS[self]


HEADINGS = {
    Kind.REFUSED: "Rows refused",
    Kind.LOST: "Values that could not be used",
    Kind.UNMATCHED: "References that match nothing",
    Kind.CREATED: "Made because something refers to it",
    Kind.SET_ASIDE: "Set aside, as the mapping says",
    Kind.REMARK: "Remarks",
}


@dataclass(frozen=True, slots=True)
class Note:
    kind: Kind
    text: str
    entity: str = ""
    field: str = ""
    file: str = ""
    line: int = 0


class Lost(Exception):
    """This value cannot be used; the row goes on without it."""


class SetAside(Exception):
    """The mapping says not to use this value."""
