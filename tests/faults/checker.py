"""The judge: holds what the clients were told against what the database holds. One function per invariant.

Numbers are those of the invariants in the reliability requirements; each returns what breaks it, in words.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from chat.models import Message
from chat.transcript import message_at
from core.access import first_broken
from core.clock import SystemClock
from core.models import Event
from core.opening import open_store
from core.store import Tx
from core.vault import Vault
from queues.models import Entry, Shift
from tests.builders import TEST_KEY
from tests.faults.oplog import Act, acknowledged

TAKEN_BACK = (
    *("entry.declined", "entry.expired", "entry.withdrawn", "entry.returned"),
    *("entry.transferred", "entry.left", "entry.scheduled", "entry.done"),
)
NAMED = 8  # violations of one kind told in full: the rest is a number


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One stored line of a conversation."""

    contact: int
    seq: int
    sender: str
    kind: str
    client_id: str | None
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One stored event."""

    id: int
    contact: int | None
    n: int
    type: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One stored entry."""

    id: int
    contact: int
    state: str
    due_at: datetime
    agent: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the database holds after the storm."""

    lines: Sequence[Line]
    steps: Sequence[Step]
    places: Sequence[Place]
    capacities: dict[int, int]
    broken_access_row: int | None = None


Check = Callable[[Kept, Sequence[Act]], Iterable[str]]


def kept(tx: Tx, *, texts: bool = True) -> Kept:
    """Reads everything; message texts are opened with the test's key."""
    messages = tx.rows(
        select(Message.contact_id, Message.seq, Message.sender_key, Message.kind, Message.client_id)
    )
    return Kept(
        lines=[
            Line(
                contact=contact,
                seq=seq,
                sender=sender,
                kind=kind,
                client_id=client_id,
                text=message_at(tx, contact, seq).text if texts and kind == "text" else None,
            )
            for contact, seq, sender, kind, client_id in messages
        ],
        steps=[
            Step(id=row.id, contact=row.contact_id, n=row.n, type=row.type, data=dict(row.data))
            for row in tx.all(select(Event).order_by(Event.id))
        ],
        places=[
            Place(id=row.id, contact=row.contact_id, state=row.state, due_at=row.due_at, agent=row.agent_id)
            for row in tx.all(select(Entry).order_by(Entry.id))
        ],
        capacities={row.staff_id: row.chat_capacity for row in tx.all(select(Shift))},
        broken_access_row=first_broken(tx),
    )


async def read_kept(database_url: str) -> Kept:
    """What the database at this address holds; no server may have it open in the embedded shape."""
    store = open_store(database_url, SystemClock(), Vault(TEST_KEY))
    try:
        return await store.read(kept)
    finally:
        await store.stop()


