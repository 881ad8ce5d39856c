"""Inbound calls: the call flow over the store.

A caller becomes one in the line, or a promise, in one transaction.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from callbacks import early, orders
from callbacks.callers import (
    arrival_of,
    flow_of,
    kept_place,
    language_of,
    new_call,
    number_of,
    open_request,
    situation_of,
    typed_of,
    write_arrival,
    write_flow,
)
from callbacks.callflow import Act, Flow, Number, Situation, Step, Turn, begin, hang_up, press, silence
from callbacks.events import CallEnded, CallReceived
from callbacks.known import call_at
from callbacks.models import Call
from callbacks.telephony.port import (
    AgentGone,
    CallArrived,
    CallerGone,
    KeyPressed,
    Prompts,
)
from core.county import Line, UnknownId
from core.errors import NotFound
from core.events import record
from core.identity import SYSTEM
from core.store import Tx
from queues import service as queues
from router.arrivals import Channel, Received
from router.calling import rung_again
from router.errors import NoNumber
from router.intake import receive, received_again
from router.moves import back_to_call, change_to_callback, change_to_line
from router.parties import change_language
from router.services import Services

APART = timedelta(minutes=1)  # a telephone that was not answered is not rung again at once
SERVED = ("held", "wrapping", "done")
WAITING = ("scheduled", "waiting", "offered")
OPEN_CALLBACK = (*WAITING, "held", "wrapping")


def ring(tx: Tx, provider: str, event: CallArrived, services: Services) -> Prompts | None:
    """A call rings: it is greeted and told how the line stands. The same call again changes nothing."""
    row = call_at(tx, provider, event.call)
    if row is not None and row.line:
        return None
    try:
        line = services.catalogue.line(event.line)
    except UnknownId:
        return Prompts(play=("call.unknown_line",), hang_up=True)
    call = row or new_call(tx, provider, event.call, event.at)
    write_arrival(tx, call, event, line, services)
    if call.ended_at is not None:
        return None
    situation = situation_of(tx, call, services)
    turn = begin(situation, call.language or "")
    return _catch_up(tx, call, _apply(tx, call, turn, situation, services), services)


def answer(tx: Tx, provider: str, event: KeyPressed, services: Services) -> Prompts | None:
    """The caller's next answer, one key or none; each is heard once, and not before the one it follows."""
    call = call_at(tx, provider, event.call)
    if call is None and event.after is not None:
        call = tx.add(new_call(tx, provider, event.call, event.at))
    if call is None or call.ended_at is not None or event.n <= call.pressed:
        return None
    if not _is_next(call, event):
        early.keep(tx, call, event)
        return None
    return _catch_up(tx, call, _press(tx, call, event, services), services)


def gone(tx: Tx, provider: str, event: CallerGone, services: Services) -> None:
    """The caller is gone; one who pressed 1 is still called back, one in the line keeps the place a while.

    Whoever was cut off by the exchange is called back, if a number is known.
    """
    call = call_at(tx, provider, event.call)
    if call is None:
        call = tx.add(new_call(tx, provider, event.call, event.at))
    if call.ended_at is not None:
        return
    if event.after is not None and not _is_next(call, event):
        early.keep(tx, call, event)
    else:
        _end(tx, call, event, services)


def over(tx: Tx, call_id: int, services: Services) -> None:
    """The caller is gone, and what she pressed before has not come: it is not waited for any longer."""
    call = tx.get(Call, call_id)
    end = early.end_of(tx, call) if call is not None else None
    if call is not None and end is not None and call.ended_at is None:
        _end(tx, call, end, services)


def left_alone(tx: Tx, provider: str, event: AgentGone, services: Services) -> Prompts | None:
    """The professional's telephone is gone and the caller is not: the call ends, or goes on in the line.

    It ends when she was talking and still has the contact; who took it meanwhile has a telephone that rings.
    A telephone that was not answered gives it back.
    """
    call = call_at(tx, provider, event.call)
    if call is None or call.ended_at is not None or call.contact_id is None:
        return None
    entry = queues.entry_of(tx, call.contact_id)
    if entry.state == "held" and not event.answered:
        queues.give_back(tx, entry.id, apart=APART, reason="telephone", actor=SYSTEM.key)
    elif entry.state in SERVED and orders.has_joined(tx, call, entry.assignment):
        return _said(call, services, hang_up=True)
    return _said(call, services, "call.in_line")


def take_turn(tx: Tx, call: Call, decide: Callable[[Flow, Situation], Turn], services: Services) -> Prompts:
    """Does what the call flow decides of something other than a key; what the caller hears next."""
    situation = situation_of(tx, call, services)
    return _apply(tx, call, decide(flow_of(tx, call), situation), situation, services)


def promise(tx: Tx, call_id: int, services: Services, channel: Channel = Channel.CALL) -> Received:
    """The caller will be called back; another call of the number to the service joins the request that is
    open. A message (`channel` VOICEMAIL) without a number is read instead.
    """
    call = tx.get(Call, call_id)
    if call is None:
        raise NotFound
    line = services.catalogue.line(call.line)
    phone = typed_of(tx, call) or number_of(tx, call)
    if phone is None and channel is not Channel.VOICEMAIL:
        raise NoNumber(field="phone")
    if phone is None:
        return _received(tx, call, line, None, channel, services)
    if call.contact_id is not None:
        change_to_callback(tx, call.contact_id, phone, SYSTEM, services)
        return received_again(tx, call.contact_id, services)
    known = open_request(tx, phone, line, services, OPEN_CALLBACK)
    if known is not None:
        _attach(tx, call, known, joined=True)
        rung_again(tx, known, SYSTEM, services)
        return received_again(tx, known, services)
    return _received(tx, call, line, phone, channel, services)


