"""A model of the plan as a resource: list, read, add, change, archive and restore, the same for each.

teams = Resource(
    Team, "teams",
    read=TeamOut, create=TeamIn, filters=TeamFilters,
    orders={"name": by("name", "number"), "number": by("number")},
    joins=("department", "parent"),
)
"""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Prefetch, prefetch_related_objects
from pydantic import BaseModel

from interlock.workspaces.errors import StaleVersion
from interlock.workspaces.models import Member
from interlock.workspaces.permissions import Action
from interlock.workspaces.plan import PlanModel
from interlock.workspaces.rest.door import ApiRequest
from interlock.workspaces.rest.listing import Listing, _name
from interlock.workspaces.rest.problems import Problem
from interlock.workspaces.rest.routes import etag, version_in, version_read
from interlock.workspaces.rest.schemas import In, patch_of, resolve

VERSIONED: Any = {"openapi_extra": {"x-versioned": True}}


class Resource(Listing):
    """
    create  what may be set when a row is added
    fixed   what of it cannot be changed later
    """

    def __init__(
        self, model: type[PlanModel], at: str, *, create: type[In], fixed: Iterable[str] = (), **how: Any
    ) -> None:
        super().__init__(model, at, **how)
        self.create, self.changes = create, patch_of(create, without=fixed)

    # --- changing --------------------------------------------------------------------------------

    def given(self, given: BaseModel, *, member: Member) -> dict[str, Any]:
        """What was sent, as the verbs take it."""
        return resolve(given, member=member)

    @transaction.atomic
    def add(self, given: In, *, by: Member) -> Any:
        by.require(Action.EDIT)
        row = self.model._default_manager.add(by=by, **self.given(given, member=by))
        return self.one(by, row.key)

    @transaction.atomic
    def change(self, row: Any, given: In, *, by: Member, version: int | None) -> Any:
        [(row, fields)] = self.keeping([row], self.given(given, member=by), by)
        row.change(by=by, version=version, **fields)
        return self.one(by, row.key)

    def keeping(self, rows: list[Any], fields: dict[str, Any], by: Member) -> list[tuple[Any, dict[str, Any]]]:
        """Each row with the fields, and, in its links, what the member does not see: they did not mean to unlink it."""
        linked = [name for name, value in fields.items() if name in self.seen and isinstance(value, list)]
        for name in linked:
            ends: Any = self.model._meta.get_field(name).related_model
            hidden = ends._default_manager.exclude(pk__in=self.seen_by(by, name))
            prefetch_related_objects(rows, Prefetch(name, hidden, to_attr=f"hidden_{name}"))
        return [
            (row, fields | {name: [*fields[name], *getattr(row, f"hidden_{name}")] for name in linked}) for row in rows
        ]

    def changed_meanwhile(self, key: str, member: Member) -> Problem:
        """Lost the race: what the row holds now, so that the client can merge and try again."""
        row = self.one(member, key)
        told = self.told(row, to=member)
        return Problem(
            412,
            f"{row.key} was changed by somebody else in the meantime.",
            headers={"ETag": etag(row, told.model_dump_json().encode())},
            current=told.model_dump(mode="json"),
        )

    # --- the routes ------------------------------------------------------------------------------

    def open(self) -> None:
        read, create, changes, keyed = self.shape, self.create, self.changes, self.key
        a, noun = self.a, _name(self.noun)

        @self.post("", response={201: read}, operation_id=f"add_{noun}", summary=f"Add {a}")
        def add(request: ApiRequest, given: create) -> Any:  # type: ignore[valid-type]
            return self.add(given, by=request.member)

        @self.patch("/{key}", response={200: read}, operation_id=f"change_{noun}", summary=f"Change {a}", **VERSIONED)
        def change(request: ApiRequest, key: keyed, given: changes) -> Any:  # type: ignore[valid-type]
            row = request.member.editable(self.model, key=key)
            try:
                return self.change(row, given, by=request.member, version=version_read(request))
            except StaleVersion as stale:
                raise self.changed_meanwhile(key, request.member) from stale

        @self.delete(
            "/{key}", response={200: read}, operation_id=f"archive_{noun}", summary=f"Archive {a}", **VERSIONED
        )
        def archive(request: ApiRequest, key: keyed) -> Any:  # type: ignore[valid-type]
            """Nothing is lost: an archive can be undone."""
            row = request.member.editable(self.model, key=key)
            header = request.headers.get("If-Match")
            try:
                row.archive(by=request.member, version=version_in(header) if header else None)
            except StaleVersion as stale:
                raise self.changed_meanwhile(key, request.member) from stale
            return self.one(request.member, key)

        @self.post("/{key}/restoration", response={200: read}, operation_id=f"restore_{noun}", summary=f"Restore {a}")
        def restore(request: ApiRequest, key: keyed) -> Any:  # type: ignore[valid-type]
            """Undo an archive."""
            request.member.editable(self.model, key=key).restore(by=request.member)
            return self.one(request.member, key)

        super().open()
