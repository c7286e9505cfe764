"""Forms about features. Their fields are the columns', so that a room below adds its own to them too."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db import transaction

from interlock.backlog.columns import Change, Column, columns
from interlock.backlog.filters import Asked
from interlock.backlog.models import Feature, Requirement
from interlock.organisation.models import Product
from interlock.workspaces.forms import MemberForm, PlanForm, RowField, VerbForm, control
from interlock.workspaces.models import Member


@transaction.atomic
def add_feature(values: Mapping[str, Any], *, by: Member) -> Feature:
    """A feature with the values of any columns, by name."""
    own = {field.name for field in Feature._meta.get_fields()}
    told = [(one, values[one.name]) for one in columns() if values.get(one.name) not in (None, "", [])]
    fields = {one.name: one.fit(value, by) for one, value in told if one.name in own}
    feature: Feature = Feature.objects.add(by=by, **fields)
    for one, value in told:
        if one.name not in own:
            one.put([(feature, value)], by=by)
    return feature


class FeatureForm(VerbForm):
    """A new feature. Any column may be given, the title and the product must."""

    def __init__(self, *args: Any, by: Member, **how: Any) -> None:
        super().__init__(*args, **how)
        self.by = by
        self.fields |= {one.name: one.field(by) for one in columns() if one.editable}
        self.fields["kind"].required = self.fields["status"].required = False

    def save(self) -> Feature | None:
        return self.attempt(add_feature, self.cleaned_data, by=self.by)


class QuickForm(MemberForm):
    """A title and Enter: the rest is as the list is narrowed, so that what is added there appears there."""

    title = forms.CharField(max_length=300, label="Title")
    product = RowField(Product, label="Product")

    def __init__(self, *args: Any, by: Member, asked: Mapping[str, Asked], **how: Any) -> None:
        super().__init__(*args, by=by, auto_id="quick_%s", **how)
        self.asked = asked
        choices = [key for key, _ in getattr(self.fields["product"].widget, "choices", []) if key]
        wanted = asked["product"].options[0].value if "product" in asked else ""
        self.initial.setdefault("product", wanted or next(iter(choices), ""))
        if len(choices) == 1:
            self.fields["product"].widget = forms.HiddenInput()

    def adopted(self) -> dict[str, Any]:
        """What the list is narrowed to, where that is one thing."""
        found = {}
        for one in columns():
            options = self.asked[one.filter.name].options if one.filter and one.filter.name in self.asked else ()
            if one.editable and len(options) == 1:
                found[one.name] = one.adopt(options[0].value, self.by)
        return found

    def save(self) -> Feature | None:
        return self.attempt(add_feature, {**self.adopted(), **self.cleaned_data}, by=self.by)


class AnswerForm(VerbForm):
    """What a change of many features must be told."""

    def __init__(self, *args: Any, change: Change, by: Member, **how: Any) -> None:
        super().__init__(*args, **{"auto_id": "change_%s", **how})
        self.fields["answer"] = change.column.field(by)
        self.fields["answer"].label = change.label


class FieldForm(VerbForm):
    """One field of one feature, changed in its place."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    # What the field held when the form was opened.
    was = forms.JSONField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, column: Column, feature: Feature, by: Member, **how: Any) -> None:
        held = {column.name: column.held(feature), "version": feature.version, "was": column.told(feature)}
        super().__init__(*args, **{"initial": held, "auto_id": "field_%s", **how})
        self.column, self.feature, self.by = column, feature, by
        self.fields = {column.name: column.field(by, feature), **self.fields}
        self.control = self[column.name]

    def save(self, feature: Feature | None = None) -> bool:
        """`feature`: as it is now, where it was changed elsewhere since the form was opened."""
        feature = feature or self.feature
        version = self.cleaned_data["version"] if feature is self.feature else feature.version
        pairs = [(feature, self.cleaned_data[self.column.name])]
        return bool(self.attempt(self.column.put, pairs, by=self.by, version=version))

    def against(self, feature: Feature) -> "FieldForm":
        """What was typed, beside what somebody else has made of the field; to be sent again over it, or left."""
        data = {name: self.data[name] for name in self.data}
        data["version"], data["was"] = str(feature.version), json.dumps(self.column.told(feature))
        form = FieldForm(data, column=self.column, feature=feature, by=self.by)
        theirs = self.column.value(feature, self.by)
        told = ", ".join(theirs) if isinstance(theirs, list) else str(theirs or "")
        form.add_error(
            self.column.name,
            f"Somebody else changed this meanwhile. It says “{told or 'nothing'}” now: save again to put yours there.",
        )
        return form


class CriteriaField(forms.CharField):
    """Sentences, one a line."""

    widget = forms.Textarea

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in (super().to_python(value) or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(data) != (initial or [])


CRITERIA = "One a line. They say when it is done, so that nobody has to ask."


class RequirementForm(MemberForm):
    title = forms.CharField(
        max_length=300, label="Requirement", help_text="As its user would put it: what they can do, and what for."
    )
    criteria = CriteriaField(required=False, label="Acceptance criteria", help_text=CRITERIA)
    description = forms.CharField(
        required=False, max_length=100_000, label="Description", widget=forms.Textarea, help_text="In Markdown."
    )


class RequirementEditForm(PlanForm):
    criteria = CriteriaField(required=False, label="Acceptance criteria", help_text=CRITERIA)

    class Meta:
        model = Requirement
        fields = ("title", "criteria", "description", "status")
        formfield_callback = control


class DependencyForm(MemberForm):
    feature = RowField(Feature, label="Feature")
    note = forms.CharField(required=False, max_length=300, label="Note")
