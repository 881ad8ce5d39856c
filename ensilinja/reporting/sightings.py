"""What the board reads of the store: few queries, whatever the number of contacts and watchers."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CompoundSelect, bindparam, func, or_, select, union_all

from core.county import Catalogue, Limits, Queue
from core.db import UtcTime, among, table
from core.models import Staff
from core.store import Tx
from core.urgency import Urgency
from ensilinja.reporting import kpis
from ensilinja.reporting.facts import CALLBACK, Fact
from ensilinja.reporting.keeper import FACTS
from ensilinja.reporting.kpis import Period, Span, Terms, today
from ensilinja.reporting.picture import RISK_HORIZON
from queues.line import FILLING, FULL
from queues.machine import State
from queues.models import ENTRY, MEMBER, SHIFT, in_hand, in_states
from router.models import PROMISE

STAFF = table(Staff)
LIVE = ("chat", "call")
UNSERVED = (State.WAITING.value, State.OFFERED.value)
IN_LINE = (*UNSERVED, State.SCHEDULED.value)
FIGURED = (
    *("contact_id", "channel", "line", "first_queue", "queue", "born_of", "arrived_at", "queued_at"),
    *("first_reply_at", "bridged_at", "requested_at", "first_attempt_at", "reached_at", "left_at"),
    *("has_abandoned", "outcome", "is_resolved", "is_counted"),
)
"""The columns that today's figures on the board rest on."""
FIGURES_SHOWN = ("chat_reply_delay", "callback_delay", "resolution_declared", "abandonment")
"""None of them depends on the time of day, so that they stand until a fact changes."""

_MEMBERSHIPS = select(MEMBER.c.staff_id, MEMBER.c.queue).where(among(MEMBER.c.staff_id, "staff"))
_HAND = ("agent_id", "queue", "state", "channel", "weight", "state_since", "expires_at", "idle_since")
_IN_HANDS = select(*(ENTRY.c[name] for name in _HAND)).where(among(ENTRY.c.agent_id, "staff"), in_hand(ENTRY))


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Entries alike that nobody has in hand: how many, and their oldest."""

    queue: str
    channel: str
    urgency: Urgency
    tier: int
    state: str
    count: int
    oldest_arrival: datetime
    oldest_state: datetime
    oldest_here: datetime

    @property
    def is_live(self) -> bool:
        """A person waits at the other end now."""
        return self.channel in LIVE and self.state in UNSERVED


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCallbacks:
    """Callbacks nobody has in hand that are due together; no promise is open after a first attempt."""

    queue: str
    due_at: datetime | None
    first_made_at: datetime | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """One entry offered to, held or wrapped up by a professional."""

    queue: str
    state: str
    channel: str
    weight: int
    since: datetime
    is_counted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One professional on shift with what she has in hand."""

    id: int
    name: str
    state: str
    since: datetime
    is_alive: bool
    seen_until: datetime
    capacity: int
    queues: frozenset[str]
    hands: tuple[Hand, ...] = field(default=())

    @property
    def eligible_until(self) -> datetime:
        """Until when she could be offered something, as far as is known; full hands do not end it."""
        return self.seen_until if self.state == "ready" else min(self.since, self.seen_until)

    @property
    def weight(self) -> int:
        """Her load as the matcher counts it."""
        return sum(hand.weight for hand in self.hands if hand.is_counted)


def groups(tx: Tx) -> list[Group]:
    """The entries that wait for somebody, grouped."""
    kinds = (ENTRY.c.queue, ENTRY.c.channel, ENTRY.c.urgency, ENTRY.c.tier, ENTRY.c.state)
    statement = (
        select(
            *kinds,
            func.count(),
            func.min(ENTRY.c.arrived_at),
            func.min(ENTRY.c.state_since),
            func.min(ENTRY.c.queued_here_at),
        )
        .where(ENTRY.c.ended_at.is_(None), in_states(ENTRY, *IN_LINE))
        .group_by(*kinds)
    )
    return [
        Group(
            queue=queue,
            channel=channel,
            urgency=Urgency(urgency),
            tier=tier,
            state=state,
            count=count,
            oldest_arrival=arrival,
            oldest_state=since,
            oldest_here=here,
        )
        for queue, channel, urgency, tier, state, count, arrival, since, here in tx.rows(statement)
    ]


def contact_of(tx: Tx, group: Group) -> int | None:
    """The contact of the group's oldest arrival."""
    here = (
        ENTRY.c.ended_at.is_(None),
        ENTRY.c.state == group.state,
        ENTRY.c.queue == group.queue,
        ENTRY.c.channel == group.channel,
        ENTRY.c.arrived_at == group.oldest_arrival,
    )
    found: int | None = tx.scalar(select(func.min(ENTRY.c.contact_id)).where(*here))
    return found


