"""Several people tick one runbook at once: nobody's word is lost, and nobody's is overwritten unseen."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from interlock.launch.models import LaunchEntry, RunbookStep
from interlock.releases.models import Release
from interlock.workspaces.errors import DomainError

pytestmark = pytest.mark.django_db(transaction=True)

Status = RunbookStep.Status
PEOPLE = 6


@pytest.fixture
def step(payments, ada):
    release = Release.objects.add(product=payments, name="4.2", by=ada)
    return RunbookStep.objects.add(release=release, title="Deploy", by=ada)


def at_once(act):
    """What each of them was answered."""

    def one(number):
        try:
            return act(number)
        except DomainError as refusal:
            return refusal.sentence
        finally:
            connections.close_all()

    with ThreadPoolExecutor(PEOPLE) as people:
        return list(people.map(one, range(PEOPLE)))


def test_all_who_say_the_same_are_in_the_log(step, ada):
    at_once(lambda _: RunbookStep.objects.get(pk=step.pk).tick(Status.DONE, was="open", by=ada))
    assert LaunchEntry.objects.filter(status="done").count() == PEOPLE
    step.refresh_from_db()
    assert (step.status, step.version) == (Status.DONE, 2)


def test_of_those_who_say_different_things_the_first_is_heard_and_the_others_are_told(step, ada):
    said = [Status.DONE, Status.SKIPPED]

    def tick(number):
        status = said[number % 2]
        RunbookStep.objects.get(pk=step.pk).tick(status, was="open", by=ada)
        return status

    answers = at_once(tick)
    step.refresh_from_db()
    told = [answer for answer in answers if answer.startswith("Meanwhile, Ada marked “Deploy”")]
    assert len(told) == PEOPLE // 2
    assert set(answers) - set(told) == {step.status}


def test_whoever_moves_steps_at_once_loses_none(step, ada):
    rows = [{"release": step.release, "title": str(number)} for number in range(PEOPLE)]
    others = RunbookStep.objects.add_many(rows, by=ada)
    at_once(lambda number: RunbookStep.objects.get(pk=others[number].pk).move(before=step, by=ada).key)
    order = RunbookStep.objects.in_order(step.release)
    assert len(order) == PEOPLE + 1
    assert order[-1] == step
