from typing import Any, ClassVar

from django import forms
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from interlock.organisation.models import Department, Product
from interlock.releases.models import FreezeWindow, ReleaseTemplate, Task, TaskLink, Workstream
from interlock.releases.recipes import shipped
from interlock.workspaces.forms import MemberForm, PlanForm, RowField
from interlock.workspaces.lists import Filters


class StartPlanForm(MemberForm):
    """Which template, and which of its departments have no part in this release."""

    template = forms.ChoiceField(label="Template")
    left_out = forms.CharField(
        required=False,
        max_length=1000,
        label="Leave out",
        help_text="Departments of the template that have no part in this release, with commas between them.",
    )

    def __init__(self, *args: Any, by: Any, **how: Any) -> None:
        super().__init__(*args, by=by, **how)
        own = list(ReleaseTemplate.objects.visible_to(by).active().values_list("name", flat=True))
        names = [*own, *(one.name for one in shipped() if one.name not in own)]
        self.fields["template"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]

    def clean_left_out(self) -> list[str]:
        return [name.strip() for name in self.cleaned_data["left_out"].split(",") if name.strip()]


class WorkstreamForm(PlanForm):
    class Meta(PlanForm.Meta):
        model = Workstream
        fields = ("department", "owner", "note")


class WorkstreamAddForm(MemberForm):
    department = RowField(Department, label="Department")


class TaskForm(PlanForm):
    # Numbers and dates that only make sense together.
    together = {
        "optimistic": ("optimistic", "likely", "pessimistic"),
        "likely": ("optimistic", "likely", "pessimistic"),
        "pessimistic": ("optimistic", "likely", "pessimistic"),
    }

    class Meta(PlanForm.Meta):
        model = Task
        fields = (
            "title",
            "workstream",
            "kind",
            "status",
            "enablement",
            "owner",
            "feature",
            "optimistic",
            "likely",
            "pessimistic",
            "remaining",
            "people",
            "not_before",
            "fixed_on",
            "deadline",
            "started_on",
            "done_on",
            "description",
        )
        labels = {
            "enablement": "It readies those who answer customers",
            "optimistic": "Days if all goes well",
            "likely": "Days, most likely",
            "pessimistic": "Days if much goes wrong",
            "remaining": "Days that are left",
            "people": "People at once",
            "not_before": "Not before",
            "fixed_on": "Fixed on",
            "deadline": "Deadline",
            "started_on": "Started on",
            "done_on": "Done on",
        }
        help_texts = {
            "enablement": "Training and briefing of sales and support: it is to end before customers have the release.",
            "likely": "Working days of its department.",
            "remaining": "Once it is begun.",
        }


class TaskAddForm(PlanForm):
    class Meta(PlanForm.Meta):
        model = Task
        fields = ("title", "kind", "owner", "feature", "optimistic", "likely", "pessimistic", "people", "deadline")
        labels = {name: TaskForm.Meta.labels[name] for name in ("optimistic", "likely", "pessimistic", "people")}
        help_texts = {"likely": "Working days of its department."}


class LinkForm(MemberForm):
    predecessor = RowField(Task, label="Waits for")
    kind = forms.ChoiceField(choices=TaskLink.Kind, label="How")
    lag_days = forms.IntegerField(
        label="Days between",
        initial=0,
        min_value=-1000,
        max_value=1000,
        help_text="Weekends included; negative where the two may overlap.",
    )


class TaskLinkForm(PlanForm):
    class Meta(PlanForm.Meta):
        model = TaskLink
        fields = ("kind", "lag_days")
        labels = {"kind": "How", "lag_days": "Days between"}


class DoneForm(MemberForm):
    on = forms.DateField(label="Done on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class DragForm(MemberForm):
    """Where a bar was dropped: its first day, or how many working days it is now long."""

    starts_on = forms.DateField(required=False)
    days = forms.DecimalField(required=False, min_value=0, max_value=1000, max_digits=6, decimal_places=1)


class ReleaseTemplateForm(PlanForm):
    plan = forms.CharField(
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 24, "class": "mono", "spellcheck": "false"}),
        label="Plan",
        help_text="In YAML: departments, and the tasks of each with the working days before launch by which they end; "
        "below “---”, what is not one department's, such as its gates.",
    )

    class Meta(PlanForm.Meta):
        model = ReleaseTemplate
        fields = ("name", "tier", "description", "plan")


class FreezeWindowForm(PlanForm):
    together: ClassVar = dict.fromkeys(("starts_on", "ends_on"), ("starts_on", "ends_on"))

    class Meta(PlanForm.Meta):
        model = FreezeWindow
        fields = ("name", "starts_on", "ends_on", "product", "departments", "stops_work", "reason")
        labels = {
            "starts_on": "First day",
            "ends_on": "Last day",
            "stops_work": "No work for releases is done either",
        }
        help_texts = {
            "product": "Left open, nothing launches of any product.",
            "departments": "Left open, it holds for all; else for releases in which one of them takes part.",
        }


class FreezeWindowFilters(Filters):
    product = RowField(Product, empty="All products")
    department = RowField(Department, empty="All departments")
    over = forms.BooleanField(label="Also those that are over")
    archived = forms.BooleanField(label="Archived")

    def narrow(self, rows: Any) -> Any:
        rows = rows.archived() if self.asked("archived") else rows.active()
        if not self.asked("over"):
            rows = rows.not_over(today=timezone.localdate())
        if self.asked("product"):
            rows = rows.filter(Q(product=self.asked("product")) | Q(product=None))
        if self.asked("department"):
            theirs = FreezeWindow.departments.through.objects.filter(freezewindow=OuterRef("pk"))
            rows = rows.filter(Exists(theirs.filter(department=self.asked("department"))) | ~Exists(theirs))
        return rows