def open_callbacks(tx: Tx) -> list[OpenCallbacks]:
    """The callbacks in the line by the due instant of their open promise.

    Those due soon, one by one; of those due later than that the first of each queue, with how many they are.
    """
    return [
        OpenCallbacks(queue=queue, due_at=due, first_made_at=made, count=count)
        for queue, due, made, count in tx.run(OPEN_CALLBACKS, {"horizon": tx.now + RISK_HORIZON})
    ]


def callbacks_by_due() -> CompoundSelect[Any]:
    """The query of `open_callbacks`."""
    due, made = FACTS.c.callback_due_at, FACTS.c.callback_made_at
    horizon = bindparam("horizon", type_=UtcTime())
    line = (
        select(ENTRY.c.queue, due, made)
        .select_from(ENTRY.outerjoin(FACTS, FACTS.c.contact_id == ENTRY.c.contact_id))
        .where(ENTRY.c.ended_at.is_(None), ENTRY.c.channel == CALLBACK, in_states(ENTRY, *IN_LINE))
    )
    soon = line.where(or_(due.is_(None), due <= horizon)).subquery()
    kinds = (soon.c.queue, soon.c.callback_due_at)
    place = func.row_number().over(partition_by=ENTRY.c.queue, order_by=(due, made)).label("place")
    count = func.count().over(partition_by=ENTRY.c.queue).label("count")
    later = line.add_columns(place, count).where(due > horizon).subquery()
    return union_all(
        select(*kinds, func.min(soon.c.callback_made_at), func.count()).group_by(*kinds),
        select(later.c.queue, later.c.callback_due_at, later.c.callback_made_at, later.c["count"]).where(
            later.c.place == 1
        ),
    )


OPEN_CALLBACKS = callbacks_by_due()


def second_promises(tx: Tx, period: Period) -> int:
    """How many second promises were made in the period."""
    made = PROMISE.second_made_at
    return tx.scalar(select(func.count()).where(made >= period.start, made < period.end)) or 0


def desks(tx: Tx, limits: Limits) -> list[Desk]:
    """The professionals on shift, in order of name, each with what she has in hand: three queries."""
    statement = (
        select(SHIFT, STAFF.c.display_name)
        .join(STAFF, STAFF.c.id == SHIFT.c.staff_id)
        .where(SHIFT.c.ended_at.is_(None))
        .order_by(STAFF.c.display_name, SHIFT.c.staff_id)
    )
    rows = tx.rows(statement)
    if not rows:
        return []
    staff = [row.staff_id for row in rows]
    queues, hands = memberships(tx, staff), in_hands(tx, staff, limits)
    return [
        Desk(
            id=row.staff_id,
            name=row.display_name,
            state=row.state,
            since=row.state_since,
            is_alive=row.lost_at is None and row.lease_until > tx.now,
            seen_until=row.lost_at or row.lease_until,
            capacity=row.chat_capacity,
            queues=frozenset(queues[row.staff_id]),
            hands=tuple(hands[row.staff_id]),
        )
        for row in rows
    ]


