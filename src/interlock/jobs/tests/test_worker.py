import signal
import time

import psutil
import pytest
from django.utils import timezone

from interlock.jobs.models import Heartbeat, Run, Status
from interlock.jobs.tests.probes import hang_at_first, hang_at_first_and_never_again, hang_in_import, note
from tests.waiting import eventually


def run_of(job):
    return Run.objects.filter(task_path=job.module_path).latest("enqueued_at")


def test_what_a_killed_worker_left_is_taken_up_by_another(start_worker, notes):
    hang_at_first.enqueue(path=str(notes))
    victim = start_worker()
    eventually(notes.exists)
    victim.kill()
    start_worker()
    eventually(lambda: run_of(hang_at_first).status == Status.READY)
    Run.objects.update(run_after=timezone.now())
    eventually(lambda: run_of(hang_at_first).status == Status.SUCCESSFUL)
    first, second = notes.read_text().split()
    assert first != second


def test_a_job_without_retries_is_not_run_again_when_its_worker_was_killed(start_worker, notes):
    hang_at_first_and_never_again.enqueue(path=str(notes))
    victim = start_worker()
    eventually(notes.exists)
    victim.kill()
    start_worker()
    eventually(lambda: run_of(hang_at_first_and_never_again).status == Status.FAILED)
    assert "WorkerLost" in run_of(hang_at_first_and_never_again).exception_class_path
    assert len(notes.read_text().split()) == 1


def test_a_worker_asked_to_stop_hands_back_what_it_cannot_finish(start_worker, notes):
    hang_at_first_and_never_again.enqueue(path=str(notes))
    process = start_worker()
    eventually(notes.exists)
    process.terminate()
    assert process.wait(20) == 0
    run = run_of(hang_at_first_and_never_again)
    assert (run.status, run.worker_ids) == (Status.READY, [])
    assert not Heartbeat.objects.exists()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_worker_stops_within_seconds(how, start_worker):
    process = start_worker()
    eventually(Heartbeat.objects.exists)
    process.send_signal(how)
    assert process.wait(60) == 0


def test_a_long_import_holds_up_no_other_job(start_worker, notes, tmp_path):
    hang_in_import.enqueue(path=str(tmp_path / "import"))
    start_worker()
    eventually((tmp_path / "import").exists)
    note.enqueue(path=str(notes), word="done")
    eventually(notes.exists)


def test_a_job_starts_within_a_fifth_of_a_second_and_an_idle_worker_stays_small(start_worker, notes, figures):
    process = start_worker()
    eventually(Heartbeat.objects.exists)
    time.sleep(0.5)
    waits = []
    for turn in range(10):
        note.enqueue(path=str(notes), word=str(turn))
        eventually(lambda: run_of(note).status == Status.SUCCESSFUL)
        run = run_of(note)
        waits.append((run.started_at - run.enqueued_at).total_seconds())
    megabytes = psutil.Process(process.pid).memory_info().rss / 1e6
    figures.measured("median wait of a job, seconds", f"{sorted(waits)[5]:.3f}")
    figures.measured("memory of an idle worker, MB", f"{megabytes:.0f}")
    figures.at_most("shortest wait of a job, seconds", min(waits), 0.2)  # the others may have waited for a core
    assert megabytes <= 120
