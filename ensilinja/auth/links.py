"""Links by which unfinished answers are gone on with on any device: 96 random bits, only their hash is
stored.

Such a link opens the questions, never a contact: once the answers are sent it opens nothing. A status link
opens where a call is, and the resident's own changes to it, never content.
"""

import base64
import secrets
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from core.county import Limits
from core.db import columns
from core.errors import TooMany
from core.store import Tx
from ensilinja.auth import sessions
from ensilinja.auth.models import ResumeLink, StatusLink
from router.answering import answers_view
from router.stored import AnswersView

STATUS_BYTES = 10  # 80 bits, 16 letters: the resident may have to type it
TOKEN_BYTES = 12  # 96 bits: more than the 80 that cannot be guessed, and short enough for a text message
MOST_LINKS = 20  # live ones of the same answers: nobody needs more, and each is a way in
DAY = timedelta(days=1)
_LINK = columns(ResumeLink)
_STATUS = columns(StatusLink)


def make(tx: Tx, answers: int, limits: Limits, *, phone_blind: str | None = None) -> str:
    """A new link to the answers; returns its secret, which is not stored. TooMany for a flood of them."""
    if count(tx, answers) >= MOST_LINKS:
        raise TooMany(reason="links")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    tx.add(
        ResumeLink(
            token_hash=sessions.hash_token(token),
            answers_id=answers,
            created_at=tx.now,
            expires_at=tx.now + timedelta(days=limits.link_days),
            phone_blind=phone_blind,
        )
    )
    return token


def count(tx: Tx, answers: int) -> int:
    """How many links of the answers still open them."""
    live = (_LINK.answers_id == answers, _LINK.revoked_at.is_(None), _LINK.expires_at > tx.now)
    return int(tx.scalar(select(func.count()).select_from(ResumeLink).where(*live)) or 0)


def revoke(tx: Tx, answers: int) -> None:
    """Ends every link of the answers; a browser that is open with them already stays."""
    ended = update(ResumeLink).where(_LINK.answers_id == answers, _LINK.revoked_at.is_(None))
    tx.execute(ended.values(revoked_at=tx.now))


def may_send(tx: Tx, phone_blind: str, limits: Limits) -> bool:
    """Whether the number may be sent one more link today."""
    sent = (_LINK.phone_blind == phone_blind, _LINK.created_at > tx.now - DAY)
    return int(tx.scalar(select(func.count()).select_from(ResumeLink).where(*sent)) or 0) < limits.link_sms


def opened(tx: Tx, token: str) -> AnswersView | None:
    """The unfinished answers of the link; None for an unknown, expired or ended one, and once they were
    sent.
    """
    row = tx.one(select(ResumeLink).where(_LINK.token_hash == sessions.hash_token(token)))
    if row is None or row.revoked_at is not None or row.expires_at <= tx.now:
        return None
    filled = answers_view(tx, row.answers_id)
    return None if filled.sent_at is not None else filled


def is_kept(tx: Tx, filled: AnswersView, limits: Limits) -> bool:
    """Whether unfinished answers may still be gone on with: changed lately, or saved by a link that is
    live.
    """
    recent = filled.changed_at > tx.now - timedelta(hours=limits.unfinished_hours)
    return recent or count(tx, filled.id) > 0


def make_status(tx: Tx, contact: int, limits: Limits) -> str:
    """A new link to where the contact's call is; returns its secret, which is not stored.

    In small letters and figures, so that it can be read aloud and typed.
    """
    token = base64.b32encode(secrets.token_bytes(STATUS_BYTES)).decode().lower()
    tx.add(
        StatusLink(
            token_hash=sessions.hash_token(token),
            contact_id=contact,
            created_at=tx.now,
            expires_at=tx.now + timedelta(days=limits.link_days),
        )
    )
    return token


def status_of(tx: Tx, token: str) -> StatusLink | None:
    """The link of that secret, also one that opens nothing any more."""
    row: StatusLink | None = tx.one(
        select(StatusLink).where(_STATUS.token_hash == sessions.hash_token(token.strip().lower()))
    )
    return row


def is_live(row: StatusLink, now: datetime) -> bool:
    """Whether the link still opens."""
    return row.revoked_at is None and row.expires_at > now


def revoke_status(tx: Tx, contact: int) -> None:
    """Ends every link to the contact: they went to a number that is hers no more."""
    ended = update(StatusLink).where(_STATUS.contact_id == contact, _STATUS.revoked_at.is_(None))
    tx.execute(ended.values(revoked_at=tx.now))
