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
    "ConcludeForm",
    "DecideForm",
    "FailForm",
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
    "StartReviewForm",
    "StartRunbookForm",
    "TickForm",
    "VoteForm",
    "WordForm",
]
