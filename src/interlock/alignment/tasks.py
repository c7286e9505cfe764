from django.utils import timezone

from interlock.alignment import checking
from interlock.alignment.models import PendingChange
from interlock.jobs import every, job
from interlock.workspaces.models import Workspace


@job(retries=3)
def recheck_pending(workspace_id: int) -> None:
    workspace = Workspace.objects.filter(pk=workspace_id).first()
    if workspace:
        checking.recheck_pending(workspace, today=timezone.localdate())


@job(retries=3)
def check_workspace(workspace_id: int) -> None:
    workspace = Workspace.objects.filter(pk=workspace_id).first()
    if workspace:
        checking.check(workspace, today=timezone.localdate())


@every(minutes=1)
def sweep() -> None:
    """A change whose recheck was lost on the way is picked up here."""
    for workspace_id in PendingChange.objects.values_list("workspace_id", flat=True).distinct():
        recheck_pending.enqueue_once(workspace_id=workspace_id)


@every(minutes=10)
def check_the_new_day() -> None:
    """What is wrong can depend on the day alone: a target passes, a waiver runs out."""
    looked_at = Workspace.objects.filter(check_lease__everything_on__gte=timezone.localdate())
    for workspace_id in Workspace.objects.exclude(pk__in=looked_at).values_list("pk", flat=True):
        check_workspace.enqueue_once(workspace_id=workspace_id)
