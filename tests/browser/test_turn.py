"""One's turn, a line that slows down, a line without anybody: the waiting room watched and unwatched."""

import json
import re

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.browser import walks
from tests.browser.demo_server import DemoServer
from tests.browser.judging import Judge
from tests.browser.test_room import LANGUAGES, fits
from tests.browser.walks import NewVisit
from tools.servers import wait_until

pytestmark = pytest.mark.browser

HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_ones_turn_while_the_page_is_behind_others(
    new_visit: NewVisit, demo: DemoServer, judge: Judge
) -> None:
    resident, nurse = new_visit(), new_visit(width=1366).page
    page = resident.page
    page.add_init_script(
        """globalThis.asked = 0;
        Notification.requestPermission = async () => { globalThis.asked += 1; return "denied"; };"""
    )
    walks.to_waiting(page)
    expect(page.locator("#hoitajat")).to_contain_text("Kukaan ei ole juuri nyt vastaamassa")
    expect(page.locator("#soita-minulle")).to_have_class(re.compile("primary"))
    judge.look(page, "nobody at work", *LANGUAGES)
    fits(page)
    page.get_by_role("button", name="Ilmoita tekstiviestillä").click()
    expect(page.locator(".text-me")).to_contain_text("Voit sulkea sivun.")
    page.locator("#aani").click()
    expect(page.locator("#aani")).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("asked") == 0
    if page.locator("#ilmoitukset").is_visible():
        page.locator("#ilmoitukset").click()
        expect(page.locator("#ilmoitukset-tila")).not_to_be_empty()
    expect(page.locator("#yhdistetty")).to_be_visible()
    page.evaluate(HIDE, True)
    walks.start_shift(nurse)
    walks.take_offer(nurse)
    expect(page).to_have_title("(!) Sinun vuorosi")
    expect(page.locator("#vuoro")).to_contain_text("Paikkasi säilyy 10 minuuttia.")
    judge.look(page, "one's turn")
    sms = demo.folder / "data" / "sms.jsonl"
    wait_until(
        lambda: sms.exists() and "On sinun vuorosi" in sms.read_text(encoding="utf-8"), name="the text"
    )
    assert "567" in json.loads(sms.read_text(encoding="utf-8").splitlines()[-1])["to"]
    page.evaluate(HIDE, False)
    expect(page.locator("#olen-paikalla")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/keskustelu")
    walks.close_contact(nurse, "RESOLVED_ADVICE")


def test_a_wait_that_grew_longer_than_told_offers_a_call_first(new_visit: NewVisit, demo: DemoServer) -> None:
    page = new_visit().page
    page.route_web_socket("**/ws", slowed)
    walks.to_waiting(page, "050 123 4568")

    expect(page.locator("#hidastunut")).to_contain_text("Jono on hidastunut. Uusi arvio on 8–15 minuuttia.")
    expect(page.locator("#soita-minulle")).to_have_class(re.compile("primary"))


def slowed(socket: WebSocketRoute) -> None:
    """The server's word with a place that has become slower."""
    server = socket.connect_to_server()

    def changed(text: str | bytes) -> None:
        frame = json.loads(text)
        for part in (frame, frame.get("snapshot") or {}):
            if "slower" in part:
                part.update(slower=True, range=[8, 15])
        socket.send(json.dumps(frame))

    server.on_message(changed)
