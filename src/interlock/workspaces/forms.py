"""Forms whose saving is a verb: what the domain refuses is said at the field that it is about."""

import re
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

from django import forms
from django.db import models
from django.http import HttpRequest
from django.urls import reverse

from interlock.workspaces.errors import DomainError, StaleVersion
from interlock.workspaces.models import Member, User
from interlock.workspaces.plan import PlanModel

T = TypeVar("T")

# A list of at most so many rows is shown whole; a longer one is searched.
SHOWN_WHOLE = 40
HIDDEN = "Hidden from you"
KEY = re.compile(r"\b([A-Za-z]+-\d+)\)?$")


def attempt(form: forms.BaseForm, verb: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The verb's answer (True where it has none); None where the domain refused, which then stands in the form."""
    try:
        answer = verb(*args, **kwargs)
    except StaleVersion:
        raise
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, error.sentence)
        return None
    return True if answer is None else answer


class VerbForm(forms.Form):
    """A form that calls a verb. What the domain refuses stands at the field that it speaks of.

    if form.is_valid() and form.attempt(finding.waive, by=request.member, today=today, **form.cleaned_data):
        return redirect(finding)
    """

    def attempt(self, verb: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return attempt(self, verb, *args, **kwargs)


class SignupForm(forms.Form):
    """What allauth asks besides the address and the password; the account adapter keeps it."""

    name = forms.CharField(max_length=120, label="Your name", widget=forms.TextInput(attrs={"autocomplete": "name"}))
    field_order = ["name", "email", "password1"]

    def signup(self, request: HttpRequest, user: User) -> None:
        """allauth calls this where it exists; there is nothing left to do."""


class RowInput(forms.TextInput):
    """A row named by its key or its name; the page's script offers what matches while one types."""

    def __init__(self, url: str) -> None:
        super().__init__({"data-choose": url, "autocomplete": "off", "spellcheck": "false"})


class RowField(forms.Field):
    """One of the rows that the member sees, chosen by its key."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "unknown": "There is no %(noun)s “%(value)s”.",
        "several": "More than one %(noun)s is called “%(value)s”: give the key, such as %(key)s.",
    }

    def __init__(
        self,
        model: type[Any],
        *,
        empty: str = "–",
        only: models.Q | None = None,
        offers: str = "",
        every: bool = False,
        **how: Any,
    ) -> None:
        """`offers`: the name of the address that offers rows, where `only` narrows them.
        `every`: what is archived or has left as well."""
        super().__init__(**how)
        self.model, self.empty, self.only, self.offers, self.every = model, empty, only, offers, every

    def address(self, by: Member) -> str:
        if self.offers:
            return reverse(self.offers, args=[by.workspace.slug])
        return reverse("choose", args=[by.workspace.slug, self.model._meta.model_name])

    def serve(self, by: Member, *, held: Any = None) -> None:
        """Offer what this member may choose, and what the row holds already, be it archived or hidden from them."""
        self.by = by
        seen = self.model._default_manager.visible_to(by)
        rows = seen if self.every else seen.active()
        self.rows = rows.filter(self.only) if self.only else rows
        self.held, self.hidden = held, isinstance(held, PlanModel) and not held.seen_by(by)
        shown = list(self.rows.named()[: SHOWN_WHOLE + 1])
        if len(shown) > SHOWN_WHOLE:
            self.widget = RowInput(self.address(by))
        else:
            choices = [(row.key, str(row)) for row in shown]
            if held and held not in shown:
                choices.append((self.prepare_value(held), HIDDEN if self.hidden else str(held)))
            self.widget = forms.Select(choices=[("", self.empty), *choices])
        self.widget.is_required = self.required

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, models.Model):
            return value
        if isinstance(value, PlanModel) and not value.seen_by(self.by):
            return HIDDEN
        key = value.key  # type: ignore[attr-defined]
        return f"{value} ({key})" if isinstance(self.widget, RowInput) else key

    def to_python(self, value: Any) -> Any:
        text = str(value or "").replace("\0", "").strip()
        if not text:
            return None
        if self.held is not None and text in (self.held.key, self.prepare_value(self.held)):
            return self.held
        return self.one(text)

    def one(self, text: str) -> Any:
        """The row of that key, or the only one that is called so."""
        key = key_in(text)
        if key and (found := self.rows.keyed(key).first()):
            return found
        called = list(self.rows.called(text)[:2])
        if len(called) == 1:
            return called[0]
        told = {"noun": self.model._meta.verbose_name, "value": text[:80]}
        if called:
            raise forms.ValidationError(self.error_messages["several"], params={**told, "key": called[0].key})
        raise forms.ValidationError(self.error_messages["unknown"], params=told)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(self.prepare_value(initial) or "") != str(data or "")


class RowsInput(forms.TextInput):
    """Rows that are chosen, each to be unticked, and a field that offers more; one at a time without script."""

    template_name = "workspaces/rows_input.html"

    def __init__(self) -> None:
        super().__init__({"autocomplete": "off", "spellcheck": "false"})

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, "", attrs)
        context["chosen"] = value or []
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        sent = data.getlist(name) if hasattr(data, "getlist") else data.get(name, [])
        return [text for one in sent if (text := one.replace("\0", "").strip())]

    def use_required_attribute(self, initial: Any) -> bool:
        return False


class RowsField(RowField):
    """Several of the rows that the member sees."""

    widget = RowsInput
    most = 200

    def serve(self, by: Member, *, held: Iterable[Any] = ()) -> None:
        """What is held and hidden from the member is neither shown nor lost."""
        seen = self.model._default_manager.visible_to(by)
        self.rows = seen.filter(self.only) if self.only else seen
        held = list(held)
        shown = set(seen.filter(pk__in=[row.pk for row in held])) if held else set()
        self.kept = [row for row in held if row not in shown]
        self.widget.attrs["data-choose"] = self.address(by)

    def prepare_value(self, value: Any) -> list[tuple[str, str]]:
        """What is sent for each row, and what it is called."""
        rows = [row for row in value or () if row not in self.kept]
        return [(row.key, str(row)) if isinstance(row, models.Model) else (row, row) for row in rows]  # type: ignore[attr-defined]

    def to_python(self, value: Any) -> list[Any]:
        texts = list(dict.fromkeys(value or ()))[: self.most]
        numbers = {text: self.model.number_of(key_in(text)) for text in texts}
        found = (
            {row.number: row for row in self.rows.filter(number__in=set(numbers.values()) - {None})} if texts else {}
        )
        return [found.get(number) or self.one(text) for text, number in numbers.items()]

    def clean(self, value: Any) -> list[Any]:
        return [*dict.fromkeys(super().clean(value)), *self.kept]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return {key for key, _ in self.prepare_value(initial)} != {key_in(text) for text in data or ()}


def key_in(text: str) -> str:
    """The key in what a field that offers rows sends: “Ada Lind (P-12)”."""
    found = KEY.search(text)
    return found[1] if found else ""


def control(field: Any, **how: Any) -> forms.Field | None:
    """The form field of a model's field."""
    if field.is_relation:
        return (RowsField if field.many_to_many else RowField)(
            field.related_model,
            required=not field.blank,
            label=how.get("label") or str(field.verbose_name).capitalize(),
            help_text=how.get("help_text") or field.help_text,
        )
    if isinstance(field, models.DateField) and not isinstance(field, models.DateTimeField):
        # The browser's own picker takes this format and no other.
        how["widget"] = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    if isinstance(field, models.TimeField):
        how["widget"] = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    made: forms.Field | None = field.formfield(**how)
    return made


class MemberForm(VerbForm):
    """A form that a member fills in: what can be chosen is what they see."""

    def __init__(self, *args: Any, by: Member, **how: Any) -> None:
        super().__init__(*args, **how)
        self.by = by
        for field in self.fields.values():
            if isinstance(field, RowField):
                field.serve(by)


class PlanForm(forms.ModelForm):
    """Adds a row of the plan, or changes one. Its Meta names the fields; nothing else can be set."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    # Fields that are changed together where one of them is: name → what the form shows.
    together: ClassVar[dict[str, tuple[str, ...]]] = {}

    class Meta:
        formfield_callback = control

    def __init__(self, *args: Any, by: Member, field: str = "", **how: Any) -> None:
        """`field`: this one alone, for editing in place."""
        super().__init__(*args, **how)
        self.by = by
        held = self.instance if self.instance.pk else None
        if field:
            self.fields = {name: self.fields[name] for name in (*self.together.get(field, (field,)), "version")}
        rows = [name for name, control_ in self.fields.items() if isinstance(control_, RowField)]
        if held:
            _fetch_together(held, rows)
        for name, control_ in self.fields.items():
            if isinstance(control_, RowField):
                end = getattr(held, name, None) if held else None
                if isinstance(control_, RowsField):
                    end = list(end.named()) if end else []
                control_.serve(by, held=end)
                if held:
                    self.initial[name] = end
        if held:
            self.initial["version"] = held.version
        else:
            del self.fields["version"]

    def _post_clean(self) -> None:
        """The verbs judge, comparing with what the database holds under lock. The row at hand stays as it was read."""

    def save(self, **more: Any) -> Any:  # type: ignore[override]
        """The row; None where the domain refused, which the form then says. `more`: what the page's address says."""
        values = {**self.cleaned_data, **more}
        version = values.pop("version", None)
        if self.instance.pk:
            return attempt(self, self.instance.change, by=self.by, version=version, **values)
        return attempt(self, self.add, by=self.by, **values)

    def add(self, *, by: Member, **values: Any) -> PlanModel:
        row: PlanModel = self._meta.model._default_manager.add(by=by, **values)
        return row


def _fetch_together(row: PlanModel, names: Iterable[str]) -> None:
    """What the row points at, and what that is named after, in one query instead of one each."""
    fields: list[Any] = [row._meta.get_field(name) for name in names]
    absent = [field for field in fields if not field.many_to_many and not field.is_cached(row)]
    if absent:
        named = [f"{field.name}__{end}" for field in absent for end in getattr(field.related_model, "named_after", ())]
        full = type(row)._base_manager.select_related(*(field.name for field in absent), *named).get(pk=row.pk)
        row._state.fields_cache.update(full._state.fields_cache)
