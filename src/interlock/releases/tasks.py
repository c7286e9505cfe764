from django.utils import timezone

from interlock.jobs import every, job
from interlock.releases import planning
from interlock.releases.models import PlanRun, Scenario, ScenarioRun
from interlock.workspaces.models import Workspace


@job(retries=1, queue="plan")
def compute_plan(workspace_id: int) -> None:
    workspace = Workspace.objects.filter(pk=workspace_id).first()
    if workspace:
        planning.compute(workspace)


@job(retries=1, queue="plan")
def compute_scenario(scenario_id: int) -> None:
    rows = Scenario.objects.filter(pk=scenario_id, archived_at=None, run__isnull=False)
    scenario = rows.select_related("run", "workspace", "release").first()
    if scenario:
        planning.compute_scenario(scenario)


@every(minutes=10)
def keep_up_with_the_day() -> None:
    """What is not begun cannot begin yesterday; and a computation that was lost on the way is picked up here."""
    for workspace_id in PlanRun.objects.of_a_day_before(timezone.now()).values_list("workspace_id", flat=True):
        PlanRun.objects.want_for(workspace_id)
    for workspace_id in PlanRun.objects.behind().values_list("workspace_id", flat=True):
        compute_plan.enqueue_once(workspace_id=workspace_id)
    lost = ScenarioRun.objects.behind().filter(scenario__archived_at=None)
    for scenario_id in lost.values_list("scenario", flat=True):
        compute_scenario.enqueue_once(scenario_id=scenario_id)
