"""I7 to I16: everybody is somewhere, in one pair of hands, in turn and in time."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tests.faults.checks.state import Kept, Step
from tests.faults.oplog import Act, acknowledged

TAKEN_BACK = (
    *("entry.declined", "entry.expired", "entry.withdrawn", "entry.returned"),
    *("entry.transferred", "entry.left", "entry.scheduled", "entry.done"),
)
IN_HAND = ("entry.offered", "entry.held")
DEADLINES = {
    "entry.offered": "expires_at",
    "entry.left": "resume_until",
    "entry.scheduled": "not_before",
}
"""What puts an entry into a state with an end, and the event's field that says when."""
KEEPS_STATE = ("entry.queued", "entry.urgency", "entry.unattended")  # as far as a deadline is concerned
GRACE = timedelta(seconds=15)  # by which a start lengthens what would have ended meanwhile


def i7_every_contact_is_somewhere(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """Every accepted contact has exactly one place; one that is over has its end."""
    places = Counter(place.contact for place in state.places)
    arrived = {act.contact for act in acknowledged(acts, "arrive")} | state.contacts.keys()
    yield from (f"vanished: contact {contact}" for contact in arrived if not places[contact])
    yield from (f"twice in line: contact {contact}" for contact, n in places.items() if n > 1)
    ended = {step.contact for step in state.steps if step.type == "entry.done"}
    over = {place.contact for place in state.places if place.state == "done"}
    yield from (f"end without its event, or the other way: contact {contact}" for contact in ended ^ over)


def i8_one_holder_in_the_record(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """Nobody is given what is in somebody else's hands."""
    hands: dict[int, int] = {}
    for step in state.steps:
        if step.type in IN_HAND:
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
        if step.type in (*IN_HAND, "entry.unwrapped"):
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


def i11_one_arrival_one_contact(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """One arrival is one contact however often it is sent, and of a matter one contact is in hand."""
    for client_id, n in Counter(state.contacts.values()).items():
        if n > 1:
            yield f"one arrival, {n} contacts: {client_id}"
    answers: dict[tuple[str, str], set[int]] = defaultdict(set)
    for act in acknowledged(acts, "arrive"):
        if act.key:
            answers[act.who, act.key].add(act.contact)
    yield from (f"one arrival, contacts {sorted(found)}" for found in answers.values() if len(found) > 1)
    matters = {place.id: place.matter or -place.id for place in state.places}
    hands: dict[int, int] = {}
    for step in state.steps:
        entry = step.data.get("entry", 0)
        matter = matters.get(entry, -entry)
        if step.type in IN_HAND and hands.setdefault(matter, entry) != entry:
            yield f"a matter twice in hand: entries {hands[matter]} and {entry} at event {step.id}"
        elif step.type in TAKEN_BACK and hands.get(matter) == entry:
            del hands[matter]


def i12_deadlines_are_kept(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """An offer, a kept place and a put-off entry are over soon after their deadline.

    A start of the program (act `restart`, its instant as text) lengthens what was open by the grace.
    """
    starts = sorted(datetime.fromisoformat(act.text) for act in acts if act.act == "restart")
    going: dict[int, Step] = {}
    for step in state.steps:
        if not step.type.startswith("entry.") or step.type in KEEPS_STATE:
            continue
        before = going.pop(step.data["entry"], None)
        if before is not None:
            yield from _overdue(before, step.at, starts, state)
        if step.type in DEADLINES:
            going[step.data["entry"]] = step
    for step in going.values():
        yield from _overdue(step, state.alive_until, starts, state)


def _overdue(step: Step, until: datetime, starts: Sequence[datetime], state: Kept) -> Iterator[str]:
    deadline = datetime.fromisoformat(step.data[DEADLINES[step.type]])
    deadline = max([deadline, *(start + GRACE for start in starts if step.at <= start <= until)])
    if until > deadline + state.late:
        late = (until - deadline).total_seconds()
        yield f"overdue: {step.type} of entry {step.data['entry']} stood {late:.1f} s after its deadline"


def i14_due_times_are_kept(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """An entry has the due time it was queued with or last given; an overtake by hand has a reason."""
    due: dict[int, str] = {}
    for step in state.steps:
        if step.type.startswith("entry.") and "due_at" in step.data:
            due[step.data["entry"]] = step.data["due_at"]
        by_hand = step.type == "entry.held" and step.data.get("by") == "hand"
        if by_hand and step.data.get("overtook") and not step.data.get("reason"):
            yield f"overtook {step.data['overtook']} without a reason: entry {step.data['entry']}"
    for place in state.places:
        if place.id in due and datetime.fromisoformat(due[place.id]) != place.due_at:
            yield f"moved due time: entry {place.id}"


def i15_old_numbers_change_nothing(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """Assignment numbers only grow, and a professional writes only in what she holds."""
    newest: dict[int, int] = {}
    holder: dict[int | None, int] = {}
    for step in state.steps:
        entry = step.data.get("entry", 0)
        if step.type == "entry.offered" and step.data["assignment"] <= newest.get(entry, 0):
            yield f"old number: entry {entry} was offered under {step.data['assignment']}"
        if step.type in IN_HAND:
            newest[entry] = step.data["assignment"]
            holder[step.contact] = step.data["agent"]
        elif step.type in TAKEN_BACK:
            holder.pop(step.contact, None)
        elif step.type == "chat.replied" and holder.get(step.contact) != step.data["agent"]:
            yield f"wrote without holding: staff:{step.data['agent']} in contact {step.contact}"


ENDS = {"shift.ended": "ended"}


def first_members(state: Kept) -> dict[int, frozenset[str]]:
    """Who served what at the beginning of the run: its events tell what changed since."""
    members = dict(state.members)
    for step in reversed(state.steps):
        if step.type == "staff.queues" and step.staff is not None:
            members[step.staff] = frozenset(step.data["before"])
    return members


def i16_only_to_whom_it_may_go(state: Kept, acts: Sequence[Act]) -> Iterator[str]:
    """An offer goes to a professional who is ready and serves the queue at that moment."""
    shifts: dict[int, str] = {}
    members = first_members(state)
    for step in state.steps:
        if step.staff is not None and step.type == "staff.queues":
            members[step.staff] = frozenset(step.data["queues"])
        elif step.staff is not None and step.type.startswith("shift."):
            shifts[step.staff] = step.data.get("state", ENDS.get(step.type, "ready"))
        elif step.type == "entry.offered":
            agent, queue = step.data["agent"], step.data["queue"]
            if shifts.get(agent, "away") != "ready":
                yield f"offered to one who is {shifts.get(agent, 'away')}: staff:{agent} at event {step.id}"
            if members and queue not in members.get(agent, ()):
                yield f"offered to one outside {queue}: staff:{agent} at event {step.id}"
