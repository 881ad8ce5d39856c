"""Pictures of every page for docs/screenshots: walks a demo as a resident, a nurse and a supervisor."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import test_form_walk, walks
from tests.browser.demo_server import DemoServer
from tests.browser.walks import Visit, visit
from tools.machine import CHROMIUM_ARGUMENTS, look_around

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "screenshots"
WIDE, NARROW = (1366, 768), (390, 844)
DARK = (
    *("landing", "question", "waiting", "chat", "callback-status"),
    *("console-conversation", "console-call", "board"),
)
SAID = (
    ("nurse", "Hei! Luin esitietosi. Onko nieleminen kovin vaikeaa?"),
    ("resident", "On kipeää, mutta pystyn juomaan."),
    ("nurse", "Hyvä. Juo riittävästi ja lepää. Voit ottaa kipulääkettä pakkauksen ohjeen mukaan."),
    ("resident", "Kiitos! Mistä tiedän, pitääkö tulla näytille?"),
)


class Camera:
    """Takes a page in both widths and, for some, in the dark."""

    def __init__(self, folder: Path) -> None:
        """Pictures go into the folder."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def take(self, page: Page, name: str, *, tall: bool = True) -> None:
        """The page as `name-1366.png` and `name-390.png`; not tall is one screenful."""
        for width, height in (WIDE, NARROW):
            page.set_viewport_size({"width": width, "height": height})
            self._shoot(page, f"{name}-{width}", tall=tall)
        if name in DARK:
            page.emulate_media(color_scheme="dark")
            page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
            self._shoot(page, f"{name}-1366-dark", tall=tall)
            page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})

    def _shoot(self, page: Page, name: str, *, tall: bool) -> None:
        page.evaluate("() => document.fonts.ready")
        page.screenshot(path=self.folder / f"{name}.png", full_page=tall, animations="disabled")


def main() -> None:
    """Writes the pictures of all pages, or into the folder given."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    camera = Camera(folder)
    with a_browser() as browser:
        for pages in ((form_pages,), (call_pages,), (conversation_pages, caller_pages, emergency_pages)):
            with tempfile.TemporaryDirectory() as data, a_demo(Path(data)) as server:
                new = partial(visit, browser, server.url, width=WIDE[0], height=WIDE[1])
                for take in pages:
                    take(new, camera)


@contextmanager
def a_demo(folder: Path) -> Iterator[DemoServer]:
    """A demo that runs."""
    server = DemoServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def a_browser() -> Iterator[Browser]:
    """The machine's own Chromium."""
    with sync_playwright() as playwright:
        path = look_around().chromium
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGUMENTS))
        yield browser
        browser.close()


New = Callable[..., Visit]


def emergency_pages(new: New, camera: Camera) -> None:
    """The 112 page, the nurse who sees it, and what self-harm leads to."""
    nurse = new().page
    walks.start_shift(nurse, "ville")
    page = new().page
    walks.begin(page)
    walks.tick(page, "gate_chest")
    camera.take(page, "emergency")
    nurse.locator(".danger").wait_for()
    nurse.locator("#tab-waiting").click()
    camera.take(nurse, "console-emergency", tall=False)
    page = new().page
    walks.begin(page)
    walks.tick(page, "gate_suicide_now")
    camera.take(page, "self-harm")


def form_pages(new: New, camera: Camera) -> None:
    """The questionnaire that a nurse fills for one who rang."""
    nurse = new().page
    walks.start_shift(nurse, "maija")
    test_form_walk.waiting_call(new, "045 123 4567")
    test_form_walk.open_form(nurse)
    nurse.keyboard.type("selk")
    test_form_walk.go(nurse, "Enter", "gate_consciousness")
    test_form_walk.go(nurse, "0", "who")
    nurse.keyboard.press("1")
    nurse.keyboard.type("54")
    nurse.keyboard.press("Enter")
    camera.take(nurse, "console-form", tall=False)
    nurse.context.close()


def call_pages(new: New, camera: Camera) -> None:
    """The calls that are promised, and one that is on."""
    nurse = new().page
    walks.start_shift(nurse, "maija")
    for number in ("045 123 4568", "045 123 4569"):
        test_form_walk.waiting_call(new, number)
    nurse.locator("#tab-callbacks").click()
    nurse.locator(".callback-table tr:nth-child(2)").wait_for()
    camera.take(nurse, "console-callbacks", tall=False)
    walks.take_offer(nurse)
    nurse.locator(".call-box .primary:enabled").click()
    nurse.locator(".call-bar[data-call=on]").wait_for()
    camera.take(nurse, "console-call", tall=False)
    nurse.context.close()


