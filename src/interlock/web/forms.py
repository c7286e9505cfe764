from django import forms
from django.forms.renderers import DjangoTemplates

from interlock.workspaces.forms import VerbForm
from interlock.workspaces.models import Member, User, Workspace


class Renderer(DjangoTemplates):
    """Every form of the house is drawn by these templates: label, hint, control, and errors in sentences."""

    form_template_name = "web/form.html"
    field_template_name = "web/field.html"


class FoundForm(VerbForm):
    name = forms.CharField(
        max_length=120,
        label="Name",
        help_text="Of the organisation whose plan it holds.",
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    slug = forms.CharField(
        max_length=49,
        required=False,
        label="Address",
        help_text="Small letters, digits and hyphens. Made from the name if you leave it empty.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def found(self, *, by: User) -> Member | None:
        """Create the workspace; None where the domain refuses, and the form says why."""
        return self.attempt(Workspace.objects.found, self.cleaned_data["name"], slug=self.cleaned_data["slug"], by=by)


class ProfileForm(forms.Form):
    name = forms.CharField(
        max_length=120,
        label="Your name",
        help_text="As colleagues see it.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
