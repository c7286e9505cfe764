"""The pages that every kind of row has: add, edit, one field in place, archive, restore.

    urlpatterns = [
        *pages("people", Person, PersonForm),
        path("people/", PeopleView.as_view(), name="people"),
        path("people/<str:key>/", PersonView.as_view(), name="person"),
    ]

They are named after the model: person-new, person-edit, person-field, person-archive, person-restore.
"""

from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.views import View

from interlock.workspaces.forms import PlanForm
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Member
from interlock.workspaces.permissions import Action
from interlock.workspaces.plan import PlanModel

UNPROCESSABLE = 422


def pages(folder: str, model: type[PlanModel], form: type[PlanForm], *, add: bool = True) -> list[URLPattern]:
    """Without `add` for what hangs on another row, from whose page it is added."""
    name = model._meta.model_name
    what = {"model": model, "form": form}
    return [
        *([path(f"{folder}/new/", AddView.as_view(**what), name=f"{name}-new")] if add else []),
        path(f"{folder}/<str:key>/edit/", EditView.as_view(**what), name=f"{name}-edit"),
        path(f"{folder}/<str:key>/edit/<slug:field>/", FieldView.as_view(**what), name=f"{name}-field"),
        path(f"{folder}/<str:key>/archive/", ArchiveView.as_view(model=model), name=f"{name}-archive"),
        path(f"{folder}/<str:key>/restore/", RestoreView.as_view(model=model), name=f"{name}-restore"),
    ]


def may_edit(member: Member, row: Any) -> bool:
    """Whether to offer what `member.editable` would allow."""
    return member.edits or type(row)._default_manager.editable_by(member).filter(pk=row.pk).exists()


class RowPage(View):
    """The page of one row: what it holds, what hangs on it, what can be done with it."""

    model: ClassVar[type[Any]]
    # Relations that the page shows, fetched with the row.
    related: ClassVar[tuple[str, ...]] = ()

    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        rows = self.rows(request.member)
        row = rows.select_related(*self.related).keyed(key).first() if self.related else rows.keyed(key).first()
        if row is None:
            raise request.member.turned_away(self.model, number=self.model.number_of(key))
        context = {
            "row": row,
            str(self.model._meta.model_name): row,
            "editable": not row.archived and may_edit(request.member, row),
            "restorable": row.archived and may_edit(request.member, row),
        }
        template = f"{self.model._meta.app_label}/{self.model._meta.model_name}.html"
        return render(request, template, {**context, **self.more(request, row)})

    def rows(self, member: Member) -> Any:
        """Those that have such a page, with what is to be known of each."""
        return self.model._default_manager.visible_to(member)

    def more(self, request: MemberRequest, row: Any) -> dict[str, Any]:
        """What the template needs besides."""
        return {}


def came_from(request: MemberRequest, *, otherwise: str = "") -> str:
    """The page of this workspace on which the button stood."""
    home = request.member.workspace.get_absolute_url()
    at = urlsplit(request.htmx.current_url or request.headers.get("Referer", ""))
    if at.netloc != request.get_host() or not at.path.startswith(home):
        return otherwise or home
    return f"{at.path}?{at.query}" if at.query else at.path


class RowView(View):
    model: ClassVar[Any] = None
    form: ClassVar[Any] = None

    def form_page(self, request: HttpRequest, form: Any, **context: Any) -> HttpResponse:
        template = f"{self.model._meta.app_label}/{self.model._meta.model_name}_form.html"
        noun = self.model._meta.verbose_name
        context = {"form": form, "noun": noun, "new": f"New {noun}", **context}
        status = UNPROCESSABLE if form.is_bound else 200
        return render(request, [template, "workspaces/row_form.html"], context, status=status)


class AddView(RowView):
    def dispatch(self, request: MemberRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        if not request.member.reads_all:
            raise Http404
        request.member.require(Action.EDIT)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: MemberRequest) -> HttpResponse:
        return self.form_page(request, self.form(by=request.member, initial=request.GET.dict()))

    def post(self, request: MemberRequest) -> HttpResponse:
        form = self.form(request.POST, by=request.member)
        row = form.save() if form.is_valid() else None
        if row is None:
            return self.form_page(request, form)
        messages.success(request, f"Added {row.key} {row}.")
        return redirect(row)


class EditView(RowView):
    def get(self, request: MemberRequest, key: str) -> HttpResponse:
        row = request.member.editable(self.model, key=key)
        return self.form_page(request, self.form(instance=row, by=request.member), row=row)

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        row = request.member.editable(self.model, key=key)
        form = self.form(request.POST, instance=row, by=request.member)
        if not (form.is_valid() and form.save()):
            return self.form_page(request, form, row=row)
        messages.success(request, f"Saved {row.key}.")
        return stay(request, row.get_absolute_url())


