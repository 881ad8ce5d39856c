"""A call is passed to a colleague by the console: hers when she answers, and never in two hands."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import walks
from tests.browser.judging import Judge
from tests.browser.walks import Visit

pytestmark = pytest.mark.browser
NewVisit = Callable[..., Visit]


def rings(page: Page, line: str) -> None:
    """Somebody rings the line and waits in it."""
    page.goto("/demo/puhelin")
    page.locator(f"input[value={line}]").check()
    page.locator("form[action='/demo/puhelin'] button[type=submit]").click()
    page.locator("form[action$='/odota'] button").click()


def test_a_call_is_passed_to_a_colleague_who_answers(
    new_visit: NewVisit, judge: Judge, tmp_path: Path
) -> None:
    caller, nurse = new_visit().page, new_visit(width=1366, height=768).page
    colleague = new_visit(width=1366, height=768).page
    walks.start_shift(nurse, "ritva")
    rings(caller, "mental")
    nurse.locator(".offer").wait_for()
    nurse.keyboard.press("F8")
    bar, dialog = nurse.locator(".call-bar"), nurse.locator("dialog")
    expect(bar).to_contain_text("puhelussa")
    nurse.locator("#talk-title").wait_for()
    nurse.keyboard.press("t")
    expect(dialog).to_contain_text("Kukaan jonon ammattilaisista ei ole nyt vapaana")
    judge.schemes(nurse, "transfer of a call, nobody free")
    nurse.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    walks.start_shift(colleague, "ville")
    nurse.keyboard.press("t")
    dialog.locator("label", has_text="Ville V.").click()
    judge.schemes(nurse, "transfer of a call")
    nurse.screenshot(path=tmp_path / "transfer.png")
    nurse.set_viewport_size({"width": 390, "height": 844})
    assert nurse.evaluate("document.documentElement.scrollWidth") <= 390
    nurse.screenshot(path=tmp_path / "transfer-390.png")
    nurse.set_viewport_size({"width": 1366, "height": 768})
    nurse.keyboard.press("Control+Enter")
    expect(nurse.locator(".notice")).to_contain_text("ovat nyt hänellä")
    expect(bar).to_have_count(0)

    hers = colleague.locator(".call-bar")
    expect(hers).to_contain_text("puhelussa")
    colleague.keyboard.press("F8")
    expect(hers).to_contain_text("pidossa")
    hers.locator(".button", has_text="Avaa").click()
    colleague.locator("#talk-title").wait_for()
    colleague.screenshot(path=tmp_path / "held.png")
    colleague.set_viewport_size({"width": 390, "height": 844})
    colleague.screenshot(path=tmp_path / "held-390.png")
    colleague.set_viewport_size({"width": 1366, "height": 768})
    colleague.keyboard.press("F9")
    expect(hers).to_have_count(0)
    caller.reload()
    expect(caller.locator("[data-call-state=ended]")).to_be_visible()
    expect(colleague.locator("dialog h2")).to_have_text("Päätä yhteydenotto")  # the contact is still hers
