"""What a browser gets first: the state as one snapshot of the store. What comes after it is news."""

from collections.abc import Mapping, Sequence
from typing import Any

from chat import service as chat
from chat.views import MessageView
from core.hours import is_open, next_opening
from core.identity import Actor
from core.models import Staff
from core.store import Tx
from ensilinja.auth.sessions import Identified
from ensilinja.feed import resident_state
from ensilinja.listeners import Connection
from ensilinja.rows import grouped, in_line, rows, shift_wire
from ensilinja.runtime import Runtime
from queues import agents
from router.places import places
from router.services import Services


async def take(
    runtime: Runtime, connection: Connection, who: Identified, hello: Mapping[str, Any]
) -> dict[str, Any]:
    """The snapshot for this role; a resident's page is noted as present before."""
    if connection.role == "board":
        return (await runtime.board.latest()).wire(connection.lang)
    if connection.role == "console":
        can = sorted(runtime.telephony.can)
        snapshot = await runtime.store.read(console, who.actor, runtime.services, can)
        lists = ("own", "waiting", "callbacks")
        runtime.feed.listeners.show(connection, {row["contact"] for name in lists for row in snapshot[name]})
        return snapshot
    seen = hello.get("seen")
    after = seen.get("messages") if isinstance(seen, dict) else 0
    after = after if isinstance(after, int) and after >= 0 else 0
    await runtime.store.write(chat.connected, who.actor.id)
    state, lines = await runtime.store.read(resident, who.actor, after, runtime.services)
    return {**state, "messages": [runtime.feed.message(line, connection.lang) for line in lines]}


def resident(
    tx: Tx, actor: Actor, after: int, services: Services
) -> tuple[dict[str, Any], list[MessageView]]:
    """The resident's contact: where it stands, its place, and the lines after `after`."""
    row = rows(tx, [actor.id], services.catalogue).get(actor.id)
    place = places(tx, [actor.id], services).get(actor.id)
    state = {
        "contact": actor.id,
        "position": None,
        "range": None,
        "slower": False,
        "line": "open",
        **(place.wire() if place else {}),
        **resident_state(row, actor.lang, services),
        "closed": row is None,
        "language": actor.lang,
        "now": tx.now,
    }
    return state, chat.history(tx, actor.id, after, actor)


def console(tx: Tx, actor: Actor, services: Services, can: Sequence[str] = ()) -> dict[str, Any]:
    """The professional's three lists, her shift, and what she may choose from.

    `can` is what the exchange can do to a call (`callbacks.telephony.port.Can`).
    """
    found = rows(tx, in_line(tx, sorted(actor.queues), actor.id), services.catalogue)
    order = dict(sorted(found.items(), key=lambda item: (item[1].tier, item[1].due_at)))
    staff = tx.get(Staff, actor.id)
    return {
        "me": {
            "id": actor.id,
            "name": staff.display_name if staff else "",
            "profession": staff.profession if staff else "",
            "queues": sorted(actor.queues),
            "languages": staff.languages if staff else [],
        },
        "shift": shift_wire(agents.shift_of(tx, actor.id)),
        **grouped(order, actor.id, actor.lang, services),
        "outcomes": outcomes(services, actor.lang),
        "queues": queue_list(tx, services, actor.lang),
        "telephone": {"can": list(can)},
        "now": tx.now,
    }


def outcomes(services: Services, lang: str) -> list[dict[str, Any]]:
    """The outcomes a professional may choose, in the order of their keys."""
    chosen = [code for code in services.catalogue.outcomes if code.by_professional]
    return [
        {
            "code": code.id,
            "key": code.key,
            "name": code.name.get(lang),
            "resolved": code.resolved,
            "ends_callback": code.ends_callback,
            "queue": code.queue,
        }
        for code in sorted(chosen, key=lambda code: (code.key is None, code.key or 0))
    ]


def queue_list(tx: Tx, services: Services, lang: str) -> list[dict[str, Any]]:
    """The queues with whether they are open now."""
    return [
        {
            "id": queue.id,
            "name": queue.name.get(lang),
            "open": is_open(queue.service_hours, tx.now),
            "opens_at": None
            if is_open(queue.service_hours, tx.now)
            else next_opening(queue.service_hours, tx.now),
        }
        for queue in services.catalogue.queues
    ]
