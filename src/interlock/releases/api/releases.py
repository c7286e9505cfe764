from datetime import date, datetime
from typing import Annotated, Any

from django.db import transaction
from ninja import Query
from pydantic import BeforeValidator, Field

from interlock.backlog.api import FeatureKey, features
from interlock.backlog.models import Feature
from interlock.organisation.api import ProductKey
from interlock.people.api import AudienceKey
from interlock.people.models import Audience
from interlock.releases.models import Release, ScopeItem
from interlock.releases.slippage import Slippage
from interlock.workspaces.models import Member
from interlock.workspaces.rest import (
    ApiRequest,
    Day,
    Filters,
    Hour,
    HourOut,
    In,
    Line,
    MaybePointer,
    OneOf,
    OrNone,
    Out,
    Pointer,
    Pointers,
    PointsTo,
    Resource,
    Text,
    Versioned,
    Where,
    Whole,
    by,
    by_date,
    editable,
)

ReleaseKey = Annotated[str, PointsTo(Release)]


class ReleaseIn(In):
    product: ProductKey
    name: Annotated[Line, Field(max_length=120, description="Its version.", examples=["4.2"])]
    description: Annotated[Text, Field(max_length=100_000, description="Markdown.")] = ""
    tier: Annotated[int, OneOf(Release.Tier)] = Release.Tier.FEATURE.value
    status: Annotated[str, OneOf(Release.Status)] = Release.Status.PLANNED.value
    target_on: Day | None = None
    target_precision: Annotated[str, OneOf(Release.Precision)] = Release.Precision.DAY.value
    launch_time: Annotated[Hour | None, Field(description="At which it goes out on its day; 10:00 where null.")] = None
    released_on: Day | None = None
    audiences: Annotated[
        list[AudienceKey], Field(max_length=200, description="Whom it affects, and who is to be told.")
    ] = []


class ReleaseOut(Versioned):
    product: Pointer
    name: str
    description: str
    tier: Annotated[int, OneOf(Release.Tier)]
    status: Annotated[str, OneOf(Release.Status)]
    target_on: date | None
    target_precision: Annotated[str, OneOf(Release.Precision)]
    latest_target: date | None = Field(description="The last day that the target's precision still means.")
    launch_time: HourOut
    launches_at: datetime | None = Field(description="That hour of the last day that its target can mean.")
    released_on: date | None
    audiences: Pointers


class ReleaseFilters(Filters):
    product: list[ProductKey] = []
    status: list[Annotated[str, OneOf(Release.Status)]] = []
    tier: list[Annotated[int, OneOf(Release.Tier), Whole]] = []


releases = Resource(
    Release,
    "releases",
    read=ReleaseOut,
    create=ReleaseIn,
    fixed=("product",),
    filters=ReleaseFilters,
    orders={"target_on": by_date("target_on"), "number": by("number"), "changed_at": by("changed_at", "number")},
    joins=("product",),
    seen={"audiences": Audience},
)


# --- what is in a release ----------------------------------------------------------------------------


def seen_scope(member: Member) -> Any:
    return ScopeItem.objects.filter(release__in=Release.objects.visible_to(member)).select_related("release")


features.extend(
    shape={
        "release": (
            Annotated[MaybePointer, BeforeValidator(lambda scope: scope and scope.release)],
            Field(None, validation_alias="scope", description="The release that it is planned for."),
        )
    },
    filters={"release": (Annotated[list[Annotated[str, OrNone(Release)]], Where("scope__release")], [])},
    seen={"scope": seen_scope},
)


class SaidOut(Out):
    at: datetime
    on: date | None = Field(description="Null while no day was known.")
    reason: str


class SlippageOut(Out):
    words: str = Field(examples=["The target moved twice, 12 days later in all; the 85% date 20 days later."])
    target: list[SaidOut] = Field(description="What was the target, from which moment on.")
    likely: list[SaidOut] = Field(description="The same of the day by which it is done in 85 of 100 simulations.")


@releases.get(
    "/{key}/slippage",
    response={200: SlippageOut},
    operation_id="read_slippage",
    summary="Read how the dates of a release moved",
)
def read_slippage(request: ApiRequest, key: ReleaseKey) -> Slippage:
    if not request.member.reads_all:
        raise request.member.turned_away(Release, number=PointsTo.number(key))
    return Slippage.of(request.member.visible(Release, key=key))


WHY = "Why, where the scope was agreed on before."
Reason = Annotated[Text, Field(max_length=2000, description=WHY)]
ASKED: Any = Query("", max_length=2000, description=WHY)


class ScopeIn(In):
    features: Annotated[list[FeatureKey], Field(min_length=1, max_length=200)]
    reason: Reason = ""


@releases.post(
    "/{key}/features", response={200: ReleaseOut}, operation_id="take_features", summary="Plan features for a release"
)
@transaction.atomic
def take_many(request: ApiRequest, key: ReleaseKey, given: ScopeIn) -> Release:
    """Each leaves the release that it was in. `GET /features?release=R-1` lists what is planned."""
    release = request.member.editable(Release, key=key)
    features = editable(Feature, given.features, member=request.member, field="features")
    release.take(features, by=request.member, reason=given.reason)
    return releases.one(request.member, key)


@releases.put(
    "/{key}/features/{feature}",
    response={200: ReleaseOut},
    operation_id="take_feature",
    summary="Plan a feature for a release",
)
def take(request: ApiRequest, key: ReleaseKey, feature: FeatureKey, reason: Text = ASKED) -> Release:
    release = request.member.editable(Release, key=key)
    release.take([request.member.editable(Feature, key=feature)], by=request.member, reason=reason)
    return releases.one(request.member, key)


@releases.delete(
    "/{key}/features/{feature}",
    response={200: ReleaseOut},
    operation_id="drop_feature",
    summary="Take a feature out of a release",
)
def drop(request: ApiRequest, key: ReleaseKey, feature: FeatureKey, reason: Text = ASKED) -> Release:
    release = request.member.editable(Release, key=key)
    release.drop([request.member.editable(Feature, key=feature)], by=request.member, reason=reason)
    return releases.one(request.member, key)
