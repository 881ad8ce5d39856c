"""Where a call is and what its asker changes of it: in her own browser, or by the link of a text message.

A link opens this and no content: no answers, no messages, no urgency. Each act looks at the link again in its
own transaction. Whoever moves to the chat by a link does so only while nothing has been told yet.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from aiohttp import web
from sqlalchemy import select

from chat.models import MESSAGE
from core.errors import NotFound
from core.hours import local_date
from core.identity import Actor, Role
from core.phone import PhoneFault
from core.store import Tx
from ensilinja.auth import links, sessions
from ensilinja.doors import Doors, language, set_session
from ensilinja.pages import shown
from ensilinja.pages.call_status import SOON, Standing, chosen_start, standing, status_view, time_option
from ensilinja.pages.callback_views import (
    CallbackCancel,
    CallbackNumber,
    CallbackStatus,
    CallbackTime,
    LinkOver,
)
from ensilinja.pages.frames import as_read, frame_of
from ensilinja.pages.saving import is_going_on
from ensilinja.pages.shown import go, sent, text, who
from ensilinja.pages.views import FieldError, Option
from ensilinja.runtime import RUNTIME
from queues import service as queues
from router.answering import newest_answers
from router.calling import change_number, change_time, change_to_chat, check_number
from router.errors import TooLate, WindowFull
from router.moves import cancel
from router.promising import Kind, open_promise, text_resident
from router.services import Services

doors = Doors("resident")
T = TypeVar("T")

OWN = "/soittopyynto"
LINK = "/s/{token}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How somebody came to a call: by her browser's own session, or by a link's secret."""

    base: str
    contact: int
    actor: Actor
    token: str = ""


class LinkIsOver(Exception):
    """The link opens nothing; `renewable` when a new one may be sent to the number that is called."""

    def __init__(self, *, renewable: bool = False) -> None:
        super().__init__()
        self.renewable = renewable


def linked(tx: Tx, token: str) -> int:
    """The contact that the link opens. Raises LinkIsOver."""
    row = links.status_of(tx, token)
    if row is None or not links.is_live(row, tx.now):
        raise LinkIsOver(renewable=row is not None and row.revoked_at is None and is_open(tx, row.contact_id))
    return row.contact_id


def is_open(tx: Tx, contact: int) -> bool:
    """Whether there is still a call to come."""
    entry = queues.entry_of(tx, contact)
    return entry.channel == "callback" and entry.ended_at is None


def resident(contact: int) -> Actor:
    """Whoever holds the link acts as the one who asked for the call."""
    return Actor(kind="resident", id=contact, roles=frozenset({Role.RESIDENT}))


async def way_in(request: web.Request) -> Way:
    """How this request came to its call; LinkIsOver, or TooMany for somebody who guesses."""
    token = request.match_info.get("token", "")[:100]
    if not token:
        session = who(request)
        return Way(base=OWN, contact=session.contact or 0, actor=session.actor)
    runtime, key = request.app[RUNTIME], f"status:{request.remote}"
    runtime.attempts.check(key, runtime.clock.monotonic())
    try:
        contact = await runtime.store.read(linked, token)
    except LinkIsOver:
        runtime.attempts.failed(key, runtime.clock.monotonic())
        raise
    return Way(base=f"/s/{token}", contact=contact, actor=resident(contact), token=token)


async def act(request: web.Request, way: Way, fn: Callable[..., T], *args: Any) -> T:
    """Does it in one transaction in which the way is still open."""
    return await request.app[RUNTIME].store.write(still, way, fn, *args)


def still(tx: Tx, way: Way, fn: Callable[..., T], *args: Any) -> T:
    """Does it if the link still opens the call."""
    if way.token and linked(tx, way.token) != way.contact:
        raise NotFound
    return fn(tx, *args)


Page = Callable[[web.Request, Way], Awaitable[web.StreamResponse]]


