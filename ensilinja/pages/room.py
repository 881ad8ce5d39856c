"""The waiting room: the result and the place in the line on one page, and everything one may do meanwhile."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from aiohttp import web

from chat import service as chat
from chat.errors import NoText
from chat.presence import connected, wants_text
from core.hours import is_open, next_opening
from core.identity import Actor
from core.phone import PhoneFault, mask
from core.store import Tx
from core.text import clock, clock_phrase
from core.urgency import Urgency
from ensilinja.doors import Doors, language
from ensilinja.pages import danger, review, shown, views
from ensilinja.pages.journey import Journey
from ensilinja.pages.shown import at_phrase, care, go, show, wait_range, who, worse
from ensilinja.pages.views import FieldError
from ensilinja.runtime import RUNTIME, Runtime
from queues import service as queues
from queues.machine import State
from queues.views import EntryView
from router.answering import newest_answers
from router.errors import NoNumber
from router.estimating import retell
from router.parties import Purpose, can_reach, phone_of
from router.places import Place, places
from router.promising import Kind, open_promise
from router.rules import CALLED_TO_ALL, SELF_HARM
from router.services import Services
from router.standing import the_contact

doors = Doors("resident")

REFRESH = 15  # seconds: without JavaScript this is also the sign that the resident is still there


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """Where the resident stands: entry and place, what she told and what it fired, how she may be reached."""

    entry: EntryView
    place: Place | None
    told: Journey
    fired: tuple[str, ...]
    is_self_harm: bool
    reply_by: datetime | None
    phone: str | None
    wants_text: bool
    may_text: bool
    may_call: bool


@doors.get("/odotus", "contact.own")
async def waiting_room(request: web.Request) -> web.StreamResponse:
    """The result and the place in the line; leads on when it is one's turn."""
    return await room(request)


async def room(request: web.Request, *errors: FieldError) -> web.StreamResponse:
    """The waiting room, or the page the contact is at."""
    runtime, session = request.app[RUNTIME], who(request)
    stands = await runtime.store.write(here, session.contact or 0, runtime.services)
    elsewhere = page_of(stands.entry)
    if elsewhere:
        return go(elsewhere)
    view = room_view(runtime, language(request), stands)
    if "paivitys" in request.query:
        view = replace(view, refresh_seconds=0)
    added = request.query.get("lisatty") == "1"
    number_errors = tuple(error for error in errors if error.field_id == "puhelin")
    added_errors = tuple(error for error in errors if error.field_id != "puhelin")
    view = replace(view, added=added, added_errors=added_errors, number_errors=number_errors)
    return show(request, "waiting", view, status=422 if errors else 200)


def page_of(entry: EntryView) -> str:
    """The page of a contact that does not wait here; empty when it does."""
    if entry.ended_at is not None:
        return "/paattynyt"
    if entry.channel == "callback":
        return "/soittopyynto"
    return "/keskustelu" if entry.state in (State.HELD, State.WRAPPING) else ""


def here(tx: Tx, contact: int, services: Services) -> Here:
    """Notes that the resident is present, and where she stands; who was told too little is told anew."""
    connected(tx, contact)
    retell(tx, [contact], services)
    filled = newest_answers(tx, contact)
    asker = the_contact(tx, contact).asker_id
    promise = open_promise(tx, contact, Kind.MESSAGE)
    return Here(
        entry=queues.entry_of(tx, contact),
        place=places(tx, [contact], services).get(contact),
        told=Journey.load(filled.values) if filled else Journey(),
        fired=danger.fired_by(services.content, filled),
        is_self_harm=SELF_HARM in danger.tags_of(services.content, filled),
        reply_by=promise.due_at if promise else None,
        phone=phone_of(tx, asker),
        wants_text=wants_text(tx, contact),
        may_text=can_reach(tx, asker, Purpose.SMS),
        may_call=can_reach(tx, asker, Purpose.CALL),
    )


