"""Sessions in the database: a 256-bit secret in a cookie, its hash in a row. Ending the row ends the
browser's rights."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update

from core.db import UtcTime, among, columns, table
from core.errors import TooMany, Unauthenticated
from core.identity import NOBODY, Actor, Role
from core.models import Session, Staff
from core.store import Tx
from queues.agents import queues_of

RESIDENT_LIFE = timedelta(days=14)  # longer than any callback is open; the contact's end is what closes it
STAFF_LIFE = timedelta(hours=12)  # absolute, ASVS 7.3.2
STAFF_IDLE = timedelta(minutes=15)  # without a socket or a page, ASVS 7.3.1
TOUCH = timedelta(seconds=60)  # how stale `seen_at` may be before it is written again
_SESSION = columns(Session)
_STAFF = columns(Staff)
# Every request begins with it.
_BIND = (
    update(table(Session)).where(_SESSION.id == bindparam("session")).values(contact_id=bindparam("contact"))
)
_BY_TOKEN = select(table(Session)).where(
    _SESSION.token_hash == bindparam("token"), _SESSION.kind == bindparam("kind")
)
_NOW = bindparam("now", type_=UtcTime())
_STANDING = select(*(_SESSION[name] for name in ("id", "kind", "ended_at", "expires_at", "seen_at"))).where(
    among(_SESSION.id, "sessions")
)
_TOUCH = update(table(Session)).where(among(_SESSION.id, "sessions")).values(seen_at=_NOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """A live session and whose it is."""

    actor: Actor
    session: int
    csrf: str
    lang: str
    answers: int | None
    contact: int | None
    name: str = ""
    profession: str = ""
    is_stale: bool = False


UNIDENTIFIED = Identified(actor=NOBODY, session=0, csrf="", lang="", answers=None, contact=None)


def hash_token(token: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin_resident(tx: Tx, *, lang: str, answers: int | None, contact: int | None = None) -> str:
    """A new resident's session; returns the secret for the cookie."""
    return _begin(tx, "resident", lang, RESIDENT_LIFE, answers_id=answers, contact_id=contact)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A local account that may sign in; the hash is checked outside any transaction."""

    staff: int
    password_hash: str = field(repr=False)
    roles: frozenset[Role]


def account_of(tx: Tx, username: str) -> Account | None:
    """The active account of that name, or None."""
    staff = tx.one(select(Staff).where(_STAFF.username == username, _STAFF.is_active.is_(True)))
    if staff is None:
        return None
    roles = frozenset(Role(role) for role in staff.roles)
    return Account(staff=staff.id, password_hash=staff.password_hash, roles=roles)


def sign_in(tx: Tx, staff: int, lang: str) -> str:
    """A new session of a staff member whose password fits; Unauthenticated for a closed account."""
    row = tx.get(Staff, staff)
    if row is None or not row.is_active:
        raise Unauthenticated(reason="credentials")
    return _begin(tx, "staff", lang, STAFF_LIFE, staff_id=staff)


def _begin(
    tx: Tx,
    kind: str,
    lang: str,
    life: timedelta,
    *,
    staff_id: int | None = None,
    answers_id: int | None = None,
    contact_id: int | None = None,
) -> str:
    token = secrets.token_urlsafe(32)
    tx.add(
        Session(
            token_hash=hash_token(token),
            kind=kind,
            csrf=secrets.token_urlsafe(16),
            lang=lang,
            created_at=tx.now,
            seen_at=tx.now,
            expires_at=tx.now + life,
            staff_id=staff_id,
            answers_id=answers_id,
            contact_id=contact_id,
        )
    )
    return token


def identify(tx: Tx, token: str, kind: str) -> Identified:
    """Whose secret `token` is; UNIDENTIFIED for an unknown, ended or expired one."""
    if not token:
        return UNIDENTIFIED
    row = tx.run(_BY_TOKEN, {"token": hash_token(token), "kind": kind}).first()
    if row is None or not is_live(row, tx.now):
        return UNIDENTIFIED
    stale = tx.now - row.seen_at > TOUCH
    if kind == "staff":
        return _staff(tx, row, stale)
    actor = Actor(
        kind="resident",
        id=row.contact_id or 0,
        roles=frozenset({Role.RESIDENT}),
        session=row.id,
        lang=row.lang,
    )
    return Identified(
        actor=actor,
        session=row.id,
        csrf=row.csrf,
        lang=row.lang,
        answers=row.answers_id,
        contact=row.contact_id,
        is_stale=stale,
    )


def _staff(tx: Tx, row: Any, stale: bool) -> Identified:
    staff = tx.get(Staff, row.staff_id or 0)
    if staff is None or staff.id is None or not staff.is_active:
        return UNIDENTIFIED
    actor = Actor(
        kind="staff",
        id=staff.id,
        roles=frozenset(Role(role) for role in staff.roles),
        queues=queues_of(tx, staff.id),
        session=row.id or 0,
        lang=row.lang,
    )
    return Identified(
        actor=actor,
        session=row.id or 0,
        csrf=row.csrf,
        lang=row.lang,
        answers=None,
        contact=None,
        name=staff.display_name,
        profession=staff.profession,
        is_stale=stale,
    )


def is_live(row: Any, now: datetime) -> bool:
    """Whether the session still counts."""
    idle = row.kind == "staff" and now - row.seen_at > STAFF_IDLE
    return row.ended_at is None and row.expires_at > now and not idle


def alive(tx: Tx, sessions: Iterable[int]) -> tuple[frozenset[int], frozenset[int]]:
    """Those of `sessions` that still count, which open sockets are checked against, and of them those not
    noted as in use for a while.
    """
    rows = tx.rows(_STANDING, {"sessions": list(sessions)})
    live = [row for row in rows if is_live(row, tx.now)]
    stale = frozenset(row.id for row in live if tx.now - row.seen_at > TOUCH)
    return frozenset(row.id for row in live), stale


def touch(tx: Tx, sessions: Iterable[int]) -> None:
    """Notes that these sessions are in use."""
    tx.execute(_TOUCH, {"sessions": list(sessions), "now": tx.now})


def bind(tx: Tx, session: int, *, contact: int) -> None:
    """Gives the resident's session its contact."""
    tx.execute(_BIND, {"session": session, "contact": contact})


