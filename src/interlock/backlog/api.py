from typing import Annotated, Any

from django.db import transaction
from django.db.models.functions import Lower
from pydantic import BaseModel, BeforeValidator, Field

from interlock.backlog.models import Dependency, Feature, Requirement, Tag
from interlock.organisation.api import PersonKey, ProductKey, TeamKey
from interlock.organisation.models import Person, Team
from interlock.people.api import RoleKey
from interlock.people.models import Role
from interlock.strategy.api import ObjectiveKey
from interlock.strategy.models import Objective
from interlock.workspaces.models import Member
from interlock.workspaces.rest import (
    ApiRequest,
    Filters,
    In,
    Line,
    MaybePointer,
    Number,
    OneOf,
    OrNone,
    Out,
    Page,
    Pointer,
    Pointers,
    PointsTo,
    Resource,
    Routes,
    Text,
    Versioned,
    Where,
    by,
    editable,
    rounded,
)

FeatureKey = Annotated[str, PointsTo(Feature)]
TagName = Annotated[Line, Field(max_length=60, examples=["billing"])]


# --- features ----------------------------------------------------------------------------------------


# Or nothing: a link may be a title alone.
ADDRESS = r"^(https?://[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?){0,9}\.[A-Za-z]{2,20}(/[!-~]{0,1000})?)?$"


class LinkIn(In):
    title: Annotated[Text, Field(max_length=300)] = ""
    url: Annotated[str, Field(pattern=ADDRESS, examples=["https://example.com/ticket/12"])] = ""


class LinkOut(Out):
    title: str
    url: str


class FeatureIn(In):
    product: ProductKey
    title: Annotated[Line, Field(max_length=300, examples=["Invoices in Swedish kronor"])]
    description: Annotated[Text, Field(max_length=100_000, description="Markdown.")] = ""
    kind: Annotated[str, OneOf(Feature.Kind)] = Feature.Kind.FEATURE.value
    status: Annotated[str, OneOf(Feature.Status)] = Feature.Status.CANDIDATE.value
    initiative: Annotated[FeatureKey | None, Field(description="The initiative that it belongs to.")] = None
    owner: PersonKey | None = None
    owner_role: RoleKey | None = None
    team: TeamKey | None = None
    contributing_teams: Annotated[list[TeamKey], Field(max_length=100)] = []
    objectives: Annotated[list[ObjectiveKey], Field(max_length=100, description="Those that it serves.")] = []
    effort_days: Annotated[float, Field(ge=0, le=99_999, examples=[8]), rounded(1)] | None = None
    tags: Annotated[list[TagName], Field(max_length=50, description="A new name makes a new tag.")] = []
    links: Annotated[list[LinkIn], Field(max_length=100)] = []


class FeatureOut(Versioned):
    product: Pointer
    title: str
    description: str
    kind: Annotated[str, OneOf(Feature.Kind)]
    status: Annotated[str, OneOf(Feature.Status)]
    initiative: MaybePointer
    owner: MaybePointer
    owner_role: MaybePointer
    team: MaybePointer
    contributing_teams: Pointers
    objectives: Pointers
    effort_days: Number | None
    tags: Annotated[list[str], BeforeValidator(lambda tags: [tag.name for tag in tags.all()])]
    links: list[LinkOut]


class FeatureFilters(Filters):
    product: list[ProductKey] = []
    kind: list[Annotated[str, OneOf(Feature.Kind)]] = []
    status: list[Annotated[str, OneOf(Feature.Status)]] = []
    initiative: list[Annotated[str, OrNone(Feature)]] = []
    owner: list[Annotated[str, OrNone(Person)]] = []
    owner_role: list[Annotated[str, OrNone(Role)]] = []
    team: list[Annotated[str, OrNone(Team)]] = []
    objective: Annotated[list[Annotated[str, OrNone(Objective)]], Where("objectives")] = []
    tag: Annotated[list[TagName], Where("tags__name")] = []


class Features(Resource):
    def given(self, given: BaseModel, *, member: Member) -> dict[str, Any]:
        fields = super().given(given, member=member)
        if "tags" in fields:
            fields["tags"] = Tag.named(fields["tags"], workspace=member.workspace)
        if "links" in fields:
            fields["links"] = [link.model_dump() for link in fields["links"]]
        return fields


features = Features(
    Feature,
    "features",
    read=FeatureOut,
    create=FeatureIn,
    filters=FeatureFilters,
    orders={
        "rank": by("rank"),
        "number": by("number"),
        "changed_at": by("changed_at", "number"),
        "title": by(Lower("title"), "rank"),
        "status": by("stage", "rank"),
    },
    joins=("product", "owner", "team"),
    seen={"initiative": Feature, "owner_role": Role, "objectives": Objective},
    fetch=("contributing_teams", "tags"),
)


