from typing import Any

from django import forms

from interlock.organisation.forms import UnitFilters, day
from interlock.organisation.models import Department, Person, Product
from interlock.people.models import Audience, Channel, Role
from interlock.workspaces.forms import MemberForm, PlanForm, RowField


class RoleForm(PlanForm):
    class Meta(PlanForm.Meta):
        model = Role
        fields = ("name", "product", "department", "purpose")
        help_texts = {"name": "Such as Product Manager or Scrum Master."}


class AssignForm(MemberForm):
    person = RowField(Person)
    on = day(label="From")


class RelieveForm(MemberForm):
    on = day(label="Relieved from", help_text="The first day on which they no longer hold it.")


class RoleFilters(UnitFilters):
    HELD = (("", "Held or vacant"), ("held", "Held"), ("vacant", "Vacant"))

    department = RowField(Department, empty="All departments")
    product = RowField(Product, empty="All products")
    held = forms.ChoiceField(choices=HELD, label="Held")

    def narrow(self, rows: Any) -> Any:
        rows = super().narrow(rows)
        for name in ("department", "product"):
            if self.asked(name):
                rows = rows.filter(**{name: self.asked(name)})
        if self.asked("held"):
            rows = rows.filter(vacant=self.asked("held") == "vacant")
        return rows


class AudienceForm(PlanForm):
    channels = forms.TypedMultipleChoiceField(
        choices=Channel.choices,
        widget=forms.CheckboxSelectMultiple,
        label="Can be reached by",
        required=False,
        help_text="Left open, by any.",
    )

    class Meta(PlanForm.Meta):
        model = Audience
        fields = ("name", "kind", "faces_customers", "department", "owner", "channels", "description")
        labels = {"faces_customers": "They answer customers", "department": "Spoken to by"}
        help_texts = {
            "name": "Such as Customers, Partners or Sales teams.",
            "faces_customers": "As sales and support do: they are to know a release before customers have it.",
            "department": "On its days off, nothing goes out to them.",
        }


class AudienceFilters(UnitFilters):
    KINDS = (("", "Internal and external"), *Audience.Kind.choices)

    kind = forms.ChoiceField(choices=KINDS)
    department = RowField(Department, empty="All departments")

    def narrow(self, rows: Any) -> Any:
        rows = super().narrow(rows)
        for name in ("kind", "department"):
            if self.asked(name):
                rows = rows.filter(**{name: self.asked(name)})
        return rows
