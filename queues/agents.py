"""Professionals at work: membership, shifts, leases. A silent shift is lost, never trusted."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, select, update

from core.county import Limits
from core.db import UtcTime, among
from core.errors import Invalid, NotFound
from core.events import record
from core.store import Tx
from queues import events
from queues.errors import StillHolding
from queues.load import LIMITS, Load, loads
from queues.machine import State
from queues.models import ENTRY, MEMBER, SHIFT, Shift, in_hand
from queues.transitions import staff_key, withdraw
from queues.views import ShiftView

STATES = frozenset({"ready", "paused", "not_answering"})
LOST = "lost"
SERVED = (
    select(MEMBER.c.queue)
    .join(SHIFT, SHIFT.c.staff_id == MEMBER.c.staff_id)
    .where(SHIFT.c.ended_at.is_(None), SHIFT.c.lost_at.is_(None))
    .distinct()
)
_READY = (
    select(MEMBER.c.queue, func.count())
    .join(SHIFT, SHIFT.c.staff_id == MEMBER.c.staff_id)
    .where(SHIFT.c.ended_at.is_(None), SHIFT.c.lost_at.is_(None), SHIFT.c.state == "ready")
    .group_by(MEMBER.c.queue)
)
_ON_SHIFT = select(SHIFT).where(SHIFT.c.ended_at.is_(None)).order_by(SHIFT.c.staff_id)
_MEMBERS = select(MEMBER.c.staff_id, MEMBER.c.queue).where(among(MEMBER.c.staff_id, "staff"))
_MARKING = (
    update(ENTRY)
    .where(among(ENTRY.c.contact_id, "contacts"))
    .where(ENTRY.c.state == State.HELD.value, ENTRY.c.channel == "chat")
    .values(idle_since=bindparam("since", type_=UtcTime()))
)

_HERS = (SHIFT.c.staff_id == bindparam("hers"), SHIFT.c.ended_at.is_(None))
_HER_SHIFT = select(SHIFT).where(*_HERS)
# Every console gives its sign of life every few seconds.
_ANEW = update(SHIFT).where(*_HERS).values(lease_until=bindparam("until", type_=UtcTime()))
_ALIVE = _ANEW.where(SHIFT.c.lost_at.is_(None))
_BACK = _ANEW.values(lost_at=None)
_ALL_ALIVE = (
    update(SHIFT)
    .where(among(SHIFT.c.staff_id, "staff"), SHIFT.c.ended_at.is_(None), SHIFT.c.lost_at.is_(None))
    .values(lease_until=bindparam("until", type_=UtcTime()))
)


def set_queues(tx: Tx, staff: int, queues: Iterable[str], actor: str = "system") -> None:
    """Makes these the professional's queues, in this order.

    An unanswered offer of a queue she serves no more goes on to somebody else; what she holds stays hers.
    """
    now, before = list(dict.fromkeys(queues)), queues_of(tx, staff)
    tx.execute(delete(MEMBER).where(MEMBER.c.staff_id == staff))
    for position, queue in enumerate(now):
        tx.execute(insert(MEMBER).values(staff_id=staff, queue=queue, position=position))
    if before and before != set(now):
        withdraw_offers(tx, staff, "queues", actor, ENTRY.c.queue.not_in(now))
        fact = events.QueuesChanged(queues=now, before=sorted(before))
        record(tx, fact, staff=staff, actor=actor)


def queues_of(tx: Tx, staff: int | None) -> frozenset[str]:
    """The queues the professional serves."""
    return frozenset(tx.all(select(MEMBER.c.queue).where(MEMBER.c.staff_id == staff)))


def start_shift(
    tx: Tx, staff: int, *, capacity: int, languages: Collection[str], device: str, limits: Limits = LIMITS
) -> ShiftView:
    """Opens the professional's shift, ready; one that is open already goes on with the new settings."""
    if not 1 <= capacity <= limits.chat_capacity_max:
        raise Invalid(field="capacity")
    lease = tx.now + timedelta(seconds=limits.lease_s)
    given: dict[str, Any] = {
        "chat_capacity": capacity,
        "languages": sorted(languages),
        "device": device,
        "lease_until": lease,
    }
    before = shift_row(tx, staff)
    if before is not None:
        tx.execute(update(SHIFT).where(SHIFT.c.id == before.id).values(**given, lost_at=None))
        if before.lost_at is not None:
            tell_back(tx, before)
        set_state(tx, staff, "ready", "again")
        return shift_now(tx, staff)
    times = dict.fromkeys(("started_at", "state_since", "idle_since"), tx.now)
    row = tx.add(Shift(staff_id=staff, state="ready", **(given | times)))
    fact = events.ShiftStarted(shift=row.id or 0, capacity=capacity)
    record(tx, fact, staff=staff, actor=staff_key(staff))
    return shift_now(tx, staff)


