"""The browsers connected to this process, found by what they listen to, however many there are."""

from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from core import wire
from core.identity import Actor
from ensilinja import metrics
from router.places import Place

OUTBOX = 256  # frames waiting for one browser; more means it does not read
GOODBYE = b""  # in the outbox: nothing more comes, close


@dataclass(slots=True, eq=False)
class Connection:
    """One browser. `send` never waits; a full outbox closes it and the browser resumes by its cursors."""

    actor: Actor
    role: str
    lang: str
    evict: Callable[[], None]
    open_contacts: set[int] = field(default_factory=set)
    known: set[int] = field(default_factory=set)  # kept by `Listeners`
    place: Place | None = None
    outbox: deque[bytes] = field(default_factory=deque)
    early: list[bytes] | None = field(default_factory=list)
    empty: Callable[[], object] = lambda: None  # asked for when the first frame waits in the outbox

    def open_with(self, snapshot: bytes) -> None:
        """Sends the snapshot, then what arrived while it was being read.

        Rows are numbered, so twice does no harm.
        """
        early, self.early = self.early or [], None
        for frame in (snapshot, *early):
            self.send(frame)

    def restart(self, spread_ms: int) -> None:
        """Tells the browser to come back within `spread_ms`, then closes."""
        self.send(wire.ev("restart", spread_ms=spread_ms))
        self.send(GOODBYE)

    def send(self, frame: bytes) -> None:
        """Queues a frame for this browser."""
        if self.early is not None and len(self.early) < OUTBOX - 1:
            self.early.append(frame)
            return
        if len(self.outbox) >= OUTBOX:
            metrics.count_evicted()
            self.evict()
            return
        self.outbox.append(frame)
        if len(self.outbox) == 1:
            self.empty()


class Listeners:
    """Connections by contact and by staff member, so that an event is looked at for whom it concerns."""

    def __init__(self) -> None:
        """Nobody yet."""
        self.all: set[Connection] = set()
        self.consoles: set[Connection] = set()
        self._residents: dict[int, set[Connection]] = {}
        self._staff: dict[int, set[Connection]] = {}
        self._knowing: dict[int, set[Connection]] = {}

    def add(self, connection: Connection) -> None:
        """A browser has come."""
        self.all.add(connection)
        if connection.role == "resident":
            self._residents.setdefault(connection.actor.id, set()).add(connection)
        elif connection.role == "console":
            self.consoles.add(connection)
            self._staff.setdefault(connection.actor.id, set()).add(connection)

    def remove(self, connection: Connection) -> None:
        """A browser has gone."""
        self.all.discard(connection)
        self.consoles.discard(connection)
        self.show(connection, ())
        mine = self._residents if connection.role == "resident" else self._staff
        _discard(mine, connection.actor.id, connection)

    def show(self, connection: Connection, contacts: Collection[int]) -> None:
        """Just these contacts are in this console's lists now."""
        for contact in connection.known.difference(contacts):
            self.forget(connection, contact)
        for contact in contacts:
            self.know(connection, contact)

    def know(self, connection: Connection, contact: int) -> None:
        """The contact has come into this console's lists."""
        connection.known.add(contact)
        self._knowing.setdefault(contact, set()).add(connection)

    def forget(self, connection: Connection, contact: int) -> None:
        """The contact has gone from this console's lists."""
        connection.known.discard(contact)
        _discard(self._knowing, contact, connection)

    def residents(self, contact: int) -> Iterable[Connection]:
        """The resident's own pages."""
        return tuple(self._residents.get(contact, ()))

    def staff(self, staff: int) -> Iterable[Connection]:
        """The consoles of a staff member."""
        return tuple(self._staff.get(staff, ()))

    def concerned(self, contact: int, holder: int | None) -> Iterable[Connection]:
        """The consoles of the holder and those that have the contact in their lists."""
        return self._knowing.get(contact, set()) | self._staff.get(holder or 0, set())

    def watched(self) -> frozenset[int]:
        """Contacts whose messages somebody here may see."""
        return frozenset(self._residents).union(*(console.open_contacts for console in self.consoles))


def _discard(index: dict[int, set[Connection]], key: int, connection: Connection) -> None:
    found = index.get(key)
    if found is not None:
        found.discard(connection)
        if not found:
            del index[key]
