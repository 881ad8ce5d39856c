"""Messages from other systems, each heard once: what came before gets the answer it got then."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import delete, select

from core.db import columns
from core.errors import Malformed
from core.models import Inbox
from core.store import Tx
from core.wire import strict_json

LONGEST_ID = 100

KEPT = timedelta(days=8)  # senders repeat for hours, some for days
_INBOX = columns(Inbox)


def read(body: bytes, shapes: Mapping[str, TypeAdapter[Any]]) -> tuple[str, Any]:
    """The sender's own `id` of a JSON message, and the message by its `type` with its instant `at`.

    None for a type that has no shape here; Malformed, with the field, for anything that is not of its shape.
    """
    try:
        data = strict_json(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise Malformed(reason="json") from None
    if not isinstance(data, dict):
        raise Malformed(reason="not_an_object")
    event_id, kind = data.pop("id", None), data.pop("type", None)
    if not isinstance(event_id, str) or not 0 < len(event_id) <= LONGEST_ID:
        raise Malformed(field="id")
    if not isinstance(kind, str):
        raise Malformed(field="type")
    if kind not in shapes:
        return event_id, None
    try:
        message = shapes[kind].validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        raise Malformed(field=".".join(map(str, first["loc"]))[:60], reason=first["type"]) from None
    if message.at.tzinfo is None:
        raise Malformed(field="at", reason="no_zone")
    return event_id, message


def find(tx: Tx, source: str, event_id: str) -> Inbox | None:
    """The message of that id, if this source has sent it before."""
    found: Inbox | None = tx.one(select(Inbox).where(_INBOX.source == source, _INBOX.event_id == event_id))
    return found


def keep(tx: Tx, source: str, event_id: str, answer_sealed: bytes | None) -> None:
    """Notes the message with its answer; the unique index refuses a second one."""
    tx.add(Inbox(source=source, event_id=event_id, at=tx.now, answer_sealed=answer_sealed))


def forget(tx: Tx) -> int:
    """Removes what is older than any sender repeats."""
    return tx.execute(delete(Inbox).where(_INBOX.at < tx.now - KEPT))
