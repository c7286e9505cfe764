"""Lists of rows that have a parent of their own kind: in the order of the tree, a page at a time."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

from django.core.paginator import Paginator

from interlock.workspaces.lists import PAGE, ListView
from interlock.workspaces.middleware import MemberRequest

Node = tuple[int, int | None]
# A row, and those above it.
Place = tuple[int, tuple[int, ...]]


def depth_first(nodes: Iterable[Node]) -> Iterator[Place]:
    """Each row with the path of those above it. A row whose parent is not among them stands at the top."""
    nodes = list(nodes)
    known = {pk for pk, _ in nodes}
    below: dict[int | None, list[int]] = defaultdict(list)
    for pk, parent in nodes:
        below[parent if parent in known else None].append(pk)
    waiting: list[Place] = [(pk, ()) for pk in reversed(below[None])]
    while waiting:
        pk, path = waiting.pop()
        yield pk, path
        waiting += [(child, (*path, pk)) for child in reversed(below[pk])]


class TreeListView(ListView):
    """Without ?sort= the rows stand in their tree: each has `depth`, and `context` where it only leads to others."""

    def page(self, rows: Any, request: MemberRequest) -> Any:
        if request.GET.get("sort") or request.GET.get("archived"):
            return super().page(rows, request)
        order = list(depth_first(self.nodes))
        asked = set(rows.values_list("pk", flat=True))
        page = Paginator([place for place in order if place[0] in asked], PAGE).get_page(request.GET.get("page"))
        page.object_list = self._with_those_above(list(page.object_list), request)
        return page

    @cached_property
    def nodes(self) -> Sequence[Node]:
        """Of all rows, those filtered away included, in the order in which siblings stand."""
        rows = self.model._default_manager.visible_to(self.request.member).active()  # type: ignore[attr-defined]
        first = next(iter(self.orders.values()))
        return list(rows.order_by(*first, "pk").values_list("pk", "parent_id"))

    def _with_those_above(self, places: Sequence[Place], request: MemberRequest) -> list[Any]:
        asked = {pk for pk, _ in places}
        shown = asked | {pk for _, path in places for pk in path}
        held = self.rows(request.member).in_bulk(shown)
        listed: list[Any] = []
        seen: set[int] = set()
        for pk, path in places:
            for depth, one in enumerate((*path, pk)):
                if one not in seen:
                    seen.add(one)
                    row = held[one]
                    row.depth, row.context = depth, one not in asked
                    listed.append(row)
        return listed
