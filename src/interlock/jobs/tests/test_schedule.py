from datetime import timedelta

import pytest
from django.utils import timezone

from interlock.jobs.models import Run, Turn
from interlock.jobs.schedule import PERIODIC, Periodic
from interlock.jobs.tests.probes import leave_early

pytestmark = pytest.mark.django_db

HOURLY = {leave_early.module_path: Periodic(leave_early, timedelta(hours=1))}


@pytest.fixture
def turn():
    Turn.objects.plan(HOURLY)
    return Turn.objects.get()


def test_a_periodic_job_comes_at_once_and_then_when_its_interval_is_over(turn, worker):
    Turn.objects.enqueue_due(HOURLY)
    Turn.objects.enqueue_due(HOURLY)
    assert Run.objects.count() == 1
    turn.refresh_from_db()
    assert timedelta(minutes=59) < turn.due_at - timezone.now() <= timedelta(hours=1)


def test_turns_that_were_missed_are_not_made_up_for(turn):
    Turn.objects.update(due_at=timezone.now() - timedelta(hours=5.5))
    Turn.objects.enqueue_due(HOURLY)
    turn.refresh_from_db()
    assert Run.objects.count() == 1
    assert timedelta(minutes=29) < turn.due_at - timezone.now() <= timedelta(minutes=30)


def test_a_turn_is_left_out_while_the_last_one_still_runs(turn):
    Turn.objects.enqueue_due(HOURLY)
    Turn.objects.update(due_at=timezone.now())
    Turn.objects.enqueue_due(HOURLY)
    assert Run.objects.count() == 1


def test_of_two_workers_one_takes_the_turn(turn):
    now = timezone.now()
    other = Turn.objects.get()
    assert turn.take(HOURLY[turn.job], now=now)
    Run.objects.all().delete()
    assert not other.take(HOURLY[turn.job], now=now)


def test_a_shortened_interval_counts_from_now(turn):
    Turn.objects.update(due_at=timezone.now() + timedelta(days=30))
    Turn.objects.plan(HOURLY)
    turn.refresh_from_db()
    assert turn.due_at <= timezone.now() + timedelta(hours=1)


def test_a_periodic_job_that_left_the_code_is_forgotten(turn):
    Turn.objects.plan({})
    assert not Turn.objects.exists()


def test_every_registers_the_job_of_a_tasks_module():
    assert PERIODIC["interlock.jobs.tasks.forget_old_runs"].interval == timedelta(days=1)
