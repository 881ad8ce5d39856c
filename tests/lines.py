"""Builders of a small line for tests: a county of three queues, professionals, contacts in a queue."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from core.catalogue import Catalogue, load_catalogue
from core.models import Staff
from core.store import Tx
from core.urgency import Urgency
from queues import agents, service
from queues.views import EntryView, ShiftView

COUNTY = load_catalogue(Path(__file__).resolve().parent.parent / "config" / "oma-hame")


def small_county() -> Catalogue:
    """Nurses, mental health (a chat weighs 2) and a team that pulls its own work."""
    queue = COUNTY.queue("nurse")
    return replace(
        COUNTY,
        queues=(
            queue,
            replace(queue, id="mental", chat_weight=2),
            replace(queue, id="team", own_team=True),
        ),
    )


def a_professional(tx: Tx, name: str = "nurse1") -> int:
    """A professional with an account, who is not at work."""
    row = Staff(
        username=name,
        display_name=name,
        profession="nurse",
        password_hash="x",
        roles=["agent"],
        languages=["fi"],
        created_at=tx.now,
    )
    return tx.add(row).id or 0


def at_work(
    tx: Tx,
    name: str = "nurse1",
    *,
    queues: str = "nurse mental team",
    capacity: int = 3,
    languages: str = "fi",
) -> int:
    """A professional on shift, ready."""
    staff = a_professional(tx, name)
    agents.set_queues(tx, staff, queues.split())
    started: ShiftView = agents.start_shift(
        tx, staff, capacity=capacity, languages=languages.split(), device="console"
    )
    return started.staff


def queue_up(tx: Tx, contact: int = 1, *, due_s: float = 300, **more: object) -> EntryView:
    """A contact in the nurses' queue, waiting."""
    values: dict[str, object] = {
        "matter": contact,
        "queue": "nurse",
        "channel": "chat",
        "urgency": Urgency.SAME_DAY,
        "tier": 2,
        "due_at": tx.now + timedelta(seconds=due_s),
        "arrived_at": tx.now,
        "language": "fi",
        "weight": 1,
        "actor": f"resident:{contact}",
    }
    return service.enqueue(tx, contact=contact, **(values | more))  # type: ignore[arg-type]