def either(page: Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The page by either way; a link that is over gets the page that says so."""

    async def enter(request: web.Request) -> web.StreamResponse:
        try:
            way = await way_in(request)
            return await page(request, way)
        except LinkIsOver as over:
            return over_page(request, renewable=over.renewable)
        except TooLate:
            return go(request.path.rpartition("/")[0])

    return enter


def offered(method: str, path: str, action: str) -> Callable[[Page], Page]:
    """Offers the page to the session whose contact it is, and to the link."""

    def offer(page: Page) -> Page:
        for base, policy in ((OWN, action), (LINK, "callback.link")):
            getattr(doors, method)(f"{base}{path}", policy)(either(page))
        return page

    return offer


@doors.get(LINK, "callback.link")
async def by_link(request: web.Request) -> web.StreamResponse:
    """Where the call is, for whoever has the link of the text message."""
    return await either(status_page)(request)


async def status_page(request: web.Request, way: Way) -> web.Response:
    """Where the call is."""
    runtime = request.app[RUNTIME]
    stands = await runtime.store.read(standing, way.contact, runtime.services)
    view = status_view(runtime, language(request), stands)
    if way.token:
        view = await by_link_only(request, way, view, stands)
    return show(request, "callback_status", view)


async def by_link_only(
    request: web.Request, way: Way, view: CallbackStatus, stands: Standing
) -> CallbackStatus:
    """The same without what only her own browser may show."""
    is_hers = who(request).contact == way.contact
    is_new = await request.app[RUNTIME].store.read(is_blank, way.contact)
    return replace(
        view,
        base=way.base,
        worse=(),
        can_chat=view.can_chat and (is_hers or is_new),
        chat_url="/odotus" if is_hers and stands.entry.channel == "chat" else "",
    )


def is_blank(tx: Tx, contact: int) -> bool:
    """Whether nothing has been told in the contact that a link must not open."""
    said = tx.scalar(select(MESSAGE.c.id).where(MESSAGE.c.contact_id == contact).limit(1))
    return said is None and newest_answers(tx, contact) is None


@offered("get", "/aika", "contact.own")
async def time_page(request: web.Request, way: Way) -> web.Response:
    """The times that can be chosen."""
    return await times_shown(request, way)


async def times_shown(request: web.Request, way: Way, *errors: FieldError) -> web.Response:
    """The form with the times there are now."""
    runtime, lang = request.app[RUNTIME], language(request)
    stands = await runtime.store.read(standing, way.contact, runtime.services)
    if not stands.choices.number:
        raise TooLate
    now = runtime.clock.now()
    is_put_off = stands.entry.not_before is not None and stands.entry.not_before > now
    soon = [Option(value=SOON, label=text(request, "care.callback.soon"))] if is_put_off else []
    options = [time_option(runtime, lang, window) for window in stands.choices.times]
    view = CallbackTime(base=way.base, times=(*soon, *options), errors=errors)
    return show(request, "callback_time", view, status=422 if errors else 200)


@offered("post", "/aika", "contact.callback")
async def choose_time(request: web.Request, way: Way) -> web.Response:
    """Calls at the chosen time instead."""
    chosen = (await sent(request)).get("aika", "")
    try:
        start = chosen_start(chosen)
    except ValueError:
        return await times_shown(request, way, wrong(request, "aika", "resident.callback.empty_time"))
    services = request.app[RUNTIME].services
    try:
        await act(request, way, change_time, way.contact, start, way.actor, services)
    except WindowFull:
        return await times_shown(request, way, wrong(request, "aika", "resident.callback.full_time"))
    return go(way.base)


@offered("get", "/numero", "contact.own")
async def number_page(request: web.Request, way: Way) -> web.Response:
    """Asks for another number to call."""
    runtime = request.app[RUNTIME]
    stands = await runtime.store.read(standing, way.contact, runtime.services)
    if not stands.choices.number:
        raise TooLate
    return show(request, "callback_number", CallbackNumber(base=way.base))


@offered("post", "/numero", "contact.callback")
async def choose_number(request: web.Request, way: Way) -> web.StreamResponse:
    """Reads the number back, and calls it from then on when it is confirmed."""
    form = await sent(request)
    typed = form.get("puhelin", "").strip()
    try:
        number = check_number(typed)
    except PhoneFault:
        error = wrong(request, "puhelin", "resident.phone.wrong")
        view = CallbackNumber(base=way.base, phone=typed, errors=(error,))
        return show(request, "callback_number", view, status=422)
    if form.get("teko") == "muuta":
        return show(request, "callback_number", CallbackNumber(base=way.base, phone=typed))
    if form.get("teko") != "vahvista":
        view = CallbackNumber(base=way.base, phone=typed, check=as_read(number))
        return show(request, "callback_number", view)
    token = await act(request, way, new_number, way, number, request.app[RUNTIME].services)
    return go(f"/s/{token}" if way.token else way.base)


def new_number(tx: Tx, way: Way, number: str, services: Services) -> str:
    """Changes the number; links that went to the old one end, this browser gets one of its own."""
    change_number(tx, way.contact, number, way.actor, services)
    links.revoke_status(tx, way.contact)
    return links.make_status(tx, way.contact, services.catalogue.limits) if way.token else ""


@offered("get", "/peru", "contact.own")
async def cancel_page(request: web.Request, way: Way) -> web.Response:
    """Asks once before cancelling."""
    return show(request, "callback_cancel", CallbackCancel(base=way.base))


@offered("post", "/peru", "contact.leave")
async def cancelled(request: web.Request, way: Way) -> web.Response:
    """The resident cancels the call."""
    await act(request, way, cancel, way.contact, way.actor, request.app[RUNTIME].services)
    return go(way.base)


@offered("post", "/chat", "contact.callback")
async def to_chat(request: web.Request, way: Way) -> web.StreamResponse:
    """Waits in the chat instead. By a link, this browser becomes the contact's."""
    runtime, session = request.app[RUNTIME], who(request)
    if not way.token:
        await act(request, way, change_to_chat, way.contact, way.actor, runtime.services)
        return go("/odotus")
    other = session.contact if session.contact != way.contact else None
    if other and await runtime.store.read(is_going_on, other):
        return go("/odotus")  # this browser has a contact, which it would lose
    about = (session.contact, language(request))
    secret = await act(request, way, into_chat, way, about, runtime.services)
    response = go("/odotus")
    if secret:
        set_session(response, "resident", secret)
    return response


def into_chat(tx: Tx, way: Way, about: tuple[int | None, str], services: Services) -> str:
    """Moves to the chat; the secret of a session of the contact where the browser has none.

    TooLate when something has been told already: that is for the browser it was told in.
    """
    own, lang = about
    if own != way.contact and not is_blank(tx, way.contact):
        raise TooLate(contact=way.contact)
    change_to_chat(tx, way.contact, way.actor, services)
    return (
        ""
        if own == way.contact
        else sessions.begin_resident(tx, lang=lang, answers=None, contact=way.contact)
    )


@doors.post(f"{LINK}/uusi", "callback.link")
async def new_link(request: web.Request) -> web.Response:
    """Sends a new link to the number that is called, once a day, and never to another."""
    runtime, key = request.app[RUNTIME], f"status:{request.remote}"
    runtime.attempts.check(key, runtime.clock.monotonic())
    if not await runtime.store.write(send_again, request.match_info["token"][:100]):
        runtime.attempts.failed(key, runtime.clock.monotonic())
    return over_page(request, done=True)


def send_again(tx: Tx, token: str) -> bool:
    """Schedules the text with a new link; False for a link that was none, or was ended."""
    row = links.status_of(tx, token)
    if row is None or row.revoked_at is not None or not is_open(tx, row.contact_id):
        return False
    is_promised = open_promise(tx, row.contact_id, Kind.CALLBACK) is not None
    key = f"sms:again:{row.contact_id}:{local_date(tx.now).isoformat()}"
    name = "sms.callback_promised" if is_promised else "sms.callback_tried"
    return text_resident(tx, row.contact_id, key=key, text=name)


def over_page(request: web.Request, *, renewable: bool = False, done: bool = False) -> web.Response:
    """What a link says that opens nothing any more."""
    token = request.match_info["token"][:100]
    view = LinkOver(again=f"/s/{token}/uusi" if renewable else "", done=done)
    return show(request, "link_over", view, status=200 if done else 410)


def show(request: web.Request, template: str, view: Any, *, status: int = 200) -> web.Response:
    """Renders the page under the first line's name: a link's page does not say that it is about health."""
    return shown.show(request, template, view, status=status, around=frame_of(request))


def wrong(request: web.Request, field: str, key: str) -> FieldError:
    """An error beside its field."""
    return FieldError(field_id=field, text=text(request, key))
