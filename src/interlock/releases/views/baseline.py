from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views import View

from interlock.releases.models import PlanBaseline, Release
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.pages import Done, stay, tell


class BaselineView(View):
    """Keeps the dates as they are now, to hold the plan against."""

    def post(self, request: MemberRequest, key: str) -> HttpResponse:
        by = request.member
        release = by.editable(Release, key=key)
        kept = PlanBaseline.objects.keep(release, by=by)
        undo = reverse("baseline-undo", args=[by.workspace.slug, release.key, kept.pk])
        count = len(kept.dates)
        tell(request, Done(f"Kept the dates of {count} task{'' if count == 1 else 's'} as baseline.", undo=undo))
        return stay(request, release.plan_url)


class BaselineUndoView(View):
    def post(self, request: MemberRequest, key: str, baseline: int) -> HttpResponse:
        release = request.member.editable(Release, key=key)
        kept = release.baselines.filter(pk=baseline).first()
        if kept is None:
            raise Http404
        kept.take_back(by=request.member)
        tell(
            request, Done("The baseline before counts again." if release.baselines.exists() else "No baseline is kept.")
        )
        return stay(request, release.plan_url)
