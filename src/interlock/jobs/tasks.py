from datetime import timedelta

from django.utils import timezone

from interlock.jobs.models import Run
from interlock.jobs.schedule import every


@every(days=1)
def forget_old_runs() -> None:
    now = timezone.now()
    Run.objects.prune(succeeded_before=now - timedelta(days=2), failed_before=now - timedelta(days=30))
