from datetime import date, datetime
from typing import Annotated, Any

from django.db.models import Prefetch
from django.http import Http404
from pydantic import BeforeValidator, Field, ValidationInfo

from interlock.releases.api.releases import ReleaseKey, releases
from interlock.releases.creep import Creep, creep_of
from interlock.releases.models import BaselineItem, Release, ScopeBaseline
from interlock.workspaces.permissions import seen_by
from interlock.workspaces.rest import (
    ApiRequest,
    Day,
    Filters,
    In,
    MaybePointer,
    Number,
    Out,
    Pointer,
    Resource,
    Text,
    Versioned,
    by,
    by_date,
)
from interlock.workspaces.rest.schemas import reader_of


class BaselineItemOut(Out):
    feature: Pointer
    effort_days: Number | None = Field(description="As estimated then.")
    open_requirements: int = Field(description="Requirements that were to be met then.")


def _seen(items: Any, told: ValidationInfo) -> list[BaselineItem]:
    return [item for item in items.all() if seen_by(reader_of(told), item.feature)]


class ScopeBaselineIn(In):
    release: ReleaseKey
    agreed_on: Annotated[Day | None, Field(description="Today, unless told; what is frozen is the scope of now.")] = (
        None
    )
    note: Annotated[Text, Field(max_length=2000, examples=["Agreed in the planning meeting."])] = ""


class ScopeBaselineOut(Versioned):
    release: Pointer
    agreed_on: date
    agreed_by: MaybePointer
    note: str
    items: Annotated[list[BaselineItemOut], BeforeValidator(_seen)]


class ScopeBaselineFilters(Filters):
    release: list[ReleaseKey] = []


class Baselines(Resource):
    def given(self, given: Any, *, member: Any) -> dict[str, Any]:
        fields = super().given(given, member=member)
        if fields.get("agreed_on", True) is None:
            del fields["agreed_on"]
        return fields


scope_baselines = Baselines(
    ScopeBaseline,
    "scope-baselines",
    read=ScopeBaselineOut,
    create=ScopeBaselineIn,
    fixed=("release", "agreed_on"),
    filters=ScopeBaselineFilters,
    orders={
        "agreed_on": by_date("agreed_on"),
        "number": by("number"),
        "changed_at": by("changed_at", "number"),
    },
    joins=("release__workspace", "agreed_by__user"),
    fetch=(Prefetch("items", BaselineItem.objects.select_related("feature").order_by("pk")),),
)


class PassageOut(Out):
    feature: Pointer
    effort_days: Number | None
    at: datetime | None
    actor: str
    reason: str
    into: MaybePointer = Field(description="Of what fell out, the release in which it is now.")


class CreepOut(Out):
    baseline: Pointer
    agreed: int = Field(description="Features that were agreed on.")
    came: list[PassageOut] = Field(description="What came in since.")
    fell: list[PassageOut] = Field(description="What fell out since.")
    reestimated: Number = Field(description="Days by which the estimates of what is still in have changed.")
    days_added: Number = Field(description="Days of work in all; negative where the scope has become smaller.")


@releases.get(
    "/{key}/scope-changes",
    response={200: CreepOut},
    operation_id="list_scope_changes",
    summary="What came in and fell out since the scope was agreed on",
)
def list_scope_changes(request: ApiRequest, key: ReleaseKey) -> Creep:
    """404 where no scope is agreed on."""
    creep = creep_of(request.member.visible(Release, key=key), by=request.member)
    if creep is None:
        raise Http404
    return creep
