"""A caller who presses 1 is called back by a nurse, and the board counts it."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import walks
from tests.browser.walks import NewVisit

pytestmark = pytest.mark.browser


def ring(page: Page, number: str = walks.PHONE) -> None:
    """Rings the health stations' line from the demo's telephone."""
    page.goto("/demo/puhelin")
    page.locator("#numero").fill(number)
    page.locator("input[value=health_station]").check()
    page.locator("form[action='/demo/puhelin'] button[type=submit]").click()
    page.locator("[data-call-state=asked]").wait_for()


def press(page: Page, key: str, *, then: str) -> None:
    """Presses a key and waits for what it leads to."""
    heard = page.locator(".phone-hears").inner_text()
    page.locator(f".phone-keys button[value='{key}']").click()
    expect(page.locator(".phone-hears")).not_to_have_text(heard)
    page.locator(f"[data-call-state={then}]").wait_for()


def test_caller_is_promised_a_call_and_gets_it(new_visit: NewVisit) -> None:
    caller, nurse, board = new_visit().page, new_visit(width=1366).page, new_visit(width=1366).page
    walks.sign_in(board, "liisa")
    tiles = board.locator(".tile")
    expect(tiles.nth(3)).to_contain_text("0 avoinna")
    walks.start_shift(nurse)
    nurse.locator(".top .state").click()
    nurse.locator("dialog .stack .button").nth(1).click()
    expect(nurse.locator(".top .state")).to_have_attribute("data-shift", "paused")

    ring(caller)
    press(caller, "1", then="asked")
    press(caller, "1", then="promised")
    expect(caller.locator(".phone-hears")).to_contain_text("Soitamme sinulle viimeistään")
    expect(tiles.nth(3)).to_contain_text("1 avoinna")
    nurse.locator("#tab-callbacks").click()
    expect(nurse.locator("#work-list .row")).to_have_count(1)

    nurse.locator(".top .state").click()
    nurse.locator("dialog .stack .button").first.click()
    walks.take_offer(nurse)
    expect(nurse.locator(".call-number")).to_have_text("+358401234567")
    nurse.locator(".call-box .primary").click()
    expect(nurse.locator(".call-box")).to_contain_text("Asukas vastasi")
    caller.reload()
    expect(caller.locator("main")).to_contain_text("Soitettu takaisin: 1")

    walks.close_contact(nurse, "RESOLVED_ADVICE")
    expect(tiles.nth(3)).to_contain_text("0 avoinna")
    expect(tiles.nth(4)).to_contain_text("n = 1")
    expect(tiles.nth(5)).to_contain_text("1/1")


def test_caller_who_does_not_answer_stays_promised(new_visit: NewVisit) -> None:
    caller, nurse = new_visit().page, new_visit(width=1366).page
    caller.goto("/demo/puhelin")
    caller.locator("#vastaava-numero").fill("050 123 4567")
    caller.locator("input[value=no_answer]").check()
    caller.locator("form[action='/demo/puhelin/vastaaminen'] button[type=submit]").click()
    ring(caller, "050 123 4567")
    press(caller, "1", then="asked")
    press(caller, "1", then="promised")
    walks.start_shift(nurse)
    walks.take_offer(nurse)
    nurse.locator(".call-box .primary").click()

    expect(nurse.locator(".talk")).to_have_count(0)
    nurse.locator("#tab-callbacks").click()
    expect(nurse.locator(".callback-table tbody tr")).to_contain_text("1 / 3")
