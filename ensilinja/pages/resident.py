"""The resident's pages around the questions: front page, emergency, waiting room, conversation, end."""

import uuid
from dataclasses import replace
from typing import Literal

from aiohttp import web

from chat import service as chat
from chat.conversation import Kind
from chat.presence import connected
from chat.views import MessageView
from core.hours import is_open, next_closing, next_opening
from core.identity import Actor
from core.store import Tx
from core.text import HELSINKI, clock, clock_phrase, day_heading
from core.urgency import Urgency
from ensilinja.auth import sessions
from ensilinja.doors import Doors, language, set_session
from ensilinja.pages import callback, journey, questions, sending, views
from ensilinja.pages.frames import line_phones
from ensilinja.pages.journey import Journey
from ensilinja.pages.shown import (
    DOOR,
    at_phrase,
    begin,
    begin_answers,
    care,
    go,
    show,
    wait_range,
    who,
    worse,
)
from ensilinja.pages.views import FieldError, OpenState
from ensilinja.places import Place, places
from ensilinja.runtime import RUNTIME, Runtime
from queues import service as queues
from queues.views import EntryView
from router.answering import newest_answers, read_answers
from router.outcomes import outcome_of
from router.services import Services

doors = Doors("resident")

QUESTIONS = "5–15"  # how many questions the shipped topics ask, counted in the walk tests
ELSEWHERE = "https://www.ilmatieteenlaitos.fi/"  # the weather: a page that anybody might have open
REFRESH = 15  # seconds: without JavaScript this is also the sign that the resident is still there


@doors.get("/", "public")
async def landing(request: web.Request) -> web.Response:
    """The front page: open or closed, and until when."""
    runtime, lang = request.app[RUNTIME], language(request)
    door, now = runtime.services.catalogue.door(DOOR), runtime.clock.now()
    opened = is_open(door.service_hours, now)
    turn = (next_closing if opened else next_opening)(door.service_hours, now)
    view = views.Landing(
        state=OpenState.OPEN if opened else OpenState.CLOSED,
        intro=runtime.texts.get(lang, "care.intro"),
        closes_at=clock_phrase(lang, turn) if turn and opened else "",
        opens_at=at_phrase(lang, turn, now) if turn and not opened else "",
        resume_url="/odotus" if who(request).contact else "",
        question_span=QUESTIONS,
        lines=line_phones(runtime.services.catalogue, lang),
    )
    return show(request, "landing", view)


@doors.post("/aloita", "session.begin")
async def start(request: web.Request) -> web.StreamResponse:
    """Begins a new matter: an open contact is gone back to instead, it is not forgotten."""
    runtime, session = request.app[RUNTIME], who(request)
    if session.contact and await runtime.store.read(is_going_on, session.contact):
        return go("/odotus")
    told = Journey(wants_call=(await request.post()).get("tapa") == "soitto")
    token = await runtime.store.write(
        begin, uuid.uuid4().hex, language(request), told, session.session, runtime.services
    )
    response = web.Response(status=303, headers={"Location": "/kysely/hata"})
    if token is not None:
        set_session(response, "resident", token)
    return response


def is_going_on(tx: Tx, contact: int) -> bool:
    """Whether the contact has not ended."""
    return queues.entry_of(tx, contact).ended_at is None


@doors.get("/hata", "public")
async def emergency(request: web.Request) -> web.Response:
    """112: complete without a session and without the store."""
    has_contact = bool(who(request).contact)
    reported = request.query.get("ilmoitettu") == "1"
    view = views.Emergency(
        wrong_url="/hata/korjaa" if has_contact else "/kysely/hata",
        can_report=has_contact and not reported,
        reported=reported,
        line_url="/odotus" if has_contact else "",
    )
    return show(request, "emergency", view)


@doors.post("/hata", "contact.own")
async def called_112(request: web.Request) -> web.StreamResponse:
    """The resident has called 112: the professionals see it."""
    runtime, session = request.app[RUNTIME], who(request)
    text = runtime.texts.get("fi", "care.emergency.called")
    await runtime.store.write(say, session.actor, f"called-112-{session.contact}", text, runtime.services)
    return go("/hata?ilmoitettu=1")


