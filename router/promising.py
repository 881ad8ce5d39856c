"""Promises as rows: made, kept, withdrawn by the resident or replaced. A due instant never moves; broken is
derived.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, select, update

from core.events import record
from core.jobs import schedule
from core.store import Tx
from router.errors import PromiseGone
from router.events import PromiseEnded, PromiseKept, PromiseMade, SecondPromised
from router.models import PROMISE, Contact, Promise
from router.parties import Purpose, can_reach

_OF_CONTACT = PROMISE.contact_id == bindparam("contact")
_ALL = select(Promise).where(_OF_CONTACT).order_by(PROMISE.due_at, PROMISE.id)
_OPEN = select(Promise).where(
    _OF_CONTACT, PROMISE.kind == bindparam("kind"), PROMISE.kept_at.is_(None), PROMISE.ended_at.is_(None)
)
_NEWEST = select(PROMISE.id).where(_OF_CONTACT).order_by(PROMISE.id.desc()).limit(1)


class Kind(StrEnum):
    """What was promised."""

    CALLBACK = "callback"
    MESSAGE = "message"
    SAME_DAY_ASSESSMENT = "same_day_assessment"


class Why(StrEnum):
    """Why a promise ended unkept."""

    WITHDRAWN = "withdrawn_by_resident"
    REPLACED = "replaced_by"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the resident was told at an instant, and by when it is due."""

    made_at: datetime
    due_at: datetime
    told_as: Mapping[str, object]

    @property
    def start(self) -> datetime:
        """From when it was told that the call comes; the due instant where only that was told."""
        return datetime.fromisoformat(str(self.told_as.get("start", self.due_at.isoformat())))


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseView:
    """One promise as the resident was told it: a text key with parameters."""

    id: int
    contact: int
    kind: Kind
    made_at: datetime
    due_at: datetime
    told_as: Mapping[str, object]
    kept_at: datetime | None
    ended_at: datetime | None
    ended_why: str | None
    second: Told | None = None

    @property
    def first(self) -> Told:
        """What the resident was told first."""
        return Told(made_at=self.made_at, due_at=self.due_at, told_as=self.told_as)

    @property
    def told(self) -> Told:
        """What the resident knows now: the second promise where there is one."""
        return self.second or self.first

    @property
    def is_open(self) -> bool:
        """Neither kept nor ended."""
        return self.kept_at is None and self.ended_at is None

    def broken(self, now: datetime) -> bool:
        """Whether it was not kept by its due instant; one that ended before its due is not broken."""
        settled = self.kept_at or self.ended_at or now
        return settled > self.due_at


def make_promise(
    tx: Tx, contact: int, *, kind: Kind, due_at: datetime, told_as: Mapping[str, object], actor: str
) -> PromiseView:
    """Stores what the resident is told; a call back is also told by SMS where that is safe."""
    row = tx.add(Promise(contact_id=contact, kind=kind, made_at=tx.now, due_at=due_at, told_as=dict(told_as)))
    view = promise_view(row)
    record(tx, PromiseMade(promise=view.id, kind=kind, due_at=due_at), contact=contact, actor=actor)
    if kind == Kind.CALLBACK:
        text_resident(tx, contact, key=f"sms:promise:{view.id}", text="sms.callback_promised")
    return view


def promise_again(
    tx: Tx, promise: PromiseView, *, due_at: datetime, told_as: Mapping[str, object], actor: str
) -> bool:
    """Stores a second promise beside one that will break and texts it; False when there is one already, or
    when the first is kept, ended or past. The first is not touched.
    """
    is_open = (PROMISE.kept_at.is_(None), PROMISE.ended_at.is_(None), PROMISE.due_at > tx.now)
    once = update(Promise).where(PROMISE.id == promise.id, PROMISE.second_made_at.is_(None), *is_open)
    second = {"second_made_at": tx.now, "second_due_at": due_at, "second_told_as": dict(told_as)}
    if not tx.execute(once.values(second)):
        return False
    record(tx, SecondPromised(promise=promise.id, due_at=due_at), contact=promise.contact, actor=actor)
    text_resident(tx, promise.contact, key=f"sms:second:{promise.id}", text="sms.callback_late")
    return True


def keep_promise(tx: Tx, contact: int, kind: Kind, at: datetime, actor: str) -> PromiseView | None:
    """Marks the open promise of this kind kept at `at`; None when there is none open (kept before, or
    ended).
    """
    row = _open_row(tx, contact, kind)
    if row is None:
        return None
    row.kept_at = at
    tx.session.flush()
    in_time = at <= row.due_at
    record(tx, PromiseKept(promise=row.id or 0, kept_at=at, in_time=in_time), contact=contact, actor=actor)
    return promise_view(row)


