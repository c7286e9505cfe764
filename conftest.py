"""What every test may ask for. The cast: Ada edits northwind, Ben views it, Cleo belongs to southwind."""

import os
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import hypothesis
import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from interlock.alignment.tests.probes import Alignment
from interlock.jobs.worker import Worker
from interlock.organisation.models import Department, Person, Product, Team
from interlock.workspaces import limits
from interlock.workspaces.models import Member, User, Workspace
from interlock.workspaces.permissions import Role
from tests.figures import FULL, Figures

# A machine that is busy with something else is no reason to fail.
hypothesis.settings.register_profile("interlock", deadline=None)
hypothesis.settings.load_profile("interlock")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "figures" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.figures)
        if item.get_closest_marker("prove") and not FULL:
            item.add_marker(pytest.mark.skip(reason="takes long: make prove runs it, or INTERLOCK_PROVE=1"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    figures = [
        (report.nodeid, value)
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, value in report.user_properties
        if name == "figure"
    ]
    if figures:
        terminalreporter.section("figures")
        for test, figure in sorted(figures):
            terminalreporter.line(f"{test.split('::')[-1]}: {figure}")


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    return Figures(request.node.user_properties)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared data, which is not part of this repository."""
    folder = Path(os.environ.get("INTERLOCK_SHARED") or Path(__file__).parent.parent / "shared")
    if not folder.is_dir():
        pytest.skip(f"the shared data is not at {folder}; INTERLOCK_SHARED may name another place")
    return folder


@pytest.fixture(autouse=True, scope="session")
def let_tests_wipe_history() -> Iterator[None]:
    """SQLite's flush deletes row by row, which the triggers of append-only tables refuse: lift them while it runs."""
    if connection.vendor != "sqlite":
        yield
        return
    operations = type(connection.ops)
    flush = operations.sql_flush

    def flush_history(self: Any, *args: Any, **how: Any) -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%are append-only%'"
            )
            triggers = cursor.fetchall()
        forbid = [sql for _, sql in triggers]
        return [*(f"DROP TRIGGER {name}" for name, _ in triggers), *flush(self, *args, **how), *forbid]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "sql_flush", flush_history)
        yield


@pytest.fixture(autouse=True)
def no_limit_is_near() -> None:
    """What one test has sent does not count against the next."""
    cache.clear()
    limits.forget()


class Clock:
    """What limits are counted by: it stands still until a test moves it."""

    now = float(int(time.time()))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("time.time", lambda: clock.now)
    return clock


# --- the cast ----------------------------------------------------------------------------------------


def seat(workspace: Workspace, name: str, role: Role) -> Member:
    user = User.objects.create_user(f"{name.lower()}@{workspace.slug}.example", "correct horse", name=name)
    return Member.objects.create(workspace=workspace, user=user, role=role)


@pytest.fixture
def olga(db: None) -> Member:
    """Owns northwind."""
    user = User.objects.create_user("olga@northwind.example", "correct horse", name="Olga")
    return Workspace.objects.found("Northwind", by=user)


@pytest.fixture
def northwind(olga: Member) -> Workspace:
    return olga.workspace


@pytest.fixture
def amir(northwind: Workspace) -> Member:
    return seat(northwind, "Amir", Role.ADMIN)


@pytest.fixture
def ada(northwind: Workspace) -> Member:
    return seat(northwind, "Ada", Role.EDITOR)


@pytest.fixture
def cora(northwind: Workspace) -> Member:
    return seat(northwind, "Cora", Role.CONTRIBUTOR)


@pytest.fixture
def ben(northwind: Workspace) -> Member:
    return seat(northwind, "Ben", Role.VIEWER)


@pytest.fixture
def gus(northwind: Workspace) -> Member:
    return seat(northwind, "Gus", Role.GUEST)


@pytest.fixture
def cleo(db: None) -> Member:
    """Owns southwind, and is nobody in northwind."""
    user = User.objects.create_user("cleo@southwind.example", "correct horse", name="Cleo")
    return Workspace.objects.found("Southwind", by=user)


# --- a small plan -------------------------------------------------------------------------------------


@pytest.fixture
def today() -> date:
    return timezone.localdate()


@pytest.fixture
def engineering(ada: Member) -> Department:
    return Department.objects.add(name="Engineering", by=ada)


@pytest.fixture
def billing(engineering: Department, ada: Member) -> Team:
    return Team.objects.add(name="Billing", department=engineering, by=ada)


@pytest.fixture
def dana(engineering: Department, ada: Member) -> Person:
    return Person.objects.add(name="Dana Ruiz", department=engineering, by=ada)


@pytest.fixture
def payments(ada: Member) -> Product:
    return Product.objects.add(name="Payments", by=ada)


@pytest.fixture
def alignment(northwind: Workspace, today: date) -> Iterator[Alignment]:
    """Northwind under check. Whatever a test has changed, judging it piece by piece must end where judging
    everything does."""
    alignment = Alignment(northwind, today)
    alignment.check()
    yield alignment
    alignment.agrees_with_itself()


@pytest.fixture
def worker() -> Worker:
    """Runs what is enqueued, in the test's own thread: `worker.work_off()`."""
    return Worker(settings.TASKS["default"]["QUEUES"])


@pytest.fixture
def process_environment(transactional_db: None) -> dict[str, str]:
    return environment_of_processes()


def environment_of_processes() -> dict[str, str]:
    """The environment in which a process of ours sees the database of the tests."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        address = f"sqlite:///{settings['NAME']}"
    if connection.vendor == "postgresql":
        user, password, host = (quote(settings[part], safe="") for part in ("USER", "PASSWORD", "HOST"))
        address = f"postgresql://{user}:{password}@{host}:{settings['PORT']}/{settings['NAME']}"
    return {
        **os.environ,
        "DATABASE_URL": address,
        "DJANGO_SETTINGS_MODULE": "interlock.config.settings",
        "INTERLOCK_WORKER_TIMEOUT": "2",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
