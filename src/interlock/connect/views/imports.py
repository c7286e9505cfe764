"""Imports: what was sent, what it would become, what became of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views import View

from interlock.connect.forms import MappingForm, ProjectForm, UploadForm, WriteForm
from interlock.connect.importing import guide
from interlock.connect.importing.notes import Kind
from interlock.connect.importing.starting import starting_mapping
from interlock.connect.models import ImportNote, ImportRun
from interlock.connect.outcome import Outcome
from interlock.connect.readers import Refusal, opened
from interlock.organisation.models import Product
from interlock.releases.models import Release
from interlock.workspaces import exports, keyset
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.pages import UNPROCESSABLE
from interlock.workspaces.permissions import Action

PAGE, BATCH = 50, 1000
IN_ORDER: keyset.Legs = [keyset.Leg(("pk",))]

COLUMNS: exports.Columns = {
    "kind": lambda note: note.kind,
    "entity": lambda note: note.entity,
    "field": lambda note: note.field,
    "file": lambda note: note.file,
    "line": lambda note: note.line or None,
    "text": lambda note: note.text,
}


class ImportingView(View):
    """For those who may import; for all others there is nothing here."""

    def dispatch(self, request: MemberRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        if not request.member.can(Action.IMPORT):
            raise Http404
        return super().dispatch(request, *args, **kwargs)


class ImportsView(ImportingView):
    def get(self, request: MemberRequest) -> HttpResponse:
        runs = ImportRun.objects.visible_to(request.member).select_related("member__user")
        page = Paginator(runs.defer("mapping", "preview"), PAGE).get_page(request.GET.get("page"))
        return render(request, "connect/imports.html", {"page": page})


class UploadView(ImportingView):
    def get(self, request: MemberRequest) -> HttpResponse:
        return render(request, "connect/upload.html", {"form": UploadForm(by=request.member)})

    def post(self, request: MemberRequest) -> HttpResponse:
        form = UploadForm(request.POST, request.FILES, by=request.member)
        run = form.receive() if form.is_valid() else None
        if run is None:
            return render(request, "connect/upload.html", {"form": form}, status=UNPROCESSABLE)
        return redirect("import-mapping", request.member.workspace.slug, run.key)


class ProjectView(ImportingView):
    """Brings a plan of Microsoft Project into a release."""

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        release = request.member.editable(Release, key=key)
        return self._page(request, release, ProjectForm(by=request.member))

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        release = request.member.editable(Release, key=key)
        form = ProjectForm(request.POST, request.FILES, by=request.member)
        run = form.bring_into(release) if form.is_valid() else None
        return redirect(run) if run else self._page(request, release, form, status=UNPROCESSABLE)

    @staticmethod
    def _page(request: MemberRequest, release: Release, form: ProjectForm, *, status: int = 200) -> HttpResponse:
        return render(request, "connect/project.html", {"release": release, "form": form}, status=status)


class GuideView(ImportingView):
    """How a mapping is written; made from what reads it."""

    def get(self, request: MemberRequest) -> HttpResponse:
        return render(request, "connect/guide.html", {"guide": guide})


class MappingView(ImportingView):
    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        run = request.member.editable(ImportRun, key=key)
        if not run.open:
            return redirect(run)
        text, trouble = run.mapping, ""
        if not text:
            text, trouble = self._start(request, run)
        form = MappingForm(by=request.member, run=run, initial={"mapping": text})
        return self._page(request, run, form, trouble=trouble, guessed=not run.mapping and bool(text))

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        run = request.member.editable(ImportRun, key=key)
        form = MappingForm(request.POST, request.FILES, by=request.member, run=run)
        if not (form.is_valid() and form.map()):
            return self._page(request, run, form, status=UNPROCESSABLE)
        return redirect(run)

    @staticmethod
    def _page(request: MemberRequest, run: ImportRun, form: MappingForm, *, status: int = 200, **more: Any) -> Any:
        return render(request, "connect/mapping.html", {"run": run, "form": form, **more}, status=status)

    @staticmethod
    def _start(request: MemberRequest, run: ImportRun) -> tuple[str, str]:
        """A mapping to begin with, or why the file cannot be read at all."""
        product = Product.objects.visible_to(request.member).active().order_by("number").first()
        try:
            return starting_mapping(opened(Path(run.file.path), run.label), product=product.name if product else ""), ""
        except Refusal as refusal:
            return "", refusal.sentence


class ImportView(ImportingView):
    def get(self, request: MemberRequest, key: str) -> HttpResponseBase:
        run = request.member.visible(ImportRun, key=key)
        kind = request.GET.get("kind", "")
        kind = kind if kind in run.note_counts else next((one for one in Kind if one in run.note_counts), "")
        if request.GET.get("format") in exports.FORMATS:
            name = f"{request.member.workspace.slug}-{run.key}-notes".lower()
            return exports.download(name, request.GET["format"], COLUMNS, self._all(run), by=request.member)
        context = {"run": run, "outcome": Outcome(run), "mine": run.member_id == request.member.pk}
        context["form"] = WriteForm(by=request.member, initial={"digest": run.mapping_digest})
        context |= {"kind": kind and Kind(kind), "notes": self._notes(request, run, kind)}
        return render(request, "connect/import.html", context)

    @staticmethod
    def _notes(request: MemberRequest, run: ImportRun, kind: str) -> keyset.Page:
        after, before = (request.GET.get(name, "") for name in ("after", "before"))
        notes = run.notes.filter(kind=kind)
        return keyset.page(notes, ImportNote.objects.all(), IN_ORDER, size=PAGE, after=after, before=before)

    @staticmethod
    def _all(run: ImportRun) -> Iterator[ImportNote]:
        for batch in keyset.batches(run.notes.all(), ImportNote.objects.all(), IN_ORDER, size=BATCH):
            yield from batch


class WriteView(ImportingView):
    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        run = request.member.editable(ImportRun, key=key)
        form = WriteForm(request.POST, by=request.member)
        form.is_valid()
        said = form.cleaned_data
        run.begin(strict=bool(said.get("strict")), digest=said.get("digest", ""), by=request.member)
        return redirect(run)


class ForgetView(ImportingView):
    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        run = request.member.editable(ImportRun, key=key)
        run.forget(by=request.member)
        messages.success(request, f"Forgot {run.label}: nothing of it is kept.")
        return redirect("imports", request.member.workspace.slug)