@doors.get("/hata/korjaa", "contact.own")
async def correct(request: web.Request) -> web.StreamResponse:
    """ "I answered wrong": the same questions again; the place stays until they are sent."""
    runtime, session = request.app[RUNTIME], who(request)
    await runtime.store.write(
        answer_again, session.session, session.answers or 0, session.contact or 0, language(request)
    )
    return go("/kysely/hata")


def answer_again(tx: Tx, session: int, answers: int, contact: int, lang: str) -> None:
    """New answers that start from the old ones, without what meant an emergency."""
    filled = newest_answers(tx, contact)
    if filled is None or filled.id != answers:
        return  # being corrected already
    told = replace(Journey.load(read_answers(tx, answers)), gate=None)
    fresh = journey.restart(told)
    new = begin_answers(tx, f"correct:{answers}", lang, fresh)
    sessions.correct(tx, session, answers=new)


def say(tx: Tx, actor: Actor, client_id: str, text: str, services: Services) -> None:
    """Adds the resident's words to the conversation."""
    chat.send(tx, actor, actor.id, client_id=client_id, text=text, services=services)


@doors.get("/poistu", "public")
async def quick_exit(request: web.Request) -> web.StreamResponse:
    """Away from here at once, to a page that tells nothing of this one."""
    return go(ELSEWHERE)


@doors.get("/odotus", "contact.own")
async def waiting_room(request: web.Request) -> web.StreamResponse:
    """The result and the place in the line; leads on when it is one's turn."""
    return await room(request)


async def room(request: web.Request, *errors: FieldError) -> web.StreamResponse:
    """The waiting room, or the page the contact is at."""
    runtime, session = request.app[RUNTIME], who(request)
    entry, place, told = await runtime.store.write(here, session.contact or 0, runtime.services)
    if entry.ended_at is not None:
        return go("/paattynyt")
    if entry.channel == "callback":
        return go("/soittopyynto")
    if entry.state in ("held", "wrapping"):
        return go("/keskustelu")
    view = room_view(runtime, language(request), entry, place, told)
    if "paivitys" in request.query:
        view = replace(view, refresh_seconds=0)
    added = request.query.get("lisatty") == "1"
    return show(
        request, "waiting", replace(view, added=added, added_errors=errors), status=422 if errors else 200
    )


def here(tx: Tx, contact: int, services: Services) -> tuple[EntryView, Place | None, Journey]:
    """Notes that the resident is present, and where she stands."""
    connected(tx, contact)
    filled = newest_answers(tx, contact)
    told = Journey.load(filled.values) if filled else Journey()
    return queues.entry_of(tx, contact), places(tx, [contact], services).get(contact), told


def room_view(
    runtime: Runtime, lang: str, entry: EntryView, place: Place | None, told: Journey
) -> views.Waiting:
    """What the waiting room shows."""
    now = runtime.clock.now()
    queue = runtime.services.catalogue.queue(entry.queue)
    opens = None if is_open(queue.service_hours, now) else next_opening(queue.service_hours, now)
    found = journey.result(runtime.services.content, told, finished=True)
    gate_tags = journey.gate_result(runtime.services.content, told).tags
    return views.Waiting(
        state="left"
        if entry.state == "left"
        else "closed"
        if opens or entry.state == "scheduled"
        else "waiting",
        care=care(runtime, lang, Urgency(entry.urgency)),
        ahead=place.position - 1 if place else None,
        wait_range=wait_range(runtime, lang, place.range if place else None),
        slower=bool(place and place.slower),
        updated_at=clock(lang, now),
        read_at=at_phrase(lang, opens, now) if opens else "",
        worse=worse(runtime, lang),
        rows=sending.rows(runtime, lang, told, change=False),
        safety="self_harm" in ((found.tags if found else frozenset()) | gate_tags),
        emergency=entry.urgency == Urgency.EMERGENCY,
        resume_until=clock_phrase(lang, entry.resume_until) if entry.resume_until else "",
        refresh_seconds=REFRESH,
    )


@doors.post("/odotus/lisaa", "contact.own")
async def add(request: web.Request) -> web.StreamResponse:
    """Adds information for the professional; it waits in the conversation."""
    runtime = request.app[RUNTIME]
    text = (await questions.sent(request)).get("lisatieto", "").replace("\r\n", "\n")
    if not text.strip():
        return await room(
            request,
            FieldError(field_id="lisatieto", text=questions.text(request, "resident.waiting.add_empty")),
        )
    await runtime.store.write(say, who(request).actor, uuid.uuid4().hex, text[:4000], runtime.services)
    return go("/odotus?lisatty=1")


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


