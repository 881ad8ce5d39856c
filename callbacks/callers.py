"""What is known of a caller: number, language, place in the flow, and how the line stands for her."""

from collections.abc import Collection
from datetime import datetime, timedelta

from callbacks.callflow import Flow, Number, Place, Situation, Standing, Step
from callbacks.models import Call
from callbacks.telephony.port import CallArrived
from core.county import CallBack, Line
from core.hours import is_open, local_date
from core.phone import PhoneFault, normalise
from core.store import Tx
from queues import service as queues
from router import places
from router.arrivals import Arrival, Channel
from router.estimating import retell
from router.intake import contact_of_number
from router.promises import callback_due
from router.services import Services
from router.standing import the_contact

NUMBER, TYPED = "call.number", "call.typed"
FINNISH = "+358"
KEPT = timedelta(hours=1)  # longer than any place in the line is kept


def new_call(tx: Tx, provider: str, provider_id: str, at: datetime) -> Call:
    """A call of which no more is known yet; not stored."""
    return Call(
        provider=provider,
        provider_id=provider_id,
        line="",
        data_key_id=tx.vault.new_key(tx),
        state=Step.OFFER,
        standing="",
        arrived_at=at,
    )


def write_arrival(tx: Tx, call: Call, event: CallArrived, line: Line, services: Services) -> None:
    """Stores whence and on which line it rang, how that stands, and the language of a call just cut off.

    The number of a relay service is nobody's: it is not kept.
    """
    number = dialable(event.number)
    call.line, call.arrived_at = line.id, event.at
    call.standing = _standing(tx, line, services)
    if number is not None and number not in services.catalogue.relay_numbers:
        call.number_sealed = tx.vault.seal(tx, call.data_key_id, NUMBER, number)
        call.number_blind = tx.vault.blind(number)
    tx.add(call)
    kept = kept_place(tx, call, line) if line.asks_language else None
    if kept is not None:
        spoken = the_contact(tx, kept).language
        call.language = spoken if spoken in line.languages else None


def kept_place(tx: Tx, call: Call, line: Line) -> int | None:
    """The contact of a call of this number that was cut off a moment ago and whose place is still kept."""
    number = number_of(tx, call)
    if number is None:
        return None
    since = tx.now - KEPT
    kept = contact_of_number(tx, number, queue=line.queue, channel="call", since=since, states=("left",))
    if kept is None:
        return None
    until = queues.entry_of(tx, kept).resume_until
    return kept if until is not None and until > tx.now else None


def open_request(
    tx: Tx, number: str | None, line: Line, services: Services, states: Collection[str]
) -> int | None:
    """The contact in which this number already waits for a call back of the line's queue."""
    if number is None:
        return None
    since = tx.now - timedelta(days=services.catalogue.limits.callback_days_ahead)
    return contact_of_number(tx, number, queue=line.queue, channel="callback", since=since, states=states)


def language_of(call: Call, line: Line) -> str:
    """What is spoken to the caller: the language she chose, else the line's first."""
    return call.language or line.languages[0]


def situation_of(tx: Tx, call: Call, services: Services) -> Situation:
    """How the line stands for this caller."""
    line = services.catalogue.line(call.line)
    own = number_of(tx, call)
    usable = own is not None and own.startswith(FINNISH)
    return Situation(
        standing=Standing(call.standing),
        callback=line.callback,
        number=Number.DIALABLE if usable else Number.UNUSABLE,
        check=lambda typed: dialable(typed) is not None,
        languages=line.languages if line.asks_language else (),
        hanging_up_asks=line.hanging_up_asks,
        place=_place(tx, call, line, services),
        takes_messages=line.voicemail and call.standing != Standing.OPEN,
    )


def flow_of(tx: Tx, call: Call) -> Flow:
    """The caller's place in the flow, as it is stored."""
    typed = ""
    if call.typed_sealed is not None:
        typed = tx.vault.open(tx, call.data_key_id, TYPED, call.typed_sealed)
    return Flow(step=Step(call.state), typed=typed, tries=call.tries, language=call.language or "")


def write_flow(tx: Tx, call: Call, flow: Flow) -> None:
    """Stores the caller's place in the flow: another process, or this one started again, goes on from it."""
    call.state, call.tries, call.language = flow.step, flow.tries, flow.language or None
    call.typed_sealed = tx.vault.seal(tx, call.data_key_id, TYPED, flow.typed) if flow.typed else None
    tx.session.flush()


def typed_of(tx: Tx, call: Call) -> str | None:
    """The number the caller typed, if it may be dialled."""
    return dialable(flow_of(tx, call).typed)


def number_of(tx: Tx, call: Call) -> str | None:
    """The caller's own number, if it is known and somebody's."""
    if call.number_sealed is None:
        return None
    return tx.vault.open(tx, call.data_key_id, NUMBER, call.number_sealed)


def dialable(number: str | None) -> str | None:
    """The number in E.164, or None for one that may not be dialled."""
    if not number:
        return None
    try:
        return normalise(number)
    except PhoneFault:
        return None


def arrival_of(call: Call, line: Line, phone: str | None, *, callback: bool) -> Arrival:
    """The call as a contact on its way in."""
    return Arrival(
        client_id=f"call:{call.provider}:{call.provider_id}",
        channel=Channel.CALL,
        arrived_at=call.arrived_at,
        line=line.id,
        language=language_of(call, line),
        phone=phone,
        callback=callback,
    )


def _standing(tx: Tx, line: Line, services: Services) -> Standing:
    if not is_open(line.hours, tx.now):
        return Standing.CLOSED
    due_at = callback_due(line, tx.now, services.catalogue.calendar)
    # A line that closes at midnight calls back today: the last instant of a day is the next one's first.
    last = due_at - timedelta(microseconds=1)
    return Standing.OPEN if local_date(last) == local_date(tx.now) else Standing.FULL


def _place(tx: Tx, call: Call, line: Line, services: Services) -> Place | None:
    """The caller's place as the waiting room would show it, where it may be told now."""
    may_be_told = call.state in (Step.OFFER, Step.IN_LINE) or line.callback is CallBack.DIRECT
    if call.standing == Standing.CLOSED or not may_be_told:
        return None
    if call.contact_id is None:
        found: places.Place | None = places.place_before(tx, line, services)
        is_slower = False
    else:
        is_slower = retell(tx, [call.contact_id], services) > 0
        found = places.places(tx, [call.contact_id], services).get(call.contact_id)
    if found is None:
        return None
    # Where nobody is at work, waits of before say nothing.
    wait = found.range if found.line == "open" else None
    return Place(ahead=found.position - 1, wait=wait, is_slower=is_slower)
