"""No page has an accessibility fault that axe-core can see, in light and dark, in every language."""

import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import walks
from tests.browser.conftest import NewVisit
from tools.machine import nothing_may_be_left_out

pytestmark = pytest.mark.browser

# MPL-2.0, for tests only: fetched when first needed, never part of what is shipped.
AXE = "axe-core-4.14.1"
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
RULES = {
    "resultTypes": ["violations"],
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
}
RUN = """async (rules) => (await axe.run(document, rules)).violations
  .flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target}: ${node.failureSummary}`))"""


@pytest.fixture(scope="module")
def axe(request: pytest.FixtureRequest) -> str:
    """The checker's source, from npm's cache of the registry; absent npm is told by name."""
    folder = Path(request.config.cache.mkdir(AXE))  # type: ignore[union-attr]
    script = folder / "package" / "axe.min.js"
    if not script.exists():
        if shutil.which("npm") is None:
            reason = "npm is not installed: axe-core cannot be fetched"
            (pytest.fail if nothing_may_be_left_out() else pytest.skip)(reason)
        packed = subprocess.run(
            ["npm", "pack", "--silent", AXE.replace("core-", "core@")],
            cwd=folder,
            check=False,
            capture_output=True,
            timeout=60,
        )
        if packed.returncode:
            reason = "npm could not fetch axe-core"
            (pytest.fail if nothing_may_be_left_out() else pytest.skip)(reason)
        with tarfile.open(folder / f"{AXE}.tgz") as archive:
            archive.extract("package/axe.min.js", folder, filter="data")
    source = script.read_bytes()
    assert hashlib.sha256(source).hexdigest() == AXE_SHA256
    return source.decode()


class Judge:
    """Runs the checker on pages and keeps what it finds."""

    def __init__(self, axe: str) -> None:
        self.axe = axe
        self.found: list[str] = []

    def look(self, page: Page, name: str, *languages: str) -> None:
        """The page as it stands in both colour schemes, and in other languages of the same address."""
        self._schemes(page, name)
        for lang in languages:
            page.goto(f"{page.url.partition('?')[0]}?kieli={lang}")
            expect(page.locator("html")).to_have_attribute("lang", lang)
            self._schemes(page, f"{name} {lang}")
        if languages:
            page.goto(f"{page.url}?kieli=fi")

    def _schemes(self, page: Page, name: str) -> None:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.evaluate(self.axe)
            self.found += [f"{name} {scheme}: {fault}" for fault in page.evaluate(RUN, RULES)]


def test_resident_pages_have_no_faults(new_visit: NewVisit, axe: str) -> None:
    judge, resident, nurse = Judge(axe), new_visit(), new_visit(width=1366).page
    page = resident.page
    page.goto("/")
    judge.look(page, "landing", "sv", "en")
    walks.begin(page)
    judge.look(page, "gate", "sv", "en")
    walks.go_on(page)
    judge.look(page, "gate with an error")
    walks.pass_gate(page)
    judge.look(page, "own words", "sv", "en")
    page.locator("#asia").fill(walks.WORDS)
    walks.go_on(page)
    judge.look(page, "topic")
    page.locator("input[value=general]").check()
    walks.go_on(page)
    judge.look(page, "choice", "sv", "en")
    walks.answer_question(page)
    walks.go_on(page)
    judge.look(page, "number with an error")
    page.goto("/kysely/kysymys/age")
    walks.answer_all(page)
    judge.look(page, "phone")
    page.locator("#puhelin").fill(walks.PHONE)
    walks.go_on(page)
    judge.look(page, "check")
    walks.go_on(page)
    page.wait_for_url("**/odotus")
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
    walks.pass_gate(emergency, "gate_chest")
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
