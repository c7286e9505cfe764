"""Tests of the pages in a real Chromium: the system's own where there is one, else Playwright's."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from interlock.workspaces.models import Member
from tests.serving import Served

# Playwright's synchronous interface runs an event loop in the thread in which the tests talk to the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update"]
    sandbox = [] if os.geteuid() else ["--no-sandbox"]  # Chromium refuses its sandbox to root
    found = shutil.which("chromium") or shutil.which("google-chrome")
    return {**browser_type_launch_args, "executable_path": found, "args": quiet + sandbox}


@pytest.fixture
def browse(browser: Browser, served: Served) -> Iterator[Callable[..., Page]]:
    """`browse(ada)` is a page in a browser of Ada's own; `browse()` one of a stranger's."""
    opened: list[BrowserContext] = []

    def open_(member: Member | None = None, **how: Any) -> Page:
        context = browser.new_context(base_url=served.url, **how)
        context.set_default_timeout(15_000)
        opened.append(context)
        if member and member.user:
            context.add_cookies([{"name": "sessionid", "value": served.session_of(member.user), "url": served.url}])
        return context.new_page()

    yield open_
    for context in opened:
        context.close()
