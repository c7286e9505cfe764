"""Keeps the dates of the plan what tasks, links and calendars make of them, in the background."""

import logging
from collections.abc import Callable
from typing import Any

from django.utils import timezone

from interlock.engine.outlook import Outlook
from interlock.jobs.apart import Cancelled, Died, apart
from interlock.organisation.models import Absence, Department, Person
from interlock.releases import figures, scheduling
from interlock.releases.models import (
    Computation,
    Forecast,
    FreezeWindow,
    PlanRun,
    Release,
    RiskHit,
    Scenario,
    ScenarioRun,
    Task,
    TaskLink,
    Workstream,
)
from interlock.risks.models import Risk
from interlock.workspaces.changes import Change, announce, changed
from interlock.workspaces.models import Workspace

logger = logging.getLogger(__name__)

READ = frozenset(
    model._meta.label_lower
    for model in (Absence, Department, FreezeWindow, Person, Release, Risk, RiskHit, Task, TaskLink, Workstream)
)
SECONDS, WORKERS, RUNS, SEED = 10.0, 2, 10_000, 1
# For each of two plans that are compared.
SECONDS_EACH = 5.0
# Whatever the solver does, it is ended then. The first time on a machine, most of it goes into compiling.
LONGEST = 600.0


def listen() -> None:
    changed.connect(note, dispatch_uid="releases.planning")


def note(changes: list[Change], **_: object) -> None:
    for workspace_id in {change.workspace_id for change in changes if change.model in READ}:
        if Task.objects.filter(workspace=workspace_id).exists():
            PlanRun.objects.want_for(workspace_id)


def compute(workspace: Workspace) -> None:
    """Schedule all open releases; a change meanwhile makes this run superfluous, and it stops."""
    run = PlanRun.objects.filter(workspace=workspace).first()
    if run is None or not run.begin():
        return
    gathered = scheduling.gather(workspace, today=timezone.localdate())
    outlook: Outlook | None = _computed(
        run,
        f"The plan, {len(gathered.tasks):,} tasks in all,",
        "interlock.engine.outlook:look_ahead",
        gathered.plan,
        seconds=SECONDS,
        workers=WORKERS,
    )
    if outlook is None:
        return
    at = timezone.now()
    touched = scheduling.keep(gathered, outlook)
    told = scheduling.foretell(gathered, outlook, at=at, runs=RUNS, seed=SEED)
    state = PlanRun.State.REFUSED if outlook.against else PlanRun.State.DONE
    names = [name for name, _ in gathered.history]
    says = "\n\n".join(outlook.against)
    run.end(state, at=at, says=says, learnt=dict(zip(names, outlook.learnt, strict=True)))
    tell(workspace, gathered, touched, told)


def compute_scenario(scenario: Scenario) -> None:
    """The plan as it is and as the scenario would have it, side by side."""
    run, workspace, release = scenario.run, scenario.workspace, scenario.release
    if not run.begin():
        return
    plan = PlanRun.objects.filter(workspace=workspace).values_list("wanted", flat=True).first() or 0
    today, (draft, told) = timezone.localdate(), scenario.read()
    gathered = [scheduling.gather(workspace, today=today, draft=one) for one in (None, draft)]
    place = figures.place_of(gathered[0], release)
    refused = [one.refused for one in told if one.refused]
    if place is None and not refused:
        refused = [f"{release} has no task that is still to be done: there is nothing to schedule."]
    if refused:
        run.end(ScenarioRun.State.REFUSED, at=timezone.now(), says="\n\n".join(refused))
    else:
        outlooks = _computed(
            run,
            "The scenario",
            "interlock.engine.outlook:compare",
            lambda: [one.plan() for one in gathered],
            seconds=SECONDS_EACH,
            release=place,
        )
        if outlooks is None:
            return
        try:
            before, after = (
                figures.figures(one, outlook, release) for one, outlook in zip(gathered, outlooks, strict=True)
            )
        except ValueError as none:
            run.end(ScenarioRun.State.REFUSED, at=timezone.now(), says=str(none))
        else:
            state = ScenarioRun.State.REFUSED if after["against"] else ScenarioRun.State.DONE
            says = "\n\n".join(after["against"])
            run.end(state, at=timezone.now(), says=says, before=before, after=after, plan=plan)
    announce([Change(workspace.pk, scenario._meta.label_lower, scenario.pk, scenario.key, release.product_id)])


def _computed(run: Computation, what: str, function: str, asked: Callable[[], Any], **how: Any) -> Any:
    """The answer; None where nobody wants it any more, or where there is none, which the run then says."""
    try:
        return apart(
            function,
            asked(),
            runs=RUNS,
            seed=SEED,
            at_most=LONGEST,
            wanted=run.still_wanted,
            progress=run.report,
            **how,
        )
    except Cancelled:
        return None
    except ValueError as nonsense:
        run.end(Computation.State.REFUSED, at=timezone.now(), says=str(nonsense))
    except (Died, MemoryError):
        logger.exception("%s could not be computed", run)
        says = f"{what} could not be computed: it takes too much memory or time."
        run.end(Computation.State.REFUSED, at=timezone.now(), says=says)
    return None


def tell(workspace: Workspace, gathered: scheduling.Gathered, touched: list[int], told: list[Release]) -> None:
    """Open pages show the new dates, and rules that read them look again."""
    changed_tasks = set(touched)
    moved = {task.workstream.release for task in gathered.tasks if task.pk in changed_tasks} | set(told)
    newest = dict(Forecast.objects.newest().filter(release__in=moved).values_list("release", "pk"))
    announce(
        Change(workspace.pk, "releases.forecast", newest.get(release.pk, 0), release.key, release.product_id)
        for release in moved
    )
