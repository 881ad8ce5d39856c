"""A resident who need not watch her page: she is texted when it is her turn, and her place waits for her.

Sends nothing to anybody who may not be texted, and drops nobody who does not come.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select, update

from chat.errors import NoText
from chat.models import MESSAGE, PARTICIPANT, Participant
from chat.presence import RESIDENT, wish_for_text
from core.identity import SYSTEM, Actor
from core.store import Tx
from queues import service as queues
from queues.models import ENTRY, in_hand
from router.errors import NoNumber
from router.moves import change_to_callback
from router.parties import Purpose, can_reach, change_phone
from router.promising import text_resident
from router.services import Services
from router.standing import check_may, the_contact

AWAY = timedelta(seconds=20)  # a page that is hidden or gone this long while it is her turn
KEPT = timedelta(minutes=10)  # how long a professional waits after the text


def ask_for_text(tx: Tx, actor: Actor, contact: int, *, wanted: bool, phone: str | None = None) -> None:
    """The resident wants a text in her turn, or no longer; a number is needed only where there is none.

    PhoneFault for a number that may not be used, NoNumber for none, NoText where texts may not be sent.
    """
    check_may(tx, actor, "contact.text", contact)
    asker = the_contact(tx, contact).asker_id
    if wanted and phone is not None:
        change_phone(tx, asker, phone)
    if wanted and not can_reach(tx, asker, Purpose.SMS):
        raise NoText if can_reach(tx, asker, Purpose.CALL) else NoNumber(field="phone")
    wish_for_text(tx, contact, wanted=wanted)


def sweep_turns(tx: Tx, services: Services) -> int:
    """Texts those whose turn it is and who are not looking; returns to the line those who did not come."""
    moved = 0
    for row in tx.rows(TURNS):
        if row.texted_at is None or row.texted_at < row.state_since:  # of an earlier turn
            moved += _text(tx, row)
        elif tx.now - row.texted_at >= KEPT:
            moved += _put_back(tx, row, services)
    return moved


def _turns() -> Any:
    """Conversations in a professional's hands whose resident wanted a text and has said nothing since.

    Who has written in this turn has met it: leaving the page then, after the last word too, is no absence.
    """
    columns = (
        ENTRY.c.id,
        ENTRY.c.contact_id,
        ENTRY.c.assignment,
        ENTRY.c.state_since,
        PARTICIPANT.c.who_key,
        PARTICIPANT.c.hidden_since,
        PARTICIPANT.c.connected_at,
        PARTICIPANT.c.disconnected_at,
        PARTICIPANT.c.texted_at,
        PARTICIPANT.c.texts_count,
    )
    hers = (PARTICIPANT.c.contact_id == ENTRY.c.contact_id) & (PARTICIPANT.c.role == RESIDENT)
    wrote = exists().where(
        MESSAGE.c.contact_id == ENTRY.c.contact_id,
        MESSAGE.c.sender_key == PARTICIPANT.c.who_key,
        MESSAGE.c.at >= ENTRY.c.state_since,
    )
    return (
        select(*columns)
        .select_from(ENTRY.join(PARTICIPANT, hers))
        .where(in_hand(ENTRY), ENTRY.c.state == "held", ENTRY.c.channel == "chat")
        .where(PARTICIPANT.c.wants_text.is_(True), ~wrote)
    )


TURNS = _turns()


def _text(tx: Tx, row: Any) -> bool:
    away_since = _away_since(row, tx.now)
    if away_since is None or tx.now - max(away_since, row.state_since) < AWAY:
        return False
    key = f"sms:turn:{row.contact_id}:{row.assignment}"
    if not text_resident(tx, row.contact_id, key=key, text="sms.turn"):
        return False
    _note(tx, row, texted_at=tx.now, texts_count=row.texts_count + 1)
    return True


def _away_since(row: Any, now: datetime) -> datetime | None:
    gone = [at for at in (row.hidden_since, row.disconnected_at) if at is not None]
    # A page that is there renews itself every few seconds.
    if not gone and (row.connected_at is None or now - row.connected_at >= AWAY):
        gone = [row.connected_at or row.state_since]
    return min(gone, default=None)


def _put_back(tx: Tx, row: Any, services: Services) -> bool:
    queues.give_back(tx, row.id, apart=KEPT, reason="resident_away", actor=SYSTEM.key)
    _note(tx, row, texted_at=None)
    asker = the_contact(tx, row.contact_id).asker_id
    if row.texts_count >= services.catalogue.limits.attempts and can_reach(tx, asker, Purpose.CALL):
        change_to_callback(tx, row.contact_id, None, SYSTEM, services)
    return True


def _note(tx: Tx, row: Any, **values: Any) -> None:
    mine = (PARTICIPANT.c.contact_id == row.contact_id, PARTICIPANT.c.who_key == row.who_key)
    tx.execute(update(Participant).where(*mine).values(**values))
