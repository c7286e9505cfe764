"""A token has so many requests a minute, over all processes of a host; and a flood costs next to nothing."""

import shutil
import subprocess
import time
from multiprocessing import get_context

import pytest
from django.core.cache import cache
from django.core.cache.backends.redis import RedisCache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from interlock.config.cache import SharedCache
from interlock.workspaces import limits
from tests.api import Caller


@pytest.fixture(autouse=True)
def ten_a_minute(settings):
    settings.API_REQUESTS_PER_MINUTE = 10


def statuses(caller, times):
    return [caller.get("departments").status_code for _ in range(times)]


def test_what_is_left_is_told(ada):
    first, second = (Caller(ada).get("departments") for _ in range(2))
    assert first["RateLimit-Policy"] == '"minute";q=10;w=60'
    assert first["RateLimit"] == second["RateLimit"] == '"minute";r=9;t=60'


def test_whoever_sends_too_much_is_told_when_to_go_on(ada, clock):
    caller = Caller(ada)
    assert statuses(caller, 12) == [200] * 10 + [429] * 2
    refused = caller.get("departments")
    assert refused["Content-Type"] == "application/problem+json"
    assert refused["RateLimit"] == f'"minute";r=0;t={refused["Retry-After"]}'
    clock.now += int(refused["Retry-After"])
    assert caller.get("departments").status_code == 200


def test_in_no_minute_are_there_more_than_allowed(ada, clock, figures):
    """Half at the end of one minute, half at the begin of the next: it is the last sixty seconds that count."""
    caller = Caller(ada)
    taken = []
    for _ in range(300):
        if caller.get("departments").status_code == 200:
            taken.append(clock.now)
        clock.now += 1
    assert max(sum(start <= moment < start + 60 for moment in taken) for start in taken) == 10
    # ±2 %: 300 s at ten a minute.
    assert len(taken) == pytest.approx(50, abs=1)
    figures.measured("requests taken in five minutes at ten a minute", len(taken))


def test_one_tokens_flood_is_not_anothers(ada, olga):
    assert 429 in statuses(Caller(ada), 12)
    assert statuses(Caller(ada), 2) == statuses(Caller(olga), 2) == [200, 200]


def test_a_session_has_its_limit_too(ada, client):
    client.force_login(ada.user)
    answers = [client.get("/api/v1/me").status_code for _ in range(12)]
    assert answers == [200] * 10 + [429] * 2


def test_a_flood_is_turned_away_without_asking_the_database(ada):
    caller = Caller(ada)
    statuses(caller, 11)
    with CaptureQueriesContext(connection) as queries:
        assert statuses(caller, 5) == [429] * 5
    assert not queries


def test_a_refused_request_changes_nothing_and_counts_for_nothing(ada, clock):
    caller = Caller(ada)
    statuses(caller, 10)
    assert caller.post("departments", {"name": "Marketing"}).status_code == 429
    statuses(caller, 50)
    clock.now += 61
    assert statuses(caller, 10) == [200] * 10


# --- what counts --------------------------------------------------------------------------------------


def take(path, times):
    shared = SharedCache(path, {})
    return sum(shared.take("token", amount=600)[0] < 600 for _ in range(times))


def take_then(path, moment):
    while time.time() < moment:
        pass
    return take(path, 1)


def test_processes_that_open_a_new_file_at_once_are_all_let_in(tmp_path):
    with get_context("fork").Pool(4) as processes:
        for turn in range(20):
            together = (str(tmp_path / f"{turn}.sqlite3"), time.time() + 0.02)
            assert sum(processes.starmap(take_then, [together] * 4, chunksize=1)) == 4


def test_processes_count_together(tmp_path, figures):
    path = str(tmp_path / "cache.sqlite3")
    with get_context("fork").Pool(4) as processes:
        taken = processes.starmap(take, [(path, 400)] * 4)
    assert sum(taken) == 600
    figures.measured("of 1,600 requests by 4 processes at 600 a minute, taken", sum(taken))


def test_counting_costs_little(tmp_path, figures):
    shared = SharedCache(tmp_path / "cache.sqlite3", {})
    shared.take("token", amount=1)
    started = time.process_time()
    for _ in range(1000):
        shared.take("token", amount=1_000_000)
    cost = (time.process_time() - started) * 1000
    figures.at_most("CPU to count one request, in µs", cost, 200)


@pytest.fixture(scope="session")
def redis(tmp_path_factory):
    if not shutil.which("redis-server"):
        pytest.skip("there is no redis-server")
    pytest.importorskip("redis")
    socket = tmp_path_factory.mktemp("redis") / "socket"
    server = subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", socket, "--save", ""], stdout=subprocess.DEVNULL
    )
    while not socket.exists():
        time.sleep(0.01)
    yield RedisCache(f"unix://{socket}", {})
    server.terminate()
    server.wait()


def test_several_hosts_count_together_in_redis(redis, monkeypatch):
    monkeypatch.setattr(limits, "cache", redis)
    allowed = [limits.take("token", amount=10) for _ in range(12)]
    assert [one.refused for one in allowed] == [False] * 10 + [True] * 2
    assert [one.left for one in allowed][:3] == [9, 8, 7]
    assert 0 < allowed[-1].seconds <= 60


# --- the cache ---------------------------------------------------------------------------------------


def test_the_cache_keeps_what_it_was_given(clock):
    cache.set("key", {"any": ["thing"]}, 10)
    assert cache.get("key") == {"any": ["thing"]}
    clock.now += 11
    assert cache.get("key", "gone") == "gone"


def test_of_several_that_add_one_wins(clock):
    assert [cache.add("lock", n, 10) for n in range(3)] == [True, False, False]
    assert cache.get("lock") == 0
    clock.now += 11
    assert cache.add("lock", 4, 10)


def test_the_cache_counts_touches_and_forgets():
    cache.set("hits", 1, None)
    assert (cache.incr("hits", 2), cache.decr("hits")) == (3, 2)
    with pytest.raises(ValueError, match="not found"):
        cache.incr("missing")
    assert (cache.touch("hits", 5), cache.touch("missing")) == (True, False)
    assert (cache.delete("hits"), cache.delete("hits")) == (True, False)
    assert cache.get_many(["hits", "missing"]) == {}


def test_a_file_that_a_crash_has_spoiled_is_begun_anew(tmp_path):
    path = tmp_path / "cache.sqlite3"
    path.write_bytes(b"no database at all" * 1000)
    spoiled = SharedCache(path, {})
    spoiled.set("key", 1)
    assert spoiled.get("key") == 1


def test_only_we_can_read_the_file(tmp_path):
    path = tmp_path / "cache.sqlite3"
    SharedCache(path, {}).set("key", 1)
    assert path.stat().st_mode & 0o777 == 0o600
