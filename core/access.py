"""The access log: a row in the same transaction as every professional's read of content. Hash-chained,
never changed."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Integer, bindparam, func, select

from core.db import columns, given_rows, insert_given, table, type_big
from core.failpoints import failpoint
from core.identity import Actor
from core.models import AccessLog
from core.store import Tx

GENESIS = "0" * 64
LOOK_BACK = 1_000  # rows of the chain that a process checks when it begins
AT_ONCE = 10_000  # and that it checks in one go
_LOG = columns(AccessLog)
NEWEST_HASH = select(_LOG.hash).where(_LOG.id == select(func.max(_LOG.id)).scalar_subquery())
ADD_ALL = insert_given(
    table(AccessLog),
    given_rows(
        "acts",
        place=Integer(),
        actor=_LOG.actor.type,
        role=_LOG.role.type,
        contact_id=type_big,
        action=_LOG.action.type,
        why=_LOG.why.type,
        previous=_LOG.previous.type,
        hash=_LOG.hash.type,
    ),
    at=bindparam("at", type_=_LOG.at.type),
)


def log_access(tx: Tx, actor: Actor, *, contact: int, action: str, why: str = "") -> None:
    """Writes who did `action` to `contact`.

    When this fails the read fails with it (asiakastietolaki 703/2023 11 §).
    """
    log_all(tx, [(actor, contact)], action=action, why=why)


def log_all(tx: Tx, acts: Sequence[tuple[Actor, int]], *, action: str, why: str = "") -> None:
    """`log_access` of who did it to which contact, in their order, with two statements for all."""
    previous = tx.scalar(NEWEST_HASH) or GENESIS
    rows = []
    for place, (actor, contact) in enumerate(acts):
        act = (actor.key, actor.role, contact, action, why)
        found = chain(previous, tx.now, act)
        rows.append([place, *act, previous, found])
        previous = found
    tx.run(ADD_ALL, {"acts": rows, "at": tx.now})
    failpoint("access.in_write")


def chain(previous: str, at: datetime, act: tuple[str, str, int, str, str]) -> str:
    """The hash that binds a row (actor, role, contact, action, why) to the one before it."""
    body = json.dumps([previous, at.isoformat(), *act], ensure_ascii=True)
    return hashlib.sha256(body.encode()).hexdigest()


def first_broken(tx: Tx) -> int | None:
    """The id of the first row whose chain does not hold, None when all do."""
    return _broken(tx.all(select(AccessLog).order_by(_LOG.id)), GENESIS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest row that was checked: later rows must follow it, and it must still be what it was."""

    id: int
    hash: str


def check_chain(tx: Tx, since: Head | None) -> tuple[int | None, Head | None]:
    """`first_broken` of the rows after `since`, or of the last ones when nothing was checked, and the new
    head, which stays before a broken row.
    """
    if since is None:
        rows = tx.all(select(AccessLog).order_by(_LOG.id.desc()).limit(LOOK_BACK))[::-1]
        broken = _broken(rows, rows[0].previous if rows else GENESIS)
    else:
        rows = tx.all(select(AccessLog).where(_LOG.id >= since.id).order_by(_LOG.id).limit(AT_ONCE))
        is_there = bool(rows) and (rows[0].id, rows[0].hash) == (since.id, since.hash)
        broken = _broken(rows, rows[0].previous) if is_there else since.id
    moves = bool(rows) and broken is None
    return broken, Head(id=int(rows[-1].id), hash=rows[-1].hash) if moves else since


def _broken(rows: Iterable[AccessLog], previous: str) -> int | None:
    """The id of the first of `rows` that does not follow from `previous` and the rows before it."""
    for row in rows:
        expected = chain(previous, row.at, (row.actor, row.role, row.contact_id, row.action, row.why))
        if row.previous != previous or row.hash != expected:
            return row.id
        previous = row.hash
    return None
