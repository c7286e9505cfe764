"""Leaving: everything of a workspace as files, made in the background and fetched here."""

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from interlock.connect.exporting.models import KEPT, Export, require_all
from interlock.workspaces import security
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.models import Member


class ExportsView(View):
    def get(self, request: MemberRequest) -> HttpResponse:
        require_all(request.member)
        exports = list(Export.objects.visible_to(request.member).select_related("workspace", "member__user"))
        context = {"exports": exports, "waiting": any(one.waiting for one in exports), "days": KEPT.days}
        return render(request, "connect/exports.html", context)

    def post(self, request: MemberRequest) -> HttpResponse:
        Export.objects.ask(by=request.member)
        messages.success(request, "The export is being made. It appears here when it is ready.")
        return redirect("exports", request.member.workspace.slug)


class ForgetView(View):
    def post(self, request: MemberRequest, export: int) -> HttpResponse:
        require_all(request.member)
        found = get_object_or_404(Export.objects.visible_to(request.member), pk=export)
        found.forget(by=request.member)
        messages.success(request, f"{found} is gone.")
        return redirect("exports", request.member.workspace.slug)


@method_decorator(never_cache, name="dispatch")
class FileView(View):
    def get(self, request: MemberRequest, export: int) -> HttpResponseBase:
        require_all(request.member)
        return fetched(get_object_or_404(Export.objects.visible_to(request.member), pk=export), by=request.member)


def fetched(export: Export, *, by: Member) -> FileResponse:
    if not export.ready:
        raise Http404
    try:
        file = export.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    security.note("export fetched", export=export.key, member=str(by.pseudonym), door=by.door)
    response = FileResponse(file, as_attachment=True, filename=export.filename, content_type="application/zip")
    response["X-Content-Type-Options"] = "nosniff"
    return response
