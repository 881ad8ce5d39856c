"""Every page of the questions in a browser: accessible, small, by keyboard, without scripts, over faults."""

import re
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser import walks
from tests.browser.demo_server import DemoServer
from tests.browser.judging import LARGE_TEXT, STRIP, Judge, unfit
from tests.browser.walks import NewVisit
from tests.faults.sizes import size

pytestmark = pytest.mark.browser

ERROR = {"fi": "Virhe: ", "sv": "Fel: ", "en": "Error: "}
RAW_KEY = re.compile(r"\b(resident|care|waiting|chat|console|board|demo)\.[a-z_]+\.?[a-z_.]*\b")
REFUSED = ("ERR_CONNECTION_REFUSED", "net::ERR_FAILED")  # the second through the offline page's worker
# Where the empty form is an error, and the field its message leads to.
EMPTY = {
    "/kysely/asia": "#asia",
    "/kysely/hata": "#hata-1",
    "/kysely/tanaan": "#hata-1",
    "/kysely/kysymys/who": "#vastaus",
    "/kysely/puolesta": "#peruste",
    "/kysely/kysymys/age": "#vastaus",
    "/kysely/puhelin": "#puhelin",
}


def every_page(page: Page) -> Iterator[str]:
    """Walks the whole way for another adult, with every page's error on it; each name is a page to see."""
    walks.start(page)
    yield "own words"
    yield from erring(page)
    page.locator("#asia").fill(walks.WORDS)
    walks.go_on(page)
    for name in ("now", "today"):
        yield name
        yield from erring(page)
        walks.tick(page)
    yield from whom(page)
    yield "topic"
    page.locator("details summary").first.click()
    yield "topic with an open group"
    walks.choose_topic(page)
    page.wait_for_url("**/kysely/kysymys/**")
    yield from answers(page)
    yield "contact"
    yield from erring(page)
    page.locator("#puhelin").fill(walks.PHONE)
    for box in page.locator("input[name=tapa]").all():
        box.uncheck()
    walks.go_on(page)
    yield "contact without a way"
    for box in page.locator("#tapa, #tapa-2").all():
        box.check()
    walks.go_on(page)
    yield "check"
    page.locator("a[href='/kysely/tallenna']").click()
    yield "save"
    page.locator("#puhelin").fill("abc")
    page.locator("button[value=tekstiviesti]").click()
    yield "save with an error"
    page.locator("button[value=nayta]").click()
    yield "save with a link"
    link = page.locator("#linkki").input_value()
    page.goto(link)
    yield "link"
    page.goto(urlsplit(link).path[:-3] + "AAA")
    walks.go_on(page)
    yield "link that opens nothing"


def erring(page: Page) -> Iterator[str]:
    """The empty form of this page, sent."""
    walks.go_on(page)
    page.locator("#virheet").wait_for()
    yield f"{page.url} with an error"


def whom(page: Page) -> Iterator[str]:
    """A young person first, then another adult."""
    yield "who"
    yield from erring(page)
    page.locator("input[value=child]").check()
    walks.go_on(page)
    page.wait_for_url("**/kysymys/age")
    yield from erring(page)
    page.locator("#vastaus").fill("15")
    walks.go_on(page)
    page.wait_for_url("**/puolesta")
    yield "young person"
    page.goto("/kysely/kysymys/who")
    page.locator("input[value=other]").check()
    walks.go_on(page)
    page.wait_for_url("**/puolesta")
    yield "basis"
    yield from erring(page)
    page.locator("input[value=helper]").check()
    walks.go_on(page)


def answers(page: Page) -> Iterator[str]:
    """Each kind of question once with its error."""
    seen: set[str] = set()
    while "/kysely/kysymys/" in page.url:
        kind = page.locator("#vastaus").get_attribute("type") or "text"
        if kind not in seen:
            seen.add(kind)
            yield f"question of {kind}"
            yield from erring(page)
        before = page.url
        walks.answer_question(page)
        page.wait_for_url(lambda url, before=before: url != before)


