from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.db import models
from django.db.models import Q

from interlock.alignment.models import Finding
from interlock.alignment.rule import Fix
from interlock.workspaces.forms import MemberForm, RowField, VerbForm
from interlock.workspaces.models import Member


def day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class WaiverForm(VerbForm):
    reason = forms.CharField(
        max_length=2000,
        label="Why can it wait?",
        help_text="Whoever reads this finding later reads this too.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    until = forms.DateField(label="Until", help_text="On that day it opens again by itself.", widget=day_input())

    def __init__(self, *args: Any, today: date, **how: Any) -> None:
        super().__init__(*args, **how)
        self.fields["until"].initial = today + timedelta(days=28)
        self.fields["until"].widget.attrs["min"] = (today + timedelta(days=1)).isoformat()


CONTROLS: dict[type, Any] = {
    date: lambda: forms.DateField(widget=day_input()),
    Decimal: lambda: forms.DecimalField(max_digits=18, decimal_places=4),
    int: forms.IntegerField,
    str: lambda: forms.CharField(max_length=300),
}


class FixForm(MemberForm):
    """What a fix must be told before it can be taken."""

    def __init__(self, *args: Any, finding: Finding, fix: Fix, by: Member, **how: Any) -> None:
        super().__init__(*args, by=by, **how)
        for name, kind in fix.asks.items():
            if issubclass(kind, models.Model):
                offered = Q(pk__in=finding.offers(fix, name, by=by).values("pk"))
                field: forms.Field = RowField(kind, only=offered)
                field.serve(by)  # type: ignore[attr-defined]
            else:
                field = CONTROLS[kind]()
            field.label = name.removesuffix("_on").replace("_", " ").capitalize()
            self.fields[name] = field
