"""A call without answers: the nurse fills the form by keyboard alone, and its level is hers to accept."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import walks
from tests.browser.test_callback_walk import press, ring
from tests.browser.walks import NewVisit

pytestmark = pytest.mark.browser

CHIP = ".form-level .chip"


def waiting_call(new_visit: NewVisit, number: str) -> None:
    """A caller who has asked to be called back."""
    caller = new_visit().page
    ring(caller, number)
    press(caller, "1", then="asked")
    press(caller, "1", then="promised")


def focused(page: Page) -> str | None:
    """The question in which the caret is."""
    found: str | None = page.evaluate(
        "() => document.activeElement.closest('[data-q]')?.dataset.q ?? document.activeElement.id"
    )
    return found


def wait_for_focus(page: Page, question: str) -> None:
    page.wait_for_function(
        "id => (document.activeElement.closest('[data-q]')?.dataset.q ?? document.activeElement.id) === id",
        arg=question,
    )


def go(page: Page, name: str, then: str) -> None:
    """Presses a key and waits for the caret to move on."""
    page.keyboard.press(name)
    wait_for_focus(page, then)


def open_form(page: Page) -> None:
    """Takes the offer and opens the form, by keys."""
    page.locator(".offer").wait_for()
    page.keyboard.press("F2")
    page.locator(".talk").wait_for()
    page.locator(".resident h3").first.wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    wait_for_focus(page, "form-topic")


def test_form_is_filled_saved_and_accepted_by_keyboard_alone(new_visit: NewVisit) -> None:
    nurse = new_visit(width=1366, height=768).page
    walks.start_shift(nurse, "maija")
    waiting_call(new_visit, walks.PHONE)
    open_form(nurse)
    expect(nurse.locator(".resident")).to_contain_text("Ei esitietoja")

    nurse.keyboard.type("kurk")
    expect(nurse.locator(".topic[aria-selected=true]")).to_have_text("Kurkkukipu")
    go(nurse, "Enter", "gate_consciousness")
    expect(nurse.locator(".topic-chosen")).to_contain_text("Kurkkukipu")
    go(nurse, "2", "gate_breathing")
    go(nurse, "3", "gate_chest")
    go(nurse, "0", "who")
    expect(nurse.locator("[data-q=gate_chest] input[value=false]")).to_be_checked()
    expect(nurse.locator("[data-q=gate_breathing] input[value=unknown]")).to_be_checked()
    nurse.keyboard.press("1")
    wait_for_focus(nurse, "age")
    nurse.keyboard.type("34")  # digits in a number are digits
    nurse.keyboard.press("Enter")
    nurse.wait_for_function("() => document.activeElement.closest('[data-q]')?.dataset.q !== 'age'")
    while focused(nurse) != "trismus":
        before = focused(nurse)
        nurse.keyboard.press("ArrowDown")
        assert focused(nurse) != before, before
    nurse.keyboard.press("1")
    expect(nurse.locator(CHIP)).to_have_attribute("data-level", "ED")
    expect(nurse.locator(".form-level")).to_contain_text("Voi vielä muuttua")
    expect(nurse.locator(".talk-head .chip")).not_to_have_attribute("data-level", "ED")

    nurse.reload()
    nurse.locator(".row").first.wait_for()
    nurse.locator(".row").first.focus()
    nurse.keyboard.press("Enter")
    nurse.locator(".resident .banner").wait_for()
    nurse.keyboard.press("f")
    expect(nurse.locator("[data-q=trismus] input[value=true]")).to_be_checked()
    expect(nurse.locator("[data-q=age] input")).to_have_value("34")

    nurse.keyboard.press("Control+Enter")
    expect(nurse.locator("[data-accept]")).to_be_focused()
    nurse.keyboard.press("Enter")
    expect(nurse.locator(".form")).to_have_count(0)
    expect(nurse.locator(".talk-head .chip")).to_have_attribute("data-level", "ED")
    expect(nurse.locator(".assessed")).to_contain_text("Maija")
    expect(nurse.locator(".red-flags li").first).to_contain_text("kyllä")
    assert nurse.evaluate("() => document.documentElement.scrollWidth") <= 1366

    nurse.keyboard.press("e")
    nurse.locator("dialog").wait_for()
    nurse.keyboard.press("1")
    nurse.keyboard.press("Control+Enter")
    nurse.locator("dialog").wait_for(state="detached")
    expect(nurse.locator(".talk")).to_have_count(0)


def test_letters_typed_into_the_form_s_fields_are_letters(new_visit: NewVisit) -> None:
    nurse = new_visit(width=1366, height=768).page
    walks.start_shift(nurse, "maija")
    waiting_call(new_visit, "050 123 4567")
    open_form(nurse)
    nurse.keyboard.type("jokin muu")
    go(nurse, "Enter", "gate_consciousness")
    words = nurse.locator("[data-q=free_text] textarea")
    words.focus()
    nurse.keyboard.type("evfu 123 etn")
    nurse.keyboard.press("Enter")
    nurse.locator("[data-q=who] input").first.focus()
    expect(nurse.locator("dialog")).to_have_count(0)
    expect(words).to_have_value("evfu 123 etn")
    nurse.keyboard.press("e")  # in the form letters do nothing
    expect(nurse.locator("dialog")).to_have_count(0)
    nurse.keyboard.press("Escape")
    expect(nurse.locator(".composer")).to_be_visible()
    nurse.keyboard.press("v")
    expect(nurse.locator(".assessed")).to_contain_text("vahvistettu")
    nurse.keyboard.press("u")
    nurse.locator("dialog input[value=EMERGENCY]").check()
    submit = nurse.locator("dialog .primary")
    expect(submit).to_have_attribute("aria-disabled", "true")
    nurse.locator("dialog input[value=worse]").check()
    submit.click()
    nurse.locator("dialog").wait_for(state="detached")
    nurse.keyboard.press("u")
    nurse.locator("dialog input[value=SAME_DAY]").check()
    nurse.locator("dialog input[value=milder]").check()
    submit.click()
    expect(nurse.locator("dialog [role=alert]")).to_contain_text("Lasket hätätilannetta")
    submit.click()
    nurse.locator("dialog").wait_for(state="detached")
    expect(nurse.locator(".assessed li")).to_have_count(3)
    walks.close_contact(nurse, "RESOLVED_ADVICE")
