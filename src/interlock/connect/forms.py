from dataclasses import dataclass
from typing import Any

from django import forms

from interlock.connect.importing.mapping import Mapping
from interlock.connect.models import ImportRun, receive_project
from interlock.connect.readers import Refusal
from interlock.releases.models import Release
from interlock.workspaces.forms import MemberForm

LONGEST_MAPPING = 200_000
EARLIER = 50
AROUND = 2
TAKEN = ".csv,.tsv,.txt,.json,.jsonl,.ndjson,.yaml,.yml,.md,.zip,.tar,.gz,.tgz"


class UploadForm(MemberForm):
    file = forms.FileField(
        label="File",
        help_text="CSV, JSON, JSON Lines, YAML or Markdown, or a folder of such files as zip or tar.gz; up to 200 MB.",
        widget=forms.FileInput(attrs={"accept": TAKEN}),
    )

    def receive(self) -> ImportRun | None:
        run: ImportRun | None = self.attempt(ImportRun.objects.receive, self.cleaned_data["file"], by=self.by)
        return run


class ProjectForm(UploadForm):
    file = forms.FileField(
        label="File",
        help_text="A project saved as XML in Microsoft Project; summary tasks of the first level are departments.",
        widget=forms.FileInput(attrs={"accept": ".xml"}),
    )

    def bring_into(self, release: Release) -> ImportRun | None:
        """Have it checked for the release; nothing is written yet."""
        run: ImportRun | None = self.attempt(receive_project, self.cleaned_data["file"], release, by=self.by)
        return run


@dataclass(frozen=True)
class Place:
    """The lines of a mapping around one that is wrong."""

    wrong: int
    lines: list[tuple[int, str]]

    @classmethod
    def of(cls, text: str, line: int) -> "Place | None":
        lines = text.split("\n")
        if not 0 < line <= len(lines):
            return None
        first = max(1, line - AROUND)
        return cls(line, [(number, lines[number - 1]) for number in range(first, min(len(lines), line + AROUND) + 1)])


class MappingForm(MemberForm):
    """What becomes what: written here, from a file, or as an earlier import had it."""

    mapping = forms.CharField(
        required=False,
        strip=False,
        max_length=LONGEST_MAPPING,
        label="What becomes what",
        widget=forms.Textarea(attrs={"rows": 22, "class": "mono", "spellcheck": "false", "wrap": "off"}),
    )
    earlier = forms.ChoiceField(required=False, label="Or as in an earlier import")
    upload = forms.FileField(
        required=False, label="Or from a file", widget=forms.FileInput(attrs={"accept": ".yaml,.yml"})
    )
    place: Place | None = None

    def __init__(self, *args: Any, run: ImportRun, **how: Any) -> None:
        super().__init__(*args, **how)
        self.run = run
        offered = ImportRun.objects.visible_to(self.by).mapped().exclude(pk=run.pk).defer("preview", "mapping")
        choices = [(one.key, f"{one.key} {one}") for one in offered[:EARLIER]]
        self.fields["earlier"].choices = [("", "–"), *choices]  # type: ignore[attr-defined]
        if not choices:
            del self.fields["earlier"]

    def clean(self) -> dict[str, Any]:
        """A file comes before an earlier import, and that before what was written."""
        values = super().clean() or self.cleaned_data
        text = values.get("mapping") or ""
        if values.get("earlier"):
            text = self.by.visible(ImportRun, key=values["earlier"]).mapping
        if file := values.get("upload"):
            text = self._read(file)
        text = text.replace("\r\n", "\n")
        if not text.strip() and not self.errors:
            self.add_error("mapping", "Say what becomes what: here, by a file, or as in an earlier import.")
        self._keep(text)
        return {"mapping": text}

    def _read(self, file: Any) -> str:
        if file.size > LONGEST_MAPPING:
            self.add_error("upload", f"A mapping has at most {LONGEST_MAPPING:,} characters.")
            return ""
        try:
            return str(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            self.add_error("upload", "This file is not UTF-8.")
            return ""

    def _keep(self, text: str) -> None:
        """Whatever comes of it, the text stands in the form, where it can be mended."""
        if text:
            self.data = {**self.data.dict(), "mapping": text, "earlier": ""}  # type: ignore[attr-defined]

    def map(self) -> bool:
        """Have the file checked; where the mapping makes no sense, say at which place."""
        text = self.cleaned_data["mapping"]
        try:
            Mapping.parse(text)
        except Refusal as refusal:
            self.add_error("mapping", refusal.sentence)
            self.place = Place.of(text, refusal.line)
            return False
        return bool(self.attempt(self.run.map, text, by=self.by))


class WriteForm(MemberForm):
    # Of the mapping that the page shows.
    digest = forms.CharField(required=False, widget=forms.HiddenInput)
    strict = forms.TypedChoiceField(
        label="If some rows are refused",
        choices=[("", "Import the others"), ("strict", "Import nothing")],
        coerce=bool,
        required=False,
        widget=forms.RadioSelect,
    )