def i1_acknowledged_is_kept(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """An acknowledged message, hold or end exists, the message with its number and its text."""
    lines = {(line.contact, line.seq): line for line in state.lines}
    asked = {(a.who, a.contact, a.key): a.text for a in acts if a.act == "send" and a.phase == "invoke"}
    for act in acknowledged(acts, "send"):
        line = lines.get((act.contact, act.seq))
        if line is None:
            yield f"lost: message {act.seq} of contact {act.contact}"
        elif line.sender != act.who or line.text != asked[act.who, act.contact, act.key]:
            yield f"lost: another message stands at {act.seq} of contact {act.contact}"
    holds = {
        (s.contact, s.data["agent"], s.data["assignment"]) for s in state.steps if s.type == "entry.held"
    }
    for act in acknowledged(acts, "hold"):
        if (act.contact, _number(act.who), act.assignment) not in holds:
            yield f"lost: contact {act.contact} held by {act.who} under {act.assignment}"
    ended = {step.contact for step in state.steps if step.type in ("outcome.recorded", "entry.done")}
    for act in acknowledged(acts, "close"):
        if act.contact not in ended:
            yield f"lost: the end of contact {act.contact}"


def i2_nothing_twice(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """One row per writer and client id, and the load writes no text twice."""
    ids = Counter((line.contact, line.sender, line.client_id) for line in state.lines if line.client_id)
    yield from (f"duplicated: id {key} in contact {contact}" for (contact, _, key), n in ids.items() if n > 1)
    texts = Counter((line.contact, line.text) for line in state.lines if line.text is not None)
    yield from (f"duplicated: a text in contact {contact}" for (contact, _), n in texts.items() if n > 1)


def i3_one_order_without_holes(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """Lines of a contact are 1..n, and so are its events."""
    numbers: dict[tuple[str, int], list[int]] = defaultdict(list)
    for line in state.lines:
        numbers["lines", line.contact].append(line.seq)
    for step in state.steps:
        if step.contact is not None:
            numbers["events", step.contact].append(step.n)
    for (what, contact), found in numbers.items():
        if sorted(found) != list(range(1, len(found) + 1)):
            yield f"hole: the {what} of contact {contact} are {sorted(found)}"


def i4_readers_saw_what_is_kept(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """What a resident's page had at the end of a conversation is what the database holds, line by line."""
    lines: dict[int, dict[int, str]] = defaultdict(dict)
    for line in state.lines:
        if line.text is not None:
            lines[line.contact][line.seq] = line.text
    seen: dict[int, dict[int, str]] = defaultdict(dict)
    ends: dict[int, int] = {}
    for act in acts:
        if act.act == "saw":
            seen[act.contact][act.seq] = act.text
        elif act.act == "saw-all":
            ends[act.contact] = act.seq
    for contact, upto in ends.items():
        expected = {seq: text for seq, text in lines[contact].items() if seq <= upto}
        if {seq: text for seq, text in seen[contact].items() if seq <= upto} != expected:
            yield f"unseen: contact {contact}'s page did not have the lines up to {upto}"


def i7_every_contact_is_somewhere(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """Every accepted contact has exactly one place; one that is over has its end."""
    places = Counter(place.contact for place in state.places)
    arrived = {act.contact for act in acknowledged(acts, "arrive")}
    yield from (f"vanished: contact {contact}" for contact in arrived if not places[contact])
    yield from (f"twice in line: contact {contact}" for contact, n in places.items() if n > 1)
    ended = {step.contact for step in state.steps if step.type == "entry.done"}
    over = {place.contact for place in state.places if place.state == "done"}
    yield from (f"end without its event, or the other way: contact {contact}" for contact in ended ^ over)


def i8_one_holder_in_the_record(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """Nobody is given what is in somebody else's hands."""
    hands: dict[int, int] = {}
    for step in state.steps:
        if step.type in ("entry.offered", "entry.held"):
            entry, agent = step.data["entry"], step.data["agent"]
            if hands.get(entry, agent) != agent:
                yield f"two holders: entry {entry} went from {hands[entry]} to {agent} by event {step.id}"
            hands[entry] = agent
        elif step.type in TAKEN_BACK:
            hands.pop(step.data["entry"], None)


def i8_one_holder_in_belief(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """No two professionals believe at one moment that a contact is theirs."""
    believed: dict[int, str] = {}
    for act in acts:
        if act.act == "hold" and act.phase == "ok":
            if believed.setdefault(act.contact, act.who) != act.who:
                yield f"two believe: {believed[act.contact]} and {act.who} in contact {act.contact}"
        elif act.act == "let-go" and believed.get(act.contact) == act.who:
            del believed[act.contact]


def i9_the_end_is_the_end(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """Nothing happens to an entry after it is done, and it is done once."""
    done: set[int] = set()
    for step in state.steps:
        entry = step.data.get("entry") if step.type.startswith("entry.") else None
        if entry in done:
            yield f"after the end: {step.type} of entry {entry}"
        if step.type == "entry.done":
            done.add(step.data["entry"])


def i10_capacity(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """What an agent holds and is offered never exceeds her capacity; an emergency and a return may."""
    hands: dict[int, dict[int, bool]] = defaultdict(dict)
    for step in state.steps:
        if step.type in ("entry.offered", "entry.held", "entry.unwrapped"):
            agent = step.data["agent"]
            for other in hands.values():
                other.pop(step.data["entry"], None)
            hands[agent][step.data["entry"]] = True
            free = step.type == "entry.unwrapped" or step.data.get("by") == "all"
            if not free and len(hands[agent]) > state.capacities.get(agent, 0):
                yield f"over capacity: staff:{agent} had {len(hands[agent])} at event {step.id}"
        elif step.type in (*TAKEN_BACK, "entry.wrapping"):
            for other in hands.values():
                other.pop(step.data["entry"], None)


def i14_due_times_are_kept(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """An entry has the due time it was queued with, whatever happened to it."""
    queued = {s.data["entry"]: s.data["due_at"] for s in state.steps if s.type == "entry.queued"}
    changed = {s.data["entry"] for s in state.steps if s.type in ("entry.urgency", "entry.transferred")}
    for place in state.places:
        if place.id not in changed and datetime.fromisoformat(queued[place.id]) != place.due_at:
            yield f"moved due time: entry {place.id}"


def i15_old_numbers_change_nothing(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """Assignment numbers only grow, and a professional writes only in what she holds."""
    newest: dict[int, int] = {}
    holder: dict[int | None, int] = {}
    for step in state.steps:
        entry = step.data.get("entry", 0)
        if step.type == "entry.offered" and step.data["assignment"] <= newest.get(entry, 0):
            yield f"old number: entry {entry} was offered under {step.data['assignment']}"
        if step.type in ("entry.offered", "entry.held"):
            newest[entry] = step.data["assignment"]
            holder[step.contact] = step.data["agent"]
        elif step.type in TAKEN_BACK:
            holder.pop(step.contact, None)
        elif step.type == "chat.replied" and holder.get(step.contact) != step.data["agent"]:
            yield f"wrote without holding: staff:{step.data['agent']} in contact {step.contact}"


def i29_access_log_is_whole(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """The access log's chain of hashes holds."""
    if state.broken_access_row is not None:
        yield f"access log: row {state.broken_access_row} does not follow the one before it"


CHECKS: tuple[Check, ...] = (
    i1_acknowledged_is_kept,
    i2_nothing_twice,
    i3_one_order_without_holes,
    i4_readers_saw_what_is_kept,
    i7_every_contact_is_somewhere,
    i8_one_holder_in_the_record,
    i8_one_holder_in_belief,
    i9_the_end_is_the_end,
    i10_capacity,
    i14_due_times_are_kept,
    i15_old_numbers_change_nothing,
    i29_access_log_is_whole,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was found, by the name of the invariant."""

    found: dict[str, list[str]] = field(default_factory=dict)

    @property
    def all(self) -> list[str]:
        """Every violation in words, at most a few of each kind."""
        told = []
        for name, faults in self.found.items():
            told += [f"{name}: {fault}" for fault in faults[:NAMED]]
            told += [f"{name}: and {len(faults) - NAMED} more"] if len(faults) > NAMED else []
        return told

    def count(self, *names: str) -> int:
        """How many violations of these invariants, by the beginning of their names."""
        return sum(len(faults) for name, faults in self.found.items() if name.startswith(names))


def judge(state: Kept, acts: Sequence[Act], checks: Iterable[Check] = CHECKS) -> Judgement:
    """Runs the checks."""
    results = {check.__name__: list(check(state, acts)) for check in checks}
    return Judgement(found={name: faults for name, faults in results.items() if faults})


def _number(who: str) -> int:
    return int(who.partition(":")[2])