def _received(
    tx: Tx, call: Call, line: Line, phone: str | None, channel: Channel, services: Services
) -> Received:
    arrival = replace(arrival_of(call, line, phone, callback=phone is not None), channel=channel)
    received = receive(tx, arrival, services)
    _attach(tx, call, received.contact, joined=False)
    return received


def _is_served(tx: Tx, call: Call) -> bool:
    """Whether somebody has answered: keys pressed before, and hanging up, ask for no call back any more."""
    return call.contact_id is not None and queues.entry_of(tx, call.contact_id).state in SERVED


def _is_next(call: Call, event: KeyPressed | CallerGone) -> bool:
    return bool(call.line) and event.after in (None, call.pressed)


def _catch_up(tx: Tx, call: Call, prompts: Prompts | None, services: Services) -> Prompts | None:
    """Hears what had come before its time; one who is gone meanwhile is told nothing."""
    while (news := early.follow(tx, call)) is not None:
        if isinstance(news, CallerGone):
            _end(tx, call, news, services)
            return None
        prompts = _press(tx, call, news, services)
    return prompts


def _press(tx: Tx, call: Call, event: KeyPressed, services: Services) -> Prompts | None:
    if not call.line:
        return None
    call.pressed = event.n
    tx.session.flush()
    if _is_served(tx, call):
        return None
    situation, flow = situation_of(tx, call, services), flow_of(tx, call)
    turn = press(flow, event.key, situation) if event.key else silence(flow, situation)
    return _apply(tx, call, turn, situation, services)


def _end(tx: Tx, call: Call, event: CallerGone, services: Services) -> None:
    step, call.early_sealed = call.state, None
    if not call.line:  # the news overtook the call's own: it is not greeted afterwards
        call.state = Step.GONE
    elif step not in (Step.PROMISED, Step.GONE):
        _leave(tx, call, event, services)
    call.ended_at = event.at
    tx.session.flush()
    if call.contact_id is not None:
        fact = CallEnded(call=call.id or 0, step=step)
        record(tx, fact, contact=call.contact_id, actor=SYSTEM.key)


def _leave(tx: Tx, call: Call, event: CallerGone, services: Services) -> None:
    if _is_served(tx, call):
        call.state = Step.GONE
    elif event.dropped and _can_be_called(tx, call, services):
        call.state = Step.PROMISED
        promise(tx, call.id or 0, services)
    else:
        situation = situation_of(tx, call, services)
        turn = hang_up(flow_of(tx, call), situation, unheard=event.unheard)
        _apply(tx, call, turn, situation, services)


def _can_be_called(tx: Tx, call: Call, services: Services) -> bool:
    situation = situation_of(tx, call, services)
    return situation.offers_callback and (situation.number == Number.DIALABLE or bool(typed_of(tx, call)))


def _said(call: Call, services: Services, *play: str, hang_up: bool = False) -> Prompts:
    line = services.catalogue.line(call.line)
    return Prompts(play=play, line=line.id, language=language_of(call, line), hang_up=hang_up)


def _apply(tx: Tx, call: Call, turn: Turn, situation: Situation, services: Services) -> Prompts:
    write_flow(tx, call, turn.flow)
    due_at = None
    if turn.act == Act.JOIN_LINE:
        _join_line(tx, call, services)
    elif turn.act == Act.LEAVE_LINE and call.contact_id is not None:
        _leave_line(tx, call.contact_id, services)
    elif turn.act == Act.PROMISE:
        received = promise(tx, call.id or 0, services)
        due_at = received.promise.told.due_at if received.promise else None
    line, place = services.catalogue.line(call.line), situation.place
    return Prompts(
        play=turn.play,
        line=line.id,
        language=language_of(call, line),
        asks=turn.asks,
        digits=turn.flow.typed if turn.flow.step == Step.READ_BACK else "",
        due_at=due_at,
        record_s=services.catalogue.limits.voicemail_s if turn.records else 0,
        hang_up=turn.flow.step in (Step.PROMISED, Step.GONE),
        ahead=place.told if place else None,
        wait=place.wait if place else None,
    )


def _join_line(tx: Tx, call: Call, services: Services) -> None:
    if call.contact_id is not None:  # she is in it, and gave no number to be called at
        return
    line = services.catalogue.line(call.line)
    kept, asked = kept_place(tx, call, line), open_request(tx, number_of(tx, call), line, services, WAITING)
    if kept is not None:
        queues.resume(tx, kept, SYSTEM.key)
    elif asked is not None:
        kept = change_to_line(tx, asked, SYSTEM, services).contact
    if kept is not None:
        _attach(tx, call, kept, joined=True)
        return
    received = receive(tx, arrival_of(call, line, number_of(tx, call), callback=False), services)
    _attach(tx, call, received.contact, joined=False)


def _leave_line(tx: Tx, contact: int, services: Services) -> None:
    entry = queues.entry_of(tx, contact)  # an emergency is never taken off the line
    if entry.channel == "call" and back_to_call(tx, contact, SYSTEM.key):
        return  # she had asked to be called before she rang again
    if (
        entry.tier > 0
        and entry.channel == "call"
        and entry.state
        in (
            "waiting",
            "offered",
            "scheduled",
        )
    ):
        until = tx.now + timedelta(seconds=services.catalogue.limits.resume_call_s)
        queues.leave(tx, contact, resume_until=until, actor=SYSTEM.key)


def _attach(tx: Tx, call: Call, contact: int, *, joined: bool) -> None:
    call.contact_id = contact
    tx.session.flush()
    if joined and call.language is not None:
        change_language(tx, contact, call.language)
    fact = CallReceived(call=call.id or 0, line=call.line, rang_at=call.arrived_at, joined=joined)
    record(tx, fact, contact=contact, actor=SYSTEM.key)
