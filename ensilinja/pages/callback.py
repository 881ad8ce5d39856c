"""Asking for a call instead of waiting, and in one's own browser where that call is."""

from dataclasses import replace
from datetime import datetime

from aiohttp import web

from core.identity import Actor
from core.phone import PhoneFault, mask
from core.store import Tx
from core.urgency import Urgency
from ensilinja.doors import Doors, language
from ensilinja.pages import danger
from ensilinja.pages.call_status import SOON, chosen_start, standing, status_view, time_option
from ensilinja.pages.callback_views import CallbackForm
from ensilinja.pages.shown import go, sent, show, text, who
from ensilinja.pages.views import FieldError, Option
from ensilinja.runtime import RUNTIME
from queues import service as queues
from router.answering import newest_answers
from router.calling import change_time, times
from router.errors import NoNumber, WindowFull
from router.moves import change_to_callback
from router.parties import phone_of
from router.rules import CALLED_TO_ALL, SELF_HARM
from router.services import Services
from router.standing import the_contact
from router.windows import Window

doors = Doors("resident")


@doors.get("/soittopyynto", "contact.own")
async def status(request: web.Request) -> web.StreamResponse:
    """Where the call is, or the form that asks for one."""
    runtime, contact = request.app[RUNTIME], who(request).contact or 0
    stands = await runtime.store.read(standing, contact, runtime.services)
    entry = stands.entry
    if stands.promise is None and entry.ended_at is None:
        return await form(request, stands.phone)
    lang = language(request)
    view = status_view(runtime, lang, stands)
    if entry.ended_at is None and entry.tier == CALLED_TO_ALL:
        is_self_harm = SELF_HARM in await runtime.store.read(tags, contact, runtime.services)
        read_at = danger.reads_from(runtime, lang, entry.queue)
        emergency = entry.urgency == Urgency.EMERGENCY
        view = replace(view, safety=is_self_harm, emergency=emergency, read_at=read_at)
    return show(request, "callback_status", view)


def tags(tx: Tx, contact: int, services: Services) -> frozenset[str]:
    """The tags of the answers."""
    return danger.tags_of(services.content, newest_answers(tx, contact))


async def form(
    request: web.Request, phone: str | None, *errors: FieldError, typed: str = "", chosen: str = SOON
) -> web.Response:
    """The form; as soon as possible keeps the place in the line, another time is a place of its own."""
    runtime = request.app[RUNTIME]
    times = await runtime.store.read(offered_times, who(request).contact or 0, runtime.services)
    soon = Option(
        value=SOON,
        label=text(request, "care.callback.soon"),
        hint=text(request, "resident.callback.keeps_place"),
        chosen=chosen == SOON,
    )
    others = [time_option(runtime, language(request), window) for window in times]
    others = [replace(option, chosen=option.value == chosen) for option in others]
    shown_number = typed or (mask(phone) if phone else "")
    is_other = chosen != SOON or any(error.field_id == "aika" for error in errors)
    view = CallbackForm(times=(soon, *others), other_time=is_other, phone=shown_number, errors=errors)
    return show(request, "callback_form", view, status=422 if errors else 200)


def offered_times(tx: Tx, contact: int, services: Services) -> list[Window]:
    """The times besides as soon as possible."""
    return times(tx, queues.entry_of(tx, contact), services)


@doors.post("/odotus/soittopyynto", "contact.callback")
async def ask(request: web.Request) -> web.StreamResponse:
    """Changes the contact to a call back; as soon as possible keeps arrival and due time."""
    runtime, session, posted = request.app[RUNTIME], who(request), await sent(request)
    contact = session.contact or 0
    typed, chosen = posted.get("puhelin", "").strip(), posted.get("aika", SOON)
    known = await runtime.store.read(number_of, contact)
    number = None if known and typed in ("", mask(known)) else typed
    try:
        start = chosen_start(chosen)
        await runtime.store.write(call_at, contact, number, start, session.actor, runtime.services)
    except (PhoneFault, NoNumber):
        error = FieldError(field_id="puhelin", text=text(request, "resident.phone.wrong"))
        return await form(request, known, error, typed=typed, chosen=chosen)
    except (ValueError, WindowFull):
        error = FieldError(field_id="aika", text=text(request, "resident.callback.full_time"))
        return await form(request, known, error, typed=typed)
    return go("/soittopyynto")


def call_at(
    tx: Tx, contact: int, phone: str | None, start: datetime | None, actor: Actor, services: Services
) -> None:
    """Promises a call, at the time that begins at `start` where one was chosen."""
    change_to_callback(tx, contact, phone, actor, services)
    if start is not None:
        change_time(tx, contact, start, actor, services)


def number_of(tx: Tx, contact: int) -> str | None:
    """The number we have."""
    return phone_of(tx, the_contact(tx, contact).asker_id)
