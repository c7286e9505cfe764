from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms

from interlock.backlog.models import Feature
from interlock.organisation.models import Department
from interlock.releases.models import Release, Scenario, Task
from interlock.releases.models.task import LONGEST_DAYS
from interlock.releases.what_if import FORMS, MOST_PEOPLE
from interlock.workspaces.forms import MemberForm, PlanForm, RowField


class LinesInput(forms.Textarea):
    def format_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else super().format_value(value)


class LinesField(forms.CharField):
    """A list of lines, one below the other."""

    widget = LinesInput

    def to_python(self, value: Any) -> Any:
        text = super().to_python("\n".join(value) if isinstance(value, list) else value)
        return [line.strip() for line in (text or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(initial) != self.to_python(data))


def _changes() -> LinesField:
    examples = "; ".join(one.example for one in FORMS)
    return LinesField(
        required=False,
        max_length=20_000,
        widget=LinesInput(attrs={"rows": 6, "class": "mono", "spellcheck": "false"}),
        help_text=f"One a line, such as {examples}.",
    )


class ScenarioForm(PlanForm):
    changes = _changes()

    class Meta(PlanForm.Meta):
        model = Scenario
        fields = ("name", "note", "changes")


class ScenarioStartForm(MemberForm):
    name = forms.CharField(max_length=120, label="Name", help_text="Such as “Without auto-collect”.")
    changes = _changes()


# --- one change ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ChangeForm:
    """A kind of change that is asked for by a form; called, it makes one."""

    label: str
    title: str
    fields: type[MemberForm]
    line: Callable[..., str]

    def __call__(self, *args: Any, **how: Any) -> MemberForm:
        return self.fields(*args, **how)


class _Wholly(MemberForm):
    """A feature or a task: one of the two."""

    feature = RowField(Feature, label="Feature", required=False, help_text="All of its tasks in this release.")
    task = RowField(Task, label="Task", required=False, help_text="Where only one task is meant.")

    def clean(self) -> Any:
        asked = super().clean() or self.cleaned_data
        if not self.errors and bool(asked.get("feature")) == bool(asked.get("task")):
            self.add_error("feature", "Name a feature, or a task.")
        return asked


class DropForm(_Wholly):
    pass


class IntoForm(_Wholly):
    release = RowField(Release, label="To")


class DayForm(MemberForm):
    task = RowField(Task, label="Task")
    day = forms.DateField(label="Not before", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class PeopleForm(MemberForm):
    people = forms.DecimalField(
        label="People", min_value=-MOST_PEOPLE, max_value=MOST_PEOPLE, decimal_places=1, initial=1
    )
    to = RowField(Department, label="To")
    of = RowField(
        Department,
        label="Of",
        required=False,
        empty="Nobody: they are new",
        help_text="The department that lends them.",
    )


class EstimateForm(MemberForm):
    task = RowField(Task, label="Task")
    days = forms.DecimalField(
        label="Days, most likely",
        min_value=0,
        max_value=LONGEST_DAYS,
        decimal_places=1,
        help_text="Of what is begun, the days that are left.",
    )


class SplitForm(MemberForm):
    task = RowField(Task, label="Task")


class OverlapForm(MemberForm):
    before = RowField(Task, label="Before this ends")
    after = RowField(Task, label="This begins")
    days = forms.IntegerField(label="Days early", min_value=1, max_value=LONGEST_DAYS, initial=1)


class TargetForm(MemberForm):
    day = forms.DateField(label="Target", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


def _people(*, people: Any, to: Department, of: Department | None) -> str:
    number = f"{float(people):g}"
    return f"lend {number} of {of.key} to {to.key}" if of else f"add {number} to {to.key}"


CHANGE_FORMS: dict[str, ChangeForm] = {
    "drop": ChangeForm(
        "Drop something", "What could be dropped?", DropForm, lambda feature, task: f"drop {(feature or task).key}"
    ),
    "move": ChangeForm(
        "Move to a release",
        "What could be done for another release?",
        IntoForm,
        lambda feature, task, release: f"move {(feature or task).key} to {release.key}",
    ),
    "day": ChangeForm(
        "Move to a day", "What could begin on another day?", DayForm, lambda task, day: f"move {task.key} to {day}"
    ),
    "people": ChangeForm("Add or lend people", "Who could help?", PeopleForm, _people),
    "estimate": ChangeForm(
        "Change an estimate",
        "What takes other days?",
        EstimateForm,
        lambda task, days: f"estimate {task.key} {float(days):g}",
    ),
    "split": ChangeForm(
        "Split a task", "Where could twice the people work?", SplitForm, lambda task: f"split {task.key}"
    ),
    "overlap": ChangeForm(
        "Overlap a handover",
        "What could begin before another task ends?",
        OverlapForm,
        lambda before, after, days: f"overlap {before.key} and {after.key} by {days}",
    ),
    "target": ChangeForm("Move the target", "When could it be due?", TargetForm, lambda day: f"target {day}"),
}
