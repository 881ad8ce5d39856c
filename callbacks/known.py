"""Reading calls: those of an exchange, those that are on, and what a caller was told before."""

from pydantic import TypeAdapter
from sqlalchemy import select

from callbacks.callflow import Step
from callbacks.models import CALL, Call
from callbacks.telephony.port import CallArrived, KeyPressed, Prompts, TelephonyEvent
from callbacks.views import BridgeOrder, CallView
from core.store import Tx
from queues import agents
from queues import service as queues

ANSWER = "call.answer"
PROMPTS = TypeAdapter(Prompts)


def call_at(tx: Tx, provider: str, provider_id: str) -> Call | None:
    """The call of the exchange's id, as it is stored."""
    row: Call | None = tx.one(select(Call).where(CALL.provider == provider, CALL.provider_id == provider_id))
    return row


def call_of(tx: Tx, contact: int) -> Call | None:
    """The contact's call that is still on, if any."""
    row: Call | None = tx.one(
        select(Call).where(CALL.contact_id == contact, CALL.ended_at.is_(None)).order_by(CALL.id.desc())
    )
    return row


def bridge_order(tx: Tx, call: int, agent: int) -> BridgeOrder | None:
    """What the exchange is to join; None when the caller is gone or somebody else has the contact."""
    row = tx.get(Call, call)
    if row is None or row.ended_at is not None or row.contact_id is None:
        return None
    entry = queues.entry_of(tx, row.contact_id)
    shift = agents.shift_of(tx, agent)
    if entry.agent != agent or shift is None:
        return None
    return BridgeOrder(call=row.provider_id, agent_device=shift.device)


def sealed_answer(
    tx: Tx, provider: str, event_id: str, event: TelephonyEvent, prompts: Prompts | None
) -> bytes | None:
    """What the caller was told, under the call's own key: it may read a number back."""
    call = call_at(tx, provider, event.call) if isinstance(event, CallArrived | KeyPressed) else None
    if call is None or prompts is None:
        return None
    text = PROMPTS.dump_json(prompts).decode()
    return tx.vault.seal(tx, call.data_key_id, f"{ANSWER}:{event_id}", text)


def said_before(
    tx: Tx, provider: str, event_id: str, event: TelephonyEvent, answer_sealed: bytes | None
) -> Prompts | None:
    """What the caller was told the first time."""
    call = call_at(tx, provider, event.call) if isinstance(event, CallArrived | KeyPressed) else None
    if call is None or answer_sealed is None:
        return None
    text = tx.vault.open(tx, call.data_key_id, f"{ANSWER}:{event_id}", answer_sealed)
    return PROMPTS.validate_json(text)


def call_view(row: Call) -> CallView:
    """The frozen form of a stored call."""
    return CallView(
        id=row.id or 0,
        line=row.line,
        step=Step(row.state),
        contact=row.contact_id,
        arrived_at=row.arrived_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
    )


def find_call(tx: Tx, provider: str, provider_id: str) -> CallView | None:
    """The call of the exchange's id, if it is known."""
    row = call_at(tx, provider, provider_id)
    return call_view(row) if row is not None else None
