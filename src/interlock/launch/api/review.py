from datetime import date
from typing import Annotated

from django.db import transaction
from django.utils import timezone
from pydantic import Field

from interlock.launch import lookback
from interlock.launch.models import FollowUp, LaunchReview, ReviewNote
from interlock.organisation.api import DepartmentKey, PersonKey
from interlock.organisation.models import Person
from interlock.releases.api import ReleaseKey
from interlock.releases.api.releases import releases
from interlock.releases.models import Release
from interlock.workspaces.rest import (
    ApiRequest,
    Day,
    Filters,
    In,
    Line,
    MaybePointer,
    Number,
    OneOf,
    OrNone,
    Out,
    Pointer,
    PointsTo,
    Resource,
    Text,
    Versioned,
    Where,
    by,
    by_date,
)

ReviewKey = Annotated[str, PointsTo(LaunchReview)]
FollowUpKey = Annotated[str, PointsTo(FollowUp)]


class LaunchReviewIn(In):
    release: ReleaseKey
    owner: Annotated[PersonKey | None, Field(description="Who leads it.")] = None
    due_on: Day | None = None
    summary: Annotated[Text, Field(max_length=20_000, description="What it came to, in Markdown.")] = ""


class LaunchReviewOut(Versioned):
    release: Pointer
    owner: MaybePointer
    due_on: date | None
    status: Annotated[str, OneOf(LaunchReview.Status)]
    summary: str
    concluded_on: date | None


class LaunchReviewFilters(Filters):
    release: list[ReleaseKey] = []
    status: list[Annotated[str, OneOf(LaunchReview.Status)]] = []
    owner: list[Annotated[str, OrNone(Person)]] = []


reviews = Resource(
    LaunchReview,
    "launch-reviews",
    read=LaunchReviewOut,
    create=LaunchReviewIn,
    fixed=("release",),
    filters=LaunchReviewFilters,
    orders={"number": by("number"), "due_on": by_date("due_on"), "changed_at": by("changed_at", "number")},
    joins=("release", "owner"),
)


class ConclusionIn(In):
    summary: Annotated[Text, Field(max_length=20_000, examples=["More trials than hoped, and a late e-mail."])]


@reviews.put(
    "/{key}/conclusion",
    response={200: LaunchReviewOut},
    operation_id="conclude_launch_review",
    summary="Conclude a launch review",
)
@transaction.atomic
def conclude(request: ApiRequest, key: ReviewKey, given: ConclusionIn) -> LaunchReview:
    """Its notes stay as they are from then on."""
    review: LaunchReview = request.member.editable(LaunchReview, key=key)
    review.conclude(given.summary, on=timezone.localdate(), by=request.member)
    told: LaunchReview = reviews.one(request.member, key)
    return told


@reviews.delete(
    "/{key}/conclusion",
    response={200: LaunchReviewOut},
    operation_id="reopen_launch_review",
    summary="Open a concluded launch review again",
)
@transaction.atomic
def reopen(request: ApiRequest, key: ReviewKey) -> LaunchReview:
    review: LaunchReview = request.member.editable(LaunchReview, key=key)
    review.reopen(by=request.member)
    told: LaunchReview = reviews.one(request.member, key)
    return told


class ReviewNoteIn(In):
    review: ReviewKey
    kind: Annotated[str, OneOf(ReviewNote.Kind)]
    text: Annotated[Line, Field(max_length=1000, examples=["Rehearse the way back two days before."])]
    department: DepartmentKey | None = None


class ReviewNoteOut(Versioned):
    review: Pointer
    kind: Annotated[str, OneOf(ReviewNote.Kind)]
    text: str
    department: MaybePointer


class ReviewNoteFilters(Filters):
    review: list[ReviewKey] = []
    release: Annotated[list[ReleaseKey], Where("review__release")] = []
    kind: list[Annotated[str, OneOf(ReviewNote.Kind)]] = []


notes = Resource(
    ReviewNote,
    "review-notes",
    read=ReviewNoteOut,
    create=ReviewNoteIn,
    fixed=("review",),
    filters=ReviewNoteFilters,
    orders={"number": by("number"), "changed_at": by("changed_at", "number")},
    joins=("review__workspace", "review__release", "department"),
)


class FollowUpIn(In):
    review: ReviewKey
    title: Annotated[Line, Field(max_length=300, examples=["Write the e-mail a week earlier"])]
    owner: PersonKey | None = None
    due_on: Day | None = None
    done_on: Day | None = None


class FollowUpOut(Versioned):
    review: Pointer
    title: str
    owner: MaybePointer
    due_on: date | None
    done_on: date | None


class FollowUpFilters(Filters):
    review: list[ReviewKey] = []
    release: Annotated[list[ReleaseKey], Where("review__release")] = []
    owner: list[Annotated[str, OrNone(Person)]] = []


follow_ups = Resource(
    FollowUp,
    "follow-ups",
    read=FollowUpOut,
    create=FollowUpIn,
    fixed=("review",),
    filters=FollowUpFilters,
    orders={"number": by("number"), "due_on": by_date("due_on"), "changed_at": by("changed_at", "number")},
    joins=("review__workspace", "review__release", "owner"),
)


# --- what a release came to --------------------------------------------------------------------------


class KeyResultOutcomeOut(Out):
    objective: Pointer
    key_result: Pointer
    unit: str
    start: Number
    target: Number
    then: Number | None = Field(description="What it was on the day of the release.")
    now: Number | None
    verdict: str = Field(examples=["Closer"])


class KeptOut(Out):
    department: Pointer
    task: Pointer
    planned_on: date | None = Field(description="The first day that its end was planned for.")
    done_on: date | None
    days_late: int | None = Field(description="Negative: early.")


class LookBackOut(Out):
    outcomes: list[KeyResultOutcomeOut]
    tasks: list[KeptOut]
    came_in: list[Pointer] = Field(description="Features that came in once its plan stood.")
    fell_out: list[Pointer]


@releases.get(
    "/{key}/look-back",
    response={200: LookBackOut},
    operation_id="look_back_on_release",
    summary="Read what a release came to",
)
def look_back(request: ApiRequest, key: ReleaseKey) -> dict[str, object]:
    """Key results of the objectives that its features serve, plan against what happened, and changes of scope."""
    by = request.member
    if not by.reads_all:
        raise by.turned_away(Release, number=PointsTo.number(key))
    release = by.visible(Release, key=key)
    changes = lookback.scope_changes(release, lookback.scope_since(release), by=by)
    return {
        "outcomes": [
            {
                "objective": objective,
                "key_result": one.result,
                "unit": one.result.unit,
                "start": one.result.start,
                "target": one.result.target,
                "then": one.then,
                "now": one.now,
                "verdict": one.verdict,
            }
            for objective, some in lookback.outcomes(release, by=by)
            for one in some
        ],
        "tasks": [
            {
                "department": part.stream.department,
                "task": one.task,
                "planned_on": one.planned_on,
                "done_on": one.done_on,
                "days_late": one.days_late,
            }
            for part in lookback.parts(release, by=by)
            for one in part.kept
        ],
        "came_in": [one.feature for one in changes if one.came_in],
        "fell_out": [one.feature for one in changes if not one.came_in],
    }
