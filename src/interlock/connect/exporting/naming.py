"""What a row is called in an export, where another one refers to it."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from interlock.connect.exporting.kinds import Kind, Naming, kinds
from interlock.workspaces.models import Member, Workspace

# Names are kept for as many rows; beyond that they are looked up anew.
KEPT = 20_000


class Names:
    """From primary keys to names, for rows of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._known: dict[str, dict[int, Any]] = {}
        self._places: dict[str, dict[int, int]] = {}

    def of(self, label: str, keys: Iterable[int | None]) -> dict[int, Any]:
        """Those that are gone, or that belong to nobody here, are not in it."""
        kind = kinds().get(label)
        if kind is None:
            return {}
        match kind.naming:
            case Naming.ADDRESS:
                return self.members
            case Naming.PLACE:
                return self._in_order(kind)
        known = self._known.setdefault(label, {})
        wanted = {key for key in keys if key is not None}
        missing = wanted - known.keys()
        if missing:
            if len(known) > KEPT:
                known.clear()
                missing = wanted
            known |= self._look_up(kind, missing)
        return known

    def _look_up(self, kind: Kind, keys: set[int]) -> dict[int, Any]:
        rows = kind.of(self.workspace).filter(pk__in=keys)
        if kind.naming is Naming.KEY:
            numbers = rows.values_list("pk", "number")
            return {pk: f"{kind.prefix}-{number}" if kind.prefix else number for pk, number in numbers}
        columns = {column.field.name: column for column in kind.columns}
        parts = [columns[name] for name in kind.naming_fields]
        found = list(rows.values_list("pk", *(part.attname for part in parts)))
        for place, part in enumerate(parts, start=1):
            if part.to:
                ends = self.of(part.to, (row[place] for row in found))
                found = [(*row[:place], ends.get(row[place]), *row[place + 1 :]) for row in found]
        return {row[0]: list(row[1:]) if len(parts) > 1 else row[1] for row in found}

    def _in_order(self, kind: Kind) -> dict[int, int]:
        if kind.label not in self._places:
            keys = kind.of(self.workspace).values_list("pk", flat=True)
            self._places[kind.label] = {pk: place for place, pk in enumerate(keys.iterator(), start=1)}
        return self._places[kind.label]

    @cached_property
    def members(self) -> dict[int, str]:
        """By e-mail address; of those who were erased, none knows more than that they were there."""
        return {member.pk: name for name, member in self.seats}

    @cached_property
    def seats(self) -> list[tuple[str, Member]]:
        found = Member.objects.filter(workspace=self.workspace).select_related("user").order_by("pk")
        named = sorted(((str(one.user.email), one) for one in found if one.user), key=lambda seat: seat[0])
        erased = [one for one in found if one.user is None]
        return named + [(f"erased-{place}", one) for place, one in enumerate(erased, start=1)]

    @cached_property
    def actors(self) -> dict[Any, str]:
        return {member.pseudonym: name for name, member in self.seats}
