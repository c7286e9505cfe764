"""A request that is sent again, because its answer was lost on the way, does nothing twice."""

import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from interlock.organisation.models import Department
from interlock.workspaces.models import AnsweredRequest, APIToken, AuditEvent
from interlock.workspaces.tasks import forget_answered_requests
from tests.api import Caller

MARKETING = {"name": "Marketing"}


def test_the_same_request_three_times_is_done_once_and_answered_three_times(ada):
    caller = Caller(ada)
    answers = [caller.post("departments", MARKETING, idempotency_key="k") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert {(answer.content, answer["ETag"], answer["Location"]) for answer in answers} == {
        (answers[0].content, answers[0]["ETag"], answers[0]["Location"])
    }
    assert [answer.get("Idempotency-Replayed") for answer in answers] == [None, "true", "true"]
    assert Department.objects.count() == 1
    assert AuditEvent.objects.filter(model="organisation.department").count() == 1


def test_the_same_key_with_another_request_is_refused(ada):
    caller = Caller(ada)
    caller.post("departments", MARKETING, idempotency_key="k")
    assert caller.post("departments", {"name": "Sales"}, idempotency_key="k").status_code == 422
    assert caller.post("products", MARKETING, idempotency_key="k").status_code == 422
    assert Department.objects.count() == 1


def test_a_key_is_of_one_member(ada, olga):
    Caller(ada).post("products", MARKETING, idempotency_key="k")
    assert Caller(olga).post("products", MARKETING, idempotency_key="k").json()["key"] == "PROD-2"


def test_what_was_refused_leaves_the_key_free(ada):
    caller = Caller(ada)
    assert caller.post("teams", {"name": "Billing", "department": "D-1"}, idempotency_key="k").status_code == 409
    caller.post("departments", MARKETING)
    assert caller.post("teams", {"name": "Billing", "department": "D-1"}, idempotency_key="k").status_code == 201


def test_a_key_is_free_again_after_a_day(ada):
    caller = Caller(ada)
    caller.post("products", MARKETING, idempotency_key="k")
    AnsweredRequest.objects.update(at=timezone.now() - timedelta(hours=24))
    assert caller.post("products", MARKETING, idempotency_key="k").json()["key"] == "PROD-2"


def test_what_is_a_day_old_is_forgotten(ada):
    caller = Caller(ada)
    for key in ("old", "new"):
        caller.post("products", MARKETING, idempotency_key=key)
    AnsweredRequest.objects.filter(key="old").update(at=timezone.now() - timedelta(hours=25))
    forget_answered_requests.func()
    assert [one.key for one in AnsweredRequest.objects.all()] == ["new"]


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "a b", "ü"])
def test_a_key_is_visible_ascii(ada, key):
    assert Caller(ada).post("departments", MARKETING, idempotency_key=key).status_code == 422


def test_a_token_is_told_once_and_kept_nowhere(ada, client):
    client.force_login(ada.user)
    wish = {"name": "Import", "scope": "read", "expires_at": "2100-01-01T00:00:00Z"}
    send = {"content_type": "application/json", "headers": {"Idempotency-Key": "k"}}
    first = client.post("/api/v1/workspaces/northwind/tokens", wish, **send)
    again = client.post("/api/v1/workspaces/northwind/tokens", wish, **send)
    assert (first.status_code, again.status_code) == (201, 409)
    assert APIToken.objects.count() == 1
    assert AnsweredRequest.objects.get().body is None


@pytest.mark.django_db(transaction=True)
def test_the_same_key_sent_at_once_makes_one_row(ada):
    caller, answers = Caller(ada), []

    def send():
        answers.append(Caller(ada, token=caller.token).post("products", MARKETING, idempotency_key="k"))
        connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.json()["key"] for answer in answers} == {"PROD-1"}


DIES = """
import os, django
django.setup()
from interlock.workspaces.rest import routes
from tests.api import Caller

routes.written = lambda *work_done: os.kill(os.getpid(), 9)
caller = Caller(None, workspace="northwind", token=os.environ["TOKEN"])
caller.post("products", {"name": "Marketing"}, idempotency_key="k")
"""


@pytest.mark.django_db(transaction=True)
def test_a_process_that_is_killed_before_it_answers_leaves_nothing_and_the_retry_does_it_once(
    figures, ada, process_environment
):
    caller = Caller(ada)
    kills = figures.count("kills between the work and its answer", reduced=1, full=20)
    for _ in range(kills):
        died = subprocess.run(
            [sys.executable, "-c", DIES],
            env={**process_environment, "TOKEN": caller.token, "INTERLOCK_HOSTS": "testserver"},
            capture_output=True,
        )
        assert died.returncode == -signal.SIGKILL, died.stderr.decode()
        assert caller.get("products").json()["items"] == []
    answers = [caller.post("products", MARKETING, idempotency_key="k") for _ in range(3)]
    assert {answer.json()["key"] for answer in answers} == {"PROD-1"}
