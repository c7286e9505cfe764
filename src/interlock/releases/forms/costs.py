from decimal import Decimal

from django import forms

from interlock.organisation.models import Department
from interlock.releases.models import Budget, DayRate, Purchase
from interlock.workspaces.forms import MemberForm, PlanForm, RowField


def amount_field(label: str) -> forms.DecimalField:
    return forms.DecimalField(label=label, min_value=Decimal(0), max_digits=15, decimal_places=3)


class BudgetAddForm(MemberForm):
    department = RowField(Department, label="Of", required=False, empty="The whole release")
    amount = amount_field("Amount")
    note = forms.CharField(required=False, max_length=300, label="Note")


class BudgetForm(PlanForm):
    reason = forms.CharField(required=False, max_length=2000, label="Why", help_text="The history keeps it.")

    class Meta(PlanForm.Meta):
        model = Budget
        fields = ("amount", "note")


class PurchaseForm(PlanForm):
    class Meta(PlanForm.Meta):
        model = Purchase
        fields = ("title", "amount", "status", "on")
        labels = {"title": "What", "on": "Paid, or to be paid, on"}


class PurchaseAddForm(MemberForm):
    department = RowField(Department, label="Who buys it")
    title = forms.CharField(max_length=300, label="What")
    amount = amount_field("Amount")
    status = forms.ChoiceField(choices=Purchase.Status, label="Status")
    on = forms.DateField(
        required=False,
        label="Paid, or to be paid, on",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class RateForm(MemberForm):
    amount = amount_field("A day costs")


class DayRateForm(PlanForm):
    class Meta(PlanForm.Meta):
        model = DayRate
        fields = ("amount",)
