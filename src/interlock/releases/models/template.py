from collections.abc import Collection
from datetime import date
from decimal import Decimal
from math import ceil
from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models.functions import Lower

from interlock.organisation.models import Department
from interlock.releases.models.dates import TaskDates
from interlock.releases.models.release import Release
from interlock.releases.models.task import Task, TaskLink
from interlock.releases.models.workstream import Workstream
from interlock.releases.recipes import Recipe, Shipped, Step, shipped
from interlock.workspaces import bulk
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member
from interlock.workspaces.plan import PlanModel, PlanQuerySet


class ReleaseTemplateQuerySet(PlanQuerySet["ReleaseTemplate"]):
    def take_in(self, one: Shipped, *, by: Member) -> "ReleaseTemplate":
        """The workspace's own copy of a template that comes with Interlock; where it has one, that."""
        own = self.of(by.workspace).active().filter(name=one.name).first()
        fields = {"name": one.name, "tier": one.tier, "description": one.description, "plan": one.plan}
        return own or self.add(by=by, **fields)

    def usual_for(self, release: Release) -> str:
        """The name of a template for its tier: the workspace's own before those that come with Interlock."""
        own = self.of(release.workspace).active().filter(tier=release.tier).values_list("name", flat=True).first()
        return own or next((one.name for one in shipped() if one.tier == release.tier), "")

    def called_or_shipped(self, name: str, *, by: Member) -> "ReleaseTemplate | None":
        own = self.of(by.workspace).active().filter(name=name).first()
        return own or next((self.take_in(one, by=by) for one in shipped() if one.name == name), None)


class ReleaseTemplate(PlanModel):
    """What every release of a tier needs from each department, and how long before launch."""

    prefix = "TPL"
    page = "releasetemplate"
    taken = ("A template of this name exists already.", "name")

    name = models.CharField(max_length=120)
    tier = models.PositiveSmallIntegerField(choices=Release.Tier, default=Release.Tier.FEATURE)
    description = models.CharField(max_length=300, blank=True)
    plan = models.TextField(max_length=100_000)

    objects: ClassVar[Any] = ReleaseTemplateQuerySet.as_manager()

    class Meta:
        verbose_name = "release template"
        ordering = ["tier", "name"]
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="release_template_key"),
            models.UniqueConstraint(
                "workspace", Lower("name"), condition=models.Q(archived_at=None), name="release_template_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def recipe(self) -> Recipe:
        return Recipe.parse(self.plan)

    def refuse_nonsense(self, names: set[str]) -> None:
        super().refuse_nonsense(names)
        if "plan" in names:
            self.plan = self.plan.replace("\r\n", "\n")
            Recipe.parse(self.plan)

    @transaction.atomic
    def start(self, release: Release, *, by: Member, left_out: Collection[str] = ()) -> list[Task]:
        """Give a release its plan: workstreams, tasks and links, dated back from its target.

        left_out    departments of the template that are to have no part in it
        Raises DomainError where the release has no day as its target, has a plan already, or where the template
        names a department that the workspace does not have.
        """
        target = release.latest_target
        if target is None:
            raise DomainError(
                "A plan is counted back from the launch: give the release a target first.", field="target_on"
            )
        if release.workstreams.active().exists():
            raise DomainError(f"{release} has a plan already.")
        recipe = self.recipe
        departments = self._departments(recipe, left_out, by=by)
        asked = [(name, step) for name, steps in recipe.departments.items() if name in departments for step in steps]
        release.change(template=self, by=by)
        streams = Workstream.objects.add_many(
            [{"release": release, "department": department} for department in departments.values()], by=by
        )
        stream_of = dict(zip(departments, streams, strict=True))
        due = {step.id: _counted_back(target, step, departments[name]) for name, step in asked}
        tasks = Task.objects.add_many([_fields(step, stream_of[name], due[step.id]) for name, step in asked], by=by)
        made = {step.id: task for (_, step), task in zip(asked, tasks, strict=True)}
        TaskLink.objects.add_many(
            [
                {"task": made[step.id], "predecessor": made[need], "lag_days": lag}
                for _, step in asked
                for need, lag in step.waits_for()
                if need in made
            ],
            by=by,
        )
        bulk.insert(
            TaskDates,
            ("task", "starts_on", "ends_on", "critical"),
            [
                (made[step.id].pk, _begun(due[step.id], step, departments[name]), due[step.id], False)
                for name, step in asked
            ],
        )
        recipe.start_parts(release, made, by=by)
        return tasks

    @staticmethod
    def _departments(recipe: Recipe, left_out: Collection[str], *, by: Member) -> dict[str, Department]:
        known = {one.name.casefold(): one for one in Department.objects.visible_to(by).active()}
        wanted = [name for name in recipe.departments if name not in left_out]
        missing = [name for name in wanted if name.casefold() not in known]
        if missing:
            told = " and ".join(filter(None, [", ".join(missing[:-1]), missing[-1]]))
            raise DomainError(
                f"The template asks for {told}, which this workspace does not have: add "
                f"{'it' if len(missing) == 1 else 'them'}, or leave {'it' if len(missing) == 1 else 'them'} out.",
                field="left_out",
            )
        return {name: known[name.casefold()] for name in wanted}


def _counted_back(target: date, step: Step, department: Department) -> date:
    # The launch itself may fall on a day off; what comes before it ends on a day of work.
    return department.shifted(target, -step.ends) if step.ends else target


def _begun(due: date, step: Step, department: Department) -> date:
    days = ceil(step.days[1]) if step.days else 0
    return department.shifted(due, 1 - days) if days else due


def _fields(step: Step, workstream: Workstream, due: date) -> dict[str, Any]:
    days = dict(zip(("optimistic", "likely", "pessimistic"), step.days or (), strict=False))
    kind = Task.Kind.MILESTONE if step.milestone else Task.Kind.TASK
    return {
        "workstream": workstream,
        "title": step.name,
        "kind": kind,
        "people": step.people,
        "enablement": step.enablement,
        "deadline": due,
        # The launch waits for its day, however early all else is done.
        "not_before": due if step.milestone and not step.ends else None,
        **{name: Decimal(str(value)) for name, value in days.items()},
    }