def room_view(runtime: Runtime, lang: str, stands: Here) -> views.Waiting:
    """What the waiting room shows."""
    now, entry, place = runtime.clock.now(), stands.entry, stands.place
    opens = reads_from(runtime, entry, now)
    state = state_of(entry)
    is_later = state == "closed" and opens is not None
    # Whoever is reached by neither text nor call is not asked to change to what cannot be.
    may_be_called = stands.may_call or stands.phone is None
    return views.Waiting(
        state=state,
        care=care(runtime, lang, Urgency(entry.urgency), later=is_later),
        advice=danger.advice(runtime.services.content, lang, stands.fired),
        ahead=place.position - 1 if place else None,
        wait_range=wait_range(runtime, lang, place.range if place else None),
        slower=bool(place and place.slower),
        line=place.line if place and state == "waiting" else "open",
        updated_at=clock(lang, now),
        read_at=at_phrase(lang, opens, now) if is_later and opens else "",
        reply_by=at_phrase(lang, stands.reply_by, now) if state == "closed" and stands.reply_by else "",
        callback_offered=may_be_called,
        phone_hint=mask(stands.phone) if stands.phone else "",
        text_offered=state == "waiting"
        and entry.tier != CALLED_TO_ALL
        and (stands.may_text or not stands.phone),
        text_wanted=stands.wants_text,
        worse=worse(runtime, lang),
        rows=review.rows(runtime, lang, stands.told),
        safety=stands.is_self_harm,
        emergency=entry.urgency == Urgency.EMERGENCY,
        resume_until=clock_phrase(lang, entry.resume_until) if entry.resume_until else "",
        refresh_seconds=REFRESH,
    )


def reads_from(runtime: Runtime, entry: EntryView, now: datetime) -> datetime | None:
    """From when a person reads what was sent; None while one does."""
    if entry.state == State.SCHEDULED and entry.not_before is not None and entry.not_before > now:
        return entry.not_before
    hours = runtime.services.catalogue.queue(entry.queue).service_hours
    return None if is_open(hours, now) else next_opening(hours, now)


def state_of(entry: EntryView) -> Literal["waiting", "left", "closed"]:
    """How the page looks: in the line, gone from it, or sent to be read."""
    if entry.state == State.LEFT:
        return "left"
    return "closed" if entry.channel == "message" or entry.state == State.SCHEDULED else "waiting"


@doors.post("/odotus/lisaa", "contact.own")
async def add(request: web.Request) -> web.StreamResponse:
    """Adds information for the professional; it waits in the conversation."""
    runtime = request.app[RUNTIME]
    text = (await shown.sent(request)).get("lisatieto", "").replace("\r\n", "\n")
    if not text.strip():
        return await room(
            request,
            FieldError(field_id="lisatieto", text=shown.text(request, "resident.waiting.add_empty")),
        )
    words = text[: runtime.services.catalogue.limits.message_chars]
    await runtime.store.write(danger.say, who(request).actor, uuid.uuid4().hex, words, runtime.services)
    return go("/odotus?lisatty=1")


@doors.post("/odotus/tekstiviesti", "contact.text")
async def text_me(request: web.Request) -> web.StreamResponse:
    """Keeps whether the resident wants a text in her turn; asks for a number only where there is none."""
    runtime, session, form = request.app[RUNTIME], who(request), await shown.sent(request)
    typed = str(form.get("puhelin", "")).strip() or None
    try:
        await runtime.store.write(wish, session.actor, form.get("tahto") != "ei", typed)
    except (PhoneFault, NoNumber, NoText):
        text = shown.text(request, "resident.phone.wrong")
        return await room(request, FieldError(field_id="puhelin", text=text))
    return go("/odotus")


def wish(tx: Tx, actor: Actor, wanted: bool, phone: str | None) -> None:
    """See `chat.turns.ask_for_text`; a number already known is not replaced here."""
    known = phone_of(tx, the_contact(tx, actor.id).asker_id)
    chat.ask_for_text(tx, actor, actor.id, wanted=wanted, phone=None if known else phone)


@doors.get("/odotus/poistu", "contact.own")
async def leave_page(request: web.Request) -> web.Response:
    """Asks once before leaving."""
    return show(request, "leave", views.Leave())


@doors.post("/odotus/poistu", "contact.leave")
async def leave(request: web.Request) -> web.StreamResponse:
    """Leaves the line, with time to come back."""
    runtime, session = request.app[RUNTIME], who(request)
    await runtime.store.write(chat.leave, session.actor, session.contact or 0, runtime.services)
    return go("/paattynyt?poistui=1")


@doors.post("/odotus/paikalla", "contact.resume")
async def resume(request: web.Request) -> web.StreamResponse:
    """Comes back to the old place."""
    await request.app[RUNTIME].store.write(connected, who(request).contact or 0)
    return go("/odotus")
