"""The resident's pages around the questions: front page, emergency, waiting room, conversation, end."""

import uuid
from typing import Literal

from aiohttp import web

from chat import service as chat
from chat.conversation import Kind
from chat.views import MessageView
from core.identity import Actor
from core.store import Tx
from core.text import HELSINKI, clock, day_heading
from ensilinja.auth import sessions
from ensilinja.doors import Doors, language, set_session
from ensilinja.pages import (
    callback,
    danger,
    following,
    gates,
    journey,
    landing,
    questions,
    reaching,
    result,
    review,
    room,
    saving,
    sending,
    topics,
    views,
    whom,
)
from ensilinja.pages.journey import Journey
from ensilinja.pages.shown import (
    begin,
    go,
    show,
    who,
    worse,
)
from ensilinja.runtime import RUNTIME, Runtime
from queues import service as queues
from queues.views import EntryView
from router.answering import newest_answers
from router.outcomes import outcome_of
from router.rules import SELF_HARM
from router.services import Services

doors = Doors("resident")

ELSEWHERE = "https://www.ilmatieteenlaitos.fi/"  # the weather: a page that anybody might have open


@doors.post("/aloita", "session.begin", brings_new=True)
async def start(request: web.Request) -> web.StreamResponse:
    """Begins a new matter: an open contact is gone back to instead, it is not forgotten."""
    runtime, session = request.app[RUNTIME], who(request)
    if session.contact and await runtime.store.read(saving.is_going_on, session.contact):
        return go("/odotus")
    told = Journey(wants_call=(await request.post()).get("tapa") == "soitto")
    token = await runtime.store.write(
        begin, uuid.uuid4().hex, language(request), told, session.session, runtime.services
    )
    response = web.Response(status=303, headers={"Location": journey.WORDS_PATH})
    if token is not None:
        set_session(response, "resident", token)
    return response


@doors.get("/poistu", "public")
async def quick_exit(request: web.Request) -> web.StreamResponse:
    """Away from here at once, to a page that tells nothing of this one."""
    return go(ELSEWHERE)


@doors.get("/keskustelu", "contact.own")
async def conversation(request: web.Request) -> web.StreamResponse:
    """The conversation; it goes on by the socket."""
    runtime, session = request.app[RUNTIME], who(request)
    entry, name, profession, tags = await runtime.store.read(
        talk, session.contact or 0, runtime.services, language(request)
    )
    if entry.ended_at is not None:
        return go("/paattynyt")
    if entry.state in ("waiting", "offered", "scheduled", "left") and entry.channel == "callback":
        return go("/soittopyynto")
    is_self_harm = SELF_HARM in tags
    view = views.Chat(
        contact=entry.contact,
        agent_name=name,
        profession=profession,
        callback_offered=False,
        quick_exit=is_self_harm,
        safety=is_self_harm,
        read_at=danger.reads_from(runtime, language(request), entry.queue) if is_self_harm else "",
    )
    return show(request, "chat", view)


def talk(tx: Tx, contact: int, services: Services, lang: str) -> tuple[EntryView, str, str, frozenset[str]]:
    """The entry, who holds it, and the tags of the answers."""
    entry = queues.entry_of(tx, contact)
    name = sessions.name_of(tx, entry.agent) if entry.agent and entry.state != "offered" else ""
    profession = services.catalogue.queue(entry.queue).profession.get(lang)
    return entry, name, profession, danger.tags_of(services.content, newest_answers(tx, contact))


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


AROUND = (landing, danger, room, result)
ASKING = (questions, gates, whom, topics, reaching, review, saving)
ALL = (doors, *(each.doors for each in (*AROUND, *ASKING)), sending.doors, callback.doors, following.doors)
