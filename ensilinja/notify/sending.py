"""Sending a text message once for each key: stored before it is handed over, never again when nobody knows
whether it was taken. What was surely not taken waits, longer each time."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from sqlalchemy import bindparam, func, select

from core.events import event, record
from core.identity import SYSTEM
from core.jobs import JobView, PutOff
from core.quiet import quiet_until
from core.store import Tx
from ensilinja.notify import letters
from ensilinja.notify.letters import Desk, Letter
from ensilinja.notify.models import NOTICE, Notice
from ensilinja.notify.port import NotKnown, NotTaken, Refused
from ensilinja.runtime import Runtime
from router.models import Contact

# What answers the resident's own act of this moment goes at any hour; the rest waits for the morning.
_TEXTS = select(Notice).where(NOTICE.contact_id == bindparam("contact")).order_by(NOTICE.id)
AT_ONCE = frozenset({"sms.turn", "sms.link", "sms.callback_promised", "sms.reply", "sms.survey_thanks"})
LIFE = timedelta(hours=24)  # a text that could not be sent for so long is news of yesterday
LIVES: Mapping[str, timedelta] = {"sms.turn": timedelta(minutes=10)}  # as long as the place is kept
LONGEST_WAIT = 120.0  # seconds between two tries at a gateway that is down
SHOWN = timedelta(hours=24)
MOST_A_DAY = 10  # texts of a contact, or to a number: nobody fills telephones by asking again and again


class State(StrEnum):
    """What became of a text."""

    WAITING = "waiting"
    SENDING = "sending"
    TAKEN = "taken"
    DELIVERED = "delivered"
    FAILED = "failed"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    LATE = "late"
    WITHHELD = "withheld"


@event("text.told")
@dataclass(frozen=True, slots=True, kw_only=True)
class TextTold:
    """What became of a text to the contact's resident; `text` is its key, never its words."""

    text: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextView:
    """A text as a contact's professional sees it: when it went out, or was begun, and what became of it."""

    text: str
    state: str
    at: datetime


async def deliver(runtime: Runtime, job: JobView) -> None:
    """Sends the job's text, or notes why it does not; raises PutOff when it is to be tried later."""
    desk = desk_of(runtime)
    found = await runtime.store.write(begin, job, desk, is_repeatable=runtime.sms.is_repeatable)
    if isinstance(found, datetime):
        raise PutOff(found)
    if found is None:
        return
    state, gateway_id = State.TAKEN, ""
    try:
        gateway_id = await runtime.sms.send(found.number, found.words, job.key)
    except NotTaken:
        state = State.WAITING
    except Refused:
        state = State.REFUSED
    except NotKnown:
        state = State.UNKNOWN
    await runtime.store.write(settle, job.key, state, gateway_id)
    if state is State.WAITING:
        raise PutOff(runtime.clock.now() + pause(job.attempt))


def desk_of(runtime: Runtime) -> Desk:
    """What this process writes with."""
    settings = runtime.settings
    home = settings.origins[0] if settings.origins else f"http://{settings.host}:{settings.port}"
    return Desk(services=runtime.services, texts=runtime.texts, home=home)


def begin(tx: Tx, job: JobView, desk: Desk, *, is_repeatable: bool) -> Letter | datetime | None:
    """The letter, now stored as being sent; the instant to try again at; or None when nothing is sent.

    A text that was being sent when its runner died is unknown, unless the gateway knows its key.
    """
    text = letters.text_of(job)
    row = notice_of(tx, job.key) or new_notice(tx, job, text)
    if row.state == State.SENDING and not is_repeatable:
        row.state = State.UNKNOWN
    if row.state not in (State.WAITING, State.SENDING):
        return None
    if tx.now - row.created_at > LIVES.get(text, LIFE):
        row.state = State.LATE
        _tell(tx, row)
        return None
    quiet = None if text in AT_ONCE else quiet_until(tx.now, desk.services.catalogue.limits)
    if quiet is not None:
        return quiet
    letter = letters.write(tx, job, row, desk)
    blind = tx.vault.blind(letter.number) if letter is not None else ""
    if letter is None or sent_today(tx, row, blind) >= MOST_A_DAY:
        row.state = State.WITHHELD
        _tell(tx, row)
        return None
    row.state, row.sent_at, row.phone_blind = State.SENDING, tx.now, blind
    tx.session.flush()
    return letter


def sent_today(tx: Tx, row: Notice, phone_blind: str) -> int:
    """How many other texts of the contact, or to the number, have gone out within 24 hours."""
    hers = NOTICE.phone_blind == phone_blind
    same = hers if row.contact_id is None else hers | (NOTICE.contact_id == row.contact_id)
    recent = (NOTICE.sent_at > tx.now - SHOWN, NOTICE.id != row.id, same)
    return int(tx.scalar(select(func.count()).select_from(Notice).where(*recent)) or 0)


def settle(tx: Tx, key: str, state: State, gateway_id: str) -> None:
    """Notes what the gateway said; a delivery receipt that came before stands over it."""
    row = notice_of(tx, key)
    if row is None:
        return
    row.gateway_id = gateway_id or row.gateway_id
    if row.state == State.SENDING:
        row.state = state
        if state is not State.WAITING:
            _tell(tx, row)
    if row.state != State.WAITING:
        row.number_sealed = None
    tx.session.flush()


def receive(tx: Tx, *, key: str, gateway_id: str, state: Literal[State.DELIVERED, State.FAILED]) -> bool:
    """Notes a delivery receipt, found by our key or by the gateway's id; whether the text is known.

    Delivered stands over failed, whatever order they come in.
    """
    row = notice_of(tx, key) if key else None
    if row is None and gateway_id:
        row = tx.one(select(Notice).where(NOTICE.gateway_id == gateway_id))
    if row is None:
        return False
    if row.state not in (State.DELIVERED, state):
        row.state, row.told_at = state, tx.now
        tx.session.flush()
        _tell(tx, row)
    return True


def texts_of(tx: Tx, contact: int) -> list[TextView]:
    """The contact's texts, oldest first; one that is not begun yet is none."""
    rows = tx.all(_TEXTS, {"contact": contact})
    return [TextView(text=row.text, state=row.state, at=row.sent_at or row.created_at) for row in rows]


def _tell(tx: Tx, row: Notice) -> None:
    if row.contact_id is not None:
        tx.session.flush()
        record(tx, TextTold(text=row.text, state=row.state), contact=row.contact_id, actor=SYSTEM.key)


def notice_of(tx: Tx, key: str) -> Notice | None:
    """The text of that key, if it was begun."""
    row: Notice | None = tx.one(select(Notice).where(NOTICE.key == key))
    return row


def new_notice(tx: Tx, job: JobView, text: str) -> Notice:
    """A text that has not been sent."""
    contact = tx.get(Contact, int(job.args.get("contact", 0)))
    known = contact.id if contact is not None else None
    row = Notice(key=job.key, text=text, contact_id=known, state=State.WAITING, created_at=tx.now)
    return tx.add(row)


def by_state(tx: Tx) -> dict[str, int]:
    """How many texts of the last 24 hours are in each state."""
    recent = select(NOTICE.state, func.count()).where(NOTICE.created_at > tx.now - SHOWN)
    return dict(tx.rows(recent.group_by(NOTICE.state)))


def pause(attempt: int) -> timedelta:
    """How long a gateway that took nothing is left alone: doubling, and never all texts at one instant."""
    longest = min(LONGEST_WAIT, 2.0 ** min(attempt, 10))
    return timedelta(seconds=longest * random.uniform(0.5, 1.0))  # noqa: S311 - chance, not secrecy
