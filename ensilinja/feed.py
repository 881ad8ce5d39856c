"""Who is connected and what they hear: events, read once a process in their order, pushed as rows of state.

A hint only wakes the reader; what is sent is read from the store, but for texts that this process committed
and that follow what was pushed last: memory has them. A slow reader is dropped, never waited for.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from chat.conversation import Kind
from chat.transcript import told
from chat.views import MessageView, TalkRow, Told
from core import wire
from core.events import newest, read_events
from core.failpoints import failpoint
from core.store import Recorded, Store, Tx
from core.text import Texts
from ensilinja.listeners import Connection, Listeners
from ensilinja.rows import ListRow, is_listed, rows, sees, shift_wire, talk_rows
from queues import agents
from router.estimating import retell
from router.places import places
from router.services import Services

PAGE = 300  # events read at a time
TALK = "chat.message"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What one turn read.

    Events in order, the rows of their contacts (of those only talked in, what talk changes) and the shifts of
    their staff as they are now, and the messages somebody here may see.
    """

    events: list[Recorded]
    rows: dict[int, ListRow]
    talks: dict[int, TalkRow]
    shifts: dict[int, dict[str, Any] | None]
    messages: dict[tuple[int, int], MessageView]


class Feed:
    """The connections of this process and the reader that serves them."""

    def __init__(self, store: Store, services: Services, texts: Texts) -> None:
        """Starts from the newest event at `prime`."""
        self._store = store
        self._texts = texts
        self._services = services
        self.listeners = Listeners()
        self.seen = 0
        self.wake = asyncio.Event()
        self._own: list[Recorded] = []  # committed here, following `seen` without a gap, to be pushed
        store.listen(self._committed)

    async def prime(self) -> None:
        """Begins after the newest event there is; snapshots tell what was before."""
        self.seen = await self._store.read(newest)

    @property
    def connections(self) -> set[Connection]:
        """Every browser of this process."""
        return self.listeners.all

    def join(self, connection: Connection) -> None:
        """Adds a browser."""
        self.listeners.add(connection)

    def leave(self, connection: Connection) -> None:
        """Takes a browser away."""
        self.listeners.remove(connection)

    def hinted(self, hint: dict[str, Any]) -> None:
        """Somebody says there is news; what it is, the store tells."""
        n = hint.get("n")
        if not isinstance(n, int) or n > self._known:
            self.wake.set()

    async def turn(self) -> None:
        """Reads all news and pushes it."""
        while True:
            listeners = self.listeners
            news = await self._store.read(
                gather, self.seen, listeners.watched(), self._services, for_staff=bool(listeners.consoles)
            )
            self._push_all(news)
            if len(news.events) < PAGE:
                return

    @property
    def _known(self) -> int:
        """The newest event that was pushed or is about to be."""
        return max(self.seen, self._own[-1].id) if self._own else self.seen

    def _committed(self, events: Sequence[Recorded]) -> None:
        """Keeps the texts among them, up to the first event that needs a look into the store.

        Ids become visible in their order: between two that follow each other there is nothing.
        """
        before = len(self._own)
        for event in events:
            if event.id != self._known + 1 or not isinstance(event.beside, Told):
                break
            self._own.append(event)
        if self._own and not before:  # after those who said it have their answers, which are on their way
            asyncio.get_running_loop().call_soon(self._push_own)

    def _push_own(self) -> None:
        own, self._own = self._own, []
        self._push_all(remembered(own))

    def _push_all(self, news: News) -> None:
        for event in news.events:
            if event.id > self.seen:  # else it was pushed while this was being read
                self._push(event, news)
                self.seen = event.id
                failpoint("feed.mid_fanout")

    async def push_places(self) -> None:
        """Tells waiting residents their place when it has changed."""
        waiting = [c for c in self.connections if c.role == "resident" and c.actor.id]
        if not waiting:
            return
        found = await self._store.read(places, {c.actor.id for c in waiting}, self._services)
        late = [contact for contact, place in found.items() if place.is_overrun]
        if late:
            await self._store.write(retell, late, self._services)
        for connection in waiting:
            place = found.get(connection.actor.id)
            if place is not None and place != connection.place:
                connection.place = place
                connection.send(wire.ev("place", contact=connection.actor.id, **place.wire()))

    def tick(self, now: Any, *, telephone: bool) -> None:
        """Lets every browser know that the line is alive, and consoles whether the exchange hears us."""
        frame, to_consoles = wire.ev("tick", now=now), wire.ev("tick", now=now, telephone=telephone)
        for connection in list(self.connections):
            connection.send(to_consoles if connection.role == "console" else frame)

    def _push(self, event: Recorded, news: News) -> None:
        if event.contact is None:
            now = news.shifts.get(event.staff or 0)
            for connection in self.listeners.staff(event.staff or 0):
                if event.type == "staff.queues":
                    connection.restart(0)  # who she is has changed: she comes back as that
                else:
                    connection.send(wire.ev(event.type, **event.data, shift_now=now))
            return
        row = news.rows.get(event.contact) or news.talks.get(event.contact)
        frames: dict[tuple[bool, bool, str], bytes] = {}
        for connection in self._consoles(event.contact, row):
            self._push_staff(connection, event.contact, event, row, news, frames)
        for connection in self.listeners.residents(event.contact):
            self._push_resident(connection, event, news)

    def _consoles(self, contact: int, row: ListRow | TalkRow | None) -> Iterable[Connection]:
        """Those that may see the row or have seen it: all, when it is in the lists of a whole queue."""
        if row is not None and is_listed(row):
            return tuple(self.listeners.consoles)
        return self.listeners.concerned(contact, row.agent if row is not None else None)

    def _push_staff(
        self,
        connection: Connection,
        contact: int,
        event: Recorded,
        row: ListRow | TalkRow | None,
        news: News,
        frames: dict[tuple[bool, bool, str], bytes],
    ) -> None:
        """Sends the row as it is now, of talk what it changes; frames that are the same are made once."""
        if row is not None and not sees(connection.actor.id, connection.actor.queues, row):
            row = None
        if row is None and contact not in connection.known:
            return
        if row is None:
            self.listeners.forget(connection, contact)
        elif event.type != TALK:
            self.listeners.know(connection, contact)
        message = self._message_for(connection, event, news) if row is not None else None
        if message is not None:
            connection.send(self._frame(connection, event, row, message=message))
            return
        key = (row is None, row is not None and row.agent == connection.actor.id, connection.lang)
        if key not in frames:
            frames[key] = self._frame(connection, event, row)
        connection.send(frames[key])

    def _frame(
        self, connection: Connection, event: Recorded, row: ListRow | TalkRow | None, **more: Any
    ) -> bytes:
        if row is None:
            more["row"] = None
        elif event.type == TALK:
            more["unread"] = row.unread
        elif isinstance(row, ListRow):
            more["row"] = row.wire(connection.actor.id, connection.lang, self._services)
        return wire.ev(event.type, contact=event.contact, n=event.n, data=event.data, **more)

    def _message_for(self, connection: Connection, event: Recorded, news: News) -> dict[str, Any] | None:
        if event.type != TALK or event.contact not in connection.open_contacts:
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
        if event.type == TALK:
            message = news.messages.get((contact, event.data["seq"]))
            if message is not None and message.kind != Kind.NOTE:
                body = self.message(message, connection.lang)
                connection.send(wire.ev("message", contact=contact, n=event.n, message=body))
            return
        if event.type.startswith(("entry.", "outcome.", "promise.")):
            state = resident_state(news.rows.get(contact), connection.lang, self._services)
            connection.send(wire.ev("state", contact=contact, n=event.n, **state))


