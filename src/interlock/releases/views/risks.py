from django.urls import reverse

from interlock.organisation.models import Department
from interlock.releases.forms import HitForm, ReleaseRiskForm
from interlock.releases.models import Release, RiskHit, Task, Workstream
from interlock.risks.models import Risk
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member
from interlock.workspaces.pages import ActView, Done

COUNTS = "Open releases are forecast anew with it: should it happen, what it hits takes so many days longer."


def note_hit(
    risk: Risk, release: Release | None, department: Department | None, task: Task | None, note: str, *, by: Member
) -> Done:
    part = None
    if department:
        streams = Workstream.objects.visible_to(by).active().filter(department=department)
        part = streams.filter(release=release).first() if release else None
        if part is None:
            said = f"{department} has no part in {release}." if release else "Say of which release."
            raise DomainError(said, field="department" if release else "release")
    hit = RiskHit.objects.add(risk=risk, release=release, workstream=part, task=task, note=note, by=by)
    undo = reverse("riskhit-archive", args=[by.workspace.slug, hit.key])
    return Done(f"{risk.key} hits {hit.target}.", undo=undo)


class HitAddView(ActView):
    """From the risk: what it hits."""

    model, form, act = Risk, HitForm, "Note it"

    def title(self, row: Risk) -> str:
        return f"What does “{row}” hit?"

    def says(self, row: Risk) -> str:
        return COUNTS

    def do(  # type: ignore[override]
        self,
        row: Risk,
        *,
        by: Member,
        release: Release | None,
        department: Department | None,
        task: Task | None,
        note: str,
    ) -> Done:
        return note_hit(row, release, department, task, note, by=by)


class ReleaseRiskView(ActView):
    """From the release: which risk hits it."""

    model, form, act = Release, ReleaseRiskForm, "Note it"

    def title(self, row: Release) -> str:
        return f"What may happen to {row}?"

    def says(self, row: Release) -> str:
        return COUNTS

    def leads_to(self, row: Release) -> str:
        return row.plan_url

    def do(  # type: ignore[override]
        self, row: Release, *, by: Member, risk: Risk, department: Department | None, task: Task | None, note: str
    ) -> Done:
        return note_hit(risk, row, department, task, note, by=by)
