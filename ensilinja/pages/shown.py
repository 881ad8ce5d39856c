"""Around every resident page: its frame, its language, its answer; and how instants and levels are worded."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from aiohttp import web

from core.county import LocalText
from core.errors import Unauthenticated
from core.store import Tx
from core.text import HELSINKI, clock_phrase, day_phrase
from core.urgency import Urgency
from ensilinja.auth import sessions
from ensilinja.auth.sessions import UNIDENTIFIED, Identified
from ensilinja.doors import IDENTIFIED, language
from ensilinja.pages.frames import frame_of, line_phones
from ensilinja.pages.journey import Journey
from ensilinja.pages.views import Care, Frame
from ensilinja.runtime import RUNTIME, Runtime
from router.answering import answers_view, save_answers, start_answers
from router.services import Services

DOOR = "terveys_chat"
WORSE = ("breathing", "consciousness", "chest")


def who(request: web.Request) -> Identified:
    """The session of the request."""
    found: Identified = request.get(IDENTIFIED, UNIDENTIFIED)
    return found


def frame(request: web.Request) -> Frame:
    """What is around a resident's page: the chat's name, and the number to ring when there is only one."""
    catalogue, lang = request.app[RUNTIME].services.catalogue, language(request)
    phones = line_phones(catalogue, lang)
    return replace(
        frame_of(request),
        service=catalogue.site.chat_name.get(lang),
        phone=phones[0] if len(phones) == 1 else None,
    )


def show(request: web.Request, template: str, view: Any, *, status: int = 200) -> web.Response:
    """Renders a resident page."""
    page = request.app[RUNTIME].templates.get_template(f"resident/{template}.html")
    return web.Response(
        text=page.render(frame=frame(request), view=view), content_type="text/html", status=status
    )


def go(path: str) -> web.Response:
    """On to another page, after a form."""
    return web.Response(status=303, headers={"Location": path})


def at_phrase(lang: str, moment: datetime, now: datetime) -> str:
    """A moment in a sentence: "huomenna tiistaina kello 8.00"; only the clock when it is today."""
    local, today = moment.astimezone(HELSINKI), now.astimezone(HELSINKI).date()
    if local.date() == today:
        return clock_phrase(lang, moment)
    return f"{day_phrase(lang, local.date(), today)} {clock_phrase(lang, moment)}"


def care(runtime: Runtime, lang: str, urgency: Urgency) -> Care:
    """What a level means, as a heading that says what happens."""
    key = urgency.value.lower()
    return Care(
        level=urgency.value,
        heading=runtime.texts.get(lang, f"care.{key}.heading"),
        paragraphs=(runtime.texts.get(lang, f"care.{key}.text"),),
    )


def worse(runtime: Runtime, lang: str) -> tuple[str, ...]:
    """When to call 112 meanwhile."""
    return tuple(runtime.texts.get(lang, f"care.worse.{sign}") for sign in WORSE)


def wait_range(runtime: Runtime, lang: str, told: tuple[int, int | None] | None) -> str:
    """The minutes told, as a span."""
    if told is None:
        return ""
    low, high = told
    return f"{low}–{high}" if high is not None else runtime.texts.get(lang, "care.over_hour")


def local(text: LocalText, request: web.Request) -> str:
    """A text of the county's in the request's language."""
    return text.get(language(request))


async def journey(request: web.Request) -> Journey:
    """What this resident has told so far; Unauthenticated when the browser does not remember."""
    answers = who(request).answers
    if answers is None:
        raise Unauthenticated(reason="no_answers")
    filled = await request.app[RUNTIME].store.read(answers_view, answers)
    if filled.sent_at is not None:  # the browser's Back led to a page whose answers have been sent
        raise web.HTTPSeeOther(location="/odotus")
    return Journey.load(filled.values)


async def keep(request: web.Request, told: Journey) -> None:
    """Stores what has been told."""
    await request.app[RUNTIME].store.write(save_answers, who(request).answers or 0, told.dump())


def begin_answers(tx: Tx, client_id: str, lang: str, told: Journey) -> int:
    """New answers with what has been told; the same client id again gives the same answers."""
    answers = start_answers(tx, client_id=client_id, language=lang)
    save_answers(tx, answers, told.dump())
    return answers


def begin(tx: Tx, client_id: str, lang: str, told: Journey, session: int, services: Services) -> str | None:
    """New answers to fill, in this session or in a new one, whose secret is returned."""
    answers = begin_answers(tx, client_id, lang, told)
    if session:
        sessions.restart(tx, session, answers=answers)
        return None
    return sessions.begin_resident(tx, lang=lang, answers=answers)
