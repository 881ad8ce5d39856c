"""From a filled questionnaire to a contact in the line; an emergency is stored at once."""

from collections.abc import Iterator

from aiohttp import web

from core.store import Tx
from ensilinja.auth import sessions
from ensilinja.doors import Doors, language
from ensilinja.pages import journey as way
from ensilinja.pages import views
from ensilinja.pages.journey import Journey
from ensilinja.pages.shown import DOOR, at_phrase, go, journey, show, who
from ensilinja.pages.views import AnswerRow
from ensilinja.runtime import RUNTIME, Runtime
from router.answering import answers_view
from router.arrivals import Arrival, Channel
from router.intake import receive, withdraw_flag
from router.reading import in_words
from router.rules import route
from router.services import Services
from router.standing import the_contact

doors = Doors("resident")


def rows(runtime: Runtime, lang: str, told: Journey, *, change: bool) -> tuple[AnswerRow, ...]:
    """Everything that has been told, in order: own words first, emergencies grouped."""
    return tuple(_rows(runtime, lang, told, change=change))


def _rows(runtime: Runtime, lang: str, told: Journey, *, change: bool) -> Iterator[AnswerRow]:
    def label(key: str) -> str:
        return runtime.texts.get(lang, f"resident.check.{key}")

    def url(path: str) -> str:
        return path if change else ""

    content = runtime.services.content
    yield AnswerRow(label=label("own_words"), values=(told.own_words,), change_url=url("/kysely/asia"))
    ticked = tuple(q.text.get(lang) for q in content.gate.questions if q.id in (told.gate or ()))
    none = runtime.texts.get(lang, "resident.gate.none")
    yield AnswerRow(
        label=label("emergency"),
        values=ticked or (none,),
        change_url=url("/kysely/hata"),
        flagged=bool(ticked),
    )
    if told.topic is not None:
        name = content.topic(told.topic).name.get(lang)
        yield AnswerRow(label=label("topic"), values=(name,), change_url=url("/kysely/aihe"))
    for question in way.asked(content, told):
        if question.id in told.answers:
            said = in_words(question, told.answers[question.id], lang)
            path = url(f"/kysely/kysymys/{question.id}")
            yield AnswerRow(label=question.text.get(lang), values=(said,), change_url=path)
    phone = (told.phone,) if told.phone else ()
    yield AnswerRow(label=label("phone"), values=phone, change_url=url("/kysely/puhelin"))


@doors.get("/kysely/tarkista", "answers.write")
async def check_page(request: web.Request) -> web.StreamResponse:
    """All answers before sending; a gap leads back to its page."""
    told = await journey(request)
    runtime = request.app[RUNTIME]
    gap = way.next_path(runtime.services.content, told)
    if gap != "/kysely/tarkista":
        return go(gap)
    lang = language(request)
    view = views.Check(rows=rows(runtime, lang, told, change=True), read_at=read_at(runtime, lang, told))
    return show(request, "check", view)


def read_at(runtime: Runtime, lang: str, told: Journey) -> str:
    """When the answers are read, in words, when nobody reads them now."""
    found = way.result(runtime.services.content, told, finished=True)
    if found is None:
        return ""
    now, catalogue = runtime.clock.now(), runtime.services.catalogue
    decided = route(
        urgency=found.level,
        topic_queue=found.queue,
        channel="chat",
        catalogue=catalogue,
        now=now,
        door=catalogue.door(DOOR),
        tags=found.tags,
    )
    return at_phrase(lang, decided.opens_at, now) if decided.opens_at else ""


@doors.post("/kysely/laheta", "contact.join")
async def send(request: web.Request) -> web.StreamResponse:
    """Sends the answers: the contact is in the line when this returns. Sent twice it is one contact."""
    told = await journey(request)
    gap = way.next_path(request.app[RUNTIME].services.content, told)
    if gap != "/kysely/tarkista":
        return go(gap)
    await store(request, told)
    return go("/odotus")


async def send_emergency(request: web.Request, told: Journey) -> web.StreamResponse:
    """Stores the contact at once, on top of the line, and shows 112; for self-harm the page with the chat."""
    runtime = request.app[RUNTIME]
    await store(request, told)
    found = way.result(runtime.services.content, told, finished=False)
    tags = (found.tags if found else frozenset()) | way.gate_result(runtime.services.content, told).tags
    return go("/odotus" if "self_harm" in tags else "/hata")


async def store(request: web.Request, told: Journey) -> None:
    """One transaction: the contact with its place, and the session that may see it."""
    runtime = request.app[RUNTIME]
    session = who(request)
    await runtime.store.write(
        join, session.session, session.answers or 0, told, language(request), runtime.services
    )


def join(tx: Tx, session: int, answers: int, told: Journey, lang: str, services: Services) -> int:
    """The contact of these answers: new, or the one they are about when an emergency is being corrected."""
    filled = answers_view(tx, answers)
    if filled.contact is not None:
        return filled.contact
    result = way.result(services.content, told, finished=True)
    gate = way.gate_result(services.content, told) if told.gate is not None else None
    corrected = corrects(tx, session)
    if corrected is not None:
        if result is not None:  # ticked again before any answer: the emergency stands as it was
            actor = f"resident:{corrected}"
            withdraw_flag(tx, corrected, answers=answers, result=result, actor=actor, services=services)
        return corrected
    received = receive(
        tx,
        Arrival(
            client_id=f"answers:{answers}",
            channel=Channel.CHAT,
            arrived_at=tx.now,
            door=DOOR,
            language=lang,
            phone=told.phone or None,
            answers=answers,
            result=result,
            gate=gate,
            callback=told.wants_call and bool(told.phone),
        ),
        services,
    )
    sessions.bind(tx, session, contact=received.contact)
    return received.contact


def corrects(tx: Tx, session: int) -> int | None:
    """The contact of this session, when it already has one that new answers are about."""
    contact = sessions.contact_of(tx, session)
    return the_contact(tx, contact).id if contact is not None else None
