from typing import Any

from django import forms

from interlock.launch.models import RunbookStep
from interlock.launch.planned import Planned
from interlock.releases.models import ReleaseTemplate
from interlock.releases.recipes import shipped
from interlock.workspaces.errors import DomainError
from interlock.workspaces.forms import MemberForm, PlanForm


class RunbookStepForm(PlanForm):
    class Meta(PlanForm.Meta):
        model = RunbookStep
        fields = ("title", "planned", "department", "owner", "description", "works_when", "rollback", "blocking")
        labels = {
            "planned": "When",
            "description": "What to do",
            "works_when": "It worked when",
            "rollback": "Way back",
            "blocking": "What comes later waits for it",
        }
        help_texts = {
            "planned": "T-30 is half an hour before the launch, T+1h30 after it; or a time of that day, such as 14:00.",
            "rollback": "What to do if it fails.",
        }

    def clean_planned(self) -> str:
        try:
            return str(Planned.read(self.cleaned_data["planned"]))
        except DomainError as error:
            raise forms.ValidationError(error.sentence) from error


class StartRunbookForm(MemberForm):
    template = forms.ChoiceField(label="Template")

    def __init__(self, *args: Any, by: Any, **how: Any) -> None:
        super().__init__(*args, by=by, **how)
        own = list(ReleaseTemplate.objects.visible_to(by).active().values_list("name", flat=True))
        names = [*own, *(one.name for one in shipped() if one.name not in own)]
        self.fields["template"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]


class LaunchHourForm(MemberForm):
    """The day is the release's target: another day moves that."""

    on = forms.DateField(label="Day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    at = forms.TimeField(label="Hour", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))


class TickForm(forms.Form):
    """What a button of a step says: how far it is, and how far it was on the page on which the button stood."""

    status = forms.ChoiceField(choices=RunbookStep.Status)
    was = forms.ChoiceField(choices=RunbookStep.Status, required=False)


class NoteForm(MemberForm):
    was = forms.ChoiceField(choices=RunbookStep.Status, required=False, widget=forms.HiddenInput)
    note = forms.CharField(
        max_length=2000, required=False, label="What happened?", widget=forms.Textarea(attrs={"rows": 3})
    )


class FailForm(NoteForm):
    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        self.fields["note"].required = True


class RemarkForm(MemberForm):
    text = forms.CharField(
        max_length=2000,
        label="What happened?",
        widget=forms.TextInput(attrs={"placeholder": "What happened?", "autocomplete": "off"}),
    )
