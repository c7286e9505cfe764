from typing import Any

from django import forms

from interlock.backlog.models import Feature
from interlock.organisation.models import Product
from interlock.releases.models import Release, ScopeBaseline
from interlock.workspaces.forms import MemberForm, PlanForm, RowField, RowsField
from interlock.workspaces.lists import Filters, SearchField


class ReleaseForm(PlanForm):
    # A day says little without how sure it is.
    together = {"target_on": ("target_on", "target_precision"), "target_precision": ("target_on", "target_precision")}

    class Meta(PlanForm.Meta):
        model = Release
        fields = (
            "name",
            "product",
            "tier",
            "status",
            "target_on",
            "target_precision",
            "launch_time",
            "released_on",
            "description",
        )
        labels = {
            "target_on": "Target",
            "target_precision": "Known to the",
            "launch_time": "Hour",
            "released_on": "Released on",
        }
        help_texts = {
            "name": "Its version, such as 4.2.",
            "target_on": "Any day of the week, month or quarter that is meant.",
        }


class ReleaseFilters(Filters):
    STATUSES = (("", "Open"), *Release.Status.choices, ("any", "Every status"))

    q = SearchField("Words in the name")
    product = RowField(Product, empty="All products")
    status = forms.ChoiceField(choices=STATUSES)
    archived = forms.BooleanField(label="Archived")

    def narrow(self, rows: Any) -> Any:
        rows = rows.archived() if self.asked("archived") else rows.active()
        status = self.asked("status")
        if not status and not self.asked("archived"):
            rows = rows.filter(status__in=Release.OPEN)
        elif status and status != "any":
            rows = rows.filter(status=status)
        if self.asked("product"):
            rows = rows.filter(product=self.asked("product"))
        return rows.filter(name__icontains=self.asked("q")) if self.asked("q") else rows


def reason_field() -> forms.CharField:
    return forms.CharField(
        required=False,
        max_length=2000,
        label="Why",
        help_text="Needed once the scope is agreed on; everybody who sees the release reads it.",
    )


class ScopeForm(MemberForm):
    features = RowsField(Feature, label="Features", help_text="Each leaves the release that it is in.")
    reason = reason_field()


class MoveForm(MemberForm):
    release = RowField(Release, label="To", required=False, empty="No release")
    reason = reason_field()


class AgreeForm(MemberForm):
    note = forms.CharField(
        required=False,
        max_length=2000,
        label="Note",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What was agreed on besides, and with whom.",
    )


class ScopeBaselineForm(PlanForm):
    class Meta(PlanForm.Meta):
        model = ScopeBaseline
        fields = ("note",)
