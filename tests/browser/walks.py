"""Ways through the pages, in any language and with or without JavaScript: the steps the tests are told in."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Locator, Page

PASSWORD = "ensilinja-demo"
WORDS = "Kurkku on kipeä ja kuumetta."
PHONE = "040 123 4567"
SUBMIT = "main form button[type=submit]"
SAFE = ("self", "false", "no", "none")
OTHER = "general"
TYPED = {"age": "34"}


@dataclass
class Visit:
    """A browser of its own, with a record of what went wrong in it and of every address it asked for."""

    context: BrowserContext
    page: Page
    origin: str
    troubles: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def watch(self) -> "Visit":
        """Begins the record."""
        page = self.page
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        page.on("console", lambda line: self.troubles.append(line.text) if line.type == "error" else None)
        return self

    @property
    def strangers(self) -> list[str]:
        """Addresses outside our own origin."""
        return [url for url in self.asked if not url.startswith((self.origin, "data:", "blob:"))]

    @property
    def path(self) -> str:
        """Where the page is."""
        return urlsplit(self.page.url).path


def visit(browser: Browser, origin: str, *, width: int = 390, height: int = 844, **more: object) -> Visit:
    """A browser that has not been here before; Finnish and with JavaScript unless `more` says otherwise."""
    settings: dict[str, object] = {"locale": "fi-FI", "base_url": origin, **more}
    context = browser.new_context(viewport={"width": width, "height": height}, **settings)  # type: ignore[arg-type]
    context.set_default_timeout(30_000)
    return Visit(context=context, page=context.new_page(), origin=origin).watch()


NewVisit = Callable[..., Visit]


def visiting(browser: Browser, url: str, *, forgiven: tuple[str, ...] = ()) -> Iterator[NewVisit]:
    """Gives browsers that have not been there before; every visit is closed at the end and asked what went
    wrong in it.
    """
    visits: list[Visit] = []

    def new(**more: object) -> Visit:
        visits.append(visit(browser, url, **more))  # type: ignore[arg-type]
        return visits[-1]

    yield new
    for each in visits:
        each.context.close()
    for each in visits:
        assert each.strangers == []
        assert [line for line in each.troubles if not line.startswith(forgiven)] == []


def go_on(page: Page) -> None:
    """Sends the page's form."""
    page.locator(SUBMIT).first.click()


def begin(page: Page, words: str = WORDS) -> None:
    """From the front page over the own words to the emergency question."""
    start(page)
    page.locator("#asia").fill(words)
    go_on(page)
    page.wait_for_url("**/kysely/hata")


def start(page: Page) -> None:
    """From the front page to the own words."""
    begin = page.locator("form[action='/aloita'] button").first
    for _ in range(3):  # a page that says the store does not answer now is loaded again, as people do
        page.goto("/")
        if begin.count():
            break
    begin.click()
    page.wait_for_url("**/kysely/asia")


def tick(page: Page, *items: str) -> None:
    """Answers an emergency page; none of these by default."""
    for item in items or ("ei-mikaan",):
        page.locator(f"input[value='{item}']").check()
    go_on(page)


def pass_gates(page: Page) -> None:
    """Answers both emergency pages with none of these."""
    tick(page)
    page.wait_for_url("**/kysely/tanaan")
    tick(page)


def choose_topic(page: Page, topic: str = OTHER) -> None:
    """Chooses a topic, opening its group first."""
    row = page.locator(f"button[value='{topic}']")
    group = page.locator("details", has=row)
    if group.count() and group.get_attribute("open") is None:
        group.locator("summary").click()
    row.click()


def tell(page: Page, topic: str = OTHER) -> None:
    """One's own matter, and its topic."""
    answer_question(page)
    page.wait_for_url("**/kysely/aihe")
    choose_topic(page, topic)


def safe_choice(values: Sequence[str]) -> str:
    """The answer that means nothing alarming."""
    return next((value for value in SAFE if value in values), values[0])


def answer_question(page: Page) -> str:
    """Answers the question of this page so that it leads on; returns its id."""
    question = urlsplit(page.url).path.rsplit("/", 1)[1]
    field = page.locator("#vastaus")
    kind = field.get_attribute("type")
    if kind in ("radio", "checkbox"):
        inputs: list[Locator] = page.locator("input[name='vastaus']").all()
        values = [value for each in inputs if (value := each.get_attribute("value"))]
        page.locator(f"input[name='vastaus'][value='{safe_choice(values)}']").check()
    else:
        field.fill(TYPED.get(question, "2"))
    go_on(page)
    return question


def answer_all(page: Page) -> list[str]:
    """Answers every question until the phone page; returns their ids."""
    asked: list[str] = []
    while "/kysely/kysymys/" in page.url:
        asked.append(answer_question(page))
        assert len(asked) < 40, asked
    return asked


def to_check(page: Page, phone: str = PHONE, topic: str = "general") -> list[str]:
    """From the front page to the check of all answers."""
    begin(page)
    pass_gates(page)
    tell(page, topic=topic)
    asked = answer_all(page)
    page.locator("#puhelin").fill(phone)
    go_on(page)
    page.wait_for_url("**/kysely/tarkista")
    return asked


def to_waiting(page: Page, phone: str = PHONE, topic: str = "general") -> None:
    """From the front page to the waiting room."""
    to_check(page, phone, topic)
    go_on(page)
    page.wait_for_url("**/odotus")


def sign_in(page: Page, name: str) -> None:
    """A member of the demo's staff signs in."""
    page.goto("/kirjaudu")
    page.locator("[name=username]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("button[type=submit]").click()


def start_shift(page: Page, name: str = "maija") -> None:
    """A professional signs in and is ready, on the shift she has or on a new one."""
    sign_in(page, name)
    begin = page.locator(".shift-start .primary")
    begin.or_(page.locator(".top .state")).first.wait_for()
    if begin.count():
        begin.click()
    page.locator(".top .state[data-shift=ready]").wait_for()


def take_offer(page: Page) -> None:
    """Takes what is offered, by its key."""
    page.locator(".offer").wait_for()
    page.keyboard.press("F2")
    page.locator(".talk").wait_for()


def say_resident(page: Page, words: str) -> None:
    """The resident writes."""
    page.locator("#viesti").fill(words)
    page.locator("#kirjoitus button[type=submit]").click()


def say_nurse(page: Page, words: str) -> None:
    """The professional writes."""
    page.locator("#composer").fill(words)
    page.locator(".composer .primary").click()


def close_contact(page: Page, outcome: str) -> None:
    """The professional ends the contact with an outcome."""
    page.locator(".acts .button").last.click()
    page.locator(f"#outcome-{outcome}").check()
    page.locator("dialog .primary").click()
    page.locator("dialog").wait_for(state="detached")
