"""Without a network a browser that has been here shows the numbers to ring, and keeps nothing else."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import walks
from tests.browser.judging import Judge
from tests.browser.walks import NewVisit
from tools.servers import wait_until

pytestmark = pytest.mark.browser

HEADINGS = {"fi": "Ei verkkoyhteyttä", "sv": "Ingen nätförbindelse", "en": "No internet connection"}
PAGES = ["/yhteydeton/en", "/yhteydeton/fi", "/yhteydeton/kieli", "/yhteydeton/sv"]
CHOSEN = "async () => (await caches.match('/yhteydeton/kieli'))?.text()"
KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys())
    for (const request of await (await caches.open(name)).keys()) found.push(new URL(request.url).pathname);
  return found;
}"""


def is_ready(page: Page) -> None:
    """The worker is in charge of the page and knows its language."""
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    lang = page.locator("html").get_attribute("lang")
    wait_until(lambda: page.evaluate(CHOSEN) == lang, name="the worker")


def pages_kept(page: Page) -> list[str]:
    """What the browser keeps, style sheets and their like aside."""
    return sorted(path for path in page.evaluate(KEPT) if not path.startswith("/static/"))


@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
def test_numbers_to_ring_are_shown_without_a_network(new_visit: NewVisit, judge: Judge, lang: str) -> None:
    resident = new_visit(locale=lang)
    page = resident.page
    page.goto("/")
    is_ready(page)
    resident.context.set_offline(True)
    for path in ("/", "/hata", "/kysely/hata"):
        page.goto(path)
        expect(page.locator("h1")).to_have_text(HEADINGS[lang])
        expect(page.locator("main a[href='tel:112']")).to_be_visible()
        expect(page.locator("main a[href='tel:116117']")).to_be_visible()
        expect(page.locator("main a[href='tel:+35836296301']")).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", lang)
        assert page.locator("main").evaluate("e => getComputedStyle(e).maxWidth") != "none"
    judge.look(page, f"offline {lang}")
    resident.context.set_offline(False)
    page.get_by_role("link", name=re.compile("uudelleen|igen|again")).click()
    expect(page.locator("h1")).not_to_have_text(HEADINGS[lang])
    resident.troubles.clear()  # the browser tells its console that there was no network


def test_nothing_a_resident_told_is_kept(new_visit: NewVisit) -> None:
    resident = new_visit()
    page = resident.page
    page.goto("/")
    is_ready(page)
    walks.to_waiting(page)
    assert pages_kept(page) == PAGES


def test_another_language_is_shown_when_it_was_chosen(new_visit: NewVisit) -> None:
    resident = new_visit()
    page = resident.page
    page.goto("/")
    is_ready(page)
    page.locator(".languages a[lang=sv]").click()
    expect(page.locator("html")).to_have_attribute("lang", "sv")
    wait_until(lambda: page.evaluate(CHOSEN) == "sv", name="the other language")
    resident.context.set_offline(True)
    page.goto("/")
    expect(page.locator("h1")).to_have_text(HEADINGS["sv"])
    resident.troubles.clear()


def test_a_form_sent_without_a_network_leads_to_the_numbers_and_back(new_visit: NewVisit) -> None:
    resident = new_visit()
    page = resident.page
    page.goto("/")
    is_ready(page)
    walks.start(page)
    page.locator("#asia").fill(walks.WORDS)
    resident.context.set_offline(True)
    walks.go_on(page)
    expect(page.locator("h1")).to_have_text(HEADINGS["fi"])
    resident.context.set_offline(False)
    page.go_back()
    expect(page.locator("#asia")).to_be_visible()
    resident.troubles.clear()


def test_choosing_a_language_holds_up_no_form(new_visit: NewVisit) -> None:
    page = new_visit().page
    for lang in ("sv", "en", "fi", "sv"):
        page.goto(f"/?kieli={lang}")
        page.goto("/")
        page.locator("form[action='/aloita'] button").first.click()
        page.wait_for_url("**/kysely/asia")
