"""What the answers came to, before anybody is troubled: how to care for oneself, or what a full queue leaves.

Refuses nobody: a nurse is one press away.
"""

from dataclasses import dataclass

from aiohttp import web

from core.county import Catalogue
from core.phone import mask
from ensilinja.doors import Doors, language
from ensilinja.pages import crowded, danger, review, sending
from ensilinja.pages import journey as way
from ensilinja.pages.choosing import Choice, choice
from ensilinja.pages.frames import line_phones
from ensilinja.pages.journey import Journey
from ensilinja.pages.shown import at_phrase, care, go, journey, show, worse
from ensilinja.pages.views import Care, FieldError, Link, Phone
from ensilinja.runtime import RUNTIME, Runtime

doors = Doors("resident")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultView:
    """The result's page; `later` is set if the queue takes no more today, `read_at` if nobody reads now."""

    care: Care
    is_self_care: bool
    advice: tuple[str, ...]
    home_care: tuple[str, ...]
    guides: tuple[Link, ...]
    worse: tuple[str, ...]
    reason: str = ""
    later: str = ""
    read_at: str = ""
    phone_hint: str = ""
    lines: tuple[Phone, ...] = ()
    errors: tuple[FieldError, ...] = ()


@doors.get("/kysely/tulos", "answers.write")
async def result_page(request: web.Request) -> web.StreamResponse:
    """The result, for whoever has something to choose."""
    told = await journey(request)
    services = request.app[RUNTIME].services
    gap = way.next_path(services.content, told, services.catalogue.limits)
    if gap != way.CHECK_PATH:
        return go(gap)
    return await result(request, told)


async def result(request: web.Request, told: Journey, *errors: FieldError) -> web.StreamResponse:
    """The page, or the check of the answers when there is nothing to choose."""
    runtime, lang = request.app[RUNTIME], language(request)
    found = await choice(runtime, told)
    if found is None:
        return go(way.CHECK_PATH)
    view = view_of(runtime, lang, told, found, errors)
    return show(request, "result", view, status=422 if errors else 200)


def view_of(
    runtime: Runtime, lang: str, told: Journey, found: Choice, errors: tuple[FieldError, ...]
) -> ResultView:
    """What the page shows."""
    content, now = runtime.services.content, runtime.clock.now()
    topic = content.topic(found.found.topic)
    catalogue = runtime.services.catalogue
    return ResultView(
        care=care(runtime, lang, found.found.level),
        is_self_care=found.is_self_care,
        advice=danger.advice(content, lang, [rule.id for rule in found.found.fired]),
        home_care=tuple(topic.home_care.get(lang, ())) if found.is_self_care else (),
        guides=guides(catalogue, lang, topic.self_care_links) if found.is_self_care else (),
        worse=worse(runtime, lang),
        reason=runtime.texts.get(lang, f"room.full.{found.stop}") if found.stop else "",
        later=at_phrase(lang, found.later, now) if found.later else "",
        read_at=review.read_at(runtime, lang, told),
        phone_hint=mask(told.phone) if told.phone else "",
        lines=line_phones(catalogue, lang),
        errors=errors,
    )


def guides(catalogue: Catalogue, lang: str, ids: tuple[str, ...]) -> tuple[Link, ...]:
    """The public pages that the topic points to."""
    found = (catalogue.guide(each) for each in ids)
    return tuple(Link(label=guide.name.get(lang), url=guide.url.get(lang)) for guide in found)


@doors.post("/kysely/tulos", "contact.join")
async def chosen(request: web.Request) -> web.StreamResponse:
    """Joins the line, leaves the answers to be read, or asks for a call: whichever was pressed."""
    told = await journey(request)
    services = request.app[RUNTIME].services
    gap = way.next_path(services.content, told, services.catalogue.limits)
    if gap != way.CHECK_PATH:
        return go(gap)
    return await sending.join_as(request, told, lambda error: again(request, told, error))


async def again(request: web.Request, told: Journey, error: FieldError) -> web.StreamResponse:
    """The page the form was on, with what is to be mended; without a choice it was the crowded one."""
    if await choice(request.app[RUNTIME], told) is None:
        return crowded.page(request, has_phone=bool(told.phone), errors=(error,), status=422)
    return await result(request, told, error)


@doors.post("/kysely/riitti", "answers.write")
async def enough(request: web.Request) -> web.StreamResponse:
    """This was enough: nothing is sent, nothing waits in any line."""
    return go("/kysely/valmis")


@doors.get("/kysely/valmis", "answers.write")
async def done_page(request: web.Request) -> web.Response:
    """The end of a way that needed nobody; the answers can still be sent."""
    runtime = request.app[RUNTIME]
    await journey(request)
    return show(request, "done", worse(runtime, language(request)))
