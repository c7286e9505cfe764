"""A release's plan, gathered as far as a member sees it: what its page draws, and what its files hold."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.http import Http404

from interlock.releases.models import PlanBaseline, Release, Task, TaskLink, Workstream
from interlock.releases.models.baseline import Span, moved
from interlock.workspaces.models import Member


@dataclass(frozen=True)
class Plan:
    """Tasks come with owner, dates and workstream; workstreams with department and release."""

    release: Release
    streams: Sequence[Workstream]
    tasks: Sequence[Task]
    links: Sequence[TaskLink]
    baseline: PlanBaseline | None = None
    # Key of a task → when it was to be done, as the baseline has it.
    agreed: Mapping[str, Span] = field(default_factory=dict)

    @classmethod
    def of(cls, release: Release, *, by: Member, described: bool = False) -> "Plan":
        """Without what was dropped or archived. Raises Http404 for whoever sees the release and not its plan.

        described   with the texts of the tasks, which may be long
        """
        if not by.reads_all:
            raise Http404
        streams = list(Workstream.objects.visible_to(by).active().filter(release=release).select_related("department"))
        rows = Task.objects.visible_to(by).active().filter(workstream__in=streams).exclude(status=Task.Status.DROPPED)
        tasks = list(rows.select_related("owner__department", "dates").defer(*([] if described else ["description"])))
        known = {stream.pk: stream for stream in streams}
        for stream in streams:
            stream.release = release
        for task in tasks:
            task.workstream = known[task.workstream_id]
        links = list(TaskLink.objects.visible_to(by).active().filter(task__in=tasks, predecessor__in=tasks))
        baseline = PlanBaseline.objects.visible_to(by).select_related("kept_by__user").of(release)
        return cls(release, streams, tasks, links, baseline, baseline.spans if baseline else {})

    def moved(self, task: Task) -> int | None:
        """Days by which a task ends later than the baseline has it; None where that says nothing of it."""
        return moved(task, self.agreed.get(task.key))

    @property
    def parts(self) -> list[tuple[Workstream, list[Task]]]:
        """Each department's part, with its tasks."""
        tasks: dict[int, list[Task]] = defaultdict(list)
        for task in self.tasks:
            tasks[task.workstream_id].append(task)
        return [(stream, tasks[stream.pk]) for stream in self.streams]
