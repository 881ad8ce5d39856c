"""Builders for the rooms' tests: the county's services, arrivals, professionals and people with a contact
in the line.
"""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from callbacks.telephony.port import CallArrived, CallerGone, KeyPressed
from core.catalogue import load_catalogue
from core.identity import Actor, Role
from core.store import Tx
from core.urgency import Urgency
from queues.dispatch import dispatch
from queues.views import EntryView
from router.arrivals import Arrival, Channel, Received
from router.intake import receive
from router.services import Services
from tests.lines import at_work
from triage.definition import GateResult, Result
from triage.loader import load

FOLDER = Path(__file__).resolve().parent.parent / "config" / "oma-hame"
SERVICES = Services(catalogue=load_catalogue(FOLDER), content=load(FOLDER / "triage", require_approval=False))
PHONE = "+358401234567"
OTHER_PHONE = "+358501234567"
LINE = "health_station"
PROVIDER = "simulated"
EMERGENCY = GateResult(level=Urgency.EMERGENCY, fired=("gate",), tags=frozenset(), complete=True)


def a_result(level: Urgency = Urgency.SAME_DAY, topic: str = "sore_throat", **more: Any) -> Result:
    """What answers on a topic came to."""
    found = SERVICES.content.topic(topic)
    result = Result(
        level=level,
        queue=found.queue,
        topic=topic,
        fired=(),
        tags=frozenset(),
        complete=True,
        version=SERVICES.content.topic(topic).canonical,
    )
    return replace(result, **more)


def an_arrival(tx: Tx, name: str = "a", **more: Any) -> Arrival:
    """A chat that arrives now."""
    arrival = Arrival(
        client_id=name,
        channel=Channel.CHAT,
        arrived_at=tx.now,
        door=SERVICES.catalogue.doors[0].id,
        result=a_result(),
    )
    return replace(arrival, **more)


def a_chat(tx: Tx, name: str = "a", **more: Any) -> Received:
    """A chat in the line."""
    return receive(tx, an_arrival(tx, name, **more), SERVICES)


def a_callback(tx: Tx, name: str = "a", phone: str = PHONE, **more: Any) -> Received:
    """A call that became a callback."""
    call: dict[str, Any] = {"channel": Channel.CALL, "door": None, "result": None, "line": LINE, **more}
    return receive(tx, an_arrival(tx, name, phone=phone, callback=True, **call), SERVICES)


def a_service(*relays: str, **line: Any) -> Services:
    """The county's service with another way of the line."""
    catalogue = SERVICES.catalogue
    lines = tuple(replace(one, **line) if one.id == LINE else one for one in catalogue.lines)
    return replace(SERVICES, catalogue=replace(catalogue, lines=lines, relay_numbers=frozenset(relays)))


def the_resident(received: Received) -> Actor:
    """The resident whose contact it is."""
    return Actor(kind="resident", id=received.contact, roles=frozenset({Role.RESIDENT}))


def a_nurse(tx: Tx, name: str = "nurse1", queues: str = "nurse") -> Actor:
    """A nurse on shift, ready."""
    staff = at_work(tx, name, queues=queues)
    return Actor(kind="staff", id=staff, roles=frozenset({Role.AGENT}), queues=frozenset(queues.split()))


def offered(tx: Tx) -> EntryView:
    """The one offer that the line makes now."""
    (only,) = dispatch(tx, SERVICES.catalogue)
    return only


def rings(tx: Tx, number: str | None = PHONE, call: str = "c1", line: str = LINE) -> CallArrived:
    """A call that rings."""
    return CallArrived(call=call, line=line, number=number, at=tx.now)


def keys(tx: Tx, pressed: str, call: str = "c1", after: int = 0) -> list[KeyPressed]:
    """The caller's keys, one by one; `-` is no key in time."""
    return [
        KeyPressed(call=call, n=n, key=key.strip("-"), at=tx.now)
        for n, key in enumerate(pressed, start=after + 1)
    ]


def hangs_up(tx: Tx, call: str = "c1") -> CallerGone:
    """The caller hangs up."""
    return CallerGone(call=call, at=tx.now)


def later(minutes: float) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=minutes)
