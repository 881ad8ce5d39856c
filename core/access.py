"""The access log: a row in the same transaction as every professional's read of content. Hash-chained,
never changed."""

import hashlib
import json
from datetime import datetime

from sqlalchemy import select

from core.db import columns
from core.failpoints import failpoint
from core.identity import Actor
from core.models import AccessLog
from core.store import Tx

GENESIS = "0" * 64
_LOG = columns(AccessLog)


def log_access(tx: Tx, actor: Actor, *, contact: int, action: str, why: str = "") -> None:
    """Writes who did `action` to `contact`.

    When this fails the read fails with it (asiakastietolaki 703/2023 11 §).
    """
    previous = tx.scalar(select(_LOG.hash).order_by(_LOG.id.desc()).limit(1)) or GENESIS
    tx.add(
        AccessLog(
            at=tx.now,
            actor=actor.key,
            role=actor.role,
            contact_id=contact,
            action=action,
            why=why,
            previous=previous,
            hash=chain(previous, tx.now, (actor.key, actor.role, contact, action, why)),
        )
    )
    failpoint("access.in_write")


def chain(previous: str, at: datetime, act: tuple[str, str, int, str, str]) -> str:
    """The hash that binds a row (actor, role, contact, action, why) to the one before it."""
    body = json.dumps([previous, at.isoformat(), *act], ensure_ascii=True)
    return hashlib.sha256(body.encode()).hexdigest()


def first_broken(tx: Tx) -> int | None:
    """The id of the first row whose chain does not hold, None when all do."""
    previous = GENESIS
    for row in tx.all(select(AccessLog).order_by(_LOG.id)):
        expected = chain(previous, row.at, (row.actor, row.role, row.contact_id, row.action, row.why))
        if row.previous != previous or row.hash != expected:
            return int(row.id)
        previous = row.hash
    return None
