"""The door, the danger and the waiting room in a browser at any hour: what is said, and how it looks."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import walks
from tests.browser.clocked import ClockedServer, clocked
from tests.browser.judging import Judge
from tests.browser.walks import NewVisit

pytestmark = pytest.mark.browser

LANGUAGES = ("sv", "en")
RAW_KEY = re.compile(r"\b(resident|care|waiting|room|chat|offline)\.[a-z_]+\.?[a-z_.]*\b")
SMALL = """() => [...document.querySelectorAll("body *")]
  .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) && e.checkVisibility())
  .filter((e) => parseFloat(getComputedStyle(e).fontSize) < 16)
  .map((e) => e.textContent.trim().slice(0, 40))"""
TARGETS = """() => [...document.querySelectorAll("main button, main .hds-button, main summary")]
  .filter((e) => e.checkVisibility()).map((e) => [e, e.getBoundingClientRect()])
  .filter(([e, r]) => r.height < (e.matches(".hds-button--primary") ? 48 : 24) || r.width < 24)
  .map(([e]) => e.textContent.trim())"""
CLIPPED = """() => [...document.querySelectorAll("main, main *")].filter((e) => e.checkVisibility())
  .filter((e) => getComputedStyle(e).overflowY === "hidden" && e.scrollHeight > e.clientHeight + 1)
  .filter((e) => !e.matches(".visually-hidden")).map((e) => e.className || e.tagName)"""
SPACING = (
    "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }"
)
SHEET = """(rules) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  document.adoptedStyleSheets = [sheet];
}"""


def with_last_intake(name: str, text: str) -> str:
    if name != "lines.toml":
        return text
    return text.replace(
        'service_hours = "chat_service"', 'service_hours = "chat_service"\nintake_until = "13:50"'
    )


@pytest.fixture(scope="module")
def demo(
    chromium_options: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ClockedServer]:
    """A service that closes: the county's hours, and a last intake at 13.50."""
    yield from clocked(tmp_path_factory.mktemp("clocked"), with_last_intake)


def fits(page: Page) -> None:
    """On the smallest phone, and with letters of twice the size and more space, nothing is lost."""
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 320, page.url
    assert page.evaluate(SMALL) == []
    assert page.evaluate(TARGETS) == []
    page.set_viewport_size({"width": 390, "height": 844})
    for sheet in ("html { font-size: 200% }", SPACING):
        # The page allows no inline style: this stands for what a resident sets in the browser.
        page.evaluate(SHEET, sheet)
        assert page.evaluate(CLIPPED) == []
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390, (page.url, sheet)
    page.evaluate(SHEET, "")


def strip_is_first(page: Page) -> None:
    """The number of the emergency is the first content, in sight, and covered by nothing."""
    assert page.evaluate(
        """() => {
          const strip = document.querySelector("body > section, body > header, body > main");
          const call = strip.querySelector("a[href='tel:112']");
          const at = call.getBoundingClientRect();
          const seen = document.elementFromPoint(at.x + 3, at.y + 3);
          return strip.getAttribute("role") !== "alert" && call.contains(seen);
        }"""
    )


DOORS = [
    ("2026-11-24 10:00", "open", "kello 14.00"),
    ("2026-11-24 13:40", "closing", "kello 14.00"),
    ("2026-11-24 13:55", "full", "huomenna keskiviikkona kello 8.00"),
    ("2026-04-02 22:10", "closed", "tiistaina 7.4. kello 8.00"),
    ("2026-04-03 12:00", "holiday", "tiistaina 7.4. kello 8.00"),
]


@pytest.mark.parametrize(("at", "state", "told"), DOORS)
def test_every_state_of_the_door(
    new_visit: NewVisit, demo: ClockedServer, judge: Judge, at: str, state: str, told: str
) -> None:
    demo.set(at)
    page = new_visit().page
    page.goto("/")
    expect(page.locator(".state")).to_have_attribute("data-state", state)
    expect(page.locator(".state")).to_contain_text(told)
    strip_is_first(page)
    fits(page)
    judge.look(page, state, *LANGUAGES)
    assert RAW_KEY.findall(page.locator("body").inner_text()) == []