def end_shift(tx: Tx, staff: int) -> None:
    """Closes the shift, its offers back in the line; StillHolding while anything is held or wrapping."""
    row = shift_row(tx, staff)
    if row is None:
        return
    kept = in_hand(ENTRY) & (ENTRY.c.state != State.OFFERED.value)
    if tx.scalar(select(ENTRY.c.id).where(ENTRY.c.agent_id == staff, kept).limit(1)):
        raise StillHolding(staff=staff)
    withdraw_offers(tx, staff, "shift_ended", staff_key(staff))
    close_shift(tx, row, "signed_out", staff_key(staff))


def close_shift(tx: Tx, row: Any, reason: str, actor: str) -> None:
    """Writes the shift's end."""
    tx.execute(update(SHIFT).where(SHIFT.c.id == row.id).values(ended_at=tx.now))
    record(tx, events.ShiftEnded(shift=row.id, reason=reason), staff=row.staff_id, actor=actor)


def set_state(tx: Tx, staff: int, state: str, reason: str, actor: str | None = None) -> None:
    """Sets ready, paused or not_answering; whoever is not ready keeps no offers. NotFound without a shift."""
    if state not in STATES:
        raise Invalid(field="state")
    row = shift_row(tx, staff)
    if row is None:
        raise NotFound(staff=staff)
    actor = actor or staff_key(staff)
    reason = events.reason_code(reason) if reason else ""
    if state != "ready":
        withdraw_offers(tx, staff, state, actor)
    missed = 0 if state == "ready" else row.missed_count
    tx.execute(update(SHIFT).where(SHIFT.c.id == row.id).values(missed_count=missed))
    if (row.state, row.reason) == (state, reason):
        return
    values = {"state": state, "reason": reason, "state_since": tx.now}
    tx.execute(update(SHIFT).where(SHIFT.c.id == row.id).values(**values))
    fact = events.ShiftState(shift=row.id, state=state, reason=reason)
    record(tx, fact, staff=staff, actor=actor)


def withdraw_offers(tx: Tx, staff: int, reason: str, actor: str, *which: ColumnElement[bool]) -> None:
    """Takes the agent's unanswered offers back into the line, or those among them that are meant."""
    offered = (ENTRY.c.agent_id == staff, in_hand(ENTRY), ENTRY.c.state == State.OFFERED.value, *which)
    for row in tx.rows(select(ENTRY).where(*offered).order_by(ENTRY.c.id)):
        withdraw(tx, row, reason, actor)


def beat(tx: Tx, staff: int, limits: Limits = LIMITS) -> datetime | None:
    """A sign of life: the lease goes on from the server's now. None when there is no open shift.

    A shift that had been lost is back; what was returned meanwhile stays returned.
    """
    until = tx.now + timedelta(seconds=limits.lease_s)
    hers = {"hers": staff, "until": until}
    if tx.execute(_ALIVE, hers):
        return until
    if not tx.execute(_BACK, hers):
        return None
    tell_back(tx, shift_row(tx, staff))
    return until


