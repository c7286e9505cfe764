from datetime import datetime
from traceback import format_exception
from typing import Any, Self

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult, get_date_max

from interlock.jobs.backend import Job
from interlock.jobs.schedule import Periodic

Status = TaskResultStatus


class WorkerLost(Exception):
    """The process that ran the job is gone: killed, or its machine is."""


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    def fresh(self) -> Self:
        return self.filter(seen_at__gt=timezone.now() - settings.WORKER_TIMEOUT)

    def stale(self) -> Self:
        return self.filter(seen_at__lte=timezone.now() - settings.WORKER_TIMEOUT)


class Heartbeat(models.Model):
    """That a worker lives is a row, which it keeps fresh."""

    worker = models.CharField(primary_key=True, max_length=64)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(db_index=True)

    objects = HeartbeatQuerySet.as_manager()

    def __str__(self) -> str:
        return self.worker


class RunQuerySet(models.QuerySet["Run"]):
    def due(self) -> Self:
        at_once = models.Q(run_after=get_date_max())
        return self.filter(at_once | models.Q(run_after__lte=timezone.now()), status=Status.READY)

    def running(self) -> Self:
        return self.filter(status=Status.RUNNING)

    def claim(self, *, queue: str, worker: str) -> "Run | None":
        """The next run that is due, now held by this worker; None where nothing waits."""
        due = self.due().filter(queue_name=queue)
        if not due.exists():  # looked up without a lock, since an idle worker must not hold up writers
            return None
        with transaction.atomic():
            run = due.select_for_update(skip_locked=True).first()
            if run is not None:
                run.claim(worker)
        return run

    def release(self, *, worker: str) -> None:
        """Hand back what a worker, asked to stop, could not finish; the attempt does not count."""
        for run in self.running():
            if run.worker_ids[-1] == worker:
                run.held().update(status=Status.READY, worker_ids=run.worker_ids[:-1])

    def reap(self) -> None:
        """Take up what a worker that is gone has left behind."""
        Heartbeat.objects.stale().delete()
        alive = set(Heartbeat.objects.fresh().values_list("pk", flat=True))
        for run in self.running():
            if run.worker_ids[-1] not in alive:
                run.fail(WorkerLost(f"Worker {run.worker_ids[-1]} is gone."))

    def prune(self, *, succeeded_before: datetime, failed_before: datetime) -> None:
        self.filter(status=Status.SUCCESSFUL, finished_at__lt=succeeded_before).delete()
        self.filter(status=Status.FAILED, finished_at__lt=failed_before).delete()


class Run(DBTaskResult):
    """A job that was enqueued, with everything that became of it."""

    objects = RunQuerySet.as_manager()  # type: ignore[assignment,misc]

    class Meta:
        proxy = True

    def held(self) -> RunQuerySet:
        """This run, unless it was taken from its worker meanwhile: what that one reports counts no more."""
        return Run.objects.filter(pk=self.pk, status=Status.RUNNING, worker_ids=self.worker_ids)

    def execute(self) -> None:
        self.task.call(*self.args_kwargs["args"], **self.args_kwargs["kwargs"])

    def succeed(self) -> None:
        self.held().update(status=Status.SUCCESSFUL, finished_at=timezone.now(), exception_class_path="", traceback="")

    def fail(self, error: BaseException) -> bool:
        """Note the error, and try again later if the job may. True when this was the last attempt."""
        noted: dict[str, Any] = {
            "exception_class_path": f"{type(error).__module__}.{type(error).__qualname__}",
            "traceback": "".join(format_exception(error)),
        }
        attempt = len(self.worker_ids)
        job = self.job
        if job and attempt <= job.retries:
            self.held().update(status=Status.READY, run_after=timezone.now() + job.pause_after(attempt), **noted)
            return False
        self.held().update(status=Status.FAILED, finished_at=timezone.now(), **noted)
        return True

    @property
    def job(self) -> Job[..., Any] | None:
        """None where an upgrade has removed the code."""
        try:
            task = self.task
        except ImportError:
            return None
        return task if isinstance(task, Job) else None


class TurnQuerySet(models.QuerySet["Turn"]):
    def plan(self, periodic: dict[str, Periodic]) -> None:
        """Give every periodic job its first turn, and forget those that are no longer in the code."""
        self.exclude(pk__in=periodic).delete()
        now = timezone.now()
        self.bulk_create([Turn(job=path, due_at=now) for path in periodic], ignore_conflicts=True)
        for path, each in periodic.items():  # an interval that an upgrade has shortened
            self.filter(pk=path, due_at__gt=now + each.interval).update(due_at=now + each.interval)

    def enqueue_due(self, periodic: dict[str, Periodic]) -> None:
        now = timezone.now()
        for turn in self.filter(due_at__lte=now, pk__in=periodic):
            turn.take(periodic[turn.job], now=now)


class Turn(models.Model):
    """When a periodic job comes next."""

    job = models.CharField(primary_key=True, max_length=200)
    due_at = models.DateTimeField()

    objects = TurnQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.job} at {self.due_at:%F %T}"

    @transaction.atomic
    def take(self, periodic: Periodic, *, now: datetime) -> bool:
        """Enqueue the job for this turn. Of several workers that try, the one that moves the date does."""
        next_due = self.due_at + periodic.interval * ((now - self.due_at) // periodic.interval + 1)
        moved = Turn.objects.filter(pk=self.pk, due_at=self.due_at).update(due_at=next_due)
        unfinished = Run.objects.filter(task_path=self.job, status__in=[Status.READY, Status.RUNNING])
        if not moved or unfinished.exists():
            return False
        periodic.job.enqueue()
        return True
