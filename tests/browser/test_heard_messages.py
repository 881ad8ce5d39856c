"""A message left on a line is heard in the console: by keyboard, from the page's memory, judged by axe."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.clocked import ClockedServer, clocked
from tests.browser.judging import Judge
from tests.browser.test_call_screens import on_a_break, status
from tests.browser.walks import NewVisit, visiting

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def service(
    chromium_options: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ClockedServer]:
    """A service whose line for the elderly, which calls back the next day, takes messages."""

    def with_messages(name: str, text: str) -> str:
        takes = 'id = "elderly"\nvoicemail = true'
        return text.replace('id = "elderly"', takes) if name == "lines.toml" else text

    yield from clocked(tmp_path_factory.mktemp("messages"), with_messages)


@pytest.fixture
def visits(browser: Browser, service: ClockedServer) -> Iterator[NewVisit]:
    yield from visiting(browser, service.url)


def leaves_a_message(page: Page) -> None:
    """Rings, chooses to leave a message, and speaks after the tone."""
    page.goto("/demo/puhelin")
    page.locator("#numero").fill("040 123 4563")
    page.locator("input[value=elderly]").check()
    page.locator("form[action='/demo/puhelin'] button[type=submit]").click()
    page.locator("[data-call-state=asked]").wait_for()
    page.locator(".phone-keys button[value='2']").click()
    page.locator("form[action$='/puhu'] button").click()
    expect(page.locator(".phone-hears")).to_contain_text("Viestisi on tallessa")


def test_message_is_heard_by_keyboard_and_kept_nowhere(visits: NewVisit, judge: Judge) -> None:
    caller, nurse = visits().page, visits(width=1366, height=768).page
    on_a_break(nurse)
    leaves_a_message(caller)
    status(nurse, 0)
    nurse.locator(".offer").wait_for()
    nurse.keyboard.press("F2")
    listen = nurse.locator(".recordings .button")
    expect(nurse.locator(".recordings")).to_contain_text("5 s")
    judge.schemes(nurse, "a message left")
    listen.focus()
    with nurse.expect_response("**/konsoli/viesti/*") as found:
        nurse.keyboard.press("Enter")
    audio = nurse.locator(".recordings audio")
    expect(audio).to_be_focused()
    expect(audio).to_have_js_property("duration", 5)
    assert found.value.headers["cache-control"] == "no-store"
    nurse.keyboard.press("Space")
    expect(audio).to_have_js_property("paused", False)
    judge.schemes(nurse, "a message that is heard")
