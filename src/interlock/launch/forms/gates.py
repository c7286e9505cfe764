from typing import Any

from django import forms
from django.db.models import Q

from interlock.alignment import registry
from interlock.launch.models import Choice, Gate, GateCriterion
from interlock.releases.models import Release, Task
from interlock.workspaces.forms import MemberForm, PlanForm, RowField
from interlock.workspaces.models import Member

LATER = "It can come later: until then, the criterion is not met."


def rules() -> list[tuple[str, str]]:
    return [(rule.code, f"{rule.code} {rule.name}") for rule in registry.rules()]


class OneOfRelease(RowField):
    """Offers nothing before it is known of which release."""

    def serve(self, by: Member, *, held: Any = None) -> None:
        if self.only is not None:
            super().serve(by, held=held)


class GateForm(PlanForm):
    milestone = OneOfRelease(
        Task,
        required=False,
        label="Milestone",
        help_text="Its planned and likely dates are shown beside the day of the decision.",
    )

    class Meta(PlanForm.Meta):
        model = Gate
        fields = ("name", "milestone", "decide_by", "quorum", "required", "approving_roles", "approving_people")
        labels = {
            "decide_by": "Decide by",
            "quorum": "Votes that are needed",
            "required": "The release cannot go out without it",
            "approving_roles": "Roles that approve it",
            "approving_people": "People who approve it",
        }
        help_texts = {
            "quorum": "Before the day of the decision, all who approve it must have voted; from that day on, so many.",
        }

    def __init__(self, *args: Any, release: Release | None = None, **how: Any) -> None:
        held: Gate | None = how.get("instance")
        if held and held.milestone_id:
            held.milestone = Task.objects.select_related("workstream__release").get(pk=held.milestone_id)
        super().__init__(*args, **how)
        if "milestone" in self.fields:
            of = held.release_id if held else release and release.pk
            choice: Any = self.fields["milestone"]
            choice.only = Q(workstream__release=of, kind=Task.Kind.MILESTONE, archived_at=None)
            choice.serve(self.by, held=held.milestone if held else None)


class GateCriterionForm(PlanForm):
    """What is asked depends on what is to show that the criterion is met."""

    link = forms.URLField(max_length=1000, required=False, assume_scheme="https", help_text=LATER)
    rule = forms.ChoiceField(choices=rules, label="Rule", help_text="It has no open finding about this release.")

    class Meta(PlanForm.Meta):
        model = GateCriterion
        fields = ("text", "department", "owner", "link", "metric", "comparison", "bound", "task", "rule")
        labels = {
            "text": "What must hold",
            "department": "Whose part it is",
            "owner": "Who sees to it",
            "comparison": "It must be",
            "bound": "This number",
        }

    def __init__(self, *args: Any, kind: str = "", gate: Gate | None = None, **how: Any) -> None:
        super().__init__(*args, **how)
        held = self.instance if self.instance.pk else None
        if held:
            kind, gate = held.kind, held.gate
        of_others = {name for one, names in GateCriterion.PARTS.items() if one != kind for name in names}
        for name in of_others & set(self.fields):
            del self.fields[name]
        assert gate  # noqa: S101 a criterion is a gate's
        product = gate.release.product_id
        for name, only in (
            ("task", Q(workstream__release=gate.release_id, archived_at=None)),
            ("metric", Q(product=None) | Q(product=product)),
        ):
            if name in self.fields:
                choice: Any = self.fields[name]
                choice.only, choice.required = only, True
                choice.serve(self.by, held=getattr(held, name) if held else None)
        if "bound" in self.fields:
            self.fields["bound"].required = True


class VoteForm(MemberForm):
    choice = forms.ChoiceField(choices=Choice, widget=forms.RadioSelect, label="Vote")
    reason = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 3}), label="Why")


class DecideForm(MemberForm):
    outcome = forms.ChoiceField(choices=Choice, widget=forms.RadioSelect, label="It is")
    reason = forms.CharField(
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 4}),
        label="Why, and under which conditions",
        help_text="It is kept with how every criterion stood and who voted what, and cannot be changed.",
    )


class WordForm(MemberForm):
    word = forms.ChoiceField(choices=GateCriterion.Word, widget=forms.RadioSelect, label="It is")
    note = forms.CharField(max_length=300, required=False, label="What it rests on")
