"""Who is connected and what they hear: events, read once a process in their order, pushed as rows of state.

A hint only wakes the reader; what is sent is read from the store. A slow reader is dropped, never waited for.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from chat.conversation import Kind
from chat.transcript import message_at
from chat.views import MessageView
from core import wire
from core.events import newest, read_events
from core.failpoints import failpoint
from core.identity import Actor
from core.store import Recorded, Store, Tx
from core.text import Texts
from ensilinja import metrics
from ensilinja.places import Place, places
from ensilinja.rows import ListRow, list_of, rows
from router.services import Services

OUTBOX = 256  # frames waiting for one browser; more means it does not read
GOODBYE = ""  # in the outbox: nothing more comes, close
PAGE = 300  # events read at a time


@dataclass(slots=True, eq=False)
class Connection:
    """One browser. `send` never waits; a full outbox closes it and the browser resumes by its cursors."""

    actor: Actor
    role: str
    lang: str
    evict: Callable[[], None]
    open_contacts: set[int] = field(default_factory=set)
    known: set[int] = field(default_factory=set)
    place: Place | None = None
    outbox: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(OUTBOX))
    early: list[str] | None = field(default_factory=list)

    def open_with(self, snapshot: str) -> None:
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

    def send(self, frame: str) -> None:
        """Queues a frame for this browser."""
        if self.early is not None and len(self.early) < OUTBOX - 1:
            self.early.append(frame)
            return
        try:
            self.outbox.put_nowait(frame)
        except asyncio.QueueFull:
            metrics.count_evicted()
            self.evict()


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What one turn read.

    Events in order, the rows of their contacts now, and the messages somebody here may see.
    """

    events: list[Recorded]
    rows: dict[int, ListRow]
    messages: dict[tuple[int, int], MessageView]


class Feed:
    """The connections of this process and the reader that serves them."""

    def __init__(self, store: Store, services: Services, texts: Texts) -> None:
        """Starts from the newest event at `prime`."""
        self._store = store
        self._texts = texts
        self._services = services
        self.connections: set[Connection] = set()
        self.seen = 0
        self.wake = asyncio.Event()
        self._empty = asyncio.Event()

    async def prime(self) -> None:
        """Begins after the newest event there is; snapshots tell what was before."""
        self.seen = await self._store.read(newest)

    def join(self, connection: Connection) -> None:
        """Adds a browser."""
        self.connections.add(connection)

    def leave(self, connection: Connection) -> None:
        """Takes a browser away."""
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()

    async def emptied(self) -> None:
        """Returns when the last browser has gone."""
        if self.connections:
            self._empty.clear()
            await self._empty.wait()

    def hinted(self, hint: dict[str, Any]) -> None:
        """Somebody says there is news; what it is, the store tells."""
        self.wake.set()

    def watched(self) -> frozenset[int]:
        """Contacts whose messages somebody here may see."""
        own = {c.actor.id for c in self.connections if c.role == "resident"}
        opened = {contact for c in self.connections for contact in c.open_contacts}
        return frozenset(own | opened)

    async def turn(self) -> None:
        """Reads all news and pushes it."""
        while True:
            news = await self._store.read(gather, self.seen, self.watched(), self._services)
            for event in news.events:
                self._push(event, news)
                self.seen = event.id
                failpoint("feed.mid_fanout")
            if len(news.events) < PAGE:
                return

    async def push_places(self) -> None:
        """Tells waiting residents their place when it has changed."""
        waiting = [c for c in self.connections if c.role == "resident" and c.actor.id]
        if not waiting:
            return
        found = await self._store.read(places, {c.actor.id for c in waiting}, self._services)
        for connection in waiting:
            place = found.get(connection.actor.id)
            if place is not None and place != connection.place:
                connection.place = place
                connection.send(wire.ev("place", contact=connection.actor.id, **place.wire()))

    def tick(self, now: Any) -> None:
        """Lets every browser know that the line is alive."""
        frame = wire.ev("tick", now=now)
        for connection in list(self.connections):
            connection.send(frame)

    def _push(self, event: Recorded, news: News) -> None:
        frames: dict[tuple[bool, bool, str], str] = {}
        for connection in list(self.connections):
            if connection.role == "console":
                self._push_staff(connection, event, news, frames)
            elif connection.role == "resident" and event.contact == connection.actor.id:
                self._push_resident(connection, event, news)

    def _push_staff(
        self, connection: Connection, event: Recorded, news: News, frames: dict[tuple[bool, bool, str], str]
    ) -> None:
        """Sends the row as it is now; browsers whose frames are the same share one string."""
        if event.contact is None:
            if event.staff == connection.actor.id:
                connection.send(wire.ev(event.type, **event.data))
            return
        row = news.rows.get(event.contact)
        if row is not None and not sees(connection, row):
            row = None
        if row is None and event.contact not in connection.known:
            return
        (connection.known.discard if row is None else connection.known.add)(event.contact)
        message = self._message_for(connection, event, news) if row is not None else None
        if message is not None:
            connection.send(self._frame(connection, event, row, message=message))
            return
        key = (row is None, row is not None and row.agent == connection.actor.id, connection.lang)
        if key not in frames:
            frames[key] = self._frame(connection, event, row)
        connection.send(frames[key])

    def _frame(self, connection: Connection, event: Recorded, row: ListRow | None, **more: Any) -> str:
        viewer, lang = connection.actor.id, connection.lang
        shown = row.wire(viewer, lang, self._services) if row is not None else None
        return wire.ev(event.type, contact=event.contact, n=event.n, data=event.data, row=shown, **more)

    def _message_for(self, connection: Connection, event: Recorded, news: News) -> dict[str, Any] | None:
        if event.type != "chat.message" or event.contact not in connection.open_contacts:
            return None
        found = news.messages.get((event.contact, event.data["seq"]))
        return self.message(found, connection.lang) if found is not None else None

    def message(self, line: MessageView, lang: str) -> dict[str, Any]:
        """A line of a conversation as browsers get it; the system's lines in the reader's language."""
        text = line.text if line.text_key is None else self._texts.get(lang, line.text_key, name=line.name)
        is_said = line.kind is not Kind.SYSTEM  # whoever caused a line of the system did not say it
        return {
            "seq": line.seq,
            "from": line.sender if is_said else "system",
            "kind": line.kind,
            "name": line.name if is_said else "",
            "text": text,
            "key": line.text_key,
            "at": line.at,
            "client_id": line.client_id,
        }

    def _push_resident(self, connection: Connection, event: Recorded, news: News) -> None:
        contact = connection.actor.id
        if event.type == "chat.message":
            message = news.messages.get((contact, event.data["seq"]))
            if message is not None and message.kind != Kind.NOTE:
                body = self.message(message, connection.lang)
                connection.send(wire.ev("message", contact=contact, n=event.n, message=body))
            return
        if event.type.startswith(("entry.", "outcome.", "promise.")):
            state = resident_state(news.rows.get(contact), connection.lang, self._services)
            connection.send(wire.ev("state", contact=contact, n=event.n, **state))


