"""What has happened to a contact's answers since a professional last looked, or since they were first sent.

An earlier contact's answers are compared only for one who may open it, and the look is logged there too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import bindparam, select

from core.access import log_access
from core.db import columns
from core.errors import Forbidden, NotFound
from core.events import read_events
from core.identity import Actor
from core.models import AccessLog
from core.store import Tx
from core.urgency import Urgency
from router.answering import newest_answers
from router.changes import Change, differences
from router.matters import contacts_of
from router.models import Contact
from router.reading import read_values
from router.standing import check_may
from router.stored import AnswersView
from triage.definition import Content

OPENED, AGAIN = "contact.open", "again"
HAPPENED = {"answers.sent": "answers", "flag.withdrawn": "flag_withdrawn", "entry.channel": "channel"}
_LOG = columns(AccessLog)
_OPENED = (
    select(_LOG.at)
    .where(_LOG.contact_id == bindparam("of"), _LOG.actor == bindparam("by"))
    .where(_LOG.action == OPENED, _LOG.why != AGAIN)
    .order_by(_LOG.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The newest answers against the older ones that `since` names, which were sent `at`.

    `new` when they came after this professional last opened the contact.
    """

    since: Literal["opened", "first", "earlier"]
    at: datetime
    new: bool
    level_before: Urgency | None
    level_now: Urgency | None
    items: tuple[Change, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that came after the first answers; `detail` is a code, `by` the kind of who did it."""

    kind: str
    at: datetime
    by: str
    detail: str
    new: bool


def last_opened(tx: Tx, contact: int, actor: Actor) -> datetime | None:
    """When this professional opened the contact before now; to be asked before the look is logged.

    What her screen fetched anew by itself (`AGAIN`) was no opening: news stays news until she comes back.
    """
    found: datetime | None = tx.run(_OPENED, {"of": contact, "by": actor.key}).scalar()
    return found


def changes_of(
    tx: Tx,
    row: Contact,
    actor: Actor,
    content: Content,
    *,
    sent: Sequence[AnswersView],
    opened_at: datetime | None,
) -> Changes | None:
    """How the newest of the answers `sent` differ; None when there is nothing to hold them against.

    Against those that she saw last; when she has seen the newest, against the first, so that no reload loses
    a change; with one set only, against those of an earlier contact of the matter.
    """
    if not sent:
        return None
    now = sent[-1]
    base, since = _base(tx, row, actor, sent, opened_at)
    if base is None or base.sent_at is None:
        return None
    before, after = (read_values(each, content, actor.lang) for each in (base, now))
    return Changes(
        since=since,
        at=base.sent_at,
        new=_is_new(now.sent_at, opened_at),
        level_before=base.level,
        level_now=now.level,
        items=differences(before, after, actor.lang),
    )


def happened(tx: Tx, contact: int, opened_at: datetime | None) -> tuple[Happening, ...]:
    """New answers, withdrawn flags and changes of channel in their order; the first answers are no news."""
    found: list[Happening] = []
    is_first = True
    for event in read_events(tx, contact=contact, types=HAPPENED):
        kind = HAPPENED[event.type]
        if kind == "answers" and is_first:
            is_first = False
            continue
        detail = str(event.data.get("channel") or event.data.get("urgency") or event.data.get("level") or "")
        found.append(
            Happening(
                kind=kind,
                at=event.at,
                by=event.actor.partition(":")[0],
                detail=detail,
                new=_is_new(event.at, opened_at),
            )
        )
    return tuple(found)


def _is_new(at: datetime | None, opened_at: datetime | None) -> bool:
    return at is not None and opened_at is not None and at > opened_at


def _base(
    tx: Tx, row: Contact, actor: Actor, sent: Sequence[AnswersView], opened_at: datetime | None
) -> tuple[AnswersView | None, Literal["opened", "first", "earlier"]]:
    if len(sent) == 1:
        return _earlier(tx, row, actor), "earlier"
    seen = [each for each in sent if opened_at is not None and each.sent_at and each.sent_at <= opened_at]
    if seen and seen[-1].id != sent[-1].id:
        return seen[-1], "opened"
    return sent[0], "first"


def _earlier(tx: Tx, row: Contact, actor: Actor) -> AnswersView | None:
    before = [other for other in contacts_of(tx, row.matter_id) if other.arrived_at < row.arrived_at]
    for other in sorted(before, key=lambda each: each.arrived_at, reverse=True):
        contact = other.id or 0
        try:
            check_may(tx, actor, OPENED, contact)
        except (NotFound, Forbidden):
            continue
        filled = newest_answers(tx, contact)
        if filled is not None:
            log_access(tx, actor, contact=contact, action="answers.compare")
            return filled
    return None
