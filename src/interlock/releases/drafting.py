"""The open plans of a workspace as rows in memory: to be changed without anybody noticing, and then for good.

What a change means is written once: the same fields are set on a draft, which is then scheduled, and by the verbs when
somebody decides for it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Self

from django.db import models, transaction

from interlock.backlog.models import Feature
from interlock.organisation.models import Department, Person
from interlock.releases.models.release import Release, ScopeItem
from interlock.releases.models.task import Task, TaskLink
from interlock.releases.models.workstream import Workstream
from interlock.workspaces.errors import DomainError
from interlock.workspaces.models import Member, Workspace
from interlock.workspaces.plan import PlanModel

# Field → what it was when somebody decided on a change of it.
Found = dict[str, Any]


@dataclass
class Draft:
    """Departments and releases keep their places whatever is changed, so that two drafts can be compared.

    by  whose eyes it is seen with: what they do not see cannot be changed, and is not there for them; None sees all
    """

    workspace: Workspace
    tasks: list[Task]
    links: list[TaskLink]
    departments: dict[int, Department]
    releases: dict[int, Release]
    # Department → how many belong to it.
    people: Mapping[int, int]
    by: Member | None = None
    scope: dict[Feature, Release | None] = field(default_factory=dict)
    edits: dict[PlanModel, dict[str, Any]] = field(default_factory=dict)
    # Products of which the changes speak.
    products: set[int] = field(default_factory=set)
    _before: dict[tuple[PlanModel, str], Any] = field(default_factory=dict)
    _found: dict[str, Found] = field(default_factory=dict)
    _streams: dict[tuple[int, int], Workstream] = field(default_factory=dict)

    @classmethod
    def of(cls, workspace: Workspace, *, by: Member | None = None) -> Self:
        planned = Task.objects.of(workspace).planned().defer("description").order_by("pk")
        tasks = list(planned.select_related("workstream__department", "workstream__release", "feature__product"))
        departments: dict[int, Department] = {}
        releases: dict[int, Release] = {}
        for task in tasks:
            stream = task.workstream
            # One object for each, so that what is changed about it holds for all of its tasks.
            stream.department = departments.setdefault(stream.department_id, stream.department)
            stream.release = releases.setdefault(stream.release_id, stream.release)
        open_ = {task.pk: task for task in tasks}
        links = list(TaskLink.objects.of(workspace).in_force().filter(task__in=open_, predecessor__in=open_))
        for link in links:
            link.task, link.predecessor = open_[link.task_id], open_[link.predecessor_id]
        people: dict[int, int] = defaultdict(int)
        for department_id in Person.objects.of(workspace).current().values_list("department_id", flat=True):
            people[department_id] += 1
        return cls(workspace, tasks, links, departments, releases, people, by)

    @property
    def open_tasks(self) -> list[Task]:
        return [task for task in self.tasks if task.open]

    def capacity(self, department: Department) -> Decimal:
        """How many of it can work at once. One of which nobody is known does its work all the same."""
        if department.capacity is not None:
            return department.capacity
        return Decimal(self.people.get(department.pk) or 1)

    # --- finding what is meant -------------------------------------------------------------------

    def task(self, key: str) -> Task:
        found = next((one for one in self.tasks if one.key == key.upper()), None)
        if found is None or not self._sees(found):
            raise DomainError(f"There is no {key} that is still to be done in an open release.", field="changes")
        if not found.open:
            raise DomainError(f"{found.key} is left out already by a change before this one.", field="changes")
        return found

    def feature(self, key: str) -> Feature:
        rows: Any = Feature.objects.visible_to(self.by) if self.by else Feature.objects.of(self.workspace)
        found: Feature | None = rows.active().keyed(key).select_related("scope__release").first()
        if found is None:
            raise DomainError(f"There is no feature {key}.", field="changes")
        return found

    def tasks_of(self, feature: Feature, release: Release) -> list[Task]:
        mine = [
            task
            for task in self.open_tasks
            if task.feature_id == feature.pk and task.workstream.release_id == release.pk
        ]
        if not mine:
            raise DomainError(
                f"No task of {release} that is still to be done belongs to “{feature}”: without it, nothing changes.",
                field="changes",
            )
        return mine

    def release(self, named: str) -> Release:
        """An open release, by its key or name."""
        rows: Any = Release.objects.visible_to(self.by) if self.by else Release.objects.of(self.workspace)
        found = _one(rows.open(), named, "open release")
        return self.releases.setdefault(found.pk, found)

    def department(self, named: str) -> Department:
        rows: Any = Department.objects.visible_to(self.by) if self.by else Department.objects.of(self.workspace)
        found = _one(rows.active(), named, "department")
        return self.departments.setdefault(found.pk, found)

    def link(self, before: Task, after: Task) -> TaskLink:
        for one in self.links:
            if (one.predecessor_id, one.task_id) == (before.pk, after.pk):
                return one
        raise DomainError(f"{after.key} does not wait for {before.key}.", field="changes")

    def stream(self, release: Release, department: Department) -> Workstream:
        """The department's part in a release; one that is yet to be made, where it has none."""
        place = release.pk, department.pk
        if place not in self._streams:
            held = Workstream.objects.of(self.workspace).active().filter(release=release, department=department)
            made = held.first() or Workstream(workspace=self.workspace)
            made.release, made.department = release, department
            self._streams[place] = made
        return self._streams[place]

    def _sees(self, row: PlanModel) -> bool:
        return self.by is None or row.seen_by(self.by)

    # --- changing it -----------------------------------------------------------------------------

    def set(self, row: PlanModel, **fields: Any) -> None:
        """Raises DomainError for what the verb would refuse as well."""
        mine, found = self.edits.setdefault(row, {}), self._found.setdefault(row.key, {})
        self._speak_of(row)
        for name, value in fields.items():
            found[name] = self._before.setdefault((row, name), _told(getattr(row, name)))
            setattr(row, name, value)
            mine[name] = value
        self._speak_of(row)
        try:
            row.refuse_nonsense({name for name in fields if not isinstance(fields[name], models.Model)})
        except DomainError as error:
            raise DomainError(f"{row.key}: {error.sentence}", field="changes") from error

    def plan(self, feature: Feature, release: Release | None) -> None:
        held: ScopeItem | None = getattr(feature, "scope", None)
        self._found.setdefault(feature.key, {})["release"] = held.release.key if held else None
        self.scope[feature] = release
        for row in (feature, release):
            if row:
                self._speak_of(row)

    def _speak_of(self, row: PlanModel) -> None:
        if product := row.product_scope():
            self.products.add(product)

    def called(self, key: str) -> str:
        """The name of a row that it changes, or of one of its tasks; the key itself, where there is none of it."""
        rows = (*self.edits, *self.scope, *(task for task in self.tasks if self._sees(task)))
        return next((str(row) for row in rows if row.key == key), key)

    def model(self, key: str) -> type[PlanModel] | None:
        return next((type(row) for row in (*self.edits, *self.scope) if row.key == key), None)

    def take_found(self) -> dict[str, Found]:
        """What was found by the changes since this was last asked."""
        found, self._found = self._found, {}
        return found

    # --- for good --------------------------------------------------------------------------------

    def lock(self) -> None:
        """Until the transaction ends nobody else changes the rows that this draft changes."""
        for model, rows in self._by_model():
            list(model._base_manager.select_for_update(of=("self",)).filter(pk__in=rows).order_by("pk").values("pk"))

    @transaction.atomic
    def carry_out(self, *, by: Member, reason: str) -> None:
        """As ordinary verbs, all of them or none."""
        for model, rows in self._by_model():
            mine = set(model._default_manager.editable_by(by).filter(pk__in=rows).values_list("pk", flat=True))  # type: ignore[attr-defined]
            if foreign := [row.key for pk, row in rows.items() if pk not in mine]:
                raise DomainError(f"Not yours to change: {', '.join(foreign)}.", field="changes")
        for stream in self._streams.values():
            if stream.pk is None and any(fields.get("workstream") is stream for fields in self.edits.values()):
                made = Workstream.objects.add(release=stream.release, department=stream.department, by=by)
                self._made(stream, made)
        ScopeItem.objects.plan_many(list(self.scope.items()), by=by)
        changes: dict[type[PlanModel], list[tuple[PlanModel, dict[str, Any]]]] = defaultdict(list)
        for row, fields in self.edits.items():
            changes[type(row)].append((row, fields))
        for model, pairs in changes.items():
            model._default_manager.change_many(pairs, by=by, reason=reason)  # type: ignore[attr-defined]

    def _made(self, stream: Workstream, made: Workstream) -> None:
        for fields in self.edits.values():
            if fields.get("workstream") is stream:
                fields["workstream"] = made

    def _by_model(self) -> Iterator[tuple[type[PlanModel], dict[int, PlanModel]]]:
        found: dict[type[PlanModel], dict[int, PlanModel]] = defaultdict(dict)
        for row in (*self.edits, *self.scope):
            found[type(row)][row.pk] = row
        yield from sorted(found.items(), key=lambda pair: pair[0]._meta.label_lower)


def _one(rows: Any, named: str, noun: str) -> Any:
    named = named.strip().strip("“”\"'")
    found = list(rows.keyed(named)[:1]) or list(rows.filter(name__iexact=named)[:2])
    if len(found) > 1:
        raise DomainError(f"More than one {noun} is called “{named}”: give the key.", field="changes")
    if not found:
        raise DomainError(f"There is no {noun} “{named[:80]}”.", field="changes")
    return found[0]


def _told(value: Any) -> Any:
    """As it is kept to be compared with later."""
    match value:
        case Decimal():
            return float(value)
        case date():
            return value.isoformat()
        case models.Model():
            return value.key  # type: ignore[attr-defined]
    return value