class Behind(In):
    after: FeatureKey


class Before(In):
    before: FeatureKey


@features.put(
    "/{key}/place", response=lambda: {200: features.shape}, operation_id="move_feature", summary="Move a feature"
)
def move(request: ApiRequest, key: FeatureKey, given: Behind | Before) -> Feature:
    """Right behind another feature of the backlog, or right before it."""
    feature = request.member.editable(Feature, key=key)
    feature.move(by=request.member, **features.given(given, member=request.member))
    return features.one(request.member, key)


class ManyIn(In):
    features: Annotated[list[FeatureKey], Field(min_length=1, max_length=200)]
    change: features.changes = Field(description="The same for all.")  # type: ignore[name-defined]


class ManyOut(Out):
    changed: list[str] = Field(description="The keys of those in which something changed.", examples=[["F-12"]])


@features.post("/changes", response={200: ManyOut}, operation_id="change_features", summary="Change many features")
@transaction.atomic
def change_many(request: ApiRequest, given: ManyIn) -> dict[str, Any]:
    """All of them or none. What is said here holds, whatever the features held before."""
    rows = editable(Feature, given.features, member=request.member, field="features")
    fields = features.given(given.change, member=request.member)
    changed = Feature.objects.change_many(features.keeping(rows, fields, request.member), by=request.member)
    return {"changed": [row.key for row in changed]}


class SeveralIn(In):
    features: Annotated[list[FeatureKey], Field(min_length=1, max_length=200)]


@features.post("/archives", response={200: ManyOut}, operation_id="archive_features", summary="Archive many features")
@transaction.atomic
def archive_many(request: ApiRequest, given: SeveralIn) -> dict[str, Any]:
    rows = editable(Feature, given.features, member=request.member, field="features")
    archived = Feature.objects.filter(pk__in=[row.pk for row in rows]).archive(by=request.member)
    return {"changed": [row.key for row in archived]}


@features.post(
    "/restorations", response={200: ManyOut}, operation_id="restore_features", summary="Restore many features"
)
@transaction.atomic
def restore_many(request: ApiRequest, given: SeveralIn) -> dict[str, Any]:
    rows = editable(Feature, given.features, member=request.member, field="features")
    restored = Feature.objects.filter(pk__in=[row.pk for row in rows]).restore(by=request.member)
    return {"changed": [row.key for row in restored]}


# --- requirements ------------------------------------------------------------------------------------


class RequirementIn(In):
    feature: FeatureKey
    title: Annotated[Line, Field(max_length=300, examples=["As a bookkeeper, I see the rate of the day"])]
    description: Annotated[Text, Field(max_length=100_000, description="Markdown.")] = ""
    status: Annotated[str, OneOf(Requirement.Status)] = Requirement.Status.OPEN.value
    criteria: Annotated[
        list[Annotated[Line, Field(max_length=1000)]],
        Field(max_length=100, description="Acceptance criteria, in order.", examples=[["The rate is the bank's."]]),
    ] = []


class RequirementOut(Versioned):
    feature: Pointer
    title: str
    description: str
    status: Annotated[str, OneOf(Requirement.Status)]
    criteria: list[str]


class RequirementFilters(Filters):
    feature: list[FeatureKey] = []
    status: list[Annotated[str, OneOf(Requirement.Status)]] = []


requirements = Resource(
    Requirement,
    "requirements",
    read=RequirementOut,
    create=RequirementIn,
    fixed=("feature",),
    filters=RequirementFilters,
    orders={"number": by("number"), "changed_at": by("changed_at", "number")},
    joins=("feature__workspace",),
)


# --- dependencies ------------------------------------------------------------------------------------


class DependencyIn(In):
    feature: FeatureKey
    needs: FeatureKey
    note: Annotated[Text, Field(max_length=300)] = ""


class DependencyOut(Versioned):
    feature: Pointer
    needs: Pointer
    note: str


class DependencyFilters(Filters):
    feature: list[FeatureKey] = []
    needs: list[FeatureKey] = []


dependencies = Resource(
    Dependency,
    "dependencies",
    read=DependencyOut,
    create=DependencyIn,
    fixed=("feature", "needs"),
    filters=DependencyFilters,
    orders={"number": by("number"), "changed_at": by("changed_at", "number")},
    joins=("feature__workspace", "needs"),
)


# --- tags --------------------------------------------------------------------------------------------

tags = Routes("tags", tag="Features")


class TagOut(Out):
    name: str = Field(examples=["billing"])


@tags.get("", response={200: Page[TagOut]}, operation_id="list_tags", summary="List tags")
def list_tags(request: ApiRequest) -> dict[str, Any]:
    """The tags of the features that you see, and those that no feature has; at most 1,000."""
    return {"items": Tag.objects.visible_to(request.member).order_by("name")[:1000], "next": None}
