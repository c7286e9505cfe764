from django.utils import timezone

from interlock.jobs import every, job
from interlock.releases import planning
from interlock.releases.models import PlanRun
from interlock.workspaces.models import Workspace


@job(retries=1, queue="plan")
def compute_plan(workspace_id: int) -> None:
    workspace = Workspace.objects.filter(pk=workspace_id).first()
    if workspace:
        planning.compute(workspace)


@every(minutes=10)
def keep_up_with_the_day() -> None:
    """What is not begun cannot begin yesterday; and a computation that was lost on the way is picked up here."""
    for workspace_id in PlanRun.objects.of_a_day_before(timezone.now()).values_list("workspace_id", flat=True):
        PlanRun.objects.want(workspace_id)
    for workspace_id in PlanRun.objects.behind().values_list("workspace_id", flat=True):
        compute_plan.enqueue_once(workspace_id=workspace_id)