def sees(connection: Connection, row: ListRow) -> bool:
    """Whether a row is in this professional's lists."""
    if row.agent == connection.actor.id:
        return True
    if row.queue not in connection.actor.queues:
        return False
    return list_of(row, connection.actor.id) == "callbacks" or row.state in (
        "waiting",
        "scheduled",
        "offered",
        "left",
    )


def resident_state(row: ListRow | None, lang: str, services: Services) -> dict[str, Any]:
    """What the waiting room and the chat need to know of the entry, in the resident's language."""
    if row is None:
        return {"state": "done", "agent": None, "ended_url": "/paattynyt"}
    agent = None
    if row.agent and row.state != "offered":
        profession = services.catalogue.queue(row.queue).profession.get(lang)
        agent = {"name": row.agent_name, "profession": profession}
    # An offer is the staff's affair: to the resident it is still waiting.
    state = "waiting" if row.state == "offered" else row.state
    return {"state": state, "agent": agent, "channel": row.channel, "ended_url": None}


def gather(tx: Tx, after: int, watched: Collection[int], services: Services) -> News:
    """The next page of events with what their viewers need, on one snapshot."""
    events = read_events(tx, after=after, limit=PAGE)
    contacts = {event.contact for event in events if event.contact is not None}
    return News(
        events=events,
        rows=rows(tx, contacts, services.catalogue) if contacts else {},
        messages=_messages(tx, events, watched),
    )


def _messages(
    tx: Tx, events: Sequence[Recorded], watched: Collection[int]
) -> dict[tuple[int, int], MessageView]:
    wanted = [
        (event.contact, int(event.data["seq"]))
        for event in events
        if event.type == "chat.message" and event.contact is not None and event.contact in watched
    ]
    return {key: message_at(tx, *key) for key in wanted}
