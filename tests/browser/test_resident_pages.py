"""The resident's pages in a browser: without scripts, by keyboard, in danger, in every language and size."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser import walks
from tests.browser.walks import NewVisit

pytestmark = pytest.mark.browser

TITLES = {"fi": "Virhe: ", "sv": "Fel: ", "en": "Error: "}
HEADINGS = {
    "fi": "Onko jokin näistä totta juuri nyt?",
    "sv": "Stämmer något av detta just nu?",
    "en": "Is any of these true right now?",
}
RAW_KEY = re.compile(r"\b(resident|care|waiting|chat|console|board|demo)\.[a-z_]+\.?[a-z_.]*\b")


def turn(page: Page, lang: str) -> None:
    """Chooses a language by its link."""
    page.locator(f".languages a[lang={lang}]").click()
    expect(page.locator("html")).to_have_attribute("lang", lang)


def no_keys(page: Page) -> None:
    """No text is missing from the catalogue."""
    assert RAW_KEY.findall(page.locator("body").inner_text()) == []


@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
def test_waiting_room_is_reached_without_scripts(new_visit: NewVisit, lang: str) -> None:
    resident = new_visit(java_script_enabled=False, locale=lang)
    page = resident.page
    page.goto("/")
    assert page.locator("html").get_attribute("lang") == lang
    walks.begin(page)
    no_keys(page)
    walks.pass_gates(page)
    walks.tell(page)
    walks.answer_all(page)
    page.locator("button[name=ilman]").click()
    walks.go_on(page)

    assert resident.path == "/odotus"
    assert page.locator("h1").count() == 1
    assert page.locator("#paikka").inner_text()
    no_keys(page)


def test_language_switch_keeps_page_and_answers(new_visit: NewVisit) -> None:
    resident = new_visit()
    page = resident.page
    walks.begin(page)
    for lang, heading in HEADINGS.items():
        turn(page, lang)
        assert resident.path == "/kysely/hata"
        expect(page.locator("h1")).to_have_text(heading)
    walks.pass_gates(page)
    walks.answer_question(page)
    turn(page, "sv")
    assert resident.path == "/kysely/aihe"
    page.go_back()
    page.go_back()
    page.goto("/kysely/asia")
    expect(page.locator("#asia")).to_have_value(walks.WORDS)
    expect(page.locator("html")).to_have_attribute("lang", "sv")


@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
def test_empty_answer_is_told_at_the_top_and_keeps_the_place(new_visit: NewVisit, lang: str) -> None:
    page = new_visit(locale=lang).page
    walks.begin(page)
    walks.go_on(page)

    expect(page).to_have_title(re.compile(f"^{TITLES[lang]}"))
    expect(page.locator("#virheet")).to_be_focused()
    link = page.locator("#virheet a")
    expect(page.locator(".field-error")).to_contain_text(link.inner_text())
    link.click()
    expect(page.locator("input[name=hata]").first).to_be_focused()
    walks.tick(page)
    page.wait_for_url("**/kysely/tanaan")


def test_choosing_alone_sends_nothing(new_visit: NewVisit) -> None:
    resident = new_visit()
    walks.begin(resident.page)
    walks.pass_gates(resident.page)
    resident.page.wait_for_load_state()
    before = [url for url in resident.asked if "/static/" not in url]
    resident.page.locator("input[name=vastaus]").first.check()
    resident.page.locator("input[name=vastaus]").last.check()

    assert [url for url in resident.asked if "/static/" not in url] == before
    expect(resident.page.locator(".field-error")).to_have_count(0)


def test_back_and_forward_keep_the_answers(new_visit: NewVisit) -> None:
    resident = new_visit()
    page = resident.page
    walks.begin(page)
    walks.pass_gates(page)
    walks.answer_question(page)
    page.wait_for_url("**/kysely/aihe")
    page.go_back()
    page.wait_for_url("**/kysymys/who")
    page.reload()
    expect(page.locator("input[value=self]")).to_be_checked()
    page.go_forward()
    page.wait_for_url("**/kysely/aihe")


def test_emergency_is_one_step_away_and_on_top_of_the_nurses_list(new_visit: NewVisit) -> None:
    resident, nurse = new_visit(), new_visit(width=1366).page
    walks.start_shift(nurse)
    walks.begin(resident.page)
    walks.tick(resident.page, "gate_chest")
    sent = time.monotonic()
    expect(nurse.locator(".danger")).to_be_visible(timeout=2_000)
    assert time.monotonic() - sent < 2

    assert resident.path == "/hata"
    expect(resident.page.locator("h1")).to_be_focused()
    expect(resident.page.locator(".emergency-controls > li")).to_have_count(5)
    expect(resident.page.locator("main a[href='tel:112']")).to_be_visible()
    nurse.keyboard.press("F2")
    expect(nurse.locator(".talk")).to_be_visible()
    expect(nurse.locator(".danger")).to_have_count(0)
    walks.close_contact(nurse, "REFERRED_112")


def test_self_harm_leads_to_a_person_at_once(new_visit: NewVisit) -> None:
    resident, nurse = new_visit(), new_visit(width=1366).page
    walks.start_shift(nurse)
    walks.begin(resident.page)
    walks.tick(resident.page, "gate_suicide_now")

    resident.page.wait_for_url("**/keskustelu")
    safety = resident.page.locator(".safety")
    for number in ("112", "116117", "0925250111"):
        expect(
            safety.locator(f"a[href^='tel:'][href$='{number[-6:]}']")
            .or_(safety.locator(f"a[href='tel:{number}']"))
            .first
        ).to_be_visible()
    walks.say_resident(resident.page, "Olen täällä.")
    expect(resident.page.locator("#viestit")).to_contain_text("Olen täällä.")
    expect(nurse.locator(".danger")).to_be_visible()
    nurse.keyboard.press("F2")
    expect(nurse.locator(".log")).to_contain_text("Olen täällä.")
    expect(resident.page.locator("#kenen")).to_contain_text("Maija")
    expect(resident.page.locator("#kirjoitus")).to_be_visible()
    walks.close_contact(nurse, "REFERRED_112")


def test_answers_sent_twice_are_one_contact(new_visit: NewVisit) -> None:
    resident = new_visit()
    page = resident.page
    walks.to_check(page)
    csrf = page.locator("[name=csrf]").first.get_attribute("value") or ""
    headers = {"Origin": resident.origin}
    for _ in range(2):
        answer = page.request.post("/kysely/laheta", form={"csrf": csrf}, headers=headers)
        assert answer.url.endswith("/odotus")
    walks.go_on(page)
    page.wait_for_url("**/odotus")
    page.locator("a[href='/odotus/poistu']").click()
    walks.go_on(page)
    page.wait_for_url("**/paattynyt**")
    first = page.locator("main").inner_text()
    assert len(set(re.findall(r"E-\d+", first))) == 1


def test_nothing_scrolls_sideways_on_the_smallest_phone(new_visit: NewVisit) -> None:
    resident = new_visit(width=320, height=640)
    page = resident.page

    def fits() -> None:
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 320, page.url
        small = page.evaluate(
            """() => [...document.querySelectorAll("body *")]
              .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
              .filter((e) => e.checkVisibility() && parseFloat(getComputedStyle(e).fontSize) < 16)
              .map((e) => e.textContent.trim().slice(0, 40))"""
        )
        assert small == [], page.url

    page.goto("/")
    fits()
    walks.to_waiting(page)
    fits()
    # The conversation of one who still waits would lead back to the waiting room as soon as it is connected.
    page.route_web_socket(re.compile("/ws"), lambda _: None)
    for path in ("/odotus/poistu", "/soittopyynto", "/hata", "/eiole", "/demo/puhelin", "/keskustelu"):
        page.goto(path)
        fits()
    resident.troubles[:] = [line for line in resident.troubles if "404" not in line]
