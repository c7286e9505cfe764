"""A release's plan, gathered as far as a member sees it: what its page draws, and what its files hold."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404

from interlock.releases.models import Release, Task, TaskLink, Workstream
from interlock.workspaces.models import Member


@dataclass(frozen=True)
class Plan:
    """Tasks come with owner, dates and workstream; workstreams with department and release."""

    release: Release
    streams: Sequence[Workstream]
    tasks: Sequence[Task]
    links: Sequence[TaskLink]

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
        return cls(release, streams, tasks, links)

    @property
    def parts(self) -> list[tuple[Workstream, list[Task]]]:
        """Each department's part, with its tasks."""
        tasks: dict[int, list[Task]] = defaultdict(list)
        for task in self.tasks:
            tasks[task.workstream_id].append(task)
        return [(stream, tasks[stream.pk]) for stream in self.streams]
