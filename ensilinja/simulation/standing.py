"""What the line looks like as told by its events: enough for simulated people to know what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from core.store import Recorded

STATES: Mapping[str, str] = MappingProxyType(
    {
        "entry.queued": "waiting",
        "entry.scheduled": "scheduled",
        "entry.came_due": "waiting",
        "entry.offered": "offered",
        "entry.declined": "waiting",
        "entry.expired": "waiting",
        "entry.withdrawn": "waiting",
        "entry.returned": "waiting",
        "entry.transferred": "waiting",
        "entry.resumed": "waiting",
        "entry.held": "held",
        "entry.unwrapped": "held",
        "entry.wrapping": "wrapping",
        "entry.left": "left",
        "entry.done": "done",
    }
)
IN_HAND = frozenset({"offered", "held", "wrapping"})
IN_LINE = frozenset({"waiting", "offered"})


@dataclass(slots=True, kw_only=True)
class Place:
    """Where one contact stands."""

    contact: int
    entry: int
    queue: str
    channel: str
    tier: int
    urgency: str
    due_at: datetime
    state: str = "waiting"
    agent: int | None = None
    assignment: int = 0
    matter: int = 0


class Standing:
    """All contacts' places, and who has what in hand."""

    def __init__(self) -> None:
        """Nobody is in the line."""
        self.places: dict[int, Place] = {}
        self.waiting: set[int] = set()
        self.hands: dict[int, set[int]] = {}
        self.matters: dict[int, list[int]] = {}
        self._matter_of: dict[int, int] = {}

    def hear(self, event: Recorded) -> None:
        """Takes in one event."""
        contact = event.contact
        if contact is None:
            return
        if event.type == "contact.received":
            self._matter_of[contact] = event.data["matter"]
            self.matters.setdefault(event.data["matter"], []).append(contact)
        elif event.type == "entry.channel":
            self.places[contact].channel = event.data["channel"]
        elif event.type == "entry.urgency":
            self.places[contact].urgency = event.data["urgency"]
        elif event.type in STATES:
            self._move(contact, event)

    def holding(self, agent: int) -> bool:
        """Whether the professional has anything in hand."""
        return bool(self.hands.get(agent))

    def could_take(self, agent: int, most: int) -> bool:
        """Whether one more could fit: never false for somebody with room."""
        hers = [self.places[contact] for contact in self.hands.get(agent, ())]
        active = [place.channel for place in hers if place.state != "wrapping"]
        return len(active) < most and "call" not in active and "callback" not in active

    def _move(self, contact: int, event: Recorded) -> None:
        data = event.data
        if event.type == "entry.queued":
            self.places[contact] = Place(
                contact=contact,
                entry=data["entry"],
                queue=data["queue"],
                channel=data["channel"],
                tier=data["tier"],
                urgency=data["urgency"],
                due_at=datetime.fromisoformat(data["due_at"]),
                matter=self._matter_of.get(contact, 0),
            )
        place = self.places[contact]
        place.state = STATES[event.type]
        place.queue = data.get("queue", place.queue)
        if place.state in ("offered", "held") and "assignment" in data:
            place.assignment = data["assignment"]
        self._hand(place, data.get("agent") if place.state in IN_HAND else None)
        if place.state == "waiting":
            self.waiting.add(contact)
        else:
            self.waiting.discard(contact)

    def _hand(self, place: Place, agent: int | None) -> None:
        if place.agent == agent:
            return
        if place.agent is not None:
            self.hands[place.agent].discard(place.contact)
        if agent is not None:
            self.hands.setdefault(agent, set()).add(place.contact)
        place.agent = agent
