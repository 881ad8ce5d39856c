"""The page that says 112, first aid at once, the way back after a wrong answer. Stands without the store."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from aiohttp import web

from chat import service as chat
from core.hours import is_open, next_opening
from core.identity import Actor
from core.store import Tx
from ensilinja.auth import sessions
from ensilinja.doors import Doors, language
from ensilinja.pages import journey, views
from ensilinja.pages.journey import Journey
from ensilinja.pages.shown import at_phrase, begin_answers, go, patient_read, show, who
from ensilinja.runtime import RUNTIME, Runtime
from queues import service as queues
from router.answering import newest_answers, read_answers
from router.services import Services
from router.stored import AnswersView
from triage.definition import Content

doors = Doors("resident")


@dataclass(frozen=True, slots=True, kw_only=True)
class Danger:
    """What is known of the session's contact: its queue, and the rules its answers fired."""

    queue: str
    fired: tuple[str, ...]


@doors.get("/hata", "public")
async def emergency(request: web.Request) -> web.Response:
    """112: complete without a session and a store; with them, what to do at once and when it is read."""
    runtime, contact = request.app[RUNTIME], who(request).contact
    known = await patient_read(runtime, danger_of, contact, runtime.services) if contact else None
    reported = request.query.get("ilmoitettu") == "1"
    view = views.Emergency(
        wrong_url="/hata/korjaa" if contact else journey.GATE_PATH,
        can_report=bool(contact) and not reported,
        reported=reported,
        line_url="/odotus" if contact else "",
        advice=advice(runtime.services.content, language(request), known.fired) if known else (),
        read_at=reads_from(runtime, language(request), known.queue) if known else "",
    )
    return show(request, "emergency", view)


def danger_of(tx: Tx, contact: int, services: Services) -> Danger:
    """The contact as it was stored."""
    filled = newest_answers(tx, contact)
    return Danger(queue=queues.entry_of(tx, contact).queue, fired=fired_by(services.content, filled))


def fired_by(content: Content, filled: AnswersView | None) -> tuple[str, ...]:
    """The rules behind stored answers; an emergency of the first pages has no result: they are looked up."""
    if filled is None:
        return ()
    return filled.fired or journey.gate_result(content, Journey.load(filled.values)).fired


def tags_of(content: Content, filled: AnswersView | None) -> frozenset[str]:
    """The tags behind stored answers, those of the first pages too."""
    if filled is None:
        return frozenset()
    return filled.tags | journey.gate_result(content, Journey.load(filled.values)).tags


def advice(content: Content, lang: str, fired: Collection[str]) -> tuple[str, ...]:
    """First aid of the rules that fired, each once, in the rules' order."""
    return tuple(dict.fromkeys(_advice(content, lang, frozenset(fired))))


def _advice(content: Content, lang: str, fired: frozenset[str]) -> Iterator[str]:
    for ruleset in content.rulesets:
        for rule in ruleset.rules:
            if rule.id in fired and rule.advice is not None:
                yield rule.advice.get(lang)


def reads_from(runtime: Runtime, lang: str, queue: str) -> str:
    """From when a person reads what was sent to the queue, in words; empty while one does."""
    hours, now = runtime.services.catalogue.queue(queue).service_hours, runtime.clock.now()
    opens = None if is_open(hours, now) else next_opening(hours, now)
    return at_phrase(lang, opens, now) if opens else ""


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
    return go(journey.GATE_PATH)


def answer_again(tx: Tx, session: int, answers: int, contact: int, lang: str) -> None:
    """New answers that start from the old ones, without what meant an emergency."""
    filled = newest_answers(tx, contact)
    if filled is None or filled.id != answers:
        return  # being corrected already
    fresh = journey.restart(Journey.load(read_answers(tx, answers)))
    new = begin_answers(tx, f"correct:{answers}", lang, fresh)
    sessions.correct(tx, session, answers=new)


def say(tx: Tx, actor: Actor, client_id: str, text: str, services: Services) -> None:
    """Adds the resident's words to the conversation."""
    chat.send(tx, actor, actor.id, client_id=client_id, text=text, services=services)
