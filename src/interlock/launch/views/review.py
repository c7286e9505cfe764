from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views import View

from interlock.launch import lookback
from interlock.launch.forms import ConcludeForm, FollowUpAddForm, ReviewNoteForm, StartReviewForm
from interlock.launch.models import FollowUp, LaunchReview, ReviewNote
from interlock.launch.views.runbook import LaunchView
from interlock.releases.models import Release
from interlock.workspaces.addresses import address
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Member
from interlock.workspaces.pages import ActView, Done, RowView, may_edit, stay


class ReviewView(View):
    """What a release came to: outcomes, plan against what happened, and what is learnt."""

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        by = request.member
        release = LaunchView.release(by, key)
        reviews = LaunchReview.objects.visible_to(by).active().filter(release=release)
        review = reviews.select_related("owner__department").first()
        if review:
            review.release = release
        notes = list(ReviewNote.objects.visible_to(by).active().filter(review=review).select_related("department"))
        follow_ups = list(
            FollowUp.objects.visible_to(by).active().filter(review=review).select_related("owner__department")
        )
        since = lookback.scope_since(release)
        changes = lookback.scope_changes(release, since, by=by)
        out = release.status == Release.Status.RELEASED
        late = (
            (release.released_on - release.latest_target).days
            if release.released_on and release.latest_target
            else None
        )
        shown = {
            "row": release,
            "release": release,
            "review": review,
            "out": out,
            "days_late": late,
            "editable": bool(review and may_edit(by, review)),
            "startable": out and not release.archived and by.edits,
            "keep": [note for note in notes if note.kind == ReviewNote.Kind.KEEP],
            "change": [note for note in notes if note.kind == ReviewNote.Kind.CHANGE],
            "follow_ups": follow_ups,
            "left": sum(one.done_on is None for one in follow_ups),
            "mine": set(FollowUp.objects.editable_by(by).filter(review=review).values_list("pk", flat=True)),
            "outcomes": lookback.outcomes(release, by=by) if out else [],
            "parts": lookback.parts(release, by=by) if out else [],
            "since": since,
            "came_in": [one for one in changes if one.came_in],
            "fell_out": [one for one in changes if not one.came_in],
        }
        return render(request, "launch/review.html", shown)


class StartReviewView(ActView):
    model, form, act = Release, StartReviewForm, "Start the review"

    def title(self, row: Release) -> str:
        return f"Who leads the review of {row}?"

    def leads_to(self, row: Release) -> str:
        return address("release-review", row.workspace.slug, row.key)

    def do(self, row: Release, *, by: Member, **answers: Any) -> Done:
        LaunchReview.objects.add(release=row, by=by, **answers)
        return Done(f"The review of {row} is started.")


class ConcludeView(ActView):
    model, form, act = LaunchReview, ConcludeForm, "Conclude"

    def initial(self, row: LaunchReview) -> dict[str, Any]:
        return {"summary": row.summary}

    def title(self, row: LaunchReview) -> str:
        return f"What did {row.release} come to?"

    def says(self, row: LaunchReview) -> str:
        return "Its notes stay as they are from then on; what follows from them can still be ticked."

    def do(self, row: LaunchReview, *, by: Member, summary: str) -> Done:  # type: ignore[override]
        row.conclude(summary, on=timezone.localdate(), by=by)
        return Done(f"The review of {row.release} is concluded.")


class ReopenReviewView(View):
    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        review = request.member.editable(LaunchReview, key=key)
        review.reopen(by=request.member)
        return stay(request, review.get_absolute_url())


class _OfReview(RowView):
    """Something that is added to a review."""

    asks = ""

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        request.member.editable(LaunchReview, key=key)
        form = self.form(by=request.member, initial=request.GET.dict())
        return self.form_page(request, form, title=self.asks)

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        review = request.member.editable(LaunchReview, key=key)
        form = self.form(request.POST, by=request.member)
        row = form.save(review=review) if form.is_valid() else None
        if row is None:
            return self.form_page(request, form)
        return stay(request, review.get_absolute_url())


class NoteAddView(_OfReview):
    model, form, asks = ReviewNote, ReviewNoteForm, "What is to be kept, or changed?"


class FollowUpAddView(_OfReview):
    model, form, asks = FollowUp, FollowUpAddForm, "What follows from it?"


class _Tick(View):
    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        row = request.member.editable(FollowUp, key=key)
        self.tick(row, by=request.member)
        return redirect(row)

    def tick(self, row: FollowUp, *, by: Member) -> None:
        raise NotImplementedError


class FollowUpDoneView(_Tick):
    def tick(self, row: FollowUp, *, by: Member) -> None:
        row.finish(on=timezone.localdate(), by=by)


class FollowUpReopenView(_Tick):
    def tick(self, row: FollowUp, *, by: Member) -> None:
        row.reopen(by=by)
