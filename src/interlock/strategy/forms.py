from typing import Any

from django import forms
from django.utils import timezone

from interlock.organisation.forms import day
from interlock.organisation.models import Department, Product
from interlock.strategy.models import KeyResult, Measurement, Metric, Objective
from interlock.strategy.periods import Period, around
from interlock.workspaces.forms import MemberForm, PlanForm, RowField
from interlock.workspaces.lists import Filters, SearchField

OTHER = "other"


def periods(empty: str, *more: tuple[str, str]) -> list[tuple[str, str]]:
    return [("", empty), *((period.name, str(period)) for period in around(timezone.localdate())), *more]


class ObjectiveForm(PlanForm):
    """The period is a quarter, a year, or two dates."""

    period = forms.ChoiceField(required=False, choices=lambda: periods("No period", (OTHER, "Other dates")))

    together = {"period": ("period", "starts_on", "ends_on")}

    class Meta(PlanForm.Meta):
        model = Objective
        fields = (
            "title",
            "description",
            "status",
            "parent",
            "owner",
            "owner_role",
            "period",
            "starts_on",
            "ends_on",
            "product",
            "department",
            "team",
        )
        labels = {"parent": "Serves", "owner_role": "Owning role", "starts_on": "Starts", "ends_on": "Ends"}
        help_texts = {"parent": "The objective above it, in the end one of the organisation."}

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        if "period" in self.fields and self.instance.starts_on:
            known = Period.of(self.instance.starts_on, self.instance.ends_on)
            offered = {value for value, _ in self.fields["period"].choices}  # type: ignore[attr-defined]
            self.initial["period"] = known.name if known and known.name in offered else OTHER

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if "period" not in self.fields:
            return values
        chosen = values.pop("period", "")
        period = Period.named(chosen or "")
        if period:
            values["starts_on"], values["ends_on"] = period.starts_on, period.ends_on
        elif chosen != OTHER:
            values["starts_on"] = values["ends_on"] = None
        elif bool(values.get("starts_on")) != bool(values.get("ends_on")):
            missing = "ends_on" if values.get("starts_on") else "starts_on"
            self.add_error(missing, "A period has a first day and a last one.")
        return values


class KeyResultForm(PlanForm):
    class Meta(PlanForm.Meta):
        model = KeyResult
        fields = ("title", "unit", "start", "target", "current", "confidence", "owner", "due_on")
        labels = {
            "title": "What is counted",
            "start": "Starts at",
            "current": "Is now at",
            "confidence": "Confidence in per cent",
            "due_on": "Due",
        }
        help_texts = {
            "unit": "Such as days, firms or %.",
            "confidence": "How likely its owner thinks the target is.",
        }


class CheckInForm(MemberForm):
    current = forms.DecimalField(max_digits=18, decimal_places=4, label="Is now at")
    confidence = forms.IntegerField(
        min_value=0,
        max_value=100,
        required=False,
        label="Confidence in per cent",
        help_text="How likely is the target?",
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class MoveForm(MemberForm):
    parent = RowField(Objective, required=False, empty="Nothing: it stands at the top", label="Serves")


class ObjectiveFilters(Filters):
    SHOWN = (("", "With key results"), ("alone", "Objectives alone"))
    STATUSES = (("", "Not closed"), *Objective.Status.choices, ("any", "Every status"))

    q = SearchField("Words in the title")
    period = forms.ChoiceField(choices=lambda: periods("Any period", ("none", "No period")))
    department = RowField(Department, empty="All departments")
    product = RowField(Product, empty="All products")
    status = forms.ChoiceField(choices=STATUSES)
    shown = forms.ChoiceField(choices=SHOWN, label="Show")
    archived = forms.BooleanField(label="Archived")

    def narrow(self, rows: Any) -> Any:
        rows = rows.archived() if self.asked("archived") else rows.active()
        status, period = self.asked("status"), self.asked("period")
        if not status:
            rows = rows.exclude(status=Objective.Status.CLOSED)
        elif status != "any":
            rows = rows.filter(status=status)
        if period == "none":
            rows = rows.filter(starts_on=None)
        elif period and (known := Period.named(period)):
            rows = rows.during(known)
        for name in ("department", "product"):
            if self.asked(name):
                rows = rows.filter(**{name: self.asked(name)})
        return rows.filter(title__icontains=self.asked("q")) if self.asked("q") else rows


class MetricForm(PlanForm):
    class Meta(PlanForm.Meta):
        model = Metric
        fields = ("name", "unit", "direction", "target", "product", "department", "owner", "description")
        labels = {"direction": "Better is", "description": "How it is measured"}
        help_texts = {"unit": "Such as days, firms or %."}


class MeasureForm(MemberForm):
    on = day(label="On")
    value = forms.DecimalField(max_digits=18, decimal_places=4, label="Value")


class MeasurementForm(PlanForm):
    class Meta(PlanForm.Meta):
        model = Measurement
        fields = ("on", "value")


class MetricFilters(Filters):
    q = SearchField("Words in the name")
    product = RowField(Product, empty="All products")
    department = RowField(Department, empty="All departments")
    archived = forms.BooleanField(label="Archived")

    def narrow(self, rows: Any) -> Any:
        rows = rows.archived() if self.asked("archived") else rows.active()
        for name in ("product", "department"):
            if self.asked(name):
                rows = rows.filter(**{name: self.asked(name)})
        return rows.filter(name__icontains=self.asked("q")) if self.asked("q") else rows
