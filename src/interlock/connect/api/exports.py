from datetime import datetime
from typing import Annotated, Any

from django.http import FileResponse
from pydantic import Field

from interlock.connect.exporting.models import Export, require_all
from interlock.connect.views.exports import fetched
from interlock.workspaces.models import Member
from interlock.workspaces.rest import ApiRequest, Asked, Listing, OneOf, Out, PointsTo, by


class ExportOut(Out):
    key: str = Field(examples=["EXP-1"])
    state: Annotated[str, OneOf(Export.State)]
    rows: int
    size: int = Field(description="Of the archive, in bytes.")
    asked_at: datetime
    made_at: datetime | None
    until: datetime = Field(description="When it is deleted.")


class Exports(Listing):
    def rows(self, member: Member) -> Any:
        require_all(member)
        return super().rows(member)


ExportKey = Annotated[str, PointsTo(Export, field="pk")]
exports = Exports(
    Export,
    "exports",
    read=ExportOut,
    filters=Asked,
    orders={"-asked_at": by("asked_at", "id")},
    joins=("workspace",),
    field="pk",
)


@exports.post("", response={201: ExportOut}, operation_id="ask_for_export", summary="Export the workspace")
def ask(request: ApiRequest) -> Export:
    """Everything, made in the background: ask again until its state is `ready`, then fetch its file."""
    return Export.objects.ask(by=request.member)


ZIP = {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}


@exports.get(
    "/{key}/file",
    response={200: None},
    operation_id="fetch_export",
    summary="Fetch an export's file",
    openapi_extra={"responses": {200: ZIP}},
)
def fetch(request: ApiRequest, key: ExportKey) -> FileResponse:
    """A zip archive, as docs/exporting.md describes it; 404 while it is being made."""
    return fetched(exports.one(request.member, key), by=request.member)


@exports.delete("/{key}", response={204: None}, operation_id="forget_export", summary="Delete an export")
def forget(request: ApiRequest, key: ExportKey) -> None:
    export: Export = exports.one(request.member, key)
    export.forget(by=request.member)
