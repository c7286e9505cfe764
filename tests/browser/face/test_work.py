"""Lists and fields, as people work in them: by keyboard, at once with others, on paper, and at any width."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from interlock.backlog.columns import columns
from tests.browser.face.world import World

Visit = Callable[..., Page]
BACKLOG = "/northwind/backlog/"
SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def order(page: Page) -> list[str]:
    return page.locator("[data-sortable] [data-row]").evaluate_all("rows => rows.map(row => row.dataset.key)")


# --- changing ----------------------------------------------------------------------------------------


def test_a_row_is_moved_by_keyboard_and_its_new_place_is_said(visit: Visit, world: World) -> None:
    page = visit(world.ada, BACKLOG)
    first, second = order(page)[:2]
    page.keyboard.press("j")
    with page.expect_response(lambda answer: "/backlog/move/" in answer.url):
        page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("#announce")).to_have_text(f"{first}, now 2 of {len(order(page))}")
    assert page.evaluate("document.activeElement.closest('[data-row]').dataset.key") == first
    page.reload()
    assert order(page)[:2] == [second, first]
    page.locator(f"[data-row][data-key={first}] [data-open]").focus()
    with page.expect_response(lambda answer: "/backlog/move/" in answer.url):
        page.keyboard.press("Alt+ArrowUp")
    assert order(page)[:2] == [first, second]


def test_escape_leaves_a_field_as_it_was_and_enter_saves_it(visit: Visit, world: World) -> None:
    page = visit(world.ada, BACKLOG)
    title = page.locator("#F-2 th.title")
    was = title.locator("[data-open]").inner_text()
    page.locator("#F-2 [data-open]").focus()
    page.keyboard.press("e")
    field = title.get_by_role("textbox")
    expect(field).to_be_focused()
    field.fill("Something else")
    page.keyboard.press("Escape")
    expect(title.locator("[data-open]")).to_have_text(was)
    page.keyboard.press("e")
    field.fill(f"{was}, at once")
    page.keyboard.press("Enter")
    expect(title.locator("[data-open]")).to_have_text(f"{was}, at once")
    expect(page.locator("#announce")).to_have_text("Saved")


def test_a_field_that_somebody_else_changed_meanwhile_shows_both(visit: Visit, world: World) -> None:
    page = visit(world.ada, "/northwind/features/F-3/")
    page.locator("h1 [data-edit]").click()
    field = page.locator("h1").get_by_role("textbox")
    field.fill("What Ada wrote")
    world.features[2].refresh_from_db()
    world.features[2].change(title="What another wrote", by=world.ada)
    field.press("Enter")
    expect(page.locator("h1 form.inline")).to_contain_text("What another wrote")
    expect(field).to_have_value("What Ada wrote")
    page.keyboard.press("Escape")


def test_many_rows_are_changed_at_once_and_all_of_it_is_undone(visit: Visit, world: World) -> None:
    page = visit(world.ada, BACKLOG)
    states = page.locator("td.status")
    before = states.all_inner_texts()
    for _ in range(2):
        page.keyboard.press("j")
        page.keyboard.press("x")
    bar = page.locator("#bulk")
    expect(bar).to_contain_text("2 selected")
    bar.get_by_label("What to change").select_option(label="Status")
    bar.get_by_label("Status", exact=True).select_option(label="In progress")
    bar.get_by_role("button", name="Change", exact=True).click()
    expect(page.locator(".toast").last).to_contain_text("Changed 2 features.")
    expect(states.nth(0)).to_have_text("In progress")
    expect(states.nth(1)).to_have_text("In progress")
    page.locator(".toast").last.get_by_role("button", name="Undo").click()
    expect(states.nth(0)).to_have_text(before[0])
    expect(states.nth(1)).to_have_text(before[1])


# --- finding -----------------------------------------------------------------------------------------


def test_filters_live_in_the_address_and_the_title_says_what_they_left(visit: Visit, world: World) -> None:
    page = visit(world.ada, "/northwind/people/")
    expect(page.get_by_role("heading", level=1)).to_have_text("2 people")
    page.get_by_label("Name, address or handle").fill("dana")
    expect(page).to_have_url(re.compile(r"[?&]q=dana|=dana"))
    expect(page.get_by_role("heading", level=1)).to_have_text("1 person fits")
    expect(page.locator("#announce")).to_have_text("1 person fits")
    sent = page.url
    page.goto("/northwind/")
    page.goto(sent)
    expect(page.locator("[data-row]")).to_have_count(1)


def test_the_palette_makes_what_was_typed_and_does_what_the_page_can(visit: Visit, world: World) -> None:
    page = visit(world.ada, BACKLOG)
    page.keyboard.press("Control+k")
    page.keyboard.type("new feature Pay by phone")
    expect(page.get_by_role("option", selected=True)).to_have_text(re.compile("New feature “Pay by phone”"))
    page.keyboard.press("Enter")
    expect(page.get_by_label("Title")).to_have_value("Pay by phone")
    page.goto("/northwind/alignment/")
    page.keyboard.press("Control+k")
    page.keyboard.type("check now")
    expect(page.get_by_role("option", selected=True)).to_have_text("Check now")
    with page.expect_response(lambda answer: "/alignment/check/" in answer.url):
        page.keyboard.press("Enter")


# --- looking -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [2560, 1440, 1280, 1024, 768, 360])
def test_the_backlog_stays_within_its_frame(visit: Visit, world: World, width: int) -> None:
    world.features[3].refresh_from_db()
    world.features[3].change(title="W" * 300, by=world.ada)
    page = visit(world.ada, BACKLOG, viewport={"width": width, "height": 900})
    assert not page.evaluate(SIDEWAYS)
    page.goto(BACKLOG + "?" + "&".join(f"show={one.name}" for one in columns() if one.listed))
    assert not page.evaluate(SIDEWAYS)
    page.goto("/northwind/features/F-4/")
    assert not page.evaluate(SIDEWAYS)


def test_paper_and_meetings_get_the_page_without_what_one_works_with(visit: Visit, world: World) -> None:
    page = visit(world.ada, "/northwind/alignment/")
    working = page.locator(".side, .head .acts, .finding .fixes").locator("visible=true")
    assert working.count()
    page.emulate_media(media="print")
    expect(working).to_have_count(0)
    expect(page.locator(".finding").first).to_be_visible()
    page.emulate_media(media="screen")
    page.keyboard.press("p")
    expect(working).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("p")
    assert working.count()


WEIGH = """() => {
    const of = kind => performance.getEntriesByType("resource").filter(one => kind.test(one.name));
    const sum = list => list.reduce((all, one) => all + one.encodedBodySize, 0);
    return {
        wire: sum(of(/\\.(js|css)(\\?|$)/)),
        shift: window.shifted,
        paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
    };
}"""
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.shifted += entry.value)))
    .observe({ type: "layout-shift", buffered: true });
"""


@pytest.mark.figures
def test_pages_are_light_and_stand_still(visit: Visit, world: World, figures: Any) -> None:
    page = visit(world.ada, "/accounts/login/")
    page.add_init_script(SHIFTS)
    seen = {}
    for path in "", "alignment/", "backlog/", "features/F-1/", "objectives/", "releases/", "people/", "rules/":
        page.goto(f"/northwind/{path}", wait_until="load")
        page.wait_for_timeout(400)
        seen[path] = page.evaluate(WEIGH)
    assert max(one["wire"] for one in seen.values()) < 150_000
    assert max(one["shift"] for one in seen.values()) == 0, seen
    figures.measured("script and style on the wire, bytes at most", max(one["wire"] for one in seen.values()))
    figures.measured("first contentful paint, ms at most", round(max(one["paint"] for one in seen.values())))
