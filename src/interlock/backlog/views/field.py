from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views import View

from interlock.backlog.columns import Column, column_named
from interlock.backlog.forms import FieldForm
from interlock.backlog.models import Feature
from interlock.backlog.table import Table
from interlock.workspaces.errors import StaleVersion
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.pages import UNPROCESSABLE, came_from

CONFLICT = 412


class FieldView(View):
    """One field of a feature, changed where it stands, in the list or on its page; without script, on its own."""

    def get(self, request: MemberRequest, key: str, field: str) -> HttpResponse:
        feature, column = self._find(request, key, field)
        return self._show(request, FieldForm(column=column, feature=feature, by=request.member))

    def post(self, request: MemberRequest, key: str, field: str) -> HttpResponse:
        feature, column = self._find(request, key, field)
        form = FieldForm(request.POST, column=column, feature=feature, by=request.member)
        if not form.is_valid():
            return self._show(request, form, status=UNPROCESSABLE)
        try:
            saved = form.save()
        except StaleVersion:
            # Somebody was faster. Where that was with another field, it is none of this one's business.
            now, _ = self._find(request, key, field)
            if column.told(now) != form.cleaned_data["was"]:
                return self._show(request, form.against(now), status=CONFLICT)
            saved = form.save(now)
        return self._saved(request, key, column) if saved else self._show(request, form, status=UNPROCESSABLE)

    @staticmethod
    def _find(request: MemberRequest, key: str, field: str) -> tuple[Feature, Column]:
        column = column_named(field)
        if column is None or not column.editable:
            raise Http404
        return request.member.editable(Feature, key=key), column

    @staticmethod
    def _show(request: MemberRequest, form: FieldForm, status: int = 200) -> HttpResponse:
        template = "backlog/field_in_place.html" if request.htmx else "backlog/field.html"
        back = request.POST.get("back") or came_from(request, otherwise=form.feature.get_absolute_url())
        return render(request, template, {"form": form, "feature": form.feature, "back": back}, status=status)

    @staticmethod
    def _saved(request: MemberRequest, key: str, column: Column) -> HttpResponse:
        feature = request.member.visible(Feature, key=key)
        if request.htmx and column.template:
            return render(request, column.template, {"feature": feature, "editable": True, "saved": True})
        if request.htmx:
            place = Table([column], by=request.member, on_page="on-page" in request.GET)
            return HttpResponse(place.inside(column, feature, saved=True))
        back = request.POST.get("back", "")
        # Addresses of this workspace begin so, and no address elsewhere does.
        return redirect(back if back.startswith(request.member.workspace.get_absolute_url()) else feature)