def resident_state(row: ListRow | None, lang: str, services: Services) -> dict[str, Any]:
    """What the waiting room and the chat need to know of the entry, in the resident's language."""
    if row is None:
        return {"state": "done", "agent": None, "channel": None, "ended_url": "/paattynyt"}
    agent = None
    if row.agent and row.state != "offered":
        profession = services.catalogue.queue(row.queue).profession.get(lang)
        agent = {"name": row.agent_name, "profession": profession}
    # An offer is the staff's affair: to the resident it is still waiting.
    state = "waiting" if row.state == "offered" else row.state
    return {"state": state, "agent": agent, "channel": row.channel, "ended_url": None}


def remembered(events: Sequence[Recorded]) -> News:
    """What `gather` would read of these texts: what their transactions told beside them."""
    told = [event.beside for event in events]
    return News(
        events=list(events),
        rows={},
        talks={each.row.contact: each.row for each in told},
        shifts={},
        messages={(each.line.contact, each.line.seq): each.line for each in told},
    )


def gather(
    tx: Tx, after: int, watched: Collection[int], services: Services, *, for_staff: bool = True
) -> News:
    """The next page of events with what their viewers need, on one snapshot.

    Residents' pages show nothing of a row that talk changes: without consoles here, talk needs none.
    """
    events = read_events(tx, after=after, limit=PAGE)
    moved = {event.contact for event in events if event.type != TALK and event.contact is not None}
    talked = {event.contact for event in events if event.contact is not None} - moved if for_staff else ()
    staff = {event.staff for event in events if event.staff is not None}
    return News(
        events=events,
        rows=rows(tx, moved, services.catalogue),
        talks=talk_rows(tx, talked),
        shifts={one: shift_wire(agents.shift_of(tx, one)) for one in staff},
        messages=told(tx, after, events[-1].id, watched) if events else {},
    )
