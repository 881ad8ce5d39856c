"""From a filled questionnaire to a contact in the line; an emergency is stored at once."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from core.phone import PhoneFault, normalise
from core.store import Tx
from core.urgency import Urgency
from ensilinja.auth import sessions
from ensilinja.doors import Doors, check_room, language
from ensilinja.pages import journey as way
from ensilinja.pages.choosing import choice, stopped
from ensilinja.pages.journey import Journey
from ensilinja.pages.shown import DOOR, change, go, journey, who
from ensilinja.pages.views import FieldError
from ensilinja.runtime import RUNTIME
from router.answering import answers_view
from router.arrivals import Arrival, Channel
from router.corrections import raise_alarm, tell_people
from router.intake import receive, withdraw_flag
from router.parties import safe_choices
from router.rules import SELF_HARM
from router.services import Services
from router.standing import the_contact
from triage.definition import Content

doors = Doors("resident")


@doors.post("/kysely/laheta", "contact.join")
async def send(request: web.Request) -> web.StreamResponse:
    """Sends the answers: the contact is in the line when this returns. Sent twice it is one contact.

    Whoever may care for herself, or whose queue takes no more today, first sees the result and chooses.
    """
    told = await journey(request)
    services = request.app[RUNTIME].services
    gap = way.next_path(services.content, told, services.catalogue.limits)
    if gap != way.CHECK_PATH:
        return go(gap)
    if await choice(request.app[RUNTIME], told) is not None:
        return go("/kysely/tulos")
    return await joined(request, told)


async def join_as(
    request: web.Request, told: Journey, again: Callable[[FieldError], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Joins the line in the way the form names; `again` shows the page with a fault of the number."""
    form = await request.post()
    if form.get("tapa") == "soitto":
        typed = told.phone or str(form.get("puhelin", "")).strip()
        try:
            normalise(typed)
        except PhoneFault:
            key = "resident.phone.wrong" if typed else "resident.phone.empty"
            text = request.app[RUNTIME].texts.get(language(request), key)
            return await again(FieldError(field_id="puhelin", text=text))
        told = await change(request, lambda newest: way.to_be_called(newest, typed))
    return await joined(request, told)


async def joined(request: web.Request, told: Journey) -> web.StreamResponse:
    """Stores the contact and leads to its page, with the conversation open for whoever told of self-harm.

    Overloaded while nobody new is taken; the answers stay.
    """
    if not is_taken_always(request, told):
        runtime = request.app[RUNTIME]
        check_room(runtime, wants_call=told.wants_call and bool(told.phone), has_phone=bool(told.phone))
    await store(request, told)
    content = request.app[RUNTIME].services.content
    return go(page_for(told_tags(content, told, finished=True)))


def is_taken_always(request: web.Request, told: Journey) -> bool:
    """Whether this comes in whatever the load: danger, and news of a contact that is in already."""
    content = request.app[RUNTIME].services.content
    found = way.result(content, told, finished=True)
    is_urgent = found is None or found.level.rank <= Urgency.ED.rank
    return (
        is_urgent or who(request).contact is not None or SELF_HARM in told_tags(content, told, finished=True)
    )


def told_tags(content: Content, told: Journey, *, finished: bool) -> frozenset[str]:
    """The tags of the answers so far, those of the first pages too."""
    found = way.result(content, told, finished=finished)
    return (found.tags if found else frozenset()) | way.gate_result(content, told).tags


def page_for(tags: frozenset[str]) -> str:
    """Self-harm leads to the page with the conversation open, everything else to the waiting room."""
    return "/keskustelu" if SELF_HARM in tags else "/odotus"


async def send_emergency(request: web.Request, told: Journey) -> web.StreamResponse:
    """Stores the contact at once, on top of the line, and shows 112; for self-harm the page with the chat."""
    runtime = request.app[RUNTIME]
    await store(request, told)
    tags = told_tags(runtime.services.content, told, finished=False)
    return go(page_for(tags) if SELF_HARM in tags else "/hata")


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
    gate = way.gate_result(services.content, told)
    acting, safe = told.acting(services.catalogue.limits), safe_of(told)
    corrected = corrects(tx, session)
    if corrected is not None:
        tell_people(tx, corrected, acting=acting, phone=told.phone or None, safe=safe)
        actor = f"resident:{corrected}"
        if result is not None:
            withdraw_flag(tx, corrected, answers=answers, result=result, actor=actor, services=services)
        else:  # ticked before any topic: an emergency that it is already stands as it was
            raise_alarm(tx, corrected, answers=answers, gate=gate, actor=actor, services=services)
        return corrected
    later = stopped(tx, result, services)[1] if result is not None else None
    received = receive(
        tx,
        Arrival(
            client_id=f"answers:{answers}",
            channel=Channel.CHAT,
            arrived_at=tx.now,
            door=DOOR,
            language=lang,
            phone=told.phone or None,
            acting=acting,
            safe_contact=safe,
            answers=answers,
            result=result,
            gate=gate,
            callback=told.wants_call and bool(told.phone) and safe.get("call") is not False,
            not_before=later,
        ),
        services,
    )
    sessions.bind(tx, session, contact=received.contact)
    return received.contact


def safe_of(told: Journey) -> dict[str, bool]:
    """How the resident may be reached, as the parties keep it; nothing before she chose."""
    reach = told.reach
    return safe_choices(call=reach.call, sms=reach.sms, voicemail=reach.voicemail) if reach else {}


def corrects(tx: Tx, session: int) -> int | None:
    """The contact of this session, when it already has one that new answers are about."""
    contact = sessions.contact_of(tx, session)
    return the_contact(tx, contact).id if contact is not None else None
