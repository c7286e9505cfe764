"""A plan and its server, for all tests of a module together: a server takes seconds to start."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from playwright.sync_api import Browser, ConsoleMessage, Page

from conftest import environment_of_processes
from interlock.workspaces.models import Member
from tests.browser.face.world import World
from tests.serving import Served, serving


@pytest.fixture(scope="module")
def transactional_db(django_db_setup: None, django_db_blocker: Any, let_tests_wipe_history: None) -> Iterator[None]:
    """What a test writes stays until the module ends: the server sees nothing but what is committed."""
    with django_db_blocker.unblock():
        yield
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture(scope="module")
def world(transactional_db: None) -> World:
    return World()


@pytest.fixture(scope="module")
def site(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(environment_of_processes(), tmp_path_factory.mktemp("served") / "server.log") as served:
        yield served


@pytest.fixture
def visit(site: Served, browser: Browser) -> Iterator[Callable[..., Page]]:
    """`visit(world.ada, "/northwind/")` in a browser of Ada's own. What a page complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def open_(who: Member | None, path: str, **options: Any) -> Page:
        context = browser.new_context(base_url=site.url, **options)
        contexts.append(context)
        if who and who.user:
            context.add_cookies([{"name": "sessionid", "value": site.session_of(who.user), "url": site.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if complains(said) else None)
        page.goto(path)
        return page

    def complains(said: ConsoleMessage) -> bool:
        # That an answer was a refusal is no fault of the page's.
        return said.type == "error" and not said.text.startswith("Failed to load resource")

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
