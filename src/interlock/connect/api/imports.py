from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import File, Form, Query, UploadedFile
from pydantic import Field

from interlock.connect.importing.mapping import Mapping
from interlock.connect.importing.notes import Kind
from interlock.connect.models import ImportNote, ImportRun, receive_project
from interlock.connect.readers import Refusal
from interlock.releases.api.releases import ReleaseKey, releases
from interlock.releases.models import Release
from interlock.workspaces.permissions import Action
from interlock.workspaces.rest import (
    Address,
    ApiRequest,
    Asked,
    In,
    Listing,
    MaybePointer,
    OneOf,
    Out,
    Page,
    PointsTo,
    Text,
    by,
    paging,
)
from interlock.workspaces.rest.problems import invalid

ImportKey = Annotated[str, PointsTo(ImportRun)]

MAPPING = "source: tracker\nimports:\n  - {entity: department, external_id: id, fields: {name: name}}\n"
MappingText = Annotated[
    Text, Field(min_length=1, max_length=200_000, description="What becomes what, as YAML.", examples=[MAPPING])
]
KindOfNote: Any = Literal[tuple(kind.value for kind in Kind)]


class CountsOut(Out):
    created: int
    changed: int
    unchanged: int
    refused: int


class ImportOut(Out):
    key: str = Field(examples=["IMP-1"])
    label: str = Field(description="What the sender called the file.", examples=["plan.csv"])
    title: str = Field(description="What the mapping calls itself.", examples=["tracker"])
    state: Annotated[str, OneOf(ImportRun.State)]
    stage: str = Field(description="While it is at work: what is being done.", examples=["Reading"])
    done: int = Field(description="While it is at work: how far that is, of `total`.")
    total: int
    strict: bool
    mapping_digest: str = Field(description="Of its mapping as it is now: whoever writes it sends this along.")
    counts: dict[str, CountsOut] = Field(
        description="What it would do, or did: kind → how many.",
        examples=[{"feature": {"created": 120, "changed": 3, "unchanged": 40, "refused": 1}}],
    )
    note_counts: dict[str, int] = Field(
        description="How many notes of each kind there are to read.", examples=[{"refused": 1, "unmatched": 4}]
    )
    sentence: str = Field(description="Why it was refused, or failed.")
    by: MaybePointer = Field(validation_alias="member", description="The member who sent it.")
    started_at: datetime
    finished_at: datetime | None
    url: Address


class RowOut(Out):
    """A row as it would become."""

    entity: str = Field(examples=["feature"])
    ext: str = Field(description="Its id in the file.", examples=["A-1"])
    place: str = Field(examples=["plan.csv, line 2"])
    state: str = Field(description="`new`, `changed`, `unchanged` or `refused`.", examples=["new"])
    fields: dict[str, str] = Field(examples=[{"title": "Refunds"}])


class ImportDetailOut(ImportOut):
    mapping: str
    preview: list[RowOut] = Field(description="The first rows of each kind, until it is written.")


class NoteOut(Out):
    kind: KindOfNote
    entity: str = Field(examples=["feature"])
    field: str = Field(examples=["owner"])
    file: str = Field(examples=["plan.csv"])
    line: int = Field(description="0 where no line is meant.", examples=[2])
    text: str = Field(examples=["there is no person “Zoe”"])


class ImportFilters(Asked):
    state: list[Annotated[str, OneOf(ImportRun.State)]] = []


class NoteFilters(Asked):
    kind: list[KindOfNote] = []


class Imports(Listing):
    singly = False


imports = Imports(
    ImportRun,
    "imports",
    read=ImportOut,
    filters=ImportFilters,
    orders={"-number": by("number")},
    joins=("workspace", "member__user"),
)
NOTES = {"number": by("id")}
AskedNotes: Any = NoteFilters.asked(NOTES)


@imports.post("", response={201: ImportOut}, operation_id="send_import", summary="Send a file and its mapping")
def send(request: ApiRequest, file: UploadedFile = File(...), mapping: MappingText = Form(...)) -> ImportRun:  # noqa: B008
    """It is checked in the background, and nothing is written: read it until its `state` is `checked`, then write it.

    The file is CSV, JSON, JSON Lines, YAML or Markdown, or a folder of such files as zip or tar.gz; 200 MB at most.
    """
    request.member.require(Action.IMPORT)
    _understood(mapping)
    try:
        run = ImportRun.objects.receive(file, by=request.member)
    except Refusal as refusal:
        invalid("file", refusal.sentence)
    run.map(mapping, by=request.member)
    return run


@imports.get("/{key}", response={200: ImportDetailOut}, operation_id="read_import", summary="Read an import")
def read(request: ApiRequest, key: ImportKey) -> ImportRun:
    run: ImportRun = imports.one(request.member, key)
    return run


@imports.get("/{key}/notes", response={200: Page[NoteOut]}, operation_id="list_import_notes", summary="List its notes")
def list_notes(request: ApiRequest, key: ImportKey, asked: AskedNotes = Query(...)) -> dict[str, Any]:  # noqa: B008
    """Everything that there is to say about it, with file, line and reason: nothing is lost silently."""
    run: ImportRun = imports.one(request.member, key)
    return paging.page(
        asked.of(run.notes.all(), member=request.member),
        ImportNote.objects.all(),
        NOTES,
        order=asked.order,
        limit=asked.limit,
        cursor=asked.cursor,
        salt=request.path,
    )


@releases.post(
    "/{key}/plan/xml",
    response={201: ImportOut},
    operation_id="send_plan",
    summary="Send a plan of Microsoft Project for a release",
)
def send_plan(request: ApiRequest, key: ReleaseKey, file: UploadedFile = File(...)) -> ImportRun:  # noqa: B008
    """XML as Microsoft Project saves it. It becomes an import like any other: read it, and write what was checked."""
    request.member.require(Action.IMPORT)
    release = request.member.editable(Release, key=key)
    try:
        return receive_project(file, release, by=request.member)
    except Refusal as refusal:
        invalid("file", refusal.sentence)


class MappingIn(In):
    mapping: MappingText


@imports.put(
    "/{key}/mapping", response={200: ImportOut}, operation_id="map_import", summary="Check it with another mapping"
)
def map_again(request: ApiRequest, key: ImportKey, given: MappingIn) -> ImportRun:
    run: ImportRun = imports.one(request.member, key)
    _understood(given.mapping)
    run.map(given.mapping, by=request.member)
    return run


class WriteIn(In):
    mapping_digest: Annotated[Text, Field(description="Of the mapping that you looked at, as it was read.")]
    strict: Annotated[bool, Field(description="Write all rows or none.")] = False


@imports.post(
    "/{key}/writing", response={200: ImportOut}, operation_id="write_import", summary="Write what was checked"
)
def write(request: ApiRequest, key: ImportKey, given: WriteIn) -> ImportRun:
    """In the background: read it until its `state` is `done`.

    Only who sent it can write it, and only while its mapping is the one whose `mapping_digest` is sent along.
    """
    run: ImportRun = imports.one(request.member, key)
    run.begin(strict=given.strict, digest=given.mapping_digest, by=request.member)
    return run


@imports.delete("/{key}", response={204: None}, operation_id="forget_import", summary="Forget an import")
def forget(request: ApiRequest, key: ImportKey) -> None:
    """One that was never written, with its file; only who sent it can."""
    imports.one(request.member, key).forget(by=request.member)


def _understood(mapping: str) -> None:
    try:
        Mapping.parse(mapping)
    except Refusal as refusal:
        invalid("mapping", refusal.sentence)