def caller_pages(new: New, camera: Camera) -> None:
    """A request to be called back, and the telephone of the demo."""
    page = new().page
    walks.to_waiting(page, "050 123 4567")
    page.goto("/soittopyynto")
    camera.take(page, "callback-form")
    walks.go_on(page)
    page.wait_for_url("**/soittopyynto")
    camera.take(page, "callback-status")
    page.get_by_role("link", name="Vaihda aika").click()
    camera.take(page, "callback-time")
    page.goto("/soittopyynto/numero")
    page.locator("#puhelin").fill("050 123 9876")
    walks.go_on(page)
    camera.take(page, "callback-number")
    page.goto("/soittopyynto/peru")
    camera.take(page, "callback-cancel")
    page.goto(f"/s/{'a' * 16}")
    camera.take(page, "link-over")
    page.goto("/demo/puhelin")
    camera.take(page, "telephone")
    walks.go_on(page)
    camera.take(page, "telephone-call")
    page.context.close()


def conversation_pages(new: New, camera: Camera) -> None:
    """From the front page to the end on both sides, and the board."""
    resident, nurse = new().page, new().page
    question_pages(resident, camera)
    second = new().page
    walks.to_waiting(second, "044 123 4567")
    console_pages(nurse, camera, before_taking=lambda: camera.take(resident, "waiting"))
    resident.wait_for_url("**/keskustelu")
    talk(resident, nurse)
    camera.take(resident, "chat")
    camera.take(nurse, "console-conversation", tall=False)
    closing_pages(nurse, camera)
    resident.locator("#paattyi a").click()
    camera.take(resident, "ended")
    supervisor = new().page
    walks.sign_in(supervisor, "liisa")
    supervisor.locator(".tiles").wait_for()
    camera.take(supervisor, "board")


def question_pages(page: Page, camera: Camera) -> None:
    """Every page before the waiting room."""
    page.goto("/")
    camera.take(page, "landing")
    walks.start(page)
    page.locator("#asia").fill(walks.WORDS)
    camera.take(page, "own-words")
    walks.go_on(page)
    camera.take(page, "gate")
    walks.tick(page)
    camera.take(page, "past")
    walks.tick(page)
    camera.take(page, "question")
    walks.answer_question(page)
    camera.take(page, "topic")
    walks.choose_topic(page, "sore_throat")
    walks.go_on(page)
    camera.take(page, "question-error")
    walks.answer_question(page)
    camera.take(page, "question-number")
    here = page.url
    page.locator("button[name='tallenna']").click()
    page.locator("button[value='nayta']").click()
    page.locator("#linkki").wait_for()
    camera.take(page, "save")
    page.goto(here)
    walks.answer_all(page)
    camera.take(page, "phone")
    page.locator("#puhelin").fill(walks.PHONE)
    walks.go_on(page)
    camera.take(page, "check")
    walks.go_on(page)
    page.wait_for_url("**/kysely/tulos")
    camera.take(page, "result")
    page.locator("button[value='chat']").click()
    page.wait_for_url("**/odotus")


def console_pages(page: Page, camera: Camera, *, before_taking: Callable[[], None]) -> None:
    """Signing in, the shift's start, the list and the offer."""
    page.goto("/kirjaudu")
    camera.take(page, "sign-in")
    walks.sign_in(page, "maija")
    page.locator(".shift-start .primary").wait_for()
    camera.take(page, "shift-start")
    before_taking()
    page.locator(".shift-start .primary").click()
    page.locator(".offer").wait_for()
    page.locator("#tab-waiting").click()
    camera.take(page, "console-offer", tall=False)
    walks.take_offer(page)


def talk(resident: Page, nurse: Page) -> None:
    """Both write in turn."""
    for who, words in SAID:
        if who == "nurse":
            walks.say_nurse(nurse, words)
            resident.locator("#viestit").get_by_text(words).wait_for()
        else:
            walks.say_resident(resident, words)
            nurse.locator(".log").get_by_text(words).wait_for()


def closing_pages(nurse: Page, camera: Camera) -> None:
    """The end with an outcome."""
    nurse.locator(".acts .button").last.click()
    nurse.locator("#outcome-RESOLVED_ADVICE").check()
    camera.take(nurse, "console-close", tall=False)
    nurse.locator("dialog .primary").click()
    nurse.locator("dialog").wait_for(state="detached")


if __name__ == "__main__":
    main()
