"""What pages and the API cost, in CPU of the server and of the database, and in queries.

    python -m benchmarks.pages --features 100000 --people 5000

Clocks are noisy where machines are shared, so CPU counts: this process's, and on PostgreSQL that of the backend
which serves its connection. Prints a JSON line a request, the last a summary.
"""

import os
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.frame import set_up, tell
from benchmarks.workspace import arguments, make

WARM_UP, REPEATS = 3, 25
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """What pages and the API cost, in CPU of the server and of the database, and in queries."""
    options = arguments(main).parse_args()
    set_up()
    from django.db import connection
    from django.test import Client
    from django.test.utils import override_settings

    workspace = make(options.slug, features=options.features, people=options.people, seed=options.seed)
    with override_settings(ALLOWED_HOSTS=["testserver"], STORAGES=plain_storages()):
        client = Client()
        client.force_login(workspace.members.get(role="editor").user)
        requests = Requests(client, workspace)
        medians = {name: measure(name, request) for name, request in requests.all().items()}
    tell(summary="pages", database=connection.vendor, features=options.features, cpu_ms=medians)


def plain_storages() -> dict[str, dict[str, str]]:
    """The manifest of static files is written when serving starts, which this does not."""
    from django.conf import settings

    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    return {**settings.STORAGES, "staticfiles": plain}


def measure(name: str, request: Callable[[int], Any]) -> float:
    """Median CPU of a request, in milliseconds."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for turn in range(WARM_UP):
        request(turn)
    with CaptureQueriesContext(connection) as queries:
        answer = request(WARM_UP)
        asked = len(queries)
    if answer.status_code >= 400:
        raise SystemExit(f"{name}: {answer.status_code} {answer.content[:300]!r}")
    server, database = [], []
    for turn in range(WARM_UP + 1, WARM_UP + 1 + REPEATS):
        held, before = backend_seconds(), time.process_time()
        request(turn)
        server.append(time.process_time() - before)
        database.append(backend_seconds() - held)
    # A backend's clock ticks too slowly for one request, so the mean of all is what can be told of it.
    cpu = 1000 * (statistics.median(server) + statistics.fmean(database))
    kilobytes = len(getattr(answer, "content", b"")) / 1024
    tell(request=name, cpu_ms=cpu, worst_ms=1000 * max(server), queries=asked, kilobytes=kilobytes)
    return round(cpu, 2)


def backend_seconds() -> float:
    """CPU that the database server has spent on our connection; on SQLite it is this process's own."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0.0
    connection.ensure_connection()
    fields = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Requests:
    def __init__(self, client: Any, workspace: Any) -> None:
        from interlock.backlog.models import Feature

        self.client, self.workspace = client, workspace
        self.features = list(Feature.objects.of(workspace).active().open()[: 4 * REPEATS])
        self.page = f"/{workspace.slug}"
        self.api = f"/api/v1/workspaces/{workspace.slug}"

    def all(self) -> dict[str, Callable[[int], Any]]:
        listed = "status=planned&sort=-changed"
        get = self.get
        return {
            "home": get("/"),
            "alignment": get("/alignment/"),
            "backlog, first page": get("/backlog/"),
            "backlog, filtered and sorted, first page": get(f"/backlog/?{listed}"),
            "backlog, filtered and sorted, last page": get(f"/backlog/?{listed}&last=1"),
            "feature": lambda turn: self.client.get(f"{self.page}/features/{self.features[turn].key}/"),
            "search": lambda turn: self.client.get(f"{self.page}/search/", {"q": self.words(turn)}),
            "people": get("/people/"),
            "objectives": get("/objectives/"),
            "releases": get("/releases/"),
            "features as JSON": self.fetch("/features?status=planned&limit=50"),
            "feature as JSON": lambda turn: self.client.get(f"{self.api}/features/{self.features[turn].key}"),
            "search as JSON": lambda turn: self.client.get(f"{self.api}/search", {"q": self.words(turn)}),
            "create": self.create,
            "move": self.move,
        }

    def get(self, path: str) -> Callable[[int], Any]:
        return lambda turn: self.client.get(f"{self.page}{path}")

    def fetch(self, path: str) -> Callable[[int], Any]:
        return lambda turn: self.client.get(f"{self.api}{path}")

    def words(self, turn: int) -> str:
        return " ".join(re.findall(r"\w+", self.features[turn].title)[:2])

    def create(self, turn: int) -> Any:
        body = {"title": f"Measured {turn}", "product": self.features[0].product.key}
        return self.client.post(f"{self.api}/features", body, content_type="application/json")

    def move(self, turn: int) -> Any:
        one, other = self.features[turn], self.features[-turn - 1]
        path = f"{self.api}/features/{one.key}/place"
        return self.client.put(path, {"after": other.key}, content_type="application/json")


if __name__ == "__main__":
    main()
