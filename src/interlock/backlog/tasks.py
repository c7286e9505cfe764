from interlock.backlog.models import Feature
from interlock.jobs import every
from interlock.workspaces.models import Workspace


@every(hours=1)
def even_out_ranks() -> None:
    for workspace in Workspace.objects.all():
        Feature.objects.even_out(workspace)
