from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from django import forms
from django.core.validators import validate_email
from django.utils import timezone

from interlock.workspaces import money
from interlock.workspaces.forms import MemberForm, RowField
from interlock.workspaces.history import kind
from interlock.workspaces.lists import Filters, SearchField
from interlock.workspaces.models import AuditEvent, Door, Member
from interlock.workspaces.models.token import Scope
from interlock.workspaces.permissions import Action, Role

# What a role is for, as the permission matrix has it.
ROLES = {
    Role.OWNER: "everything, with the deletion of the workspace",
    Role.ADMIN: "the plan, members, settings and rules",
    Role.EDITOR: "changes the plan",
    Role.CONTRIBUTOR: "comments, votes and waives; changes what they own",
    Role.VIEWER: "reads",
    Role.GUEST: "reads what is shared with them",
}


def role_field(**how: Any) -> forms.ChoiceField:
    choices = [(role.value, f"{role.label}: {says}") for role, says in ROLES.items()]
    return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **how)


class WorkspaceForm(MemberForm):
    name = forms.CharField(max_length=120)


class CurrencyForm(MemberForm):
    currency = forms.ChoiceField(
        choices=lambda: [(code, code) for code in sorted(money.currencies())],
        help_text="Of day rates, budgets and purchases. It stays once there are some.",
    )


class DeletionForm(MemberForm):
    named = forms.CharField(label="Its name", widget=forms.TextInput(attrs={"autocomplete": "off"}))


class RoleForm(MemberForm):
    role = role_field()


class InvitationForm(MemberForm):
    emails = forms.CharField(
        label="E-mail addresses",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One, or several with spaces, commas or line breaks between them.",
        max_length=10_000,
    )
    role = role_field(initial=Role.EDITOR)

    def clean_emails(self) -> list[str]:
        text: str = self.cleaned_data["emails"]
        emails = list(dict.fromkeys(text.replace(",", " ").replace(";", " ").lower().split()))
        wrong = [email for email in emails if not _is_email(email)]
        if wrong:
            raise forms.ValidationError(f"“{wrong[0][:80]}” is not an e-mail address.")
        if len(emails) > 100:
            raise forms.ValidationError("At most 100 at once.")
        return emails


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except forms.ValidationError:
        return False
    return True


class TokenForm(MemberForm):
    DAYS = ((30, "30 days"), (90, "90 days"), (365, "A year"))

    name = forms.CharField(max_length=80, help_text="After what will use it: “Nightly export”.")
    scope = forms.ChoiceField(choices=Scope, label="May")
    days = forms.TypedChoiceField(choices=DAYS, coerce=int, initial=90, label="Ends after")

    def answers(self) -> dict[str, Any]:
        asked = self.cleaned_data
        expires_at = timezone.now() + timedelta(days=asked["days"])
        return {"name": asked["name"], "scope": asked["scope"], "expires_at": expires_at}


class MemberFilters(Filters):
    q = SearchField("Name or address")
    role = forms.ChoiceField(choices=(("", "Every role"), *Role.choices))

    def narrow(self, rows: Any) -> Any:
        rows = rows.active()
        if self.asked("role"):
            rows = rows.filter(role=self.asked("role"))
        if not self.asked("q"):
            return rows
        # Whoever is not shown the addresses cannot find them out by asking either.
        by_address = self.by.can(Action.MANAGE_MEMBERS)
        return rows.matching(self.asked("q")) if by_address else rows.filter(user__name__icontains=self.asked("q"))


class AuditFilters(Filters):
    """Each of these is found by an index."""

    person = RowField(Member, empty="Anybody", every=True)
    kind = forms.ChoiceField()
    verb = forms.ChoiceField()
    door = forms.ChoiceField(choices=(("", "By any door"), *Door.choices))
    key = forms.CharField(max_length=60, widget=forms.TextInput(attrs={"placeholder": "F-12", "size": 8}))
    since = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), label="From")
    until = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), label="To")

    def prepare(self) -> None:
        occurring = partial(AuditEvent.objects.occurring, workspace_id=self.by.workspace_id)
        kinds = sorted((kind(label), label) for label in occurring("model"))
        fields: dict[str, Any] = self.fields
        fields["kind"].choices = [("", "Anything"), *((label, name) for name, label in kinds)]
        fields["verb"].choices = [("", "Anything"), *((verb, verb.capitalize()) for verb in occurring("verb"))]

    def narrow(self, rows: Any) -> Any:
        person = self.asked("person")
        if person:
            rows = rows.filter(actor=person.pseudonym)
        rows = rows.filter(**dict(self._fields()))
        if self.asked("key"):
            rows = rows.filter(key__in={self.asked("key"), self.asked("key").upper()})
        return rows.between(self.asked("since"), self.asked("until"), workspace_id=self.by.workspace_id)

    def _fields(self) -> Iterator[tuple[str, str]]:
        for name, field in (("kind", "model"), ("verb", "verb"), ("door", "door")):
            if self.asked(name):
                yield field, self.asked(name)