@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
def test_no_page_of_the_questions_has_a_fault(new_visit: NewVisit, axe: str, lang: str) -> None:
    resident = new_visit(locale=lang)
    judge, page, titles = Judge(axe), resident.page, {}
    for name in every_page(page):
        if lang == "fi" or size() != "everyday":  # the same markup: other words rarely change what axe sees
            judge.schemes(page, name)
        assert page.locator("h1").count() == 1, name
        assert page.locator("html").get_attribute("lang") == lang
        assert RAW_KEY.findall(page.locator("body").inner_text()) == []
        if page.locator("#virheet").count():
            assert page.title().startswith(ERROR[lang]), name
        else:
            titles[name] = page.title()
    resident.troubles[:] = [line for line in resident.troubles if "410" not in line]

    assert judge.found == []
    alike = {name for name in titles if list(titles.values()).count(titles[name]) > 1}
    assert alike <= {"topic", "topic with an open group", "save", "save with a link"} | {
        name for name in titles if name.startswith(("contact", "link"))
    }


def test_every_page_fits_the_smallest_phone_and_bears_text_of_double_size(new_visit: NewVisit) -> None:
    resident = new_visit(width=320, height=640, bypass_csp=True)
    page, found = resident.page, []
    for _ in every_page(page):
        found += unfit(page)
        page.evaluate("() => scrollTo(0, 0)")
        if not page.evaluate(STRIP):
            found.append(f"{page.url}: 112 is not the first thing to be seen")
        page.set_viewport_size({"width": 640, "height": 900})
        large = page.add_style_tag(content=LARGE_TEXT)
        found += unfit(page, width=640)
        large.evaluate("element => element.remove()")
        page.set_viewport_size({"width": 320, "height": 640})
    resident.troubles[:] = [line for line in resident.troubles if "410" not in line]

    assert found == []


@pytest.mark.parametrize("scripts", [True, False])
def test_empty_form_is_told_once_at_the_top_and_once_at_its_field(new_visit: NewVisit, scripts: bool) -> None:
    resident = new_visit(java_script_enabled=scripts)
    page, met = resident.page, set()
    for _ in every_page(page):
        summary = page.locator("#virheet")
        path = resident.path
        if not summary.count() or path not in EMPTY or path in met:
            continue
        met.add(path)
        link = summary.locator("a")
        assert link.get_attribute("href") == EMPTY[path]
        assert link.inner_text() in page.locator(".field-error").inner_text()
        assert page.locator(EMPTY[path]).count() == 1
        if scripts:
            expect(summary).to_be_focused()
            link.click()
            expect(page.locator(EMPTY[path])).to_be_focused()
    resident.troubles[:] = [line for line in resident.troubles if "410" not in line]

    assert met >= set(EMPTY)


def test_whole_way_goes_by_keyboard_alone(new_visit: NewVisit) -> None:
    resident = new_visit()
    page = resident.page
    page.goto("/")
    press_to(page, "form[action='/aloita'] button", "Enter", then="/kysely/asia")
    press_to(page, "#asia", "")
    page.keyboard.type("Nuha ja yskä")
    press_to(page, SUBMIT, "Enter", then="/kysely/hata")
    for path in ("/kysely/tanaan", "/kysely/kysymys/who"):
        press_to(page, "#hata-ei", "Space")
        press_to(page, SUBMIT, "Enter", then=path)
    press_to(page, "input[name=vastaus]", "Space")
    page.keyboard.press("Enter")  # in a field it sends the form
    page.wait_for_url("**/kysely/aihe")
    press_to(page, "details summary", "Enter")
    press_to(page, "details[open] button", "Enter", then="/kysely/kysymys/")
    for _ in range(40):
        if "/kysely/kysymys/" not in page.url:
            break
        before = page.url
        is_row = page.locator("#vastaus").get_attribute("type") == "radio"
        press_to(
            page, "input[name=vastaus]" if is_row else "#vastaus-en-tieda", "ArrowUp" if is_row else "Space"
        )
        press_to(page, SUBMIT, "Enter")
        page.wait_for_url(lambda url, before=before: url != before)
    press_to(page, "#puhelin", "")
    page.keyboard.type("0401234567")
    press_to(page, SUBMIT, "Enter", then="/kysely/tarkista")
    press_to(page, SUBMIT, "Enter", then="/odotus")


