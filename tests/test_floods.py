"""What one tenant sends too much of is not what another waits for (promise 6)."""

import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest

from tests.api import Caller
from tests.serving import Served

PACE = 0.01  # seconds between the flood's requests


def asked(served: Served, member, path):
    """Status of the answer, and the seconds that it took."""
    request = urllib.request.Request(served.url + path, headers={"Authorization": f"Bearer {member.token}"})
    started = time.perf_counter()
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()
            status = answer.status
    except urllib.error.HTTPError as refused:
        refused.read()
        status = refused.code
    return status, time.perf_counter() - started


@contextmanager
def flood(served, caller):
    """A hundred requests a second, nearly all of which are refused."""
    over, statuses = threading.Event(), []

    def send():
        while not over.wait(PACE):
            statuses.append(asked(served, caller, "/api/v1/workspaces/northwind/features")[0])

    sender = threading.Thread(target=send)
    sender.start()
    yield statuses
    over.set()
    sender.join()


def p95(times):
    return sorted(times)[int(len(times) * 0.95)]


@pytest.mark.prove
@pytest.mark.django_db(transaction=True)
def test_a_flood_of_one_tenant_costs_the_others_next_to_nothing(served, ada, cleo, figures):
    """Quiet and flooded spells take turns, so that whatever else the machine does falls on both."""
    flooding, waiting = Caller(ada), Caller(cleo)
    quiet, flooded, refused = [], [], 0
    path = "/api/v1/workspaces/southwind/departments"
    spells = figures.count("spells of 25 requests, quiet and flooded", reduced=2, full=20)
    # The limit of a minute must hold them all.
    pause = 0.11
    with flood(served, flooding) as statuses:
        while 429 not in statuses:
            time.sleep(0.1)
    for _ in range(spells):
        spell(served, waiting, path, quiet, pause)
        with flood(served, flooding) as statuses:
            spell(served, waiting, path, flooded, pause)
        refused += statuses.count(429)
    before, during = p95(quiet), p95(flooded)
    figures.measured(
        "p95 of another tenant without and with the flood, ms", f"{before * 1000:.1f}, {during * 1000:.1f}"
    )
    figures.measured("refused meanwhile", refused)
    assert refused > len(flooded)
    assert during <= before * 1.2


def spell(served, caller, path, times, pause):
    for _ in range(25):
        status, took = asked(served, caller, path)
        assert status == 200
        times.append(took)
        time.sleep(pause)
