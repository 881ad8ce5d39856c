"""The two emergency pages: what is happening now, and what happened today even if it is over."""

from dataclasses import dataclass, replace

from aiohttp import web

from core.urgency import Urgency
from ensilinja.doors import Doors, language
from ensilinja.pages import journey as way
from ensilinja.pages import views
from ensilinja.pages.journey import GATE_PATH, PAST_PATH, Journey
from ensilinja.pages.moving import move_on
from ensilinja.pages.shown import journey, sent_all, show, text
from ensilinja.pages.views import NONE_OF_THESE, FieldError, Option
from ensilinja.runtime import RUNTIME
from triage.definition import Content, Questionnaire
from triage.engine import gate, ticked

doors = Doors("resident")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One of the two pages: its address, its words, and where its answer is kept."""

    path: str
    key: str

    def form(self, content: Content) -> Questionnaire:
        """What it asks."""
        return content.gate if self.path == GATE_PATH else content.past

    def chosen(self, told: Journey) -> tuple[str, ...] | None:
        """What was ticked; None before it was answered."""
        return told.gate if self.path == GATE_PATH else told.past

    def keep(self, told: Journey, items: tuple[str, ...]) -> Journey:
        """The journey with what was ticked."""
        return replace(told, gate=items) if self.path == GATE_PATH else replace(told, past=items)


NOW = Page(path=GATE_PATH, key="resident.gate")
TODAY = Page(path=PAST_PATH, key="resident.past")


@doors.get(GATE_PATH, "answers.write")
async def now_page(request: web.Request) -> web.Response:
    """The emergency question."""
    told = await journey(request)
    return shown(request, NOW, told, NOW.chosen(told))


@doors.post(GATE_PATH, "answers.write")
async def now_answer(request: web.Request) -> web.StreamResponse:
    """Takes the emergency question; an emergency is stored and told 112 at once."""
    return await answered(request, NOW)


@doors.get(PAST_PATH, "answers.write")
async def today_page(request: web.Request) -> web.Response:
    """The emergency question about today, even if it is over."""
    told = await journey(request)
    return shown(request, TODAY, told, TODAY.chosen(told))


@doors.post(PAST_PATH, "answers.write")
async def today_answer(request: web.Request) -> web.StreamResponse:
    """Takes the question about today like the one about now."""
    return await answered(request, TODAY)


async def answered(request: web.Request, page: Page) -> web.StreamResponse:
    """Takes what was ticked; "none of these" is said, never supposed."""
    told = await journey(request, also_sent=True)
    raw = await sent_all(request, "hata")
    known = {question.id for question in page.form(request.app[RUNTIME].services.content).questions}
    items = tuple(item for item in dict.fromkeys(raw) if item in known)
    none = NONE_OF_THESE in raw
    if none == bool(items):
        return shown(request, page, told, items, "both" if none else "empty", none_chosen=none)

    def again(key: str) -> web.Response:
        return shown(request, page, told, items, key, none_chosen=none, status=503)

    return await move_on(request, told, lambda newest: page.keep(newest, items), again)


def shown(
    request: web.Request,
    page: Page,
    told: Journey,
    chosen: tuple[str, ...] | None,
    error: str = "",
    *,
    none_chosen: bool = False,
    status: int = 422,
) -> web.Response:
    """The page with what was chosen, and what is to be mended."""
    services, lang = request.app[RUNTIME].services, language(request)
    form = page.form(services.content)
    items = tuple(
        Option(value=question.id, label=question.text.get(lang), chosen=question.id in (chosen or ()))
        for question in form.questions
    )
    key = error if "." in error else f"resident.gate.{error}"
    errors = (FieldError(field_id="hata-1", text=text(request, key)),) if error else ()
    view = views.Gate(
        items=items,
        title=text(request, f"{page.key}.title"),
        hint=text(request, f"{page.key}.hint"),
        action=page.path,
        dangers=dangers(services.content),
        none_chosen=none_chosen or (chosen == () and not error),
        errors=errors,
        back_url=way.path_before(services.content, told, services.catalogue.limits, page.path),
    )
    return show(request, "gate", view, status=status if error else 200)


def dangers(content: Content) -> frozenset[str]:
    """The items that alone mean an emergency: the browser itself shows 112 when the answer is slow."""
    items = [question.id for form, _ in content.gates for question in form.questions]
    alone = {item: gate(content, ticked(content, (item,), (item,))).level for item in items}
    return frozenset(item for item, level in alone.items() if level is Urgency.EMERGENCY)
