"""The main job in real browsers, with the server killed in the middle of it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import walks
from tests.browser.demo_server import DemoServer
from tests.browser.walks import NewVisit, Visit, visit

pytestmark = pytest.mark.browser

# While the server is dead browsers say so in their consoles; nothing else may go wrong.
DEAD = re.compile(r"WebSocket connection to .* failed|ERR_CONNECTION_REFUSED")
BACK_MS = 15_000


@pytest.fixture
def visits(browser: Browser, demo: DemoServer) -> Iterator[list[Visit]]:
    """Three browsers: a resident's, a nurse's and a supervisor's."""
    three = [visit(browser, demo.url, width=width) for width in (390, 1366, 1366)]
    yield three
    for each in three:
        each.context.close()
    for each in three:
        assert each.strangers == []
        assert [line for line in each.troubles if not DEAD.search(line)] == []


def tile(board: Page, place: int) -> Locator:
    return board.locator(".tile").nth(place)


def said(messages: Locator) -> list[str]:
    return [text.strip() for text in messages.all_inner_texts()]


def send_over_newer(nurse: Page, words: str) -> None:
    """Sends it anyway when the resident's words arrived first and the nurse is asked."""
    asked = nurse.locator(".conflict")
    nurse.locator(".log .message.own:not(.pending)", has_text=words).or_(asked).first.wait_for()
    if asked.count():
        asked.locator(".button").last.click()


def texts_of_resident(page: Page) -> list[str]:
    return said(
        page.locator("#viestit .message-staff .message-text, #viestit .message-resident .message-text")
    )


def texts_of_nurse(page: Page) -> list[str]:
    return said(page.locator(".log .message .text"))


def test_chat_goes_from_the_front_page_to_the_board_over_a_killed_server(
    demo: DemoServer, visits: list[Visit]
) -> None:
    resident, nurse, board = (each.page for each in visits)
    walks.sign_in(board, "liisa")
    expect(tile(board, 5)).to_contain_text("0/0")
    walks.to_waiting(resident)
    walks.start_shift(nurse)
    walks.take_offer(nurse)
    resident.wait_for_url("**/keskustelu")

    expect(nurse.locator(".resident")).to_contain_text(walks.WORDS)
    expect(nurse.locator(".resident")).to_contain_text("34 vuotta")
    expect(nurse.locator(".resident")).to_contain_text(walks.PHONE[-4:].replace(" ", ""))
    expect(resident.locator("#kenen")).to_have_text("sairaanhoitaja Maija M.", ignore_case=True)
    walks.say_nurse(nurse, "Hei! Luin esitietosi.")
    expect(resident.locator("#viestit")).to_contain_text("Hei! Luin esitietosi.")
    walks.say_resident(resident, "Kurkku on yhä kipeä.")
    expect(nurse.locator(".log")).to_contain_text("Kurkku on yhä kipeä.")
    expect(nurse.locator(".badge")).to_have_count(0)

    demo.kill()
    expect(resident.locator("#yhteys")).to_be_visible()
    expect(nurse.locator(".banner.warn")).to_be_visible()
    walks.say_resident(resident, "Kirjoitin tämän katkon aikana.")
    walks.say_nurse(nurse, "Minäkin kirjoitin katkon aikana.")
    demo.start()

    expect(nurse.locator(".log")).to_contain_text("Kirjoitin tämän katkon aikana.", timeout=BACK_MS)
    send_over_newer(nurse, "Minäkin kirjoitin katkon aikana.")
    expect(resident.locator("#viestit")).to_contain_text("Minäkin kirjoitin katkon aikana.", timeout=BACK_MS)
    expect(resident.locator("#yhteys")).to_be_hidden()
    expect(nurse.locator(".top .state")).to_have_attribute("data-shift", "ready")
    assert visits[0].path == "/keskustelu"
    everything = {
        "Hei! Luin esitietosi.",
        "Kurkku on yhä kipeä.",
        "Kirjoitin tämän katkon aikana.",
        "Minäkin kirjoitin katkon aikana.",
    }
    expect(nurse.locator(".log .pending")).to_have_count(0)
    assert texts_of_resident(resident) == texts_of_nurse(nurse)
    assert len(texts_of_nurse(nurse)) == len(everything) and set(texts_of_nurse(nurse)) == everything

    walks.close_contact(nurse, "RESOLVED_ADVICE")
    expect(resident.locator("#paattyi")).to_be_visible()
    resident.locator("#paattyi a").click()
    resident.wait_for_url("**/paattynyt")
    expect(resident.locator("main")).to_contain_text("Kirjoitin tämän katkon aikana.")
    expect(tile(board, 2)).to_contain_text("n = 1", timeout=BACK_MS)
    expect(tile(board, 5)).to_contain_text("100 %", timeout=BACK_MS)
    expect(tile(board, 5)).to_contain_text("1/1")


def test_reload_while_the_server_is_down_loses_no_unsent_words(demo: DemoServer, visits: list[Visit]) -> None:
    resident, nurse, _ = (each.page for each in visits)
    walks.to_waiting(resident, "050 123 4567")
    walks.start_shift(nurse)
    walks.take_offer(nurse)
    resident.wait_for_url("**/keskustelu")
    expect(resident.locator("#kirjoitus")).to_be_visible()
    expect(resident.locator("#yhteys")).to_be_hidden()

    demo.kill()
    expect(resident.locator("#yhteys")).to_be_visible()
    walks.say_resident(resident, "Sanat ennen latausta.")
    expect(resident.locator("[data-pending]")).to_have_count(1)
    demo.start()
    resident.reload()

    expect(nurse.locator(".log")).to_contain_text("Sanat ennen latausta.", timeout=BACK_MS)
    assert texts_of_resident(resident).count("Sanat ennen latausta.") == 1
    assert texts_of_nurse(nurse).count("Sanat ennen latausta.") == 1


def test_waiting_resident_stays_in_line_over_a_killed_server(demo: DemoServer, new_visit: NewVisit) -> None:
    resident = new_visit()
    resident.troubles = []
    walks.to_waiting(resident.page, "044 123 4567")
    expect(resident.page.locator("#yhdistetty")).to_be_visible()

    demo.kill()
    demo.start()
    expect(resident.page.locator("#yhdistetty")).to_be_visible(timeout=BACK_MS)
    resident.page.reload()

    assert resident.path == "/odotus"
    resident.troubles[:] = [line for line in resident.troubles if not DEAD.search(line)]
