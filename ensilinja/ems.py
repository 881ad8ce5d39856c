"""Non-urgent tasks of the emergency centre for a telephone assessment (ensihoidon puhelinarviointi).

Each becomes a contact with a place, a promise and the centre's words as a note.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal

from pydantic import StringConstraints, TypeAdapter
from sqlalchemy import select

from chat.conversation import Kind
from chat.transcript import add_line, talk_of
from core import inbox
from core.county import UnknownId
from core.errors import Invalid
from core.identity import SYSTEM
from core.phone import PhoneFault, normalise
from core.store import Tx
from core.urgency import Urgency
from queues import service as queues
from router.arrivals import Arrival, Channel
from router.intake import receive
from router.models import CONTACT
from router.services import Services

SOURCE = "tasks"
NAME = "Hätäkeskus"
UNSTORABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
Id = Annotated[str, StringConstraints(min_length=1, max_length=100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCreated:
    """A task for the telephone: whom to call, how soon, and what the centre has written down."""

    task: Id
    at: datetime
    number: Annotated[str, StringConstraints(max_length=32)] = field(repr=False)
    text: Annotated[str, StringConstraints(max_length=4000)] = field(repr=False)
    name: Annotated[str, StringConstraints(max_length=100)] | None = field(default=None, repr=False)
    language: Literal["fi", "sv", "en"] = "fi"
    urgency: Literal["SAME_DAY", "DAYS_1_3", "NON_URGENT"] = "SAME_DAY"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskNoted:
    """More about a task: new words, or that the centre has taken it back."""

    task: Id
    at: datetime
    text: Annotated[str, StringConstraints(min_length=1, max_length=4000)] = field(repr=False)


TaskEvent = TaskCreated | TaskNoted
_SHAPES: Mapping[str, TypeAdapter[TaskEvent]] = {
    "task.created": TypeAdapter(TaskCreated),
    "task.noted": TypeAdapter(TaskNoted),
}


def read(body: bytes) -> tuple[str, TaskEvent | None]:
    """The message's own id and what it tells, as `inbox.read`."""
    return inbox.read(body, _SHAPES)


def hear(tx: Tx, event_id: str, event: TaskEvent, services: Services) -> int | None:
    """Takes the message in, once for each id; the contact it belongs to, None for a task that never came.

    A task that the centre takes back stays in the line with the word on it: only a person ends it. Raises
    Invalid for a number that cannot be called, so that the centre keeps the task.
    """
    contact = contact_of(tx, event.task)
    if inbox.find(tx, SOURCE, event_id) is not None:
        return contact
    if isinstance(event, TaskCreated) and contact is None:
        contact = receive(tx, arrival_of(tx, event, services), services, actor=SYSTEM.key).contact
    if contact is None:
        return None
    inbox.keep(tx, SOURCE, event_id, None)
    words = UNSTORABLE.sub(" ", event.text).strip()
    if words:
        seq = talk_of(tx, queues.entry_of(tx, contact)).newest + 1
        add_line(tx, contact, seq, SYSTEM, kind=Kind.NOTE, text=words, name=NAME)
    return contact


def arrival_of(tx: Tx, task: TaskCreated, services: Services) -> Arrival:
    """The task as an arrival of now, or of the past when it was long on its way."""
    try:
        queue = services.catalogue.task_queue()
    except UnknownId:
        raise Invalid(field="type", reason="no_task_queue") from None
    try:
        number = normalise(task.number)
    except PhoneFault as fault:
        raise Invalid(field="number", reason=fault.code) from None
    return Arrival(
        client_id=client_id(task.task),
        channel=Channel.TASK,
        arrived_at=min(task.at, tx.now),
        language=task.language,
        phone=number,
        name=task.name,
        urgency=Urgency[task.urgency],
        queue=queue.id,
    )


def contact_of(tx: Tx, task: str) -> int | None:
    """The contact that the task has become."""
    found: int | None = tx.scalar(select(CONTACT.id).where(CONTACT.client_id == client_id(task)))
    return found


def client_id(task: str) -> str:
    """The contact's own id: a task is one contact however often it is told."""
    return f"task:{task}"
