from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, ParamSpec, TypeVar

from django.db import transaction
from django_tasks import DEFAULT_TASK_QUEUE_NAME
from django_tasks import task as django_task
from django_tasks.base import Task, TaskResultStatus
from django_tasks.utils import normalize_json
from django_tasks_db.backend import DatabaseBackend

P = ParamSpec("P")
T = TypeVar("T")

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Task[P, T], Generic[P, T]):
    retries: int = 0

    def pause_after(self, attempt: int) -> timedelta:
        return FIRST_PAUSE * min(2 ** (attempt - 1), LONGEST_PAUSE // FIRST_PAUSE)

    def enqueue_once(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Enqueue unless the same job waits already.

        The one that waits is locked until the caller's transaction ends, so that it cannot start before
        it would see what the caller wrote. One that somebody else has locked does not count.
        """
        from interlock.jobs.models import Run

        same = Run.objects.filter(
            task_path=self.module_path,
            status=TaskResultStatus.READY,
            args_kwargs=normalize_json({"args": args, "kwargs": kwargs}),
        )
        with transaction.atomic():
            if not same.select_for_update(skip_locked=True).exists():
                self.enqueue(*args, **kwargs)


class JobBackend(DatabaseBackend):
    task_class = Job


def job(
    *, retries: int = 0, queue: str = DEFAULT_TASK_QUEUE_NAME, priority: int = 0
) -> Callable[[Callable[P, T]], Job[P, T]]:
    options: dict[str, Any] = {"retries": retries, "queue_name": queue, "priority": priority}
    return django_task(**options)
