from interlock.launch.forms.calendars import FeedForm
from interlock.launch.forms.communication import AffectForm, CommunicationAddForm, CommunicationForm, SentForm
from interlock.launch.forms.gates import DecideForm, GateCriterionForm, GateForm, VoteForm, WordForm
from interlock.launch.forms.review import (
    ConcludeForm,
    FollowUpAddForm,
    FollowUpForm,
    LaunchReviewForm,
    ReviewNoteForm,
    StartReviewForm,
)
from interlock.launch.forms.runbook import (
    FailForm,
    LaunchHourForm,
    NoteForm,
    RemarkForm,
    RunbookStepForm,
    StartRunbookForm,
    TickForm,
)

__all__ = [
    "AffectForm",
    "CommunicationAddForm",
    "CommunicationForm",
    "ConcludeForm",
    "DecideForm",
    "FailForm",
    "FeedForm",
    "FollowUpAddForm",
    "FollowUpForm",
    "GateCriterionForm",
    "GateForm",
    "LaunchHourForm",
    "LaunchReviewForm",
    "NoteForm",
    "RemarkForm",
    "ReviewNoteForm",
    "RunbookStepForm",
    "SentForm",
    "StartReviewForm",
    "StartRunbookForm",
    "TickForm",
    "VoteForm",
    "WordForm",
]
