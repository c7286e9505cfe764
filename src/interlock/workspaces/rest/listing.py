"""A model as a list and its rows: what can be read of it, by whom, in which order and narrowed by what."""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

from django.db.models import Prefetch
from django.db.models.base import ModelBase
from ninja import Query
from pydantic import BaseModel, TypeAdapter, create_model

from interlock.workspaces.models import Member
from interlock.workspaces.rest import paging
from interlock.workspaces.rest.door import ApiRequest
from interlock.workspaces.rest.filters import Asked
from interlock.workspaces.rest.routes import Routes
from interlock.workspaces.rest.schemas import Out, Page, PointsTo

Rows = Any
Seen = Mapping[str, type[Any] | Callable[[Member], Rows]]


class Listing(Routes):
    """
    joins   relations that whoever sees the row sees: read by join
    seen    relations to rows that the member may not see, which are then left out: the model, or what to read
    fetch   relations to many rows that whoever sees the row sees
    field   what the number of a key stands in
    """

    # Whether its rows can be read one by one.
    singly = True

    def __init__(
        self,
        model: type[Any],
        at: str,
        *,
        read: type[Out],
        filters: type[Asked],
        orders: paging.Orders,
        joins: Iterable[str] = (),
        seen: Seen | None = None,
        fetch: Iterable[str] = (),
        field: str = "number",
        tag: str = "",
    ) -> None:
        self.model, self.shape, self.filters, self.orders = model, read, filters, orders
        self.joins, self.seen, self.fetch = tuple(joins), dict(seen or {}), tuple(fetch)
        self.pointer = PointsTo(model, field)
        self.noun, self.nouns = str(model._meta.verbose_name), str(model._meta.verbose_name_plural)
        super().__init__(at, tag=tag or self.nouns.capitalize())

    def extend(self, shape: Mapping[str, Any], filters: Mapping[str, Any], seen: Seen) -> None:
        """What an app further down knows of these rows, and this one must not."""
        self.shape = create_model(self.shape.__name__, __base__=self.shape, **shape)
        self.filters = create_model(self.filters.__name__, __base__=self.filters, **filters)
        self.seen |= seen

    # --- finding and telling ---------------------------------------------------------------------

    def rows(self, member: Member) -> Rows:
        """What the member sees, with what is told of each."""
        rows = self.model._default_manager.visible_to(member)
        if self.joins:
            rows = rows.select_related(*self.joins)
        seen = [Prefetch(name, self.seen_by(member, name)) for name in self.seen]
        return rows.prefetch_related(*seen, *self.fetch)

    def seen_by(self, member: Member, name: str) -> Rows:
        end: Any = self.seen[name]
        rows: Any = end
        return rows._default_manager.visible_to(member) if isinstance(end, ModelBase) else rows(member)

    def one(self, member: Member, key: str) -> Any:
        number = {self.pointer.field: self.pointer.number(key)}
        row = self.rows(member).filter(**number).first()
        if row is None:
            raise member.turned_away(self.model, **number)
        return row

    def page(self, request: ApiRequest, asked: Any) -> dict[str, Any]:
        shown = self.rows(request.member)
        return paging.page(
            asked.of(self.model._default_manager.visible_to(request.member), member=request.member),
            shown,
            self.orders,
            order=asked.order,
            limit=asked.limit,
            cursor=asked.cursor,
            salt=request.path,
        )

    def told(self, row: Any, *, to: Member) -> BaseModel:
        told: BaseModel = TypeAdapter(self.shape).validate_python(row, from_attributes=True, context={"reader": to})
        return told

    # --- the routes ------------------------------------------------------------------------------

    @property
    def key(self) -> Any:
        return Annotated[str, self.pointer]

    @property
    def a(self) -> str:
        return f"an {self.noun}" if self.noun[0] in "aeiou" else f"a {self.noun}"

    def asked(self) -> Any:
        return self.filters.asked(self.orders)

    def open(self) -> None:
        asked, keyed, nouns, noun = self.asked(), self.key, _name(self.nouns), _name(self.noun)

        @self.get("", response={200: Page[self.shape]}, operation_id=f"list_{nouns}", summary=f"List {self.nouns}")  # type: ignore[name-defined]
        def list_rows(request: ApiRequest, asked: asked = Query(...)) -> Any:  # type: ignore[valid-type]  # noqa: B008
            return self.page(request, asked)

        if self.singly:

            @self.get("/{key}", response={200: self.shape}, operation_id=f"read_{noun}", summary=f"Read {self.a}")
            def read_one(request: ApiRequest, key: keyed) -> Any:  # type: ignore[valid-type]
                return self.one(request.member, key)

        super().open()


def _name(words: str) -> str:
    return words.replace(" ", "_").replace("-", "_")
