"""Around every resident page: its frame, its language, its answer; and how instants and levels are worded."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from aiohttp import web

from core.county import LocalText
from core.errors import Unauthenticated, Unavailable
from core.store import Tx
from core.text import HELSINKI, clock_phrase, day_phrase
from core.urgency import Urgency
from ensilinja.auth import links, sessions
from ensilinja.auth.sessions import UNIDENTIFIED, Identified
from ensilinja.doors import IDENTIFIED, PUBLIC_PATIENCE, language
from ensilinja.pages import journey as journeys
from ensilinja.pages.frames import frame_of, line_phones
from ensilinja.pages.journey import Journey
from ensilinja.pages.views import Care, Frame
from ensilinja.runtime import RUNTIME, Runtime
from router.answering import answers_view, read_answers, save_answers, start_answers
from router.services import Services
from router.stored import AnswersView

T = TypeVar("T")
Edit = Callable[[Journey], Journey]

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


async def patient_read(runtime: Runtime, fn: Callable[..., T], *args: object) -> T | None:
    """A read for a page that must stand: None when the store does not answer soon."""
    try:
        async with asyncio.timeout(PUBLIC_PATIENCE):
            return await runtime.store.read(fn, *args)
    except (Unavailable, TimeoutError):
        return None


def show(
    request: web.Request, template: str, view: Any, *, status: int = 200, around: Frame | None = None
) -> web.Response:
    """Renders a resident page, in the chat's frame unless another is put around it."""
    page = request.app[RUNTIME].templates.get_template(f"resident/{template}.html")
    return web.Response(
        text=page.render(frame=around or frame(request), view=view), content_type="text/html", status=status
    )


def text(request: web.Request, key: str, **values: object) -> str:
    """A text in the request's language."""
    return request.app[RUNTIME].texts.get(language(request), key, **values)


async def sent(request: web.Request) -> Mapping[str, str]:
    """The fields of the form that were sent as text."""
    return {key: value for key, value in (await request.post()).items() if isinstance(value, str)}


async def sent_all(request: web.Request, name: str) -> list[str]:
    """Every value of one field."""
    return [value for value in (await request.post()).getall(name, []) if isinstance(value, str)]


def go(path: str) -> web.Response:
    """On to another page, after a form."""
    return web.Response(status=303, headers={"Location": path})


def at_phrase(lang: str, moment: datetime, now: datetime) -> str:
    """A moment in a sentence: "huomenna tiistaina kello 8.00"; only the clock when it is today."""
    local, today = moment.astimezone(HELSINKI), now.astimezone(HELSINKI).date()
    if local.date() == today:
        return clock_phrase(lang, moment)
    return f"{day_phrase(lang, local.date(), today)} {clock_phrase(lang, moment)}"


LATER = (Urgency.EMERGENCY, Urgency.ED, Urgency.SAME_DAY)  # what these levels say by day is not true by night


def care(runtime: Runtime, lang: str, urgency: Urgency, *, later: bool = False) -> Care:
    """What a level means, as a heading that says what happens; `later` while nobody reads the answers."""
    key = f"later.{urgency.value.lower()}" if later and urgency in LATER else urgency.value.lower()
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
    return f"{low}–{high}" if high is not None else runtime.texts.get(lang, "waiting.over_hour")


def local(words: LocalText, request: web.Request) -> str:
    """A text of the county's in the request's language."""
    return words.get(language(request))


async def journey(request: web.Request, *, also_sent: bool = False) -> Journey:
    """What this resident has told so far, as far as it fits today's content. Unauthenticated when the
    browser does not remember, or when nothing was done about it for too long. Sent answers lead away unless
    `also_sent`.
    """
    runtime, answers = request.app[RUNTIME], who(request).answers
    if answers is None:
        raise Unauthenticated(reason="no_answers")
    filled = await runtime.store.read(unfinished, answers, runtime.services)
    if filled is None:
        raise Unauthenticated(reason="answers_old")
    if filled.sent_at is not None and not also_sent:  # the browser's Back led to a page of sent answers
        raise web.HTTPSeeOther(location=after_sending(request))
    return journeys.fitting(runtime.services.content, Journey.load(filled.values))


def unfinished(tx: Tx, answers: int, services: Services) -> AnswersView | None:
    """The answers; None when they were left unfinished for longer than they are kept."""
    filled = answers_view(tx, answers)
    if filled.sent_at is None and not links.is_kept(tx, filled, services.catalogue.limits):
        return None
    return filled


def after_sending(request: web.Request) -> str:
    """Where sent answers lead: only the browser that sent them is shown where the contact stands."""
    return "/odotus" if who(request).contact else "/kysely/lahetetty"


async def change(request: web.Request, edit: Edit) -> Journey:
    """Stores what has been told. It is read anew in the same transaction, so that what another device told
    meanwhile stays; AnswersClosed once it was sent."""
    runtime = request.app[RUNTIME]
    return await runtime.store.write(edited, who(request).answers or 0, edit, runtime.services)


def edited(tx: Tx, answers: int, edit: Edit, services: Services) -> Journey:
    """The journey after the edit, stored."""
    told = edit(journeys.fitting(services.content, Journey.load(read_answers(tx, answers))))
    save_answers(tx, answers, told.dump())
    return told


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
