"""The hotfix of Payments went out, did not hold, and waits half done; the next full launch has its runbook."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta

from interlock.launch.models import LaunchEntry, RunbookStep
from interlock.launch.recipe import RUNBOOK, take
from interlock.organisation.models import Person
from interlock.releases.models import Release, ReleaseTemplate
from interlock.workspaces.models import Member

Status = RunbookStep.Status
STOPPED = "Payments 7.0.1"


def fill(by: Member, *, today: date, on: Callable[[date], AbstractContextManager[None]]) -> None:
    release = Release.objects.of(by.workspace).get(name=STOPPED)
    template = ReleaseTemplate.objects.called_or_shipped("Hotfix", by=by)
    assert template  # noqa: S101
    with on(today - timedelta(days=6)):
        steps = take(release, template.recipe.parts[RUNBOOK], by=by)
        people = Person.objects.of(by.workspace).current().filter(department__name="Engineering").order_by("pk")
        lead = people.first()
        for step in steps:
            if step.owner is None and step.department and step.department.name == "Engineering":
                step.change(owner=lead, by=by)
        told, deploy, shown, *_ = steps
        told.tick(Status.DONE, by=by)
        deploy.tick(Status.RUNNING, by=by)
        LaunchEntry.objects.remark(release, "The second instance took four minutes to come up.", by=by)
        deploy.tick(Status.DONE, by=by)
        shown.tick(Status.RUNNING, by=by)
        why = "Refunds of 1,000 and more still fail: the amount is rounded before the check."
        shown.tick(Status.FAILED, note=why, by=by)
        LaunchEntry.objects.remark(release, "Deployed the version before. Engineering looks into the rounding.", by=by)
