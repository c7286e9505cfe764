import http.client
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress

import psutil
import pytest

from tests.waiting import eventually


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def interlock(*arguments, env):
    return subprocess.Popen(
        [sys.executable, "-m", "interlock.config.cli", *arguments],
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.fixture
def served(process_environment, port):
    """The supervisor of an installation that serves the database of the tests."""
    process = interlock("serve", "--port", str(port), env=process_environment)
    supervisor = psutil.Process(process.pid)
    eventually(lambda: answers(port) and len(supervisor.children(recursive=True)) == 4)
    yield supervisor
    alive = [supervisor, *supervisor.children(recursive=True)] if supervisor.is_running() else []
    for one in alive:
        with suppress(psutil.NoSuchProcess):  # some end with their parent
            one.kill()
    process.communicate()


def answers(port):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/static/django_htmx/htmx-2.min.js", timeout=2).read()
    except (urllib.error.URLError, http.client.HTTPException, OSError):
        return False
    return True


def running(processes):
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def child(supervisor, word):
    for one in supervisor.children():
        with suppress(psutil.Error):  # it ended while we looked
            if word in one.cmdline():
                return one
    return None


def web(supervisor):
    granian = child(supervisor, "interlock.config.server")
    return granian, running(granian.children())


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_all_processes_end_within_seconds_though_a_connection_stays_open(served, port, how, figures):
    family = served.children(recursive=True)
    with socket.create_connection(("127.0.0.1", port)) as held:
        held.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        served.send_signal(how)
        asked = time.monotonic()
        eventually(lambda: not running([served, *family]))
    figures.at_most(f"seconds until all processes had ended on {how.name}", time.monotonic() - asked, 12)


def test_whatever_is_killed_is_replaced(served, port):
    granian, (first, _) = web(served)
    first.kill()
    eventually(lambda: len(web(served)[1]) == 2 and first not in web(served)[1])
    lost = child(served, "worker")
    lost.kill()
    eventually(lambda: child(served, "worker") not in (None, lost))
    granian.kill()
    eventually(lambda: len(running(served.children(recursive=True))) == 4 and answers(port))


def test_nothing_is_orphaned_when_the_supervisor_is_killed(served):
    family = served.children(recursive=True)
    served.kill()
    eventually(lambda: not running(family))


def test_two_web_processes_stay_small(served, port, figures):
    for _ in range(20):
        assert answers(port)
    granian, processes = web(served)
    # What they share counts once, and what they share it with counts too.
    megabytes = sum(process.memory_full_info().pss / 1e6 for process in (granian, *processes))
    figures.measured("memory of two web processes and the one that keeps them, MB", f"{megabytes:.0f}")
    assert megabytes <= 250


def test_a_port_in_use_is_one_sentence(process_environment):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        out, err = interlock("serve", "--port", str(port), env=process_environment).communicate(timeout=90)
    assert out == ""
    assert err == (
        f"Port {port} on 127.0.0.1 cannot be used (Address already in use). "
        "Stop what uses it, or choose another: interlock serve --port 8001, or make demo PORT=8001.\n"
    )
