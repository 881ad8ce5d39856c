"""What one may do by telephone, and what the exchange tells. Nothing is dialled here: a job row asks for
it.
"""

from callbacks.attempts import (
    attempts_of,
    dial,
    dial_order,
    dial_unknown,
    ended,
    give_up_silent,
    heard,
    ringing,
    say_result,
)
from callbacks.calls import (
    answer,
    gone,
    left_alone,
    over,
    promise,
    ring,
)
from callbacks.known import bridge_order, call_of, find_call, said_before, sealed_answer
from callbacks.orders import (
    colleagues,
    connecting,
    give_up_orders,
    joined,
    not_joined,
    order,
    order_to_give,
    settle,
    transfer,
)
from callbacks.reconciling import reconcile
from callbacks.results import Result
from callbacks.telephony.port import (
    AgentGone,
    CallArrived,
    CallerGone,
    CallsOn,
    DialAnswered,
    DialEnded,
    DialFailed,
    DialStarted,
    Joined,
    KeyPressed,
    MessageLeft,
    NotJoined,
    Prompts,
    TelephonyEvent,
    TrialArrived,
    TrialHeard,
)
from callbacks.trials import greet, silent_lines, was_heard
from callbacks.views import Accepted
from callbacks.voicemail import keep, listen, recordings_of
from core import inbox
from core.access import log_access
from core.identity import Actor
from core.jobs import schedule
from core.rights import authorize
from core.store import Tx
from queues import service as queues
from queues.views import EntryView
from router.estimating import wait_ended
from router.promising import Kind, keep_promise
from router.services import Services
from router.standing import check_may, subject_of

__all__ = [
    "accept",
    "attempts_of",
    "bridge_order",
    "colleagues",
    "dial",
    "dial_order",
    "dial_unknown",
    "find_call",
    "hear",
    "hear_once",
    "listen",
    "order",
    "order_to_give",
    "over",
    "promise",
    "recordings_of",
    "say_result",
    "settle",
    "silent_lines",
    "sweep",
    "take",
    "transfer",
]


def accept(tx: Tx, actor: Actor, entry: int, assignment: int, services: Services) -> Accepted:
    """Takes the offer under `assignment`: the first wins, the same again is the same answer, others get
    409.
    """
    authorize(actor, "offer.accept", subject_of(queues.entry(tx, entry)))
    return opened(
        tx, actor, queues.hold(tx, entry, actor.id, assignment, services.catalogue.limits), "offer.accept"
    )


def take(tx: Tx, actor: Actor, contact: int, reason: str, services: Services) -> Accepted:
    """Takes a waiting contact from the list by hand; an overtake with a reason, measured."""
    waiting = check_may(tx, actor, "entry.take", contact)
    held = queues.take(tx, waiting.id, actor.id, reason=reason, limits=services.catalogue.limits)
    return opened(tx, actor, held, "entry.take")


def opened(tx: Tx, actor: Actor, held: EntryView, action: str) -> Accepted:
    """Opens a held contact to its holder; a caller still on the line is joined to her after the commit."""
    log_access(tx, actor, contact=held.contact, action=action)
    if held.channel == "call":
        wait_ended(tx, held.contact)
    call = call_of(tx, held.contact) if held.channel == "call" else None
    if call is not None:
        call.answered_at = call.answered_at or tx.now
        tx.session.flush()
        connecting(tx, call, agent=actor.id, assignment=held.assignment)
        keep_promise(tx, held.contact, Kind.CALLBACK, tx.now, actor.key)  # she rang again before we did
        key = f"bridge:{call.id}:{held.assignment}"
        schedule(tx, key=key, kind="bridge", args={"call": call.id, "agent": actor.id})
    return Accepted(entry=held)


def hear(tx: Tx, provider: str, event: TelephonyEvent, services: Services) -> Prompts | None:
    """Takes one event of the exchange, which may come twice, late or out of order; answers what a caller
    hears.
    """
    match event:
        case CallArrived():
            return ring(tx, provider, event, services)
        case KeyPressed():
            return answer(tx, provider, event, services)
        case MessageLeft():
            return keep(tx, provider, event, services)
        case AgentGone():
            return left_alone(tx, provider, event, services)
        case TrialArrived():
            return greet(tx, event, services)
        case _:
            _take_note(tx, provider, event, services)
    return None


def _take_note(tx: Tx, provider: str, event: TelephonyEvent, services: Services) -> None:
    """What nobody waits for an answer to."""
    match event:
        case CallerGone():
            gone(tx, provider, event, services)
        case CallsOn():
            reconcile(tx, provider, event, services)
        case TrialHeard():
            was_heard(tx, event)
        case _:
            _hear_of_key(tx, event, services)


def _hear_of_key(tx: Tx, event: TelephonyEvent, services: Services) -> None:
    """News of a telephone that was rung by a key of ours."""
    match event:
        case Joined():
            joined(tx, event.key, event.at)
        case NotJoined():
            not_joined(tx, event.key)
        case DialStarted():
            ringing(tx, event.key, event.at)
        case DialAnswered():
            heard(tx, event.key, Result.REACHED, event.at, services)
        case DialFailed():
            heard(tx, event.key, event.result, event.at, services)
        case DialEnded():
            ended(tx, event.key, event.at)


def hear_once(
    tx: Tx, provider: str, event_id: str, event: TelephonyEvent, services: Services
) -> Prompts | None:
    """`hear`, once for each id the exchange gives its events; told again, it gets the answer of the first."""
    if not event_id:
        return hear(tx, provider, event, services)
    kept = inbox.find(tx, provider, event_id)
    if kept is not None:
        return said_before(tx, provider, event_id, event, kept.answer_sealed)
    prompts = hear(tx, provider, event, services)
    inbox.keep(tx, provider, event_id, sealed_answer(tx, provider, event_id, event, prompts))
    return prompts


def sweep(tx: Tx, services: Services) -> int:
    """What time alone does: silence of an attempt or an order becomes its result, old messages are forgotten.

    Harmless twice; nobody is rung.
    """
    return give_up_silent(tx, services) + give_up_orders(tx) + inbox.forget(tx)
