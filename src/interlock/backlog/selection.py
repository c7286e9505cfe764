"""What a list of features shows: which, in what order, with which columns. The address says it, nothing else."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.http import QueryDict

from interlock.backlog import filters
from interlock.backlog.columns import Column, Filter, column_named, columns
from interlock.backlog.filters import Asked, Option
from interlock.backlog.models import Feature
from interlock.workspaces import keyset
from interlock.workspaces.keyset import Leg, Legs, Page
from interlock.workspaces.models import Member

PAGE, BATCH = 50, 500
# Counted so far, and no further: a page is not to cost more because the list is long.
COUNTED = 1000

TEXT = filters.TextFilter("q", "Text")
ARCHIVED = filters.ChoiceFilter("archived", "Archived", (("only", "Archived ones"),))
BY_RANK = (Leg(("rank",)),)
# Of what a feature points at, no cell shows these, and moments are dear to read.
UNREAD = ("created_at", "changed_at", "archived_at")


@dataclass(frozen=True)
class Order:
    """An empty name is the order by hand."""

    name: str
    descending: bool
    legs: Legs

    @property
    def by_hand(self) -> bool:
        return not self.name and not self.descending

    @property
    def sort(self) -> str:
        return f"-{self.name or 'rank'}" if self.descending else self.name

    @property
    def label(self) -> str:
        column = column_named(self.name)
        return column.label if column else "hand"


@dataclass(frozen=True)
class Found:
    page: Page
    count: int
    more: bool

    @property
    def features(self) -> list[Feature]:
        return self.page.rows


@dataclass(frozen=True)
class Shown:
    """A filter as the page draws it."""

    name: str
    label: str
    template: str
    options: list[Option]
    asked: list[Option]
    offers: str

    @property
    def says(self) -> str:
        first, *others = [*(one.label for one in self.asked), ""]
        return f"{first} +{len(others) - 1}" if len(others) > 1 else first

    @property
    def value(self) -> str:
        return self.asked[0].value if self.asked else ""


@dataclass(frozen=True)
class Head:
    label: str
    css: str
    url: str
    direction: str


class Selection:
    def __init__(self, query: QueryDict, *, by: Member, today: date) -> None:
        self.by, self.today = by, today
        self.columns = self._columns(query.getlist("show"))
        self.order = self._order(query.get("sort", ""))
        self.asked = dict(self._asked(query))
        self.place = {name: str(query[name]) for name in ("after", "before") if query.get(name)}
        self.last = "last" in query

    # --- reading the address ---------------------------------------------------------------------

    @staticmethod
    def _columns(names: Sequence[str]) -> list[Column]:
        asked = [one for one in columns() if one.name in names and one.listed]
        if not asked:
            return [one for one in columns() if one.usual]
        return [one for one in columns() if one in asked or one.name in ("key", "title")]

    def _order(self, sort: str) -> Order:
        name, descending = sort.removeprefix("-"), sort.startswith("-")
        column = column_named(name)
        legs = column.legs(self.by) if column else ()
        return Order(name, descending, legs) if legs else Order("", descending and name == "rank", BY_RANK)

    @staticmethod
    def filters() -> list[Filter]:
        return [TEXT, *(one.filter for one in columns() if one.filter), ARCHIVED]

    def _asked(self, query: QueryDict) -> Iterator[tuple[str, Asked]]:
        for one in self.filters():
            asked = one.read(query.getlist(one.name), by=self.by, today=self.today) if one.name in query else None
            if asked:
                yield one.name, asked

    # --- writing addresses -----------------------------------------------------------------------

    def query(self, **changes: Any) -> str:
        """The address of this list, from its start, with something else asked; without what says nothing."""
        said: dict[str, Any] = {name: [one.value for one in asked.options] for name, asked in self.asked.items()}
        usual = [one for one in columns() if one.usual]
        said |= {
            "sort": self.order.sort,
            "show": [] if self.columns == usual else [one.name for one in self.columns],
            **changes,
        }
        query = QueryDict(mutable=True)
        for name, value in said.items():
            values = value if isinstance(value, list) else [value]
            query.setlist(name, [one for one in values if one not in ("", None)])
        return "?" + query.urlencode(safe=",") if any(query.lists()) else "?"

    @property
    def here(self) -> str:
        return self.query(**self.place, **({"last": "1"} if self.last else {}))

    def without(self, name: str, option: Option) -> str:
        return self.query(**{name: [one.value for one in self.asked[name].options if one != option]})

    @property
    def everything(self) -> str:
        """Every feature, by hand: said, since an address that says nothing opens the member's default view."""
        return "?sort=rank"

    @property
    def archived(self) -> bool:
        return "archived" in self.asked

    # --- for the page ----------------------------------------------------------------------------

    def bar(self) -> Iterator[Shown]:
        for one in self.filters():
            asked = self.asked.get(one.name)
            yield Shown(
                one.name,
                one.label,
                f"backlog/filters/{one.drawn}.html",
                one.offers(asked),
                asked.options if asked else [],
                one.address(self.by),
            )

    def heads(self) -> Iterator[Head]:
        for one in self.columns:
            mine = self.order.name == one.name
            turned = one.newest_first is not (mine and self.order.descending is one.newest_first)
            yield Head(
                one.label,
                one.css,
                self.query(sort=f"-{one.name}" if turned else one.name) if one.legs(self.by) else "",
                ("descending" if self.order.descending else "ascending") if mine else "",
            )

    def choosable(self) -> list[Option]:
        return [Option(one.name, one.label, one in self.columns) for one in columns() if one.listed]

    # --- asking the database ---------------------------------------------------------------------

    def rows(self, *, found: bool = False) -> Any:
        """All features of the list, in no order; as an index finds them best, or as they are checked in order."""
        rows = Feature.objects.visible_to(self.by)
        rows = rows.archived() if "archived" in self.asked else rows.active()
        for name, asked in self.asked.items():
            if name != "archived":
                rows = rows.filter(asked.finds if found and asked.finds is not None else asked.checks)
        return rows

    @cached_property
    def _keys(self) -> list[int]:
        return list(self.rows(found=True).order_by().values_list("pk", flat=True)[: COUNTED + 1])

    def find(self) -> Found:
        """The page that the address asks for.

        A database that sorts what few rows it finds, and one that checks many rows as they come in order,
        are both quick; which it should do it cannot know beforehand. The count tells.
        """
        few = len(self._keys) <= COUNTED
        rows = Feature.objects.of(self.by.workspace).filter(pk__in=self._keys) if few else self.rows()
        page = keyset.page(
            rows,
            self._source(),
            self.order.legs,
            size=PAGE,
            descending=self.order.descending,
            last=self.last,
            **self.place,
        )
        prefetch_related_objects(page.rows, *self._prefetches())
        return Found(page, min(len(self._keys), COUNTED), not few)

    def each(self) -> Iterator[Feature]:
        """All of them in order, some at a time."""
        for batch in keyset.batches(
            self.rows(), self._source(), self.order.legs, size=BATCH, descending=self.order.descending
        ):
            prefetch_related_objects(batch, *self._prefetches())
            yield from batch

    def _source(self) -> Any:
        related = {name for one in self.columns for name in one.related} | {"owner"}
        unread = [name for path in _steps(related) for name in _moments(path)]
        return Feature.objects.of(self.by.workspace).select_related(*related).defer("description", "links", *unread)

    def _prefetches(self) -> list[Prefetch]:
        return [prefetch for one in self.columns for prefetch in one.prefetches(self.by)]


def _steps(paths: Iterable[str]) -> set[str]:
    """Every relation on the way: of a__b, a too."""
    return {path.rsplit("__", cut)[0] for path in paths for cut in range(path.count("__") + 1)}


def _moments(path: str) -> list[str]:
    model: Any = Feature
    for step in path.split("__"):
        model = model._meta.get_field(step).related_model
    return [f"{path}__{field.name}" for field in model._meta.fields if field.name in UNREAD]
