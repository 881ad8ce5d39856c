"""From one page of the questions to the next: what was told is kept first, and an emergency ends the way."""

from collections.abc import Callable

from aiohttp import web

from core.errors import Unavailable
from core.store import Tx
from ensilinja.auth import sessions
from ensilinja.doors import language
from ensilinja.pages import journey as way
from ensilinja.pages import sending
from ensilinja.pages.journey import Journey
from ensilinja.pages.shown import Edit, after_sending, begin_answers, change, go, who
from ensilinja.runtime import RUNTIME
from queues import service as queues
from router.errors import AnswersClosed
from router.services import Services

Again = Callable[[str], web.Response]


async def move_on(
    request: web.Request, told: Journey, edit: Edit, again: Again, *, to: str = ""
) -> web.StreamResponse:
    """Keeps the edit and leads to the next page, or `to`. When it could not be kept, `again` shows the page
    once more with what was typed; an emergency is told 112 whatever the store does.
    """
    content, catalogue = request.app[RUNTIME].services.content, request.app[RUNTIME].services.catalogue
    try:
        kept = await change(request, edit)
        if way.is_emergency(content, kept):
            return await sending.send_emergency(request, kept)
    except AnswersClosed:
        return await tell_more(request, told, edit(told))
    except Unavailable:
        if way.is_emergency(content, edit(told)):
            return go("/hata")
        return again("resident.check.not_saved")
    return go(to or way.next_path(content, kept, catalogue.limits))


async def tell_more(request: web.Request, sent: Journey, told: Journey) -> web.StreamResponse:
    """The answers have been sent, and a page of them was answered once more. Only a new sign of danger
    changes anything: it raises the contact and shows 112.
    """
    runtime, session = request.app[RUNTIME], who(request)
    content = runtime.services.content
    if not way.is_emergency(content, told):
        return go(after_sending(request))
    if session.contact and not way.is_emergency(content, sent):
        await runtime.store.write(
            raise_contact,
            (session.session, session.answers or 0, session.contact),
            told,
            language(request),
            runtime.services,
        )
    return go("/hata")


def raise_contact(tx: Tx, about: tuple[int, int, int], told: Journey, lang: str, services: Services) -> None:
    """New answers beside those of the session's contact, sent at once; nothing when the contact has ended."""
    session, answers, contact = about
    if queues.entry_of(tx, contact).ended_at is not None:
        return
    newer = begin_answers(tx, f"more:{answers}", lang, told)
    sessions.correct(tx, session, answers=newer)
    sending.join(tx, session, newer, told, lang, services)
