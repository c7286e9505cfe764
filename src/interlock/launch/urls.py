from django.urls import path

from interlock.launch import views
from interlock.launch.forms import (
    CommunicationForm,
    FollowUpForm,
    GateCriterionForm,
    GateForm,
    LaunchReviewForm,
    ReviewNoteForm,
    RunbookStepForm,
)
from interlock.launch.models import (
    Communication,
    FollowUp,
    Gate,
    GateCriterion,
    LaunchReview,
    ReviewNote,
    RunbookStep,
)
from interlock.workspaces.pages import pages

site_urlpatterns = [
    path("calendars/<str:ticket>.ics", views.CalendarView.as_view(), name="calendar"),
]

urlpatterns = [
    path("releases/<str:key>/readiness/", views.ReadinessView.as_view(), name="release-readiness"),
    path("releases/<str:key>/gates/new/", views.GateAddView.as_view(), name="gate-new"),
    *pages("gates", Gate, GateForm, add=False),
    path("gates/<str:key>/", views.GateView.as_view(), name="gate"),
    path("gates/<str:key>/vote/", views.VoteView.as_view(), name="gate-vote"),
    path("gates/<str:key>/votes/<str:person>/", views.VoteForView.as_view(), name="gate-vote-for"),
    path("gates/<str:key>/decision/", views.DecideView.as_view(), name="gate-decision"),
    path("gates/<str:key>/criteria/new/<slug:evidence>/", views.CriterionAddView.as_view(), name="gatecriterion-new"),
    *pages("gate-criteria", GateCriterion, GateCriterionForm, add=False),
    path("gate-criteria/<str:key>/word/", views.WordView.as_view(), name="gatecriterion-word"),
    path("releases/<str:key>/launch/", views.LaunchView.as_view(), name="release-launch"),
    path("releases/<str:key>/launch/log/", views.LogView.as_view(), name="release-launch-log"),
    path("releases/<str:key>/launch/hour/", views.LaunchHourView.as_view(), name="release-launch-hour"),
    path("releases/<str:key>/launch/start/", views.StartRunbookView.as_view(), name="release-launch-start"),
    path("releases/<str:key>/launch/steps/new/", views.StepAddView.as_view(), name="runbookstep-new"),
    *pages("runbook-steps", RunbookStep, RunbookStepForm, add=False),
    path("runbook-steps/<str:key>/tick/", views.TickView.as_view(), name="runbookstep-tick"),
    path("runbook-steps/<str:key>/fail/", views.FailView.as_view(), name="runbookstep-fail"),
    path("runbook-steps/<str:key>/skip/", views.SkipView.as_view(), name="runbookstep-skip"),
    path("runbook-steps/<str:key>/move/", views.MoveStepView.as_view(), name="runbookstep-move"),
    path("releases/<str:key>/review/", views.ReviewView.as_view(), name="release-review"),
    path("releases/<str:key>/review/start/", views.StartReviewView.as_view(), name="release-review-start"),
    *pages("launch-reviews", LaunchReview, LaunchReviewForm, add=False),
    path("launch-reviews/<str:key>/conclude/", views.ConcludeView.as_view(), name="launchreview-conclude"),
    path("launch-reviews/<str:key>/reopen/", views.ReopenReviewView.as_view(), name="launchreview-reopen"),
    path("launch-reviews/<str:key>/notes/new/", views.NoteAddView.as_view(), name="reviewnote-new"),
    path("launch-reviews/<str:key>/follow-ups/new/", views.FollowUpAddView.as_view(), name="followup-new"),
    *pages("review-notes", ReviewNote, ReviewNoteForm, add=False),
    *pages("follow-ups", FollowUp, FollowUpForm, add=False),
    path("follow-ups/<str:key>/done/", views.FollowUpDoneView.as_view(), name="followup-done"),
    path("follow-ups/<str:key>/reopen/", views.FollowUpReopenView.as_view(), name="followup-reopen"),
    path("releases/<str:key>/communication/", views.CommunicationsView.as_view(), name="release-communication"),
    path("releases/<str:key>/communication/new/", views.CommunicationAddView.as_view(), name="communication-new"),
    path("releases/<str:key>/audiences/", views.AffectView.as_view(), name="release-affect"),
    path("releases/<str:key>/audiences/<str:audience>/remove/", views.SpareView.as_view(), name="release-spare"),
    path(
        "releases/<str:key>/audiences/<str:audience>/add/", views.AffectAgainView.as_view(), name="release-affect-again"
    ),
    *pages("communications", Communication, CommunicationForm, add=False),
    path("communications/<str:key>/sent/", views.SentView.as_view(), name="communication-sent"),
    path("communications/<str:key>/take-back/", views.TakeBackView.as_view(), name="communication-take-back"),
    path("settings/calendars/", views.CalendarsView.as_view(), name="calendars"),
    path("settings/calendars/new/", views.CalendarNewView.as_view(), name="calendar-new"),
    path("settings/calendars/<int:feed>/anew/", views.CalendarAnewView.as_view(), name="calendar-anew"),
    path("settings/calendars/<int:feed>/revoke/", views.CalendarRevokeView.as_view(), name="calendar-revoke"),
]
