"""Saving unfinished answers by a link, and going on by it: on another device, after a day, after a restart.

The link's page says the same whoever opens it and whatever became of the answers; only the button tells
whether it still opens them. Where a contact stands is never shown by it.
"""

import secrets
from dataclasses import dataclass, replace
from urllib.parse import quote

from aiohttp import web

from core.jobs import schedule
from core.phone import PhoneFault, normalise
from core.store import Tx
from ensilinja.auth import links, sessions
from ensilinja.doors import Doors, language, set_session
from ensilinja.pages import journey as way
from ensilinja.pages import side_views
from ensilinja.pages.journey import SAVE_PATH, Journey
from ensilinja.pages.shown import change, go, journey, sent, show, text, who
from ensilinja.pages.views import FieldError
from ensilinja.runtime import RUNTIME
from queues import service as queues
from router.services import Services

doors = Doors("resident")

BY_SMS, SHOWN, ENDED = "tekstiviesti", "nayta", "poista"


@doors.get(SAVE_PATH, "answers.write")
async def save_page(request: web.Request) -> web.Response:
    """Saving and going on later: how, and by which link."""
    told = await journey(request)
    return await shown(request, told, told.phone or "")


@doors.post(SAVE_PATH, "answers.write")
async def save(request: web.Request) -> web.StreamResponse:
    """Makes a link and shows it, sends one by text message, or ends those that were made."""
    told = await journey(request)
    runtime, answers = request.app[RUNTIME], who(request).answers or 0
    if who(request).contact:  # these answers correct a contact, which stays with this browser
        return await shown(request, told, "")
    form = await sent(request)
    act = form.get("teko")
    if act == BY_SMS:
        return await send_link(request, told, str(form.get("puhelin", "")).strip())
    if act == ENDED:
        await runtime.store.write(links.revoke, answers)
        return await shown(request, told, told.phone or "", done="ended")
    if act != SHOWN:
        return go(SAVE_PATH)
    token = await runtime.store.write(links.make, answers, runtime.services.catalogue.limits)
    return await shown(request, told, told.phone or "", link=f"{origin(request)}/jatka/{quote(token)}")


async def send_link(request: web.Request, told: Journey, value: str) -> web.StreamResponse:
    """Keeps the number, so that it is asked once, and has the link sent."""
    try:
        number = normalise(value)
    except PhoneFault:
        key = "resident.phone.wrong" if value else "resident.save.empty"
        return await shown(request, told, value, error=key)
    if told.phone != value:
        told = await change(request, lambda newest: replace(newest, phone=value))
    runtime, answers = request.app[RUNTIME], who(request).answers or 0
    sends = await runtime.store.write(ask_to_send, answers, number, origin(request), runtime.services)
    return (
        await shown(request, told, value, done="sent")
        if sends
        else await shown(request, told, value, error="resident.save.too_many")
    )


def ask_to_send(tx: Tx, answers: int, number: str, home: str, services: Services) -> bool:
    """A job that sends a link to the number of the answers; False when the number has had enough of them
    today.
    """
    limits = services.catalogue.limits
    if not links.may_send(tx, tx.vault.blind(number), limits):
        return False
    key = f"link:{answers}:{secrets.token_hex(8)}"
    schedule(tx, key=key, kind="link", args={"answers": answers, "origin": home})
    return True


def origin(request: web.Request) -> str:
    """Our own address as this browser knows it; the door has held it against the list of ours."""
    return request.headers["Origin"]


async def shown(
    request: web.Request, told: Journey, phone: str, *, link: str = "", done: str = "", error: str = ""
) -> web.Response:
    """The page, with the link while it can still be shown."""
    runtime = request.app[RUNTIME]
    services = runtime.services
    live = await runtime.store.read(links.count, who(request).answers or 0)
    view = side_views.Save(
        phone=phone,
        link=link,
        done=text(request, f"resident.save.done.{done}") if done else "",
        days=services.catalogue.limits.link_days,
        live=live,
        link_offered=not who(request).contact,
        sms_offered=told.reach is None or told.reach.sms,
        errors=(FieldError(field_id="puhelin", text=text(request, error)),) if error else (),
        back_url=way.next_path(services.content, told, services.catalogue.limits),
    )
    return show(request, "save", view, status=422 if error else 200)


@doors.get("/jatka/{token}", "public")
async def link_page(request: web.Request) -> web.Response:
    """The link as it is opened: the same for every link, so that looking tells nothing and uses nothing
    up.
    """
    return show(request, "resume", side_views.Resume(action=request.path))


@doors.post("/jatka/{token}", "session.begin")
async def go_on(request: web.Request) -> web.StreamResponse:
    """Goes on with the answers of the link in a session of this browser; the first browser may go on as
    well.
    """
    runtime, session = request.app[RUNTIME], who(request)
    key = f"link:{request.remote}"
    runtime.attempts.check(key, runtime.clock.monotonic())
    if session.contact and await runtime.store.read(is_going_on, session.contact):
        return go("/odotus")  # this browser has a contact, which it would lose
    found = await runtime.store.write(
        resume, request.match_info["token"][:100], session.session, session.answers, language(request)
    )
    if found is None:
        runtime.attempts.failed(key, runtime.clock.monotonic())
        return show(request, "resume", side_views.Resume(action=request.path, is_over=True), status=410)
    services = runtime.services
    told = way.fitting(services.content, Journey.load(found.values))
    response = go(way.next_path(services.content, told, services.catalogue.limits))
    if found.secret:
        set_session(response, "resident", found.secret)
    return response


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """What a link opened; the secret of a new session, unless this browser has the answers already."""

    values: dict[str, object]
    secret: str = ""


def resume(tx: Tx, token: str, session: int, answers: int | None, lang: str) -> Resumed | None:
    """The answers of the link with a session for them; None when it opens nothing."""
    filled = links.opened(tx, token)
    if filled is None:
        return None
    if session and answers == filled.id:
        return Resumed(values=dict(filled.values))
    return Resumed(
        values=dict(filled.values), secret=sessions.begin_resident(tx, lang=lang, answers=filled.id)
    )


def is_going_on(tx: Tx, contact: int) -> bool:
    """Whether the contact has not ended."""
    return queues.entry_of(tx, contact).ended_at is None
