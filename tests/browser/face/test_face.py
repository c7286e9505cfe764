"""The frame and the Alignment page, as people use them."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.face.world import PASSWORD, World
from tests.waiting import eventually

Visit = Callable[..., Page]
ALIGNMENT = "/northwind/alignment/"


def heard(page: Page) -> Page:
    """The page, once its live stream is open."""
    expect(page.locator("html[data-live=on]")).to_be_attached()
    return page


def finding(page: Page, words: str) -> Any:
    return page.locator(".finding", has_text=words)


# --- in and out --------------------------------------------------------------------------------------


def test_one_signs_in_goes_home_and_signs_out(visit: Visit) -> None:
    page = visit(None, "/northwind/")
    page.get_by_label("Email").fill("ada@northwind.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_url(re.compile("/northwind/$"))
    page.get_by_role("button", name="Ada Lind").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/accounts/login/"))


def test_passkeys_work_under_our_policy(visit: Visit, world: World) -> None:
    user = World.user("paula@northwind.example", "Paula")
    page = visit(None, "/accounts/login/")
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    here = page.url
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_url(re.compile("/workspaces/$"))
    page.goto(here.replace("login", "2fa/webauthn/add"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name").fill("Paula’s phone")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page).to_have_url(re.compile("recovery-codes|webauthn/$"))
    page.context.clear_cookies()
    page.goto(here)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(re.compile("/workspaces/$"))


# --- finding one's way -------------------------------------------------------------------------------


def test_the_palette_goes_anywhere_by_keyboard(visit: Visit, world: World) -> None:
    page = visit(world.ada, "/northwind/")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Go to, make or find")).to_be_focused()
    page.keyboard.type("alig")
    expect(page.get_by_role("option", selected=True)).to_contain_text("Alignment")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(ALIGNMENT))
    page.keyboard.press("Control+k")
    page.keyboard.type("dunning")
    expect(page.get_by_role("option", selected=True)).to_contain_text("F-3")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()


def test_keys_move_through_a_list_go_places_and_can_be_switched_off(visit: Visit, world: World) -> None:
    page = visit(world.ada, ALIGNMENT)
    page.keyboard.press("j")
    first = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.textContent") == first
    page.keyboard.press("?")
    page.get_by_label("Single keys").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("h")
    expect(page).to_have_url(re.compile(ALIGNMENT))
    page.evaluate("localStorage.clear()")
    page.keyboard.press("g")
    page.keyboard.press("h")
    expect(page).to_have_url(re.compile("/northwind/$"))


def test_below_800_pixels_the_navigation_opens_from_a_menu(visit: Visit, world: World) -> None:
    page = visit(world.ada, "/northwind/", viewport={"width": 400, "height": 800})
    link = page.get_by_role("navigation", name="Main").get_by_role("link", name="Alignment")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    link.click()
    expect(page).to_have_url(re.compile(ALIGNMENT))


def test_the_theme_is_kept_in_this_browser_and_comes_with_the_page(visit: Visit, world: World) -> None:
    page = visit(world.ada, "/northwind/", color_scheme="light")
    page.get_by_role("button", name="Ada Lind").click()
    page.get_by_role("button", name="Dark").click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 22, 27)"


def test_without_a_network_our_own_page_says_so(visit: Visit, world: World) -> None:
    page = visit(world.ben, "/northwind/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.context.set_offline(True)
    page.goto("/northwind/alignment/")
    expect(page.get_by_role("heading", name="There is no connection")).to_be_visible()
    page.context.set_offline(False)


# --- the loop: see, fix, waive, and everybody sees it ------------------------------------------------


def test_a_fix_closes_the_finding_for_everybody_within_seconds(visit: Visit, world: World) -> None:
    ada, ben = heard(visit(world.ada, ALIGNMENT)), heard(visit(world.ben, ALIGNMENT))
    wanting = "Nobody owns “Dunning levels”"
    before = float(ben.locator(".big").inner_text())
    finding(ada, wanting).get_by_role("link", name="Choose an owner").click()
    dialog = ada.get_by_role("dialog", name="Choose an owner")
    dialog.get_by_role("button", name="Choose an owner").click()
    expect(dialog.locator(".error")).to_be_visible()
    dialog.get_by_label("Owner", exact=True).select_option(label="Dana Ruiz")
    dialog.get_by_role("button", name="Choose an owner").click()
    expect(ada.locator(".toast")).to_contain_text("Done: choose an owner.")
    expect(dialog).to_be_hidden()
    for page in ada, ben:
        expect(finding(page, wanting)).to_have_count(0)
        expect(page).to_have_url(re.compile(ALIGNMENT))
    expect(ben.locator(".big")).not_to_have_text(f"{before:.0f}")
    assert float(ben.locator(".big").inner_text()) > before


def test_a_waiver_can_be_taken_back_where_it_was_given(visit: Visit, world: World) -> None:
    page = heard(visit(world.ada, ALIGNMENT))
    row = finding(page, "was to be out by")
    row.get_by_role("button", name="More for RL114").click()
    page.get_by_role("link", name="Waive it for now").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why can it wait?").fill("After the audit")
    dialog.get_by_role("button", name="Waive it").click()
    expect(row).to_have_count(0)
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(row).to_have_count(1)
    expect(page).to_have_url(re.compile(ALIGNMENT))


def test_what_was_typed_is_not_lost_by_a_slip(visit: Visit, world: World) -> None:
    page = visit(world.ada, ALIGNMENT)
    row = finding(page, "was to be out by")
    row.get_by_role("button", name="More for RL114").click()
    page.get_by_role("link", name="Waive it for now").click()
    page.get_by_label("Why can it wait?").fill("A long reason")
    page.keyboard.press("Escape")
    expect(page.locator(".toast")).to_contain_text("You have not saved")
    expect(page.get_by_label("Why can it wait?")).to_have_value("A long reason")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


@pytest.mark.figures
def test_two_browsers_see_each_others_changes_within_a_second(visit: Visit, world: World, figures: Any) -> None:
    watching = heard(visit(world.ben, "/northwind/"))
    seen = watching.evaluate_handle(
        """() => {
            const seen = {};
            document.body.addEventListener("live:features", () => (seen.at = Date.now()));
            return seen;
        }"""
    )
    waits = []
    for n in range(5):
        changed = time.time()
        world.features[0].change(title=f"Export invoices {n}", by=world.ada)
        at = eventually(lambda: seen.evaluate("seen => seen.at"))
        waits.append(at / 1000 - changed)
        seen.evaluate("seen => delete seen.at")
        watching.wait_for_timeout(600)
    figures.at_most("slowest of five changes to show in another browser, seconds", max(waits), 1)


def test_the_tabs_of_a_browser_share_one_stream(visit: Visit, world: World) -> None:
    first = heard(visit(world.ada, "/northwind/"))
    second = first.context.new_page()
    second.goto("/northwind/")
    second.evaluate("() => document.body.addEventListener('live:features', () => (document.title = 'heard'))")
    second.wait_for_timeout(300)
    assert (
        second.evaluate("performance.getEntriesByType('resource').filter(e => e.name.includes('/live/')).length") == 0
    )
    world.features[1].change(title="Refunds", by=world.ada)
    expect(second).to_have_title("heard")
    first.close()
    heard(second)


def test_a_seat_that_is_taken_away_ends_the_stream(visit: Visit, world: World) -> None:
    page = heard(visit(world.ben, "/northwind/"))
    world.ben.end(by=world.ada)
    expect(page.locator("html[data-live=over]")).to_be_attached()
    world.ben.ended_at = None
    world.ben.save()