class FieldView(RowView):
    """One field in place: the cell becomes a small form, and then a cell again. Without script it is a page."""

    def get(self, request: MemberRequest, key: str, field: str) -> HttpResponse:
        row, form = self._form(request, key, field)
        return self._small_form(request, row, form, field)

    def post(self, request: MemberRequest, key: str, field: str) -> HttpResponse:
        row, form = self._form(request, key, field, request.POST)
        if not (form.is_valid() and form.save()):
            return self._small_form(request, row, form, field)
        if not self._in_place(request):
            messages.success(request, f"Saved {row.key}.")
            return stay(request, row.get_absolute_url())
        return render(request, "workspaces/cell_saved.html", {"row": row, "field": field, "editable": True})

    @staticmethod
    def _in_place(request: MemberRequest) -> bool:
        """In a cell of the page, rather than in a dialog over it, or on a page of its own."""
        return bool(request.htmx) and request.htmx.target not in ("dialog-body", "main")

    def _form(self, request: MemberRequest, key: str, field: str, *data: Any) -> tuple[PlanModel, Any]:
        row = request.member.editable(self.model, key=key)
        if field not in self.form._meta.fields:
            raise Http404
        return row, self.form(*data, instance=row, by=request.member, field=field)

    def _small_form(self, request: MemberRequest, row: PlanModel, form: Any, field: str) -> HttpResponse:
        template = "workspaces/cell_form.html" if self._in_place(request) else "workspaces/row_form.html"
        context = {"form": form, "row": row, "field": form[field], "noun": row._meta.verbose_name}
        return render(request, template, context, status=UNPROCESSABLE if form.is_bound else 200)


class ArchiveView(View):
    model: ClassVar[Any] = None

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        row = request.member.editable(self.model, key=key)
        row.archive(by=request.member)
        undo = reverse(f"{self.model._meta.model_name}-restore", args=[request.member.workspace.slug, row.key])
        messages.success(request, f"Archived {row.key} {row}.", extra_tags=f"undo {undo}")
        return stay(request, row.get_absolute_url())


class RestoreView(View):
    model: ClassVar[Any] = None

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        row = request.member.editable(self.model, key=key)
        row.restore(by=request.member)
        messages.success(request, f"Restored {row.key} {row}.")
        return stay(request, row.get_absolute_url())


@dataclass(frozen=True)
class Done:
    """What was done, in a sentence, and the address to which posting takes it back."""

    says: str
    undo: str = ""


class ActView(View):
    """A form about a row that calls a verb: a page of its own, and a dialog where there is script."""

    model: ClassVar[type[Any]]
    form: ClassVar[Any]
    # What the button says.
    act: ClassVar[str] = "Save"
    template = "workspaces/act.html"

    def get(self, request: MemberRequest, **at: Any) -> HttpResponse:
        row = self.row(request.member, **at)
        return self.page(request, row, self.form(by=request.member, initial=self.initial(row)))

    def post(self, request: MemberRequest, **at: Any) -> HttpResponse:
        row = self.row(request.member, **at)
        form = self.form(request.POST, by=request.member)
        done = form.attempt(self.do, row, by=request.member, **form.cleaned_data) if form.is_valid() else None
        if done is None:
            return self.page(request, row, form)
        tell(request, done)
        return self.after(request, row)

    def page(self, request: MemberRequest, row: Any, form: Any) -> HttpResponse:
        words = {"title": self.title(row), "says": self.says(row), "act": self.act, "back": self.leads_to(row)}
        status = UNPROCESSABLE if form.is_bound else 200
        return render(request, self.template, {"form": form, "row": row, **words}, status=status)

    # --- what a page adds ------------------------------------------------------------------------

    def row(self, member: Member, key: str) -> Any:
        return member.editable(self.model, key=key)

    def initial(self, row: Any) -> dict[str, Any]:
        return {}

    def title(self, row: Any) -> str:
        raise NotImplementedError

    def says(self, row: Any) -> str:
        return ""

    def do(self, row: Any, *, by: Member, **answers: Any) -> Done | None:
        """Call the verb."""
        raise NotImplementedError

    def after(self, request: MemberRequest, row: Any) -> HttpResponse:
        return stay(request, self.leads_to(row))

    def leads_to(self, row: Any) -> str:
        address: str = row.get_absolute_url()
        return address


def stay(request: MemberRequest, otherwise: str) -> HttpResponse:
    """Where script opened a dialog over a page, one is still on that page when it is done."""
    return redirect((request.htmx and request.htmx.current_url_abs_path) or otherwise)


def tell(request: HttpRequest, done: Any) -> None:
    if isinstance(done, Done):
        messages.success(request, done.says, extra_tags=f"undo {done.undo}" if done.undo else "")
