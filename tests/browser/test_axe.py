"""No page has an accessibility fault that axe-core can see, in light and dark, in every language."""

import pytest
from playwright.sync_api import expect

from tests.browser import walks
from tests.browser.judging import Judge
from tests.browser.test_form_walk import go, open_form, waiting_call
from tests.browser.walks import NewVisit

pytestmark = pytest.mark.browser


def test_form_and_what_comes_of_it_have_no_faults(new_visit: NewVisit, axe: str) -> None:
    # First in the file: nobody of another test is in the line, so the offer is the call.
    judge, nurse = Judge(axe), new_visit(width=1366, height=768).page
    walks.start_shift(nurse, "maija")
    waiting_call(new_visit, "045 123 4567")
    open_form(nurse)
    judge.look(nurse, "choice of a topic")
    nurse.keyboard.type("selk")
    go(nurse, "Enter", "gate_consciousness")
    go(nurse, "0", "who")
    go(nurse, "1", "age")
    nurse.keyboard.type("400")
    nurse.keyboard.press("Enter")
    nurse.locator("[data-q=age] .field-error").wait_for()
    judge.look(nurse, "form with an error")
    nurse.locator("[data-q=saddle] input").first.check()
    nurse.locator("[data-q=gate_chest] input").first.check()
    nurse.keyboard.press("Control+Enter")
    expect(nurse.locator("[data-accept]")).to_be_focused()
    judge.look(nurse, "saved form")
    nurse.locator("[data-q=gate_chest] input").nth(1).check()
    nurse.keyboard.press("Control+Enter")
    expect(nurse.locator("[data-accept]")).to_be_focused()
    nurse.keyboard.press("Enter")
    nurse.locator("dialog input[value=ED]").check()
    nurse.locator("dialog input[value=by_answers]").check()
    nurse.locator("dialog .primary").click()
    nurse.locator("dialog [role=alert]").wait_for()
    judge.look(nurse, "lowering an emergency")
    nurse.locator("dialog .primary").click()
    nurse.locator(".assessed").wait_for()
    for folded in nurse.locator(".resident details summary").all():
        folded.click()
    expect(nurse.locator(".change[data-kind=withdrawn]")).to_have_count(1)
    judge.look(nurse, "changes and assessments")
    walks.close_contact(nurse, "RESOLVED_ADVICE")

    assert judge.found == []


def test_resident_pages_have_no_faults(new_visit: NewVisit, axe: str) -> None:
    judge, resident, nurse = Judge(axe), new_visit(), new_visit(width=1366).page
    page = resident.page
    page.goto("/")
    judge.look(page, "landing", "sv", "en")
    walks.to_waiting(page)  # the pages of the questions are judged in test_journey_pages.py
    judge.look(page, "waiting", "sv", "en")
    for path in ("/odotus/poistu", "/soittopyynto", "/hata", "/eiole"):
        page.goto(path)
        judge.look(page, path)
    page.goto("/odotus")
    walks.start_shift(nurse)
    walks.take_offer(nurse)
    page.wait_for_url("**/keskustelu")
    walks.say_nurse(nurse, "Hei!")
    expect(page.locator("#viestit")).to_contain_text("Hei!")
    walks.say_resident(page, "Hei vain.")
    expect(nurse.locator(".log")).to_contain_text("Hei vain.")
    judge.look(page, "chat", "sv", "en")
    page.locator("#lopeta").click()
    judge.look(page, "end of chat")
    page.keyboard.press("Escape")
    walks.close_contact(nurse, "RESOLVED_ADVICE")
    page.locator("#paattyi a").click()
    page.wait_for_url("**/paattynyt")
    judge.look(page, "ended", "sv", "en")
    resident.troubles[:] = [line for line in resident.troubles if "404" not in line]

    assert judge.found == []


def test_call_pages_have_no_faults(new_visit: NewVisit, axe: str) -> None:
    judge, page = Judge(axe), new_visit().page
    walks.to_waiting(page, "050 123 4567")
    page.goto("/soittopyynto")
    page.locator("#puhelin").fill("abc")
    walks.go_on(page)
    judge.look(page, "request with an error")
    page.locator("#puhelin").fill("050 123 4567")
    walks.go_on(page)
    page.wait_for_url("**/soittopyynto")
    judge.look(page, "request", "sv", "en")
    page.goto("/demo/puhelin")
    judge.look(page, "telephone")
    walks.go_on(page)
    page.locator("[data-call-state]").wait_for()
    judge.look(page, "a call")

    assert judge.found == []


def test_staff_pages_have_no_faults(new_visit: NewVisit, axe: str) -> None:
    judge, nurse = Judge(axe), new_visit(width=1366).page
    nurse.goto("/kirjaudu")
    judge.look(nurse, "sign-in", "sv", "en")
    walks.sign_in(nurse, "ville")
    nurse.locator(".shift-start .primary").wait_for()
    judge.look(nurse, "shift start")
    nurse.locator(".shift-start .primary").click()
    nurse.locator(".top .state").wait_for()
    judge.look(nurse, "empty console")
    for phone in ("040 123 4567", "050 123 4567"):
        walks.to_waiting(new_visit().page, phone)
    emergency = new_visit().page
    walks.begin(emergency)
    walks.tick(emergency, "gate_chest")
    nurse.locator(".danger").wait_for()
    nurse.locator(".offer").wait_for()
    nurse.locator("#tab-waiting").click()
    judge.look(nurse, "console with an emergency and an offer")
    walks.take_offer(nurse)
    nurse.locator(".resident blockquote, .resident .red-flags").first.wait_for()
    judge.look(nurse, "conversation")
    for key in ("e", "t", "u", "?"):
        nurse.locator(".talk h2").click()
        nurse.keyboard.press(key)
        nurse.locator("dialog").wait_for()
        judge.look(nurse, f"dialog of {key}")
        nurse.keyboard.press("Escape")
        nurse.locator("dialog").wait_for(state="detached")
    supervisor = new_visit(width=1366).page
    walks.sign_in(supervisor, "liisa")
    supervisor.locator(".tiles").wait_for()
    judge.look(supervisor, "board")

    assert judge.found == []