SUBMIT = "main form button[type=submit].hds-button--primary"


def press_to(page: Page, selector: str, key: str, *, then: str = "") -> None:
    """Tabs to the element, sees that the focus shows and is not covered, and presses the key."""
    page.locator("main").wait_for()
    for _ in range(60):
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            break
        page.keyboard.press("Tab")
    else:
        pytest.fail(f"{selector} is not reached by Tab on {page.url}")
    assert page.evaluate(
        """() => {
          const focused = document.activeElement;
          const row = focused.labels?.[0]?.closest(".choice") ? focused.labels[0] : focused;
          const at = row.getBoundingClientRect();
          const top = document.elementFromPoint(at.x + at.width / 2, at.y + at.height / 2);
          return getComputedStyle(row).outlineStyle !== "none" && row.contains(top);
        }"""
    ), f"{selector} shows no focus on {page.url}"
    if key:
        page.keyboard.press(key)
    if then:
        page.wait_for_url(f"**{then}**")


def test_language_switch_keeps_every_page_and_its_answer(new_visit: NewVisit) -> None:
    resident = new_visit()
    page, visited = resident.page, set()
    walks.to_check(page)
    for path in ("/kysely/asia", "/kysely/hata", "/kysely/tanaan", "/kysely/kysymys/who", "/kysely/aihe",
                 "/kysely/puhelin", "/kysely/tarkista"):  # fmt: skip
        page.goto(path)
        before = filled(page)
        for lang in ("sv", "en", "fi"):
            page.locator(f".languages a[lang={lang}]").click()
            expect(page.locator("html")).to_have_attribute("lang", lang)
            assert resident.path == path
            assert filled(page) == before
        visited.add(path)
    assert len(visited) == 7


def filled(page: Page) -> list[list[str]]:
    """What the page's form would send, but for its token."""
    found: list[list[str]] = page.evaluate(
        """() => [...new FormData(document.querySelector("main form"))].filter(([name]) => name !== "csrf")"""
    )
    return found


def test_back_and_forward_keep_each_answer_and_sending_twice_is_one_contact(new_visit: NewVisit) -> None:
    resident = new_visit()
    page = resident.page
    walks.to_check(page)
    page.go_back()
    page.wait_for_url("**/kysely/puhelin")
    expect(page.locator("#puhelin")).to_have_value(walks.PHONE)
    page.go_back()
    page.wait_for_url("**/kysely/kysymys/**")
    page.reload()
    assert page.locator("#vastaus, input[name=vastaus]:checked").first.input_value()
    page.go_forward()
    page.go_forward()
    page.wait_for_url("**/kysely/tarkista")
    page.locator(walks.SUBMIT).first.dblclick()
    page.wait_for_url("**/odotus")
    page.go_back()
    page.wait_for_url("**/odotus")
    contact = page.request.get("/paattynyt").url
    assert contact.endswith("/odotus")


def test_past_emergency_leads_to_112_in_one_step_and_back(new_visit: NewVisit) -> None:
    resident = new_visit()
    walks.begin(resident.page)
    walks.tick(resident.page)
    resident.page.wait_for_url("**/kysely/tanaan")
    walks.tick(resident.page, "past_stroke")

    resident.page.wait_for_url("**/hata")
    expect(resident.page.locator("h1")).to_be_focused()
    expect(resident.page.locator(".emergency-controls > li")).to_have_count(5)
    resident.page.locator("a[href='/hata/korjaa']").click()
    resident.page.wait_for_url("**/kysely/hata")


def test_danger_does_not_wait_for_a_slow_server(new_visit: NewVisit) -> None:
    resident = new_visit()
    walks.begin(resident.page)
    resident.page.route("**/kysely/hata", hang)
    resident.page.locator("input[value=gate_chest]").check()
    resident.page.locator(walks.SUBMIT).click(no_wait_after=True)

    resident.page.wait_for_url("**/hata", timeout=3_000)
    expect(resident.page.locator("h1")).to_have_text("Soita heti 112")


def hang(route: Route) -> None:
    """A server that does not answer a form."""
    if route.request.method != "POST":
        route.continue_()


