"""The call bar and the list of callbacks in their states, by keys, judged by axe in both colour schemes."""

import json
import math
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect

from tests.browser import walks
from tests.browser.clocked import ClockedServer, clocked
from tests.browser.judging import Judge
from tests.browser.walks import NewVisit, visiting

pytestmark = pytest.mark.browser

NUMBER = re.compile(r"\+3584012345\d\d")
# A dropped connection is told to the browser's own console.
DROPPED = "WebSocket connection to"


# What the bar's own status says, kept: it is emptied after a moment.
SAID = """() => {
  window.said = [];
  const status = document.querySelector(".call-bar [role=status]");
  new MutationObserver(() => window.said.push(status.textContent))
    .observe(status, { childList: true, characterData: true, subtree: true });
}"""


class Wire:
    """Between a console and the server: shows the console a row as it would be at another exchange."""

    def __init__(self, page: Page) -> None:
        self.rows: dict[int, dict[str, Any]] = {}
        self.siblings: list[dict[str, Any]] = []
        self.telephone = True
        self.can = ["hang_up", "hold", "transfer"]
        self._route: WebSocketRoute | None = None
        page.route_web_socket("**/ws", self._join)

    def _join(self, route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        self._route = route
        route.on_message(server.send)
        server.on_message(lambda frame: self._pass(route, str(frame)))

    def _pass(self, route: WebSocketRoute, frame: str) -> None:
        told = json.loads(frame)
        told |= told.get("snapshot") or {}
        if "brief" in told:
            told["brief"]["siblings"] = self.siblings
            frame = json.dumps(told)
        if told.get("ev") == "tick":
            frame = json.dumps(told | {"telephone": self.telephone})
        if "telephone" in (told.get("snapshot") or {}):
            told["snapshot"]["telephone"]["can"] = self.can
            frame = json.dumps(told)
        lists = (told.get(name) or [] for name in ("own", "waiting", "callbacks"))
        for row in (*chain.from_iterable(lists), told.get("row")):
            if isinstance(row, dict):
                self.rows[row["contact"]] = row
        route.send(frame)

    def change(self, row: dict[str, Any], **changes: Any) -> None:
        """The row with these changes; the server knows nothing of it, and its own next news is newer."""
        row.update(changes, n=(row["n"] + math.floor(row["n"]) + 1) / 2)
        told = {"ev": "attempt.dialled", "contact": row["contact"], "n": row["n"], "data": {}, "row": row}
        assert self._route is not None
        self._route.send(json.dumps(told))

    def drop(self) -> None:
        """The connection breaks."""
        assert self._route is not None
        self._route.close()

    def call(self, state: str, result: str | None = None, **more: Any) -> None:
        """The call of the one contact in hand, in another state."""
        row = next(row for row in self.rows.values() if row["mine"])
        call = {"attempt": 1, "n": 1, "state": state, "result": result, "since": row["state_since"]}
        self.change(row, call=call | {"held_at": None, "order": None, "order_state": None} | more)


def with_one_try(name: str, text: str) -> str:
    """A county whose line for the elderly gives a request to a person after one try in vain."""
    return text.replace('id = "elderly"', 'id = "elderly"\nattempts = 1') if name == "lines.toml" else text


@pytest.fixture(scope="module")
def service(
    chromium_options: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ClockedServer]:
    """One service for the tests that follow each other."""
    yield from clocked(tmp_path_factory.mktemp("calls"), with_one_try)


@pytest.fixture
def visits(browser: Browser, service: ClockedServer) -> Iterator[NewVisit]:
    yield from visiting(browser, service.url, forgiven=(DROPPED,))


@pytest.fixture
def another(chromium_options: dict[str, object], tmp_path: Path) -> Iterator[ClockedServer]:
    """A service that nobody was at before."""
    yield from clocked(tmp_path, with_one_try)


@pytest.fixture
def first_visits(browser: Browser, another: ClockedServer) -> Iterator[NewVisit]:
    yield from visiting(browser, another.url, forgiven=(DROPPED,))


def asks_for_a_call(page: Page, number: str, line: str = "health_station", answers: str = "answers") -> None:
    """Rings a line and presses 1; the telephone does as told when it is rung."""
    page.goto("/demo/puhelin")
    if answers != "answers":
        page.locator("#vastaava-numero").fill(number)
        page.locator(f"input[value={answers}]").check()
        page.locator("form[action='/demo/puhelin/vastaaminen'] button[type=submit]").click()
        page.locator("#numero").wait_for()
    page.locator("#numero").fill(number)
    page.locator(f"input[value={line}]").check()
    page.locator("form[action='/demo/puhelin'] button[type=submit]").click()
    for _ in range(2):
        page.locator("[data-call-state=asked]").wait_for()
        heard = page.locator(".phone-hears").inner_text()
        page.locator(".phone-keys button[value='1']").click()
        expect(page.locator(".phone-hears")).not_to_have_text(heard)
    page.locator("[data-call-state=promised]").wait_for()


def on_a_break(page: Page, name: str = "ville") -> None:
    """A professional at work who is offered nothing."""
    walks.sign_in(page, name)
    begin, state = page.locator(".shift-start .primary"), page.locator(".top .state")
    begin.or_(state).first.wait_for()
    if begin.count():
        begin.click()
    state.wait_for()
    if state.get_attribute("data-shift") == "ready":
        takes_a_break(page)


def takes_a_break(page: Page) -> None:
    """Returns when the server knows it: a closed page must not leave her to be offered to."""
    status(page, 1)
    expect(page.locator(".top .state")).to_have_attribute("data-shift", "paused")


def waits_in_line(page: Page, line: str = "dental") -> None:
    """Rings a line and presses nothing when asked."""
    page.goto("/demo/puhelin")
    page.locator(f"input[value={line}]").check()
    page.locator("form[action='/demo/puhelin'] button[type=submit]").click()
    page.locator("form[action$='/odota'] button").click()
    page.locator("[data-call-state=in_line]").wait_for()


def status(page: Page, choice: int) -> None:
    page.keyboard.press("F4")
    page.locator("dialog .stack .button").nth(choice).click()


def table(page: Page) -> Locator:
    page.locator("#tab-callbacks").click()
    return page.locator(".callback-table tbody tr")


def take_offer(page: Page) -> None:
    """Ready, and takes by key what is offered; what is known is on the screen before anything rings."""
    status(page, 0)
    page.locator(".offer").wait_for()
    page.keyboard.press("F2")
    expect(page.locator(".call-number")).to_have_text(NUMBER)
    expect(page.locator(".resident")).to_contain_text("Yhteys ja kieli")
    expect(page.locator(".call-bar")).to_have_count(0)


def test_list_tells_each_promise_and_a_call_is_made_by_keys(visits: NewVisit, judge: Judge) -> None:
    caller, nurse = visits().page, visits(width=1366, height=768).page
    on_a_break(nurse)
    rows = table(nurse)
    expect(nurse.locator("#work-list")).to_contain_text("Kaikki soittopyynnöt hoidettu")
    asks_for_a_call(caller, "040 123 4560")
    asks_for_a_call(caller, "040 123 4561", "mental")
    asks_for_a_call(caller, "040 123 4562", "elderly", "no_answer")

    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("viim. 16.00")
    expect(rows.first).to_contain_text("0 / 3")
    expect(rows.filter(has_text="0 / 1")).to_have_count(1)
    expect(rows.first).to_contain_text("puhelin")
    expect(nurse.locator(".oldest")).to_contain_text("Vanhin avoin pyyntö: 10.0")
    nurse.locator(".queue-filter .button", has_text="Mielenterveys").click()
    expect(rows).to_have_count(1)
    nurse.locator(".oldest .button").click()  # the oldest is found whatever is filtered
    expect(rows).to_have_count(3)
    expect(nurse.locator(".beside")).to_contain_text("Vastaukset avautuvat")
    judge.schemes(nurse, "callbacks")

    take_offer(nurse)
    nurse.keyboard.press("c")
    bar = nurse.locator(".call-bar")
    expect(bar).to_contain_text("puhelussa")
    expect(bar.locator("[role=timer]")).to_have_attribute("aria-live", "off")
    judge.schemes(nurse, "call bar")
    nurse.set_viewport_size({"width": 390, "height": 844})
    expect(bar.locator(".button", has_text="Lopeta")).to_be_visible()
    assert nurse.evaluate("document.documentElement.scrollWidth") <= 390
    judge.schemes(nurse, "call bar, narrow")
    nurse.set_viewport_size({"width": 1366, "height": 768})
    nurse.reload()  # a call is on: the bar does not depend on the page's memory
    nurse.locator(".row").first.wait_for()
    expect(bar).to_contain_text("puhelussa")
    bar.locator(".button", has_text="Avaa").click()
    expect(bar).to_contain_text(NUMBER)
    takes_a_break(nurse)

    nurse.keyboard.press("F9")
    expect(nurse.locator("dialog h2")).to_have_text("Päätä yhteydenotto")
    expect(bar).to_have_count(0)
    nurse.keyboard.press("1")
    nurse.keyboard.press("Control+Enter")
    nurse.locator("dialog").wait_for(state="detached")
    expect(table(nurse)).to_have_count(2)


def test_voicemail_is_one_key_and_the_last_try_in_vain_is_decided(visits: NewVisit, judge: Judge) -> None:
    nurse = visits(width=1366, height=768).page
    on_a_break(nurse, "maija")
    take_offer(nurse)
    nurse.keyboard.press("s")
    expect(nurse.locator("dialog input[type=radio]").first).to_be_visible()
    judge.schemes(nurse, "another time")
    nurse.keyboard.press("Escape")
    nurse.locator("dialog").wait_for(state="detached")
    nurse.keyboard.press("c")
    expect(nurse.locator(".call-bar")).to_contain_text("puhelussa")
    nurse.keyboard.press("a")
    expect(nurse.locator(".notice")).to_contain_text("Vastaaja. Pyyntö jää voimaan.")
    expect(nurse.locator(".talk")).to_have_count(0)
    tried = table(nurse).filter(has_text="1 / 3")
    expect(tried).to_contain_text("uusi yritys")
    expect(tried).to_contain_text("viimeksi 10.0")
    expect(tried.locator(".button")).to_have_count(0)  # not before its time

    nurse.locator(".offer").wait_for()  # the one of the line that tries once
    nurse.keyboard.press("F2")
    nurse.locator(".call-box .primary:enabled").wait_for()
    nurse.keyboard.press("c")
    decide = nurse.locator(".unreached")
    expect(decide).to_contain_text("Asukasta ei tavoitettu 1 yrityksellä")
    judge.schemes(nurse, "not reached")
    decide.locator(".button").click()
    expect(nurse.locator("#outcome-UNREACHED")).to_be_checked()
    nurse.keyboard.press("Control+Enter")
    nurse.locator("dialog").wait_for(state="detached")
    takes_a_break(nurse)


def test_what_another_exchange_tells_is_said_in_words(first_visits: NewVisit, judge: Judge) -> None:
    caller, visited = first_visits().page, first_visits(width=1366, height=768)
    nurse, wire = visited.page, Wire(visited.page)
    for n in (4, 5):
        asks_for_a_call(caller, f"040 123 456{n}")
    on_a_break(nurse, "maija")
    rows = table(nurse)
    late = max(wire.rows.values(), key=lambda row: row["contact"])
    wire.change(late, promise_due_at="2026-11-24T07:39:30+00:00")
    expect(rows.filter(has_text="Myöhässä luvatusta 2")).to_have_count(1)

    wire.siblings = [{"contact": 1, "channel": "chat", "queue": "nurse", "state": "waiting"}]
    wire.siblings[0]["arrived_at"] = late["arrived_at"]
    nurse.keyboard.press("?")
    nurse.locator("dialog label", has_text="Soita itsestään").locator("input").check()
    nurse.keyboard.press("Escape")
    nurse.locator("dialog").wait_for(state="detached")
    status(nurse, 0)
    nurse.locator(".offer").wait_for()
    rows.filter(has_text="0 / 3").filter(has_not_text="Myöhässä").locator(".row").focus()
    nurse.keyboard.press("c")  # hers, and read, before it rings by itself
    nurse.locator(".countdown", has_text="Soitetaan").wait_for()  # the page tells at once: it lasts 3 s
    nurse.keyboard.press("Escape")
    expect(nurse.locator(".countdown")).to_have_count(0)
    expect(nurse.locator(".call-box .button", has_text="Yhdistä chattiin")).to_be_enabled()
    said = nurse.locator(".call-box [role=status]")
    bar = nurse.locator(".call-bar")
    for state, words in (("agent_rings", "soi sinulle"), ("resident_rings", "soi asukkaalle")):
        wire.call(state)
        expect(bar).to_contain_text(words)
    for result, words in (("failed", "Puhelu ei lähtenyt"), ("agent_absent", "ei yhdistynyt sinulle")):
        wire.call("ended", result)
        expect(said).to_contain_text(words)
        expect(bar).to_have_count(0)
    wire.call("ended", "unknown")
    expect(said).to_contain_text("tulos ei ole tiedossa")
    expect(nurse.locator(".call-box .button", has_text="Ei vastannut")).to_be_enabled()  # hers to say
    expect(nurse.locator(".call-box .primary")).to_have_text(re.compile("Soita uudelleen"))  # and to do
    judge.schemes(nurse, "an unknown result")
    for order, state, words in (
        ("hold", "asked", "Pannaan pitoon"),
        ("hold", "failed", "asukas kuulee sinut"),
        ("hold", "unknown", "asukas voi kuulla sinut"),
        ("hang_up", "unknown", "Sulje puhelimesi"),
    ):
        wire.call("on", "reached", order=order, order_state=state)
        expect(bar).to_contain_text(words)
        expect(bar.locator(".button", has_text="Pitoon")).to_be_enabled(enabled=state != "asked")
        expect(bar.locator(".button", has_text="Lopeta")).to_be_enabled()  # the end is never shut off
    judge.schemes(nurse, "an order nobody knows of")
    wire.call("on", "reached")
    wire.telephone = False  # the server's sign of life tells it
    expect(bar).to_contain_text("Puhelinvaihde ei vastaa")
    expect(bar.locator(".button", has_text="Pitoon")).to_be_disabled()
    nurse.keyboard.press("F8")  # nothing is sent, nothing is lost
    wire.telephone = True
    expect(bar).not_to_contain_text("Puhelinvaihde ei vastaa")
    visited.context.set_offline(True)
    wire.drop()
    expect(bar).to_contain_text("Puhelu voi jatkua")
    expect(bar.locator(".button:enabled")).to_have_count(0)


def test_a_call_that_came_in_is_held_and_stays_in_sight_until_its_caller_is_gone(
    first_visits: NewVisit, judge: Judge
) -> None:
    caller, nurse = first_visits().page, first_visits(width=1366, height=768).page
    on_a_break(nurse, "timo")
    waits_in_line(caller)
    status(nurse, 0)
    nurse.locator(".offer").wait_for()
    nurse.keyboard.press("F2")
    bar = nurse.locator(".call-bar")
    expect(bar).to_contain_text("puhelussa")
    nurse.evaluate(SAID)
    nurse.keyboard.press("F8")
    expect(bar).to_contain_text("pidossa klo 10.")
    assert any("pidossa" in said for said in nurse.evaluate("window.said"))
    judge.schemes(nurse, "a call on hold")
    nurse.reload()  # the row knows it
    expect(bar).to_contain_text("pidossa")
    bar.locator(".button", has_text="Avaa").click()
    expect(nurse.locator(".call-box")).to_contain_text("pidossa klo 10.")
    nurse.keyboard.press("F8")
    expect(bar).not_to_contain_text("pidossa")
    expect(nurse.locator(".call-box")).not_to_contain_text("pidossa")
    caller.locator("form[action$='/sulje'] button").click()
    expect(nurse.locator("dialog h2")).to_have_text("Päätä yhteydenotto")
    expect(bar).to_have_count(0)
    nurse.keyboard.press("1")
    nurse.keyboard.press("Control+Enter")
    nurse.locator("dialog").wait_for(state="detached")


def test_what_this_exchange_cannot_do_is_said(first_visits: NewVisit, judge: Judge) -> None:
    """And a call that came in is ended by the console where the exchange can: the contact stays."""
    caller, visited = first_visits().page, first_visits(width=1366, height=768)
    nurse, wire = visited.page, Wire(visited.page)
    wire.can = ["hang_up"]
    on_a_break(nurse, "timo")
    waits_in_line(caller)
    status(nurse, 0)
    nurse.locator(".offer").wait_for()
    nurse.keyboard.press("F8")  # answers
    bar = nurse.locator(".call-bar")
    expect(bar).to_contain_text("puhelussa")
    hold = bar.locator(".button", has_text="Pitoon")
    expect(hold).to_be_disabled()
    expect(nurse.locator(f"#{hold.get_attribute('aria-describedby')}")).to_contain_text("Pito ei onnistu")
    judge.schemes(nurse, "an exchange without hold")
    nurse.set_viewport_size({"width": 390, "height": 844})
    assert nurse.evaluate("document.documentElement.scrollWidth") <= 390
    nurse.set_viewport_size({"width": 1366, "height": 768})
    wire.call("agent_rings", attempt=None)
    expect(bar).to_contain_text("Vastaa omasta puhelimestasi")
    wire.call("on", attempt=None)
    nurse.keyboard.press("F9")
    expect(nurse.locator("dialog h2")).to_have_text("Päätä yhteydenotto")
    expect(bar).to_have_count(0)
    expect(caller.locator("[data-call-state=ended]")).to_be_visible()
    nurse.keyboard.press("1")
    nurse.keyboard.press("Control+Enter")
    nurse.locator("dialog").wait_for(state="detached")
