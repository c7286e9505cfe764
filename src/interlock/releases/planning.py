"""Keeps the dates of the plan what tasks, links and calendars make of them, in the background."""

import logging
from functools import partial

from django.utils import timezone

from interlock.engine.outlook import Outlook, Stage
from interlock.jobs.apart import Cancelled, Died, apart
from interlock.organisation.models import Absence, Department, Person
from interlock.releases import scheduling
from interlock.releases.models import Forecast, FreezeWindow, PlanRun, Release, RiskHit, Task, TaskLink, Workstream
from interlock.risks.models import Risk
from interlock.workspaces.changes import Change, announce, changed
from interlock.workspaces.models import Workspace

logger = logging.getLogger(__name__)

READ = frozenset(
    model._meta.label_lower
    for model in (Absence, Department, FreezeWindow, Person, Release, Risk, RiskHit, Task, TaskLink, Workstream)
)
SECONDS, WORKERS, RUNS, SEED = 10.0, 2, 10_000, 1
# Of engine.outlook.Stage, in words.
STAGES = {
    Stage.SCHEDULING: "Looking for the best dates",
    Stage.EXPLAINING: "Looking for what contradicts each other",
    Stage.SIMULATING: "Carrying the plan out by chance",
    Stage.LEVERS: "Measuring what would bring it back",
}
# Whatever the solver does, it is ended then. The first time on a machine, most of it goes into compiling.
LONGEST = 600.0


def listen() -> None:
    changed.connect(note, dispatch_uid="releases.planning")


def note(changes: list[Change], **_: object) -> None:
    for workspace_id in {change.workspace_id for change in changes if change.model in READ}:
        if Task.objects.filter(workspace=workspace_id).exists():
            PlanRun.objects.want(workspace_id)


def compute(workspace: Workspace) -> None:
    """Schedule all open releases; a change meanwhile makes this run superfluous, and it stops."""
    run = PlanRun.objects.filter(workspace=workspace).first()
    if run is None or not run.behind:
        return None
    wanted = run.wanted
    PlanRun.objects.filter(pk=run.pk).update(state=PlanRun.State.AT_WORK)
    today = timezone.localdate()
    gathered = scheduling.gather(workspace, today=today)
    try:
        outlook: Outlook = apart(
            "interlock.engine.outlook:look_ahead",
            gathered.plan,
            seconds=SECONDS,
            workers=WORKERS,
            runs=RUNS,
            seed=SEED,
            at_most=LONGEST,
            wanted=partial(_still, run, wanted),
        )
    except Cancelled:
        return None
    except ValueError as nonsense:
        return run.end(PlanRun.State.REFUSED, wanted=wanted, at=timezone.now(), says=str(nonsense))
    except (Died, MemoryError):
        logger.exception("the plan of %s could not be computed", workspace.slug)
        says = (
            f"The plan, {len(gathered.tasks):,} tasks in all, could not be computed: it takes too much memory or time."
        )
        return run.end(PlanRun.State.REFUSED, wanted=wanted, at=timezone.now(), says=says)
    at = timezone.now()
    touched = scheduling.keep(gathered, outlook)
    told = scheduling.foretell(gathered, outlook, at=at, runs=RUNS, seed=SEED)
    state = PlanRun.State.REFUSED if outlook.against else PlanRun.State.DONE
    names = [name for name, _ in gathered.history]
    says = "\n\n".join(outlook.against)
    run.end(state, wanted=wanted, at=at, says=says, learnt=dict(zip(names, outlook.learnt, strict=True)))
    tell(workspace, gathered, touched, told)
    return None


def _still(run: PlanRun, wanted: int) -> bool:
    return PlanRun.objects.filter(pk=run.pk, wanted=wanted).exists()


def tell(workspace: Workspace, gathered: scheduling.Gathered, touched: list[int], told: list[Release]) -> None:
    """Open pages show the new dates, and rules that read them look again."""
    changed_tasks = set(touched)
    moved = {task.workstream.release for task in gathered.tasks if task.pk in changed_tasks} | set(told)
    newest = dict(Forecast.objects.newest().filter(release__in=moved).values_list("release", "pk"))
    announce(
        Change(workspace.pk, "releases.forecast", newest.get(release.pk, 0), release.key, release.product_id)
        for release in moved
    )
