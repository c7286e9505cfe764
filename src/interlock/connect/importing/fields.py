"""What a field of the plan takes. `freeze` turns a mapped value into what is staged, `thaw` into what verbs take.

A value that cannot be used is lost, and says so; the row goes on without it.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from interlock.backlog.models.feature import WEB_ADDRESS
from interlock.connect.importing import dates
from interlock.connect.importing.notes import Lost
from interlock.connect.importing.steps import EMPTY, FALSE, TRUE, Notice, Value, joined, shown, text

# What no database stores: zero bytes, and halves of characters.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
MARKDOWN_LINK = re.compile(r"\A\W{0,2}\[([^\]]+)\]\((https?://[^)\s]+)\)\W{0,2}\Z")
ADDRESS = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True)
class Field:
    # No ABC: an import asks a million times of which kind a field is, and of a plain class that is quick to say.
    name: str
    required: bool = False
    private: bool = False

    # Written with the row itself, or after it (what hangs on the row).
    after: ClassVar[bool] = False

    def freeze(self, value: Value, notice: Notice) -> Value:
        """What is staged; None for nothing. Raises Lost."""
        raise NotImplementedError

    def thaw(self, frozen: Value) -> Any:
        return frozen

    @property
    def empty(self) -> Any:
        """What the field holds where the source says nothing any more."""
        return None

    @property
    def takes(self) -> str:
        """For the reference."""
        raise NotImplementedError


def one_text(value: Value) -> str:
    if isinstance(value, list):
        value = joined(", ", value)
    return UNSTORABLE.sub("\ufffd", text(value)).strip()


@dataclass(frozen=True)
class Text(Field):
    longest: int = 100_000
    one_line: bool = True

    def freeze(self, value: Value, notice: Notice) -> Value:
        written = one_text(value)
        if self.one_line and ("\n" in written or "\r" in written):
            written = " ".join(written.split())
        if len(written) > self.longest:
            notice(Lost(f"cut from {len(written):,} to {self.longest:,} characters: “{shown(written)}”"))
            written = written[: self.longest - 1] + "…"
        return written or None

    @property
    def empty(self) -> str:
        return ""

    @property
    def takes(self) -> str:
        return f"a text of at most {self.longest:,} characters" if self.one_line else "a text in Markdown"


@dataclass(frozen=True)
class EMail(Field):
    def freeze(self, value: Value, notice: Notice) -> Value:
        written = one_text(value).lower()
        if written and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", written):
            raise Lost(f"“{shown(written)}” is no e-mail address")
        return written or None

    @property
    def empty(self) -> str:
        return ""

    @property
    def takes(self) -> str:
        return "an e-mail address"


@dataclass(frozen=True)
class Choice(Field):
    # Value → label.
    choices: dict[Any, str] = field(default_factory=dict)

    def freeze(self, value: Value, notice: Notice) -> Value:
        written = one_text(value)
        folded = written.casefold().replace(" ", "_")
        for choice, label in self.choices.items():
            if folded in (str(choice).casefold(), label.casefold().replace(" ", "_")):
                return choice
        if not written:
            return None
        raise Lost(f"“{shown(written)}” is none of {', '.join(str(choice) for choice in self.choices)}")

    @property
    def takes(self) -> str:
        return "one of " + ", ".join(
            f"`{choice}`" if label.casefold().replace(" ", "_") == str(choice) else f"`{choice}` ({label})"
            for choice, label in self.choices.items()
        )


@dataclass(frozen=True)
class Day(Field):
    def freeze(self, value: Value, notice: Notice) -> Value:
        written = one_text(value)
        if not written:
            return None
        try:
            return dates.iso(written).isoformat()
        except dates.NoDate as error:
            raise Lost(f"“{shown(written)}” {error}") from error

    def thaw(self, frozen: Value) -> date | None:
        return date.fromisoformat(frozen) if frozen else None

    @property
    def takes(self) -> str:
        return "a date as 2026-02-11"


@dataclass(frozen=True)
class Bounded(Field):
    low: int | None = None
    high: int | None = None

    def within_bounds(self, number: Decimal, written: str) -> None:
        if self.low is not None and number < self.low:
            raise Lost(f"“{shown(written)}” is less than {self.low}")
        if self.high is not None and number > self.high:
            raise Lost(f"“{shown(written)}” is more than {self.high}")

    @property
    def takes(self) -> str:
        kind = "a whole number" if isinstance(self, Whole) else "a number"
        if self.low is not None and self.high is not None:
            return f"{kind} from {self.low} to {self.high}"
        return f"{kind}, at least {self.low}" if self.low is not None else kind


@dataclass(frozen=True)
class Number(Bounded):
    digits: int = 18
    places: int = 4

    def freeze(self, value: Value, notice: Notice) -> Value:
        written = one_text(value)
        if not written:
            return None
        try:
            number = Decimal(written) if len(written) <= 100 else Decimal("NaN")
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            raise Lost(f"“{shown(written)}” is no number")
        if number.adjusted() >= self.digits - self.places:
            raise Lost(f"“{shown(written)}” is too large")
        self.within_bounds(number, written)
        rounded = number.quantize(Decimal(1).scaleb(-self.places))
        if rounded != number:
            notice(Lost(f"“{shown(written)}” is rounded to {rounded.normalize():f}"))
        return f"{rounded.normalize():f}"

    def thaw(self, frozen: Value) -> Decimal | None:
        return None if frozen is None else Decimal(frozen)


@dataclass(frozen=True)
class Whole(Bounded):
    def freeze(self, value: Value, notice: Notice) -> Value:
        written = one_text(value)
        if not written:
            return None
        if not re.fullmatch(r"[-+]?\d{1,9}", written):
            raise Lost(f"“{shown(written)}” is no whole number of a size that fits")
        self.within_bounds(Decimal(written), written)
        return int(written)


@dataclass(frozen=True)
class Truth(Field):
    def freeze(self, value: Value, notice: Notice) -> Value:
        written = one_text(value).lower()
        if written in TRUE:
            return True
        if written in FALSE or not written:
            return False if written else None
        raise Lost(f"“{shown(written)}” is neither yes nor no")

    @property
    def takes(self) -> str:
        return "yes or no"


def items(value: Value) -> list[Value]:
    return [item for item in (value if isinstance(value, list) else [value]) if item not in EMPTY]


@dataclass(frozen=True)
class Links(Field):
    """Addresses become links, everything else is kept as text."""

    def freeze(self, value: Value, notice: Notice) -> Value:
        links = [link_of(item) for item in items(value)]
        return list({(link["title"], link["url"]): link for link in links}.values()) or None

    @property
    def empty(self) -> list[Any]:
        return []

    @property
    def takes(self) -> str:
        return "a list of addresses, Markdown links, texts, or maps of `title` and `url`"


def link_of(item: Value) -> dict[str, str]:
    if isinstance(item, dict):
        title, url = one_text(item.get("title") or ""), one_text(item.get("url") or "")
        return link_of(f"[{title}]({url})") if title and ADDRESS.fullmatch(url) else link_of(url or title)
    written = one_text(item)
    found = MARKDOWN_LINK.match(written)
    if found and _is_address(found[2]):
        return {"title": found[1][:300], "url": found[2]}
    found = ADDRESS.search(written)
    if found and _is_address(found[0]):
        rest = (written[: found.start()] + written[found.end() :]).strip(" -–:()")
        return {"title": (rest or written)[:300], "url": found[0]}
    return {"title": written[:300], "url": ""}


def _is_address(written: str) -> bool:
    try:
        WEB_ADDRESS(written)
    except ValidationError:
        return False
    return True


@dataclass(frozen=True)
class Sentences(Field):
    def freeze(self, value: Value, notice: Notice) -> Value:
        if isinstance(value, str):
            value = value.splitlines()
        sentences = [one_text(item).lstrip("-*•[] ").strip() for item in items(value)]
        return [sentence for sentence in sentences if sentence] or None

    @property
    def empty(self) -> list[Any]:
        return []

    @property
    def takes(self) -> str:
        return "a list of sentences, or a text with one a line"


@dataclass(frozen=True)
class Names(Field):
    """Words that are made where they are new: tags."""

    longest: int = 60

    def freeze(self, value: Value, notice: Notice) -> Value:
        if isinstance(value, str):
            value = value.split(",")
        names = dict.fromkeys(" ".join(one_text(item).split()) for item in items(value))
        for name in [name for name in names if len(name) > self.longest]:
            notice(Lost(f"“{shown(name)}” is longer than {self.longest} characters"))
            del names[name]
        return [name for name in names if name] or None

    @property
    def empty(self) -> list[Any]:
        return []

    @property
    def takes(self) -> str:
        return "a list of words, or a text with commas between"


@dataclass(frozen=True)
class Spellings(Field):
    """By which addresses, handles or names a person is known, besides their name and e-mail."""

    kind: str = ""
    after: ClassVar[bool] = True

    def freeze(self, value: Value, notice: Notice) -> Value:
        return list(dict.fromkeys(one_text(item)[:200] for item in items(value) if one_text(item))) or None

    @property
    def empty(self) -> list[Any]:
        return []

    @property
    def takes(self) -> str:
        return "one or a list"


@dataclass(frozen=True)
class Reference(Field):
    """To another thing of the plan; what it says is looked up."""

    # The name of the noun it leads to.
    noun: str = ""
    many: bool = False

    def freeze(self, value: Value, notice: Notice) -> Value:
        """The texts to look up. `many` or not, they are staged as a list."""
        texts = list(dict.fromkeys(one_text(item)[:400] for item in items(value) if not isinstance(item, dict | list)))
        wanted = [one for one in texts if one]
        if len(wanted) > 1 and not self.many:
            raise Lost(f"{len(wanted)} values ({shown(', '.join(wanted))}) where one is wanted")
        return wanted or None

    @property
    def empty(self) -> Any:
        return [] if self.many else None

    @property
    def takes(self) -> str:
        named = self.noun.replace("_", " ")
        if self.many:
            return "people" if named == "person" else f"{named}s"
        return f"{'an' if named[0] in 'aeio' else 'a'} {named}"


@dataclass(frozen=True)
class Hanging(Reference):
    """A reference that is not a column of the row: memberships, scope, dependencies."""

    after: ClassVar[bool] = True


def field_of(model: type[models.Model], name: str, nouns: dict[type[models.Model], str]) -> Field:
    """The field that a column of a model takes its values through."""
    column = model._meta.get_field(name)
    required = not (column.blank or column.has_default() or column.many_to_many)  # type: ignore[union-attr]
    private = name in getattr(model, "private_fields", ())
    common: dict[str, Any] = {"name": name, "required": required, "private": private}
    if column.is_relation:
        end = column.remote_field.model  # type: ignore[union-attr]
        if end._meta.model_name == "tag":
            return Names(**common)
        return Reference(**common, noun=nouns[end], many=bool(column.many_to_many))
    if column.choices:  # type: ignore[union-attr]
        return Choice(**common, choices={value: str(label) for value, label in column.choices})  # type: ignore[union-attr]
    match column:
        case models.EmailField():
            return EMail(**common)
        case models.TextField() | models.CharField():
            one_line = not isinstance(column, models.TextField)
            return Text(**common, longest=column.max_length or 100_000, one_line=one_line)
        case models.DateField():
            return Day(**common)
        case models.BooleanField():
            return Truth(**common)
        case models.DecimalField():
            low, high = _bounds(column)
            return Number(**common, low=low, high=high, digits=column.max_digits, places=column.decimal_places)
        case models.IntegerField():
            low, high = _bounds(column)
            return Whole(**common, low=low, high=high)
    raise TypeError(f"{model.__name__}.{name} cannot be imported")


def _bounds(column: Any) -> tuple[int | None, int | None]:
    def limit(kind: Any) -> int | None:
        return next((one.limit_value for one in column._validators if isinstance(one, kind)), None)

    return limit(MinValueValidator), limit(MaxValueValidator)