def beat_all(tx: Tx, staff: Collection[int], limits: Limits = LIMITS) -> int:
    """Signs of life of many at once: the live leases go on; a shift that has been lost is left to `beat`."""
    until = tx.now + timedelta(seconds=limits.lease_s)
    return tx.execute(_ALL_ALIVE, {"staff": list(staff), "until": until})


def tell_back(tx: Tx, row: Any) -> None:
    """Records that a shift which had been lost is what it was."""
    fact = events.ShiftState(shift=row.id, state=row.state, reason="back")
    record(tx, fact, staff=row.staff_id, actor=staff_key(row.staff_id))


def mark_idle(tx: Tx, contact: int, since: datetime | None) -> bool:
    """Notes since when the resident of a held chat has been silent; False when it is not held."""
    return mark_all_idle(tx, [contact], since) == 1


def mark_all_idle(tx: Tx, contacts: Collection[int], since: datetime | None) -> int:
    """`mark_idle` of many; returns how many are held."""
    return tx.execute(_MARKING, {"contacts": list(contacts), "since": since})


def open_shift(staff: int) -> tuple[Any, Any]:
    """The condition for the professional's open shift."""
    return SHIFT.c.staff_id == staff, SHIFT.c.ended_at.is_(None)


def shift_row(tx: Tx, staff: int) -> Any:
    """The open shift's row, or None."""
    return tx.run(_HER_SHIFT, {"hers": staff}).first()


def shift_now(tx: Tx, staff: int) -> ShiftView:
    """The open shift; NotFound when there is none."""
    found = shift_of(tx, staff)
    if found is None:
        raise NotFound(staff=staff)
    return found


def shift_of(tx: Tx, staff: int, limits: Limits = LIMITS) -> ShiftView | None:
    """The professional's open shift, or None."""
    row = shift_row(tx, staff)
    return None if row is None else shift_views(tx, [row], limits)[0]


def on_shift(tx: Tx, limits: Limits = LIMITS) -> list[ShiftView]:
    """All open shifts, by staff id."""
    return shift_views(tx, tx.rows(_ON_SHIFT), limits)


def ready_by_queue(tx: Tx) -> dict[str, int]:
    """How many serve each queue and are ready, whatever they have in hand."""
    return dict(tx.rows(_READY))


def served_now(tx: Tx) -> frozenset[str]:
    """The queues whose members are at work, whatever they do just now."""
    return frozenset(tx.run(SERVED).scalars())


def shift_views(tx: Tx, rows: list[Any], limits: Limits) -> list[ShiftView]:
    """Frozen shifts with their queues and loads, in two queries for all."""
    staff = [row.staff_id for row in rows]
    if not staff:
        return []
    queues = members(tx, staff)
    load = loads(tx, staff, limits)
    return [
        shift_view(row, frozenset(queues.get(row.staff_id, ())), load.get(row.staff_id, Load()))
        for row in rows
    ]


def members(tx: Tx, staff: Collection[int]) -> dict[int, set[str]]:
    """Queues by professional."""
    found: dict[int, set[str]] = {}
    for one, queue in tx.rows(_MEMBERS, {"staff": list(staff)}):
        found.setdefault(one, set()).add(queue)
    return found


def shift_view(row: Any, queues: frozenset[str], load: Load) -> ShiftView:
    """The frozen form of a shift's row."""
    return ShiftView(
        id=row.id,
        staff=row.staff_id,
        state=LOST if row.lost_at else row.state,
        since=row.lost_at or row.state_since,
        reason=row.reason,
        lease_until=row.lease_until,
        capacity=row.chat_capacity,
        languages=frozenset(row.languages),
        queues=queues,
        load=min(load.weight, row.chat_capacity),
        missed=row.missed_count,
        idle_since=row.idle_since,
        device=row.device,
    )
