"""Features as a table: rows and cells as HTML, each with its way to be changed where this member may."""

from collections.abc import Iterable, Sequence
from functools import cached_property

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from interlock.backlog.columns import Column
from interlock.backlog.models import Feature
from interlock.workspaces.models import Member
from interlock.workspaces.permissions import Action, Reach

EMPTY = '<span class="none">–</span>'
ADD = '<span class="none">Add</span>'
MOVES = (("top", "To the top", "⇈"), ("up", "Up", "↑"), ("down", "Down", "↓"), ("bottom", "To the bottom", "⇊"))


def _unset(column: Column) -> str:
    """A dash is no name for a link."""
    return f'<span class="none">–<span class="unseen"> set {column.label.lower()}</span></span>'


class Table:
    def __init__(self, columns: Sequence[Column], *, by: Member, by_hand: bool = False, on_page: bool = False) -> None:
        """`by_hand`: the order can be changed; `on_page`: the cells stand on the feature's own page."""
        self.columns, self.by, self.on_page = columns, by, on_page
        self.reach = by.reach(Action.EDIT)
        self.sortable = by_hand and self.reach is Reach.ALL
        self.selectable = self.reach is not Reach.NONE

    @cached_property
    def _address(self) -> str:
        return reverse("feature", args=[self.by.workspace.slug, "KEY"])

    def url(self, feature: Feature) -> str:
        return self._address.replace("KEY", feature.key)

    def editable(self, feature: Feature) -> bool:
        """What `editable_by` would say, told from the row at hand."""
        if self.reach is Reach.OWN:
            return bool(feature.owner and feature.owner.member_id == self.by.pk)
        return self.reach is Reach.ALL

    # --- cells -----------------------------------------------------------------------------------

    def inside(self, column: Column, feature: Feature, *, saved: bool = False, fixed: bool = False) -> SafeString:
        """A cell's content: a link that edits it in its place, unless that is `fixed`."""
        editable = self.editable(feature) and not fixed
        html = self._inside(column, feature, self.url(feature), editable, " saved" if saved else "")
        return mark_safe(html)  # noqa: S308 columns escape what they draw

    def _inside(self, column: Column, feature: Feature, url: str, editable: bool, css: str = "") -> str:
        if self.on_page:
            return self._detail(column, feature, url, editable, css)
        drawn = column.cell(feature, self.by)
        if column.name == "title":  # which leads to the feature: the link that edits stands beside it
            html = f'<a class="title" data-open href="{url}" hx-boost="false">{drawn}</a>'
            edit = f'<a class="change-it{css}" data-edit href="{url}edit/title/" aria-label="Change title">Edit</a>'
            return f"{html} {edit}" if editable else html
        if column.editable and editable:
            return f'<a class="cell{css}" data-edit href="{url}edit/{column.name}/">{drawn or _unset(column)}</a>'
        return drawn or EMPTY

    def _detail(self, column: Column, feature: Feature, url: str, editable: bool, css: str) -> str:
        drawn, edit = column.detail(feature, self.by), f"{url}edit/{column.name}/?on-page"
        if not (column.editable and editable):
            return drawn or EMPTY
        if "<a " not in drawn:
            return f'<a class="cell{css}" data-edit href="{edit}">{drawn or ADD}</a>'
        # A link in a link is none.
        label = f"Change {column.label.lower()}"
        return f'{drawn} <a class="change-it{css}" data-edit href="{edit}" aria-label="{label}">Change</a>'

    def _row(self, feature: Feature) -> str:
        key, url, editable = feature.key, self.url(feature), self.editable(feature)
        cells = [f'<tr id="{key}" data-row data-key="{key}">']
        if self.selectable:
            cells.append(
                f'<td class="fit"><input type="checkbox" form="bulk" name="key" value="{key}" data-select'
                f' aria-label="Select {key}"></td>'
            )
        if self.sortable:
            cells.append(f'<td class="fit order">{self._moves(key)}</td>')
        for column in self.columns:
            inside = self._inside(column, feature, url, editable)
            if column.name == "title":
                cells.append(f'<th scope="row" class="{column.css}" data-cell>{inside}</th>')
            else:
                cells.append(f'<td class="{column.css}" data-cell>{inside}</td>')
        cells.append("</tr>")
        return "".join(cells)

    def rows(self, features: Iterable[Feature]) -> SafeString:
        return mark_safe("\n".join(map(self._row, features)))  # noqa: S308 columns escape what they draw

    @staticmethod
    def _moves(key: str) -> str:
        """Not in the way of the Tab key: Alt and the arrows do the same from anywhere in the row."""
        buttons = "".join(
            f'<button type="submit" form="move" name="{to}" value="{key}" data-move="{to}" tabindex="-1"'
            f' title="{label}" aria-label="{label}: {key}">{sign}</button>'
            for to, label, sign in MOVES
        )
        handle = (
            '<span class="handle" tabindex="-1" title="Drag; or Alt and the arrow keys" aria-hidden="true">⠿</span>'
        )
        return f'{handle}<span class="moves">{buttons}</span>'
