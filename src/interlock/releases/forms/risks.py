from django import forms

from interlock.organisation.models import Department
from interlock.releases.models import Release, RiskHit, Task
from interlock.risks.models import Risk
from interlock.workspaces.forms import MemberForm, PlanForm, RowField


class HitForm(MemberForm):
    """What a risk hits."""

    release = RowField(Release, label="Release", required=False)
    department = RowField(Department, label="The part of one department", required=False, empty="The whole release")
    task = RowField(Task, label="Or a task", required=False)
    note = forms.CharField(required=False, max_length=300, label="How")


class ReleaseRiskForm(MemberForm):
    """Which risk hits a release, and what of it."""

    risk = RowField(Risk, label="Risk")
    department = RowField(Department, label="The part of one department", required=False, empty="The whole release")
    task = RowField(Task, label="Or a task", required=False)
    note = forms.CharField(required=False, max_length=300, label="How")


class RiskHitForm(PlanForm):
    class Meta(PlanForm.Meta):
        model = RiskHit
        fields = ("note",)
        labels = {"note": "How"}
