"""The main job on real input, in a browser: a plan goes in, misalignment comes out, and is mended in place."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from interlock.alignment.models.lease import CheckLease
from interlock.alignment.models.pending import PendingChange
from tests.browser.face.world import PASSWORD, World
from tests.waiting import eventually

Visit = Callable[..., Page]
PLAN = """Key,Summary,Status,Owner,Goal
A-1,Refund in one click,To Do,,Fewer tickets
A-2,Export statements,To Do,dana@northwind.example,Fewer tickets
A-3,Print labels,Done,dana@northwind.example,Fewer tickets
A-4,,To Do,,
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    file = tmp_path / "plan.csv"
    file.write_text(PLAN)
    return file


def judged() -> bool:
    return not PendingChange.objects.exists() and not CheckLease.objects.filter(until__gt=timezone.now()).exists()


def score(page: Page) -> float:
    return float(page.locator(".big").first.inner_text())


def test_a_plan_is_imported_by_page_and_what_it_brings_is_mended_in_place(
    visit: Visit, world: World, plan: Path
) -> None:
    page = visit(None, "/northwind/imports/")
    page.set_default_timeout(30_000)
    page.get_by_label("Email").fill("ada@northwind.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("main").get_by_role("link", name="Import a file").first.click()
    page.get_by_label("File").set_input_files(plan)
    page.get_by_role("button", name="Go on").click()

    mapping = page.get_by_label("What becomes what")
    expect(mapping).to_have_value(re.compile("title: Summary"))
    mapping.fill(mapping.input_value().replace("title: Summary", "titel: Summary"))
    page.get_by_role("button", name="Check the file").click()
    expect(page.locator(".error")).to_contain_text("a feature has no such field")
    expect(mapping).to_have_value(re.compile("titel: Summary"))
    mapping.fill(mapping.input_value().replace("titel: Summary", "title: Summary"))
    page.get_by_role("button", name="Check the file").click()

    # The worker checks it, and the page hears of that by itself.
    expect(page.get_by_role("heading", level=1)).to_contain_text("plan.csv would bring", timeout=30_000)
    expect(page.get_by_role("table").filter(has_text="Refund in one click")).to_be_visible()
    expect(page.get_by_text("has no title")).to_be_visible()
    page.get_by_role("button", name=re.compile("Import . rows")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("plan.csv brought", timeout=30_000)

    # What the import changed is judged in the background: only then does the score stand.
    eventually(judged)
    page.get_by_role("link", name="See where the plan pulls apart now").click()
    found: Any = page.locator(".finding", has_text="Nobody owns “Refund in one click”")
    expect(found).to_have_count(1, timeout=30_000)
    before = score(page)
    found.get_by_role("link", name="Choose an owner").click()
    dialog = page.get_by_role("dialog", name="Choose an owner")
    dialog.get_by_label("Owner", exact=True).select_option(label="Dana Ruiz")
    dialog.get_by_role("button", name="Choose an owner").click()
    expect(found).to_have_count(0, timeout=30_000)
    eventually(judged)
    page.reload()
    assert score(page) > before
