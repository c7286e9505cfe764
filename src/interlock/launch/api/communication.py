from datetime import date
from typing import Annotated

from pydantic import Field

from interlock.launch.models import Communication
from interlock.organisation.api import PersonKey
from interlock.organisation.models import Person
from interlock.people.api import AudienceKey
from interlock.people.models import Channel
from interlock.releases.api import ReleaseKey, TaskKey
from interlock.workspaces.rest import (
    Day,
    Filters,
    In,
    Line,
    MaybePointer,
    OneOf,
    OrNone,
    Pointer,
    Resource,
    Text,
    Versioned,
    by,
    by_date,
)


class CommunicationIn(In):
    release: ReleaseKey
    audience: AudienceKey
    message: Annotated[Line, Field(max_length=300, examples=["What is new, and what it costs"])]
    channel: Annotated[str, OneOf(Channel)] = Channel.EMAIL.value
    status: Annotated[str, OneOf(Communication.Status)] = Communication.Status.DRAFT.value
    goes_out_on: Day | None = None
    sent_on: Annotated[Day | None, Field(description="Of what was sent, and of that alone.")] = None
    owner: PersonKey | None = None
    needs: Annotated[TaskKey | None, Field(description="What must be done before, of the same release.")] = None
    link: Annotated[Text, Field(max_length=1000, description="Where the text is.")] = ""


class CommunicationOut(Versioned):
    release: Pointer
    audience: Pointer
    message: str
    channel: Annotated[str, OneOf(Channel)]
    status: Annotated[str, OneOf(Communication.Status)]
    goes_out_on: date | None
    sent_on: date | None
    owner: MaybePointer
    needs: MaybePointer
    link: str


class CommunicationFilters(Filters):
    release: list[ReleaseKey] = []
    audience: list[AudienceKey] = []
    channel: list[Annotated[str, OneOf(Channel)]] = []
    status: list[Annotated[str, OneOf(Communication.Status)]] = []
    owner: list[Annotated[str, OrNone(Person)]] = []


communications = Resource(
    Communication,
    "communications",
    read=CommunicationOut,
    create=CommunicationIn,
    fixed=("release",),
    filters=CommunicationFilters,
    orders={"number": by("number"), "goes_out_on": by_date("goes_out_on"), "changed_at": by("changed_at", "number")},
    joins=("release__workspace", "audience", "owner", "needs__workstream__release"),
)