def restart(tx: Tx, session: int, *, answers: int) -> None:
    """Gives the resident's session new answers to fill, for another matter."""
    tx.execute(update(Session).where(_SESSION.id == session).values(answers_id=answers, contact_id=None))


def correct(tx: Tx, session: int, *, answers: int) -> None:
    """Gives the session new answers about the contact it has."""
    tx.execute(update(Session).where(_SESSION.id == session).values(answers_id=answers))


def contact_of(tx: Tx, session: int) -> int | None:
    """The contact the session may see, if it has one."""
    row = tx.get(Session, session)
    return row.contact_id if row is not None else None


def name_of(tx: Tx, staff: int) -> str:
    """The name a professional is shown by."""
    row = tx.get(Staff, staff)
    return row.display_name if row is not None else ""


def set_lang(tx: Tx, session: int, lang: str) -> None:
    """Keeps the language the person chose."""
    tx.execute(update(Session).where(_SESSION.id == session).values(lang=lang))


def end(tx: Tx, session: int) -> None:
    """Ends the session at once, everywhere."""
    tx.execute(update(Session).where(_SESSION.id == session).values(ended_at=tx.now))


class Attempts:
    """Failed sign-ins per name and per address in this process.

    Delay by refusal, never a lock-out for good.
    """

    LIMIT = 10
    WINDOW = 60.0  # seconds

    def __init__(self) -> None:
        """No failures yet."""
        self._failures: dict[str, list[float]] = {}

    def check(self, key: str, now: float) -> None:
        """Raises TooMany when `key` has failed too often lately."""
        recent = [at for at in self._failures.get(key, []) if now - at < self.WINDOW]
        if recent:
            self._failures[key] = recent
        else:
            self._failures.pop(key, None)
        if len(recent) >= self.LIMIT:
            raise TooMany(retry_after=int(self.WINDOW))

    def failed(self, key: str, now: float) -> None:
        """Counts a failure."""
        if len(self._failures) < 10_000:  # a flood of made-up names must not fill the memory
            self._failures.setdefault(key, []).append(now)

    def forgive(self, key: str) -> None:
        """Takes back the newest failure: it was none."""
        if self._failures.get(key):
            self._failures[key].pop()
