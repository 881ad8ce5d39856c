"""How an entry comes into an agent's hands. Her right and her room are checked inside the taking UPDATE."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Integer, and_, bindparam, case, or_, select, update

from core.county import Limits
from core.db import UtcTime, among, given_rows, type_big
from core.events import record
from core.failpoints import failpoint
from core.store import Tx
from queues import events
from queues.errors import MatterInHand, NotEligible, OfferGone, OverCapacity
from queues.load import AGENT, GUARDS, LIMITS, NOW, judged, room
from queues.machine import ASSIGNED, Event, State, step
from queues.models import ENTRY, SHIFT, is_state
from queues.reading import position_of, view
from queues.transitions import (
    DECLINED_FOR,
    Row,
    change,
    entry_row,
    fence,
    must_change,
    passed_by,
    released,
    rest,
    staff_key,
)
from queues.views import EntryView, entry_view

HERS = (SHIFT.c.staff_id == AGENT, SHIFT.c.ended_at.is_(None))
THEIRS = (among(SHIFT.c.staff_id, "agents"), SHIFT.c.ended_at.is_(None))
UNTIL = bindparam("until", type_=UtcTime())
SPOKEN = select(SHIFT.c.languages).where(*HERS)
ANSWERED = update(SHIFT).where(*HERS, SHIFT.c.missed_count > 0).values(missed_count=0)
ENDS_SOONER = (SHIFT.c.lease_until < UNTIL, SHIFT.c.lost_at.is_(None))
RENEW = update(SHIFT).where(*HERS, *ENDS_SOONER).values(lease_until=UNTIL)
ANSWERED_ALL = (
    update(SHIFT)
    .where(*THEIRS, or_(SHIFT.c.missed_count > 0, and_(*ENDS_SOONER)))
    .values(missed_count=0, lease_until=case((and_(*ENDS_SOONER), UNTIL), else_=SHIFT.c.lease_until))
)
OFFERS = given_rows("offers", id=type_big, agent_id=type_big, assignment=Integer())
HOLD_ALL = (
    update(ENTRY)
    .where(
        *(ENTRY.c[one.name] == one for one in OFFERS.c),
        among(ENTRY.c.id, "entries"),
        is_state(ENTRY, State.OFFERED),
        ENTRY.c.expires_at > NOW,
    )
    .values(
        state=step(State.OFFERED, Event.ACCEPT).value,
        state_since=NOW,
        expires_at=None,
        preferred_agent_id=None,
    )
)


def hold(tx: Tx, entry: int, agent: int, assignment: int, limits: Limits = LIMITS) -> EntryView:
    """Accepts the offer of this assignment; the same again gives the same answer. OfferGone otherwise.

    Both renew the agent's lease, so that her console and the server count from the same act.
    """
    row = entry_row(tx, entry)
    if (row.state, row.agent_id, row.assignment) != (State.HELD, agent, assignment):
        accept(tx, row, agent, assignment)
    renew(tx, agent, limits)
    failpoint("queues.after_hold")
    return view(tx, entry)


def accept(tx: Tx, row: Row, agent: int, assignment: int) -> None:
    """offered → held in one conditional UPDATE: the second of two accepts changes nothing."""
    if row.state != State.OFFERED or (row.agent_id, row.assignment) != (agent, assignment):
        raise OfferGone(entry=row.id, assignment=assignment)
    given = {"agent": agent, "now": tx.now}
    kept = {"expires_at": None, "preferred_agent_id": None}
    if not change(tx, row, Event.ACCEPT, "in_time", "hers", judged=given, **kept):
        raise OfferGone(entry=row.id, assignment=assignment)
    answered(tx, agent)
    held(tx, row, agent, assignment, by="offer")


def hold_all(tx: Tx, offers: Sequence[Row], limits: Limits) -> None:
    """Accepts all these offers, which were read in this transaction, or raises OfferGone for all."""
    given = [[row.id, row.agent_id, row.assignment] for row in offers]
    these = {"offers": given, "entries": [row.id for row in offers]}
    if tx.execute(HOLD_ALL, {**these, "now": tx.now}) != len(given):
        raise OfferGone
    agents = [row.agent_id for row in offers]
    tx.execute(ANSWERED_ALL, {"agents": agents, "until": tx.now + timedelta(seconds=limits.lease_s)})
    failpoint("queues.after_hold")


def held_by_offer(row: Row) -> events.EntryHeld:
    """The fact that an offer was accepted."""
    return events.EntryHeld(
        entry=row.id,
        agent=row.agent_id,
        assignment=row.assignment,
        by="offer",
        queue=row.queue,
        reason="",
        overtook=0,
    )


def held(
    tx: Tx, row: Row, agent: int, assignment: int, *, by: str, reason: str = "", overtook: int = 0
) -> None:
    """Records that the entry is in the agent's hands."""
    fact = events.EntryHeld(
        entry=row.id,
        agent=agent,
        assignment=assignment,
        by=by,
        queue=row.queue,
        reason=events.reason_code(reason) if reason else "",
        overtook=overtook,
    )
    record(tx, fact, contact=row.contact_id, actor=staff_key(agent))


