from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from interlock.jobs.models import Run, Status
from interlock.jobs.tests.probes import fail_always, fail_once, leave_early, note

pytestmark = pytest.mark.django_db


def soon():
    """As if the pause before the next attempt were over."""
    Run.objects.update(run_after=timezone.now())


def test_a_job_runs_once(worker, notes):
    note.enqueue(path=str(notes), word="done")
    assert worker.work_off() == 1
    assert worker.work_off() == 0
    assert notes.read_text() == "done\n"
    assert Run.objects.get().status == Status.SUCCESSFUL


@pytest.mark.django_db(transaction=True)
def test_a_job_of_a_transaction_that_fails_is_never_run(worker, notes):
    with transaction.atomic():
        note.enqueue(path=str(notes), word="done")
        transaction.set_rollback(True)
    assert worker.work_off() == 0


def test_a_failing_job_is_tried_again_until_its_retries_are_used_up(worker, notes):
    fail_always.enqueue(path=str(notes))
    for _ in range(3):
        assert worker.work_off() == 1
        soon()
    assert worker.work_off() == 0
    assert notes.read_text() == "tried\n" * 3
    run = Run.objects.get()
    assert (run.status, run.exception_class_path) == (Status.FAILED, "interlock.jobs.tests.probes.Unwell")
    assert "as ever" in run.traceback


def test_the_pause_before_another_attempt_doubles_up_to_an_hour(worker, notes):
    assert [fail_always.pause_after(attempt).total_seconds() for attempt in (1, 2, 3)] == [5, 10, 20]
    assert fail_always.pause_after(50) == timedelta(hours=1)
    fail_always.enqueue(path=str(notes))
    worker.work_off()
    assert worker.work_off() == 0
    assert timedelta(seconds=4) < Run.objects.get().run_after - timezone.now() <= timedelta(seconds=5)


def test_a_job_that_tries_to_leave_does_not_take_the_worker_along(worker):
    leave_early.enqueue()
    assert worker.work_off() == 1
    assert Run.objects.get().exception_class_path == "builtins.SystemExit"


def test_a_job_that_an_upgrade_has_removed_fails_for_good(worker, notes):
    note.enqueue(path=str(notes), word="done")
    Run.objects.update(task_path="interlock.jobs.tests.probes.gone")
    worker.work_off()
    assert Run.objects.get().status == Status.FAILED


def test_the_same_job_waits_once_when_asked_to(worker, notes):
    note.enqueue_once(path=str(notes), word="same")
    note.enqueue_once(path=str(notes), word="same")
    note.enqueue_once(path=str(notes), word="other")
    assert worker.work_off() == 2
    note.enqueue_once(path=str(notes), word="same")
    assert worker.work_off() == 1


def test_more_urgent_jobs_go_first(worker, notes):
    note.enqueue(path=str(notes), word="later")
    note.using(priority=10).enqueue(path=str(notes), word="first")
    worker.work_off()
    assert notes.read_text() == "first\nlater\n"


def test_a_worker_that_lost_its_run_cannot_finish_it(worker, notes):
    note.enqueue(path=str(notes), word="done")
    run = Run.objects.claim(queue="default", worker="asleep")
    Run.objects.reap()
    run.succeed()
    assert Run.objects.get().status == Status.READY


def test_old_runs_are_forgotten_and_failed_ones_later(worker, notes):
    note.enqueue(path=str(notes), word="done")
    fail_once.enqueue()
    worker.work_off()
    now = timezone.now()
    Run.objects.prune(succeeded_before=now + timedelta(1), failed_before=now - timedelta(1))
    assert [run.status for run in Run.objects.all()] == [Status.FAILED]