def kept_earlier(tx: Tx, contact: int, kind: Kind, *, was: datetime, at: datetime, actor: str) -> None:
    """Moves the instant a promise was kept, `was`, to the earlier one of news that came late."""
    row: Promise | None = tx.one(
        select(Promise).where(PROMISE.contact_id == contact, PROMISE.kind == kind, PROMISE.kept_at == was)
    )
    if row is not None and at < was:
        row.kept_at = None
        tx.session.flush()
        keep_promise(tx, contact, kind, at, actor)


def withdraw_promise(tx: Tx, contact: int, kind: Kind, actor: str) -> PromiseView:
    """Ends the open promise because the resident wants it no more; PromiseGone when there is none."""
    return end_promise(tx, contact, kind, Why.WITHDRAWN, actor)


def replace_promise(
    tx: Tx, contact: int, *, kind: Kind, due_at: datetime, told_as: Mapping[str, object], actor: str
) -> PromiseView:
    """Ends the open promise and makes another; one already broken stays broken.

    PromiseGone when there is none.
    """
    ended = end_promise(tx, contact, kind, Why.REPLACED, actor)
    made = make_promise(tx, contact, kind=kind, due_at=due_at, told_as=told_as, actor=actor)
    point_to(tx, ended.id, made.id)
    return made


def settle_elsewhere(tx: Tx, contact: int, *, by: int, actor: str) -> None:
    """Ends the contact's open promises because contact `by` of the same matter was answered instead of it."""
    replacement = tx.scalar(_NEWEST, {"contact": by})
    for promise in open_promises(tx, contact):
        end_promise(tx, contact, promise.kind, Why.REPLACED, actor)
        if replacement is not None and by != contact:
            point_to(tx, promise.id, replacement)


def open_promises(tx: Tx, contact: int) -> list[PromiseView]:
    """The promises neither kept nor ended, earliest due first."""
    return [view for view in promises_of(tx, contact) if view.is_open]


def open_promise(tx: Tx, contact: int, kind: Kind) -> PromiseView | None:
    """The open promise of this kind; there is at most one."""
    row = _open_row(tx, contact, kind)
    return promise_view(row) if row is not None else None


def promises_of(tx: Tx, contact: int) -> list[PromiseView]:
    """Every promise of the contact, earliest due first."""
    return [promise_view(row) for row in tx.all(_ALL, {"contact": contact})]


def text_resident(tx: Tx, contact: int, *, key: str, text: str, purpose: Purpose = Purpose.SMS) -> bool:
    """Schedules an SMS of text key `text` once per `key`, if the asker may be sent one; tells whether."""
    row = tx.get(Contact, contact)
    if row is None or not can_reach(tx, row.asker_id, purpose):
        return False
    schedule(tx, key=key, kind="sms", args={"contact": contact, "text": text})
    return True


def promise_view(row: Promise) -> PromiseView:
    """The frozen form of a stored promise."""
    second = None
    if row.second_made_at is not None and row.second_due_at is not None:
        told = dict(row.second_told_as or {})
        second = Told(made_at=row.second_made_at, due_at=row.second_due_at, told_as=told)
    return PromiseView(
        id=row.id or 0,
        contact=row.contact_id,
        kind=Kind(row.kind),
        made_at=row.made_at,
        due_at=row.due_at,
        told_as=dict(row.told_as),
        kept_at=row.kept_at,
        ended_at=row.ended_at,
        ended_why=row.ended_why,
        second=second,
    )


def end_promise(tx: Tx, contact: int, kind: Kind, why: Why, actor: str) -> PromiseView:
    """Ends the open promise of this kind unkept; PromiseGone when there is none."""
    row = _open_row(tx, contact, kind)
    if row is None:
        raise PromiseGone(contact=contact)
    row.ended_at, row.ended_why = tx.now, why
    tx.session.flush()
    record(tx, PromiseEnded(promise=row.id or 0, why=why), contact=contact, actor=actor)
    return promise_view(row)


def point_to(tx: Tx, ended: int, replacement: int) -> None:
    """Notes which promise stands in the ended one's place."""
    row = tx.get(Promise, ended)
    if row is not None:
        row.replaced_by = replacement
        tx.session.flush()


def _open_row(tx: Tx, contact: int, kind: Kind) -> Promise | None:
    row: Promise | None = tx.one(_OPEN, {"contact": contact, "kind": kind})
    return row