def test_slow_saving_is_said_and_the_button_stays(new_visit: NewVisit) -> None:
    resident = new_visit(service_workers="block")  # requests that a worker makes are out of the test's reach
    page = resident.page
    page.add_init_script(SAID_OF_BUTTON)
    walks.start(page)
    page.route("**/kysely/asia", late)
    page.locator("#asia").fill(walks.WORDS)
    walks.go_on(page)
    page.wait_for_url("**/kysely/hata")

    said = page.evaluate("() => JSON.parse(localStorage.getItem('said'))")
    assert said == [["Tallennetaan…", False]]


# Notes what the button says while its form is on the way, for the page that comes after it.
SAID_OF_BUTTON = """addEventListener("DOMContentLoaded", () => setTimeout(() => {
  const button = document.querySelector("main form[data-saving] button[type=submit]");
  if (!button) return;
  new MutationObserver(() => {
    const said = JSON.parse(localStorage.getItem("said") ?? "[]");
    localStorage.setItem("said", JSON.stringify([...said, [button.textContent, button.disabled]]));
  }).observe(button, { childList: true });
}, 200))"""


def late(route: Route) -> None:
    """A server that takes its time with a form."""
    if route.request.method == "POST":
        time.sleep(1.5)
    route.continue_()


def test_suggestions_stand_first_and_none_is_chosen_beforehand(new_visit: NewVisit) -> None:
    resident = new_visit()
    walks.begin(resident.page, "kurkku on kipeä ja rinnassa puristaa")
    walks.pass_gates(resident.page)
    walks.answer_question(resident.page)
    resident.page.wait_for_url("**/kysely/aihe")

    rows = [row.get_attribute("value") for row in resident.page.locator("button[name=aihe]").all()]
    assert set(rows[:2]) == {"sore_throat", "chest_pain"}
    assert sorted(set(rows)) == sorted(rows)
    expect(resident.page.locator("button[aria-current]")).to_have_count(0)


def test_words_survive_a_server_that_dies_before_they_are_saved(
    new_visit: NewVisit, demo: DemoServer
) -> None:
    resident = new_visit()
    page = resident.page
    walks.start(page)
    page.locator("#asia").fill("Sanat, jotka eivät saa kadota")
    demo.kill()
    page.locator(walks.SUBMIT).first.click(no_wait_after=True)
    page.wait_for_timeout(500)
    demo.start()
    page.goto("/kysely/asia")

    expect(page.locator("#asia")).to_have_value("Sanat, jotka eivät saa kadota")
    walks.go_on(page)
    page.wait_for_url("**/kysely/hata")
    assert page.evaluate("() => sessionStorage.length") == 0
    resident.troubles[:] = [line for line in resident.troubles if not any(word in line for word in REFUSED)]


def test_answers_go_on_by_a_link_on_another_device_and_after_a_restart(
    new_visit: NewVisit, demo: DemoServer
) -> None:
    phone = new_visit()
    page = phone.page
    walks.begin(page)
    walks.pass_gates(page)
    walks.tell(page, "sore_throat")
    page.wait_for_url("**/kysely/kysymys/**")
    first = page.url
    assert walks.answer_question(page) == "age"
    page.wait_for_url(lambda url: url != first)
    page.locator("button[name=tallenna]").click()
    page.wait_for_url("**/kysely/tallenna")
    page.locator("button[value=nayta]").click()
    link = page.locator("#linkki").input_value()
    phone.context.close()
    demo.kill()
    demo.start()

    laptop = new_visit(width=1366, java_script_enabled=False)
    laptop.page.goto(link)
    walks.go_on(laptop.page)
    assert "/kysely/kysymys/" in laptop.page.url
    assert laptop.page.url != first
    laptop.page.goto(first)
    expect(laptop.page.locator("#vastaus")).to_have_value("34")
    laptop.page.goto("/kysely/asia")
    expect(laptop.page.locator("#asia")).to_have_value(walks.WORDS)
    walks.go_on(laptop.page)
    walks.answer_all(laptop.page)
    laptop.page.locator("button[name=ilman]").click()
    walks.go_on(laptop.page)
    assert laptop.path == "/kysely/tulos"
    laptop.page.locator("button[value=chat]").click()
    assert laptop.path == "/odotus"