def memberships(tx: Tx, staff: Collection[int]) -> defaultdict[int, set[str]]:
    """Queues by professional."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for one, queue in tx.rows(_MEMBERSHIPS, {"staff": list(staff)}):
        found[one].add(queue)
    return found


def in_hands(tx: Tx, staff: Collection[int], limits: Limits) -> defaultdict[int, list[Hand]]:
    """Entries by professional; a wrapping one counts in her load until its time is over."""
    found: defaultdict[int, list[Hand]] = defaultdict(list)
    for row in tx.rows(_IN_HANDS, {"staff": list(staff)}):
        wraps_on = row.expires_at is not None and row.expires_at > tx.now
        found[row.agent_id].append(
            Hand(
                queue=row.queue,
                state=row.state,
                channel=row.channel,
                weight=weight_of(row.channel, row.weight, row.idle_since, tx.now, limits),
                since=row.state_since,
                is_counted=row.state != State.WRAPPING.value or wraps_on,
            )
        )
    return found


def weight_of(channel: str, weight: int, idle_since: datetime | None, now: datetime, limits: Limits) -> int:
    """What the matcher counts: a call fills her, a chat whose resident is long silent weighs nothing."""
    if channel in FILLING:
        return FULL
    is_idle = idle_since is not None and now - idle_since >= timedelta(seconds=limits.idle_chat_s)
    return 0 if channel == "chat" and is_idle else weight


def recently_served(tx: Tx, within: timedelta) -> frozenset[str]:
    """Queues of the professionals whose shift ended lately."""
    statement = (
        select(MEMBER.c.queue)
        .join(SHIFT, SHIFT.c.staff_id == MEMBER.c.staff_id)
        .where(SHIFT.c.ended_at > tx.now - within)
    )
    return frozenset(tx.all(statement.distinct()))


Part = tuple[str | None, str | None]
"""First queue and channel: the facts of one row of the board."""


@dataclass(slots=True)
class Memory:
    """What one watcher of the store remembers of a day between snapshots, so that only news is read again.

    What has been read stands for `kept_s`.
    """

    kept_s: float = 0.0
    period: Period | None = None
    catalogue: Catalogue | None = None
    upto: int = 0
    read_at: datetime | None = None
    facts: dict[int, Fact] = field(default_factory=dict)
    parts: dict[Part, dict[int, Fact]] = field(default_factory=dict)
    figures: dict[tuple[str, Part | None], Any] = field(default_factory=dict)
    memo: dict[Span, float | None] = field(default_factory=dict)

    def turn_to(self, period: Period, catalogue: Catalogue) -> None:
        """Forgets another day, and everything when the county's catalogue has changed."""
        if (self.period, self.catalogue) != (period, catalogue):
            self.period, self.catalogue, self.upto, self.read_at = period, catalogue, 0, None
            self.facts.clear()
            self.parts.clear()
            self.figures.clear()
            self.memo.clear()

    def is_due(self, now: datetime) -> bool:
        """Whether the facts are to be read again."""
        return self.read_at is None or not 0 <= (now - self.read_at).total_seconds() < self.kept_s

    def learn(self, fact: Fact) -> None:
        """Takes in a fact; the figures it was or is part of are made anew."""
        before = self.facts.get(fact.contact_id)
        if before is not None:
            del self.parts[part_of(before)][fact.contact_id]
        for part in {None, part_of(fact), part_of(before or fact)}:
            for name in FIGURES_SHOWN:
                self.figures.pop((name, part), None)
        self.facts[fact.contact_id] = fact
        self.parts.setdefault(part_of(fact), {})[fact.contact_id] = fact


def part_of(fact: Fact) -> Part:
    """The row of the board a fact belongs to."""
    return fact.first_queue, fact.channel


def recall(tx: Tx, period: Period, memory: Memory) -> None:
    """Learns the facts of the period's contacts, with the columns of `FIGURED` only: those written since."""
    statement = select(FACTS.c.upto, *(FACTS.c[name] for name in FIGURED))
    if memory.upto:  # by what is new, not by the day: the day grows until the evening
        statement = statement.where(FACTS.c.upto > memory.upto)
    else:
        statement = statement.where(FACTS.c.arrived_at >= period.start, FACTS.c.arrived_at < period.end)
    for upto, *values in tx.rows(statement):
        memory.upto = max(memory.upto, upto)
        fact = Fact(**dict(zip(FIGURED, values, strict=True)))
        if fact.arrived_at is not None and period.start <= fact.arrived_at < period.end:
            memory.learn(fact)
    memory.read_at = tx.now


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """All that one snapshot has read."""

    catalogue: Catalogue
    now: datetime
    groups: Sequence[Group]
    callbacks: Sequence[OpenCallbacks]
    second: int
    desks: Sequence[Desk]
    memory: Memory
    terms: Terms

    def figure(self, name: str, part: Part | None = None) -> Any:
        """A figure of the day over all facts or one row's; made again only when one of them changes."""
        known = self.memory.figures
        if (name, part) not in known:
            facts = self.memory.facts if part is None else self.memory.parts.get(part, {})
            known[name, part] = kpis.FIGURES[name](list(facts.values()), self.terms)
        return known[name, part]


def look(tx: Tx, catalogue: Catalogue, memory: Memory) -> Sight:
    """Reads all of one snapshot; of facts only what the memory does not know."""
    period = today(tx.now)
    memory.turn_to(period, catalogue)
    if memory.is_due(tx.now):
        recall(tx, period, memory)
    return Sight(
        catalogue=catalogue,
        now=tx.now,
        groups=[group for group in groups(tx) if has_queue(catalogue, group.queue)],
        callbacks=open_callbacks(tx),
        second=second_promises(tx, period),
        desks=desks(tx, catalogue.limits),
        memory=memory,
        terms=Terms(catalogue=catalogue, period=period, now=tx.now, memo=memory.memo),
    )


def has_queue(catalogue: Catalogue, queue_id: str) -> bool:
    """Whether the county still has the queue."""
    return any(queue.id == queue_id for queue in catalogue.queues)


def due_in(sight: Sight, queue: Queue) -> list[datetime]:
    """The due instants of the queue's open callbacks."""
    return due_times([callbacks for callbacks in sight.callbacks if callbacks.queue == queue.id])


def due_times(callbacks: Iterable[OpenCallbacks]) -> list[datetime]:
    """A due instant for each callback with an open promise."""
    return [due for one in callbacks if (due := one.due_at) is not None for _ in range(one.count)]
