"""The resident's own page of a call, opened by the link of a text message: every state, in every look."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser import walks
from tests.browser.demo_server import DemoServer
from tests.browser.judging import Judge, unfit
from tests.browser.test_callback_walk import press, ring
from tests.browser.walks import NewVisit
from tools.servers import wait_until

pytestmark = pytest.mark.browser

NUMBER = "040 123 4567"


@pytest.fixture
def texted(demo: DemoServer) -> Callable[[str, int], str]:
    """The link of the `n`th text to a number."""

    def texts(number: str) -> list[str]:
        file = demo.folder / "data" / "sms.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        sent = [json.loads(line) for line in lines]
        return [each["text"] for each in sent if each["to"].endswith(number[-3:])]

    def link(number: str, n: int) -> str:
        wait_until(lambda: len(texts(number)) >= n, name="the text")
        found = re.search(r"/s/\w{16}", texts(number)[n - 1])
        assert found is not None, texts(number)
        return found[0]

    return link


def asks(caller: Page, number: str) -> None:
    """Rings and is promised a call."""
    ring(caller, number)
    press(caller, "1", then="asked")
    press(caller, "1", then="promised")


def fits(page: Page) -> None:
    """Nothing is cut or scrolls sideways on the smallest telephone."""
    page.set_viewport_size({"width": 320, "height": 640})
    assert unfit(page) == []


def title(page: Page, words: str) -> None:
    expect(page.locator("h1")).to_have_text(words)


def test_she_follows_changes_and_cancels_by_the_link(
    new_visit: NewVisit, texted: Callable[[str, int], str], judge: Judge
) -> None:
    asks(new_visit().page, NUMBER)
    # What the link says it says without scripts; the checker alone needs them.
    resident, looker = new_visit(java_script_enabled=False).page, new_visit().page
    link = texted(NUMBER, 1)

    def look(path: str, name: str, *languages: str) -> None:
        looker.goto(path)
        judge.look(looker, name, *languages)
        fits(looker)

    resident.goto(link)
    title(resident, "Soitamme sinulle")
    expect(resident.locator("main")).to_contain_text("040 *** 567")
    look(link, "promised", "sv", "en")

    resident.get_by_role("link", name="Vaihda aika").click()
    look(f"{link}/aika", "times", "en")
    walks.go_on(resident)
    expect(resident.locator(".error-summary a")).to_have_text("Valitse, milloin soitamme.")
    looker.locator("main form button").click()
    judge.look(looker, "no time chosen")
    expect(looker.locator(".error-summary")).to_be_focused()
    chosen = resident.locator(".choice label").last
    when = chosen.inner_text()[1:]
    chosen.click()
    walks.go_on(resident)
    title(resident, "Soitamme sinulle uutena aikana")
    expect(resident.locator(".line-place")).to_contain_text(when)
    look(link, "moved")

    resident.get_by_role("link", name="Vaihda numero").click()
    resident.locator("#puhelin").fill("112")
    walks.go_on(resident)
    expect(resident.locator("#vastaus-virhe")).to_be_visible()
    resident.locator("#puhelin").fill("050 123 9876")
    walks.go_on(resident)
    expect(resident.locator(".line-place")).to_contain_text("050 123 9876")
    look(f"{link}/numero", "another number", "sv")
    looker.locator("#puhelin").fill("050 123 9876")
    walks.go_on(looker)
    judge.look(looker, "the number read back")
    resident.locator("button[value=vahvista]").click()
    expect(resident.locator("main")).to_contain_text("050 *** 876")
    link = texted("050 123 9876", 1)

    resident.get_by_role("link", name="Peru soittopyyntö").click()
    title(resident, "Perutaanko soittopyyntö?")
    look(f"{link}/peru", "asked before cancelling")
    resident.get_by_role("button", name="Peru soittopyyntö").click()
    title(resident, "Soittopyyntö on peruttu")
    look(link, "cancelled", "sv")


def test_she_sees_that_she_was_rung_and_moves_to_the_chat(
    new_visit: NewVisit, texted: Callable[[str, int], str], judge: Judge
) -> None:
    number = "045 123 4561"
    caller, nurse = new_visit().page, new_visit(width=1366).page
    caller.goto("/demo/puhelin")
    caller.locator("#vastaava-numero").fill(number)
    caller.locator("input[value=no_answer]").check()
    caller.locator("form[action='/demo/puhelin/vastaaminen'] button[type=submit]").click()
    asks(caller, number)
    resident = new_visit().page
    walks.start_shift(nurse)
    walks.take_offer(nurse)
    resident.goto(texted(number, 1))
    title(resident, "Soitamme sinulle nyt")
    judge.look(resident, "calling", "en")
    nurse.locator(".call-box .primary").click()
    expect(nurse.locator(".talk")).to_have_count(0)

    resident.goto(texted(number, 2))
    title(resident, "Soitimme, mutta emme tavoittaneet sinua")
    expect(resident.locator("main li")).to_have_count(1)
    judge.look(resident, "missed", "sv", "en")
    fits(resident)
    resident.set_viewport_size({"width": 390, "height": 844})
    other = new_visit().page
    resident.get_by_role("button", name="Siirry chattiin").click()
    resident.wait_for_url("**/odotus")
    other.goto(texted(number, 2))
    title(other, "Odotat nyt chatissa")
    judge.look(other, "in the chat", "sv")

    walks.take_offer(nurse)
    resident.wait_for_url("**/keskustelu")
    walks.say_nurse(nurse, "Hei!")
    expect(resident.locator("#viestit")).to_contain_text("Hei!")
    walks.close_contact(nurse, "RESOLVED_ADVICE")
    other.reload()
    title(other, "Soittopyyntösi on hoidettu")
    judge.look(other, "dealt with")


def test_a_link_that_opens_nothing_says_what_it_was(new_visit: NewVisit, judge: Judge) -> None:
    resident = new_visit()
    resident.page.goto(f"/s/{'a' * 16}")
    title(resident.page, "Linkki ei toimi enää")
    judge.look(resident.page, "an old link", "sv", "en")
    fits(resident.page)
    resident.troubles[:] = [line for line in resident.troubles if "410" not in line]
