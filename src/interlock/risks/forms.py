from typing import Any

from django import forms

from interlock.organisation.models import Person, Product
from interlock.risks.models import ESTIMATES, Risk
from interlock.workspaces.forms import PlanForm, RowField
from interlock.workspaces.lists import Filters, SearchField


class RiskForm(PlanForm):
    # Numbers that only make sense together.
    together = dict.fromkeys(ESTIMATES, ESTIMATES)

    class Meta(PlanForm.Meta):
        model = Risk
        fields = (
            "title",
            "product",
            "status",
            "probability",
            "likely",
            "optimistic",
            "pessimistic",
            "owner",
            "mitigation",
            "description",
        )
        labels = {
            "probability": "How probable, in per cent",
            "likely": "Days that it costs, most likely",
            "optimistic": "Days, if it is mild",
            "pessimistic": "Days, if it is bad",
            "mitigation": "What is done about it",
        }
        help_texts = {
            "title": "What may happen, such as “The bank's test system comes late”.",
            "likely": "Working days, should it happen. One number is enough.",
        }


class RiskFilters(Filters):
    STATUSES = (("", "Open"), *Risk.Status.choices[1:], ("any", "Every status"))

    q = SearchField("Words in the title")
    product = RowField(Product, empty="All products")
    owner = RowField(Person, empty="Every owner")
    status = forms.ChoiceField(choices=STATUSES)
    archived = forms.BooleanField(label="Archived")

    def narrow(self, rows: Any) -> Any:
        rows = rows.archived() if self.asked("archived") else rows.active()
        status = self.asked("status")
        if not status and not self.asked("archived"):
            rows = rows.filter(status=Risk.Status.OPEN)
        elif status and status != "any":
            rows = rows.filter(status=status)
        for name in ("product", "owner"):
            if self.asked(name):
                rows = rows.filter(**{name: self.asked(name)})
        return rows.filter(title__icontains=self.asked("q")) if self.asked("q") else rows
