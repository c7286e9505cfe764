from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views import View

from interlock.releases.models import ReleaseTemplate
from interlock.releases.recipes import shipped
from interlock.workspaces.middleware import MemberRequest
from interlock.workspaces.pages import RowPage
from interlock.workspaces.permissions import Action


class TemplatesView(View):
    """The workspace's own templates, and those that come with Interlock, of which it can take a copy."""

    def get(self, request: MemberRequest) -> HttpResponse:
        if not request.member.reads_all:
            raise Http404
        own = list(ReleaseTemplate.objects.visible_to(request.member).active())
        names = {template.name for template in own}
        others = [one for one in shipped() if one.name not in names]
        return render(request, "releases/templates.html", {"templates": own, "shipped": others})

    def post(self, request: MemberRequest) -> HttpResponse:
        """Take a copy of the shipped one that is named."""
        if not request.member.reads_all:
            raise Http404
        request.member.require(Action.EDIT)
        one = next((one for one in shipped() if one.name == request.POST.get("name")), None)
        if one is None:
            raise Http404
        return redirect(ReleaseTemplate.objects.take_in(one, by=request.member))


class TemplateView(RowPage):
    model = ReleaseTemplate

    def more(self, request: MemberRequest, row: ReleaseTemplate) -> dict[str, Any]:
        recipe = row.recipe
        return {
            "departments": [
                (name, sorted(steps, key=lambda step: -step.ends)) for name, steps in recipe.departments.items()
            ],
            "number": len(recipe.steps),
            "longest": max((step.ends for step in recipe.steps), default=0),
        }