def offer_shown(tx: Tx, entry: int, agent: int, assignment: int) -> bool:
    """Notes that the agent's console shows the offer: only such counts as missed. False when it is gone."""
    statement = update(ENTRY).where(
        ENTRY.c.id == entry,
        ENTRY.c.state == State.OFFERED.value,
        ENTRY.c.agent_id == agent,
        ENTRY.c.assignment == assignment,
    )
    return tx.execute(statement.values(shown_assignment=assignment)) == 1


def decline(tx: Tx, entry: int, agent: int, assignment: int, reason: str) -> EntryView:
    """Sends the offer back to the line; it is not offered to her again for a minute."""
    row = entry_row(tx, entry)
    if row.state != State.OFFERED or (row.agent_id, row.assignment) != (agent, assignment):
        raise OfferGone(entry=entry, assignment=assignment)
    passed = passed_by(row, agent, tx.now + DECLINED_FOR)
    must_change(tx, row, Event.DECLINE, passed=passed, **released(row))
    answered(tx, agent)
    fact = events.EntryDeclined(
        entry=entry, agent=agent, assignment=assignment, reason=events.reason_code(reason)
    )
    record(tx, fact, contact=row.contact_id, actor=staff_key(agent))
    return view(tx, entry)


def take(tx: Tx, entry: int, agent: int, *, reason: str = "", limits: Limits = LIMITS) -> EntryView:
    """Takes a waiting entry by hand; anybody's emergency without regard to capacity, the first take wins."""
    row = entry_row(tx, entry)
    if row.agent_id == agent and row.state == State.HELD:
        renew(tx, agent, limits)  # a re-take with the old lease would end hers before she thinks it does
        return entry_view(row)
    if row.agent_id == agent and row.state == State.OFFERED:
        return hold(tx, entry, agent, row.assignment, limits)
    by = "hand" if row.tier else "all"
    return grab(tx, row, agent, by=by, reason=reason, limits=limits)


def grab(tx: Tx, row: Row, agent: int, *, by: str, reason: str, limits: Limits) -> EntryView:
    """waiting → held in one conditional UPDATE with the agent's right and room in it."""
    if row.state in {*ASSIGNED, State.DONE}:
        raise OfferGone(entry=row.id)
    step(State(row.state), Event.TAKE)
    guards = ("ready", room(row.channel)) if row.tier else ("on_duty",)
    assignment = row.assignment + 1
    overtook = position_of(tx, row) - 1 if row.tier and by != "transfer" else 0
    values = {"agent_id": agent, "assignment": assignment, "expires_at": None, **relaxing(tx, row, agent)}
    given = judged(agent, tx.now, limits)
    if not change(tx, row, Event.TAKE, "member", "matter_free", *guards, judged=given, **values):
        raise refusal(tx, row, agent)
    renew(tx, agent, limits)
    held(tx, row, agent, assignment, by=by, reason=reason, overtook=overtook)
    failpoint("queues.after_hold")
    return view(tx, row.id)


def hand_over(tx: Tx, entry: int, agent: int, assignment: int, to: int, limits: Limits = LIMITS) -> EntryView:
    """Passes a held entry from hand to hand: never in two, its place and due time kept."""
    row = entry_row(tx, entry)
    fence(row, agent, assignment)
    must_change(tx, row, Event.TRANSFER, **released(row))
    rest(tx, agent)
    level = {"queue": row.queue, "due_at": row.due_at, "urgency": row.urgency, "tier": row.tier}
    fact = events.EntryTransferred(entry=entry, from_queue=row.queue, **level)
    record(tx, fact, contact=row.contact_id, actor=staff_key(agent))
    return grab(tx, entry_row(tx, entry), to, by="transfer", reason="", limits=limits)


def refusal(tx: Tx, row: Row, agent: int) -> OfferGone | NotEligible | MatterInHand | OverCapacity:
    """Why the taking UPDATE changed nothing."""
    given = {"agent": agent, "now": tx.now, "entry": row.id}
    for guards, error in (
        ((GUARDS["ready" if row.tier else "on_duty"], GUARDS["member"]), NotEligible),
        ((GUARDS["matter_free"],), MatterInHand),
    ):
        holds = select(ENTRY.c.id).where(ENTRY.c.id == bindparam("entry"), *guards)
        if tx.run(holds, given).first() is None:
            return error(entry=row.id)
    return OverCapacity(entry=row.id)


def relaxing(tx: Tx, row: Row, agent: int) -> dict[str, datetime]:
    """Marks that the wish for a language was given up, when the agent does not have it."""
    return relaxed(tx, row, tx.run(SPOKEN, {"agent": agent}).scalar() or ())


def relaxed(tx: Tx, row: Row, spoken: Collection[str]) -> dict[str, datetime]:
    """`relaxing` where it is known what the agent speaks."""
    return {} if row.language in spoken else {"language_relaxed_at": tx.now}


def answered(tx: Tx, agent: int) -> None:
    """Her console answered an offer: missed offers in a row start from none."""
    tx.execute(ANSWERED, {"agent": agent})


def renew(tx: Tx, agent: int, limits: Limits = LIMITS) -> None:
    """Lengthens the agent's lease: she has just acted."""
    tx.execute(RENEW, {"agent": agent, "until": tx.now + timedelta(seconds=limits.lease_s)})
