from django import forms

from interlock.launch.models import FollowUp, LaunchReview, ReviewNote
from interlock.organisation.models import Person
from interlock.workspaces.forms import MemberForm, PlanForm, RowField


class LaunchReviewForm(PlanForm):
    class Meta(PlanForm.Meta):
        model = LaunchReview
        fields = ("owner", "due_on", "summary")
        labels = {"owner": "Led by", "due_on": "To be concluded by", "summary": "What it came to"}


class StartReviewForm(MemberForm):
    owner = RowField(Person, label="Led by", required=False)
    due_on = forms.DateField(
        label="To be concluded by",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class ConcludeForm(MemberForm):
    summary = forms.CharField(
        label="What it came to", max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 5})
    )


class ReviewNoteForm(PlanForm):
    class Meta(PlanForm.Meta):
        model = ReviewNote
        fields = ("kind", "text", "department")
        labels = {"kind": "Next time", "text": "What"}


class FollowUpForm(PlanForm):
    class Meta(PlanForm.Meta):
        model = FollowUp
        fields = ("title", "owner", "due_on", "done_on")
        labels = {"title": "What is to be done", "due_on": "Due on", "done_on": "Done on"}


class FollowUpAddForm(PlanForm):
    class Meta(PlanForm.Meta):
        model = FollowUp
        fields = ("title", "owner", "due_on")
        labels = {"title": "What is to be done", "due_on": "Due on"}
