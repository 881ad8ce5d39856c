"""Messages that callers leave after the tone: each is a contact's recording, sealed as its other content is.

Who leaves one and whose number is known is called back; a message too short to be one makes no contact.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from callbacks import calls, wav
from callbacks.callflow import Step, thanked, unheard
from callbacks.events import MessageKept
from callbacks.known import call_at
from callbacks.models import RECORDING, Recording
from callbacks.telephony.port import MessageLeft, Prompts
from core.access import log_access
from core.errors import NotFound
from core.events import record
from core.failpoints import failpoint
from core.identity import SYSTEM, Actor
from core.store import Tx
from core.vault import wrapped_key
from router.arrivals import Channel
from router.services import Services
from router.standing import check_may, the_contact

_KEPT = (
    select(RECORDING.id, RECORDING.left_at, RECORDING.seconds)
    .where(RECORDING.contact_id == bindparam("contact"))
    .order_by(RECORDING.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingView:
    """A message that can be listened to."""

    id: int
    at: datetime
    seconds: int


def keep(tx: Tx, provider: str, event: MessageLeft, services: Services) -> Prompts | None:
    """Stores a message with its contact and promise, once for each name; answers what the caller hears next.

    Raises NotFound for a call that is none of ours: its recording is not ours to delete.
    """
    call = call_at(tx, provider, event.call)
    if call is None or not call.line:
        raise NotFound(reason="no_such_call")
    is_known = (RECORDING.provider == provider, RECORDING.name == event.name)
    if tx.scalar(select(RECORDING.id).where(*is_known)) is not None:
        return None
    limits = services.catalogue.limits
    sound = wav.read(event.audio, most=limits.voicemail_kb * 1024)
    if sound.loud_s < limits.voicemail_least_s:
        hears = call.ended_at is None and call.state == Step.MESSAGE
        return calls.take_turn(tx, call, unheard, services) if hears else None
    contact = call.contact_id
    if contact is None:
        contact = calls.promise(tx, call.id or 0, services, Channel.VOICEMAIL).contact
    key = wrapped_key(tx, the_contact(tx, contact).data_key_id)
    row = tx.add(
        Recording(
            provider=provider,
            name=event.name,
            call_id=call.id or 0,
            contact_id=contact,
            left_at=event.at,
            seconds=max(1, round(sound.seconds)),
            audio_sealed=tx.vault.seal_bytes(key, _place(provider, event.name), sound.file),
        )
    )
    failpoint("message.mid_keep")
    fact = MessageKept(recording=row.id or 0, call=call.id or 0, seconds=row.seconds)
    record(tx, fact, contact=contact, actor=SYSTEM.key)
    return calls.take_turn(tx, call, thanked, services) if call.ended_at is None else None


def recordings_of(tx: Tx, contact: int) -> list[RecordingView]:
    """The contact's messages, oldest first, without their sound."""
    found = tx.rows(_KEPT, {"contact": contact})
    return [RecordingView(id=row.id, at=row.left_at, seconds=row.seconds) for row in found]


def listen(tx: Tx, actor: Actor, recording: int) -> bytes:
    """The sound as a WAV file, for who may open the contact; leaves its row in the access log."""
    row = tx.get(Recording, recording)
    if row is None:
        raise NotFound
    check_may(tx, actor, "recording.listen", row.contact_id)
    log_access(tx, actor, contact=row.contact_id, action="recording.listen")
    key = wrapped_key(tx, the_contact(tx, row.contact_id).data_key_id)
    return tx.vault.open_bytes(key, _place(row.provider, row.name), row.audio_sealed)


def _place(provider: str, name: str) -> str:
    return f"recording:{provider}:{name}"