@doors.get("/keskustelu", "contact.own")
async def conversation(request: web.Request) -> web.StreamResponse:
    """The conversation; it goes on by the socket."""
    runtime, session = request.app[RUNTIME], who(request)
    entry, name, profession, told = await runtime.store.read(
        talk, session.contact or 0, runtime.services, language(request)
    )
    if entry.ended_at is not None:
        return go("/paattynyt")
    if entry.state in ("waiting", "offered", "scheduled", "left") and entry.channel == "callback":
        return go("/soittopyynto")
    found = journey.result(runtime.services.content, told, finished=True)
    is_self_harm = found is not None and "self_harm" in found.tags
    view = views.Chat(
        contact=entry.contact,
        agent_name=name,
        profession=profession,
        callback_offered=False,
        quick_exit=is_self_harm,
        safety=is_self_harm,
    )
    return show(request, "chat", view)


def talk(tx: Tx, contact: int, services: Services, lang: str) -> tuple[EntryView, str, str, Journey]:
    """The entry, and who holds it."""
    entry = queues.entry_of(tx, contact)
    name = sessions.name_of(tx, entry.agent) if entry.agent and entry.state != "offered" else ""
    profession = services.catalogue.queue(entry.queue).profession.get(lang)
    filled = newest_answers(tx, contact)
    return entry, name, profession, Journey.load(filled.values) if filled else Journey()


@doors.get("/paattynyt", "contact.own")
async def ended(request: web.Request) -> web.StreamResponse:
    """What was agreed, with the conversation to keep."""
    runtime, session = request.app[RUNTIME], who(request)
    contact = session.contact or 0
    entry, has_outcome, lines = await runtime.store.read(closing, session.actor, contact)
    left = entry.state == "left"
    if entry.ended_at is None and not left:
        return go("/odotus")
    lang = language(request)
    day = (entry.ended_at or runtime.clock.now()).astimezone(HELSINKI).date()
    view = views.Ended(
        reference=f"E-{contact}",
        day=day_heading(lang, day),
        worse=worse(runtime, lang),
        messages=tuple(message_view(runtime, lang, line) for line in lines),
        left=left or not has_outcome,
    )
    return show(request, "ended", view)


def closing(tx: Tx, actor: Actor, contact: int) -> tuple[EntryView, bool, list[MessageView]]:
    """How the contact ended, and what was said."""
    return (
        queues.entry_of(tx, contact),
        outcome_of(tx, contact) is not None,
        chat.history(tx, contact, 0, actor),
    )


def side(line: MessageView) -> Literal["resident", "staff", "system"]:
    """Whose line it is."""
    if line.kind is Kind.SYSTEM or line.sender not in ("resident", "staff"):
        return "system"
    return "resident" if line.sender == "resident" else "staff"


def message_view(runtime: Runtime, lang: str, line: MessageView) -> views.Message:
    """A line of the conversation as a page shows it."""
    wired = runtime.feed.message(line, lang)
    at = line.at.astimezone(HELSINKI)
    return views.Message(
        seq=line.seq,
        who=side(line),
        name=str(wired["name"] or ""),
        text=str(wired["text"] or ""),
        at=clock(lang, line.at),
        day=day_heading(lang, at.date()) if line.seq == 1 else "",
    )


@doors.get("/keskustelu.txt", "contact.own")
async def transcript(request: web.Request) -> web.Response:
    """The conversation as plain text, without notes."""
    runtime, session, lang = request.app[RUNTIME], who(request), language(request)
    lines = await runtime.store.read(chat.history, session.contact or 0, 0, session.actor)
    shown = [message_view(runtime, lang, line) for line in lines if line.kind != Kind.NOTE]
    you = runtime.texts.get(lang, "chat.you")
    body = "\n\n".join(
        f"{m.at} {m.name or (you if m.who == 'resident' else '')}\n{m.text}".strip() for m in shown
    )
    headers = {"Content-Disposition": "attachment; filename=keskustelu.txt"}
    return web.Response(
        text=f"E-{session.contact}\n\n{body}\n", content_type="text/plain", charset="utf-8", headers=headers
    )


ALL = (doors, questions.doors, sending.doors, callback.doors)