def test_the_eve_of_a_holiday_weekend_is_told_in_every_language(
    new_visit: NewVisit, demo: ClockedServer
) -> None:
    demo.set("2026-04-02 22:10")
    page = new_visit(java_script_enabled=False).page
    walks.to_check(page)
    expect(page.locator("main")).to_contain_text("tiistaina 7.4. kello 8.00")
    walks.go_on(page)
    page.wait_for_url("**/odotus")
    for lang, told in (
        ("fi", "tiistaina 7.4. kello 8.00"),
        ("sv", "tisdag 7.4 klockan 8.00"),
        ("en", "Tuesday 7 April 8:00"),
    ):
        page.goto(f"/odotus?kieli={lang}")
        card = page.locator("#jonokortti")
        expect(card).to_contain_text(told)
        expect(card.locator("a[href='tel:116117']")).to_be_visible()
        expect(card.locator("a[href='tel:112']")).to_be_visible()
    expect(page.locator("h1")).not_to_have_text("You are in the queue")


def test_danger_by_night_in_every_look(new_visit: NewVisit, demo: ClockedServer, judge: Judge) -> None:
    demo.set("2026-11-24 22:10")
    page = new_visit().page
    walks.begin(page)
    walks.tick(page, "gate_chest")
    page.wait_for_url("**/hata")
    expect(page.locator("h1")).to_be_focused()
    expect(page).to_have_title(re.compile("^Soita heti 112"))
    controls = page.locator("main a, main button, main summary")
    expect(controls).to_have_count(5)
    expect(page.locator("main")).to_contain_text("huomenna keskiviikkona kello 8.00")
    fits(page)
    judge.look(page, "112 by night", *LANGUAGES)
    page.goto("/odotus")
    judge.look(page, "waiting room by night", *LANGUAGES)
    fits(page)
    page.goto("/hata")
    page.get_by_role("link", name="Vastasin väärin").click()
    page.wait_for_url("**/kysely/hata")


def test_self_harm_by_night_has_the_chat_open(new_visit: NewVisit, demo: ClockedServer, judge: Judge) -> None:
    demo.set("2026-11-24 22:10")
    page = new_visit().page
    walks.begin(page)
    walks.tick(page, "gate_suicide_now")
    page.wait_for_url("**/keskustelu")
    expect(page.locator(".safety")).to_contain_text(
        "Hoitaja lukee viestisi huomenna keskiviikkona kello 8.00"
    )
    expect(page.locator("#kirjoitus")).to_be_visible()
    walks.say_resident(page, "Oletteko siellä?")
    expect(page.locator("#viestit")).to_contain_text("Lähetetty")
    for number in ("112", "116117", "0925250111"):
        expect(page.locator(f".safety a[href='tel:{number}']")).to_be_visible()
    judge.look(page, "self-harm by night", *LANGUAGES)
    fits(page)
    expect(page.locator("#paattyi")).to_be_hidden()


def test_a_full_queue_leads_to_what_is_left(new_visit: NewVisit, demo: ClockedServer, judge: Judge) -> None:
    demo.set("2026-11-24 13:52")
    page = new_visit().page
    walks.begin(page)
    walks.pass_gates(page)
    walks.tell(page)
    walks.answer_all(page)
    page.locator("button[name=ilman]").click()
    walks.go_on(page)
    expect(page).to_have_url(re.compile("/kysely/tulos$"))
    judge.look(page, "full", *LANGUAGES)
    fits(page)
    page.locator("button[value=soitto]").click()
    expect(page.locator("#virheet")).to_be_focused()
    judge.look(page, "full with an error")
    page.locator("#puhelin").fill(walks.PHONE)
    page.locator("button[value=soitto]").click()
    page.wait_for_url("**/soittopyynto")
    expect(page.locator("main")).to_contain_text("huomenna keskiviikkona")
