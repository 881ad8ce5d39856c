"""The question after a contact, asked by text and answered by text (S0, S2): seldom, and never after a no.

Whom it is asked of is decided where the contact is closed (`router.outcomes`); how often, here.
"""

import re
from datetime import timedelta

from sqlalchemy import select

from core.county import Limits
from core.events import record
from core.identity import SYSTEM
from core.store import Tx
from ensilinja.notify.events import SurveyAnswered, SurveyAsked
from ensilinja.notify.models import NOTICE, SURVEY, Survey
from router.promising import text_resident
from router.standing import the_contact

COMMENT = "survey.comment"
ASKED = ("sms.survey", "sms.survey_thanks")
HEARD = timedelta(days=7)  # an answer that comes later is to something else
_NO = re.compile(r"\W*(ei|nej|no|stop)\W*", re.IGNORECASE)
_SCORE = re.compile(r"\D*(10|[0-9])(?:\s*/\s*10)?\D*")


def score_of(words: str) -> int | None:
    """The number from 0 to 10 that an answer is; None when a person has to read it."""
    found = _SCORE.fullmatch(words.strip())
    return int(found[1]) if found else None


def is_no(words: str) -> bool:
    """Whether she wants no such question any more."""
    return _NO.fullmatch(words.strip()) is not None


def ask(tx: Tx, contact: int, phone_blind: str, limits: Limits) -> bool:
    """Notes that the number is asked; False when it was lately, or has said no for ever."""
    earlier = tx.all(select(Survey).where(SURVEY.phone_blind == phone_blind))
    since = tx.now - timedelta(days=limits.survey_days)
    if any(row.stopped_at is not None or row.sent_at > since for row in earlier if row.contact_id != contact):
        return False
    if not any(row.contact_id == contact for row in earlier):
        tx.add(Survey(contact_id=contact, phone_blind=phone_blind, sent_at=tx.now))
        record(tx, SurveyAsked(), contact=contact, actor=SYSTEM.key)
    return True


def hear(tx: Tx, phone_blind: str, words: str) -> bool:
    """Takes a message as the answer when the question, or its thanks, is what the number was texted last.

    A first number is the score and is thanked for once; other words are kept, sealed, as the comment.
    """
    row = _asked_last(tx, phone_blind)
    if row is None:
        return False
    if is_no(words):
        row.stopped_at = tx.now
    elif row.score is None and (score := score_of(words)) is not None:
        row.score, row.answered_at = score, tx.now
        record(tx, SurveyAnswered(score=score), contact=row.contact_id, actor=f"resident:{row.contact_id}")
        key = f"survey:thanks:{row.contact_id}"
        text_resident(tx, row.contact_id, key=key, text="sms.survey_thanks")
    else:
        data_key = the_contact(tx, row.contact_id).data_key_id
        before = tx.vault.open(tx, data_key, COMMENT, row.comment_sealed) + " " if row.comment_sealed else ""
        row.comment_sealed = tx.vault.seal(tx, data_key, COMMENT, before + words)
        row.answered_at = row.answered_at or tx.now
    tx.session.flush()
    return True


def _asked_last(tx: Tx, phone_blind: str) -> Survey | None:
    hers = (NOTICE.phone_blind == phone_blind, NOTICE.sent_at > tx.now - HEARD)
    newest = select(NOTICE.text, NOTICE.contact_id).where(*hers).order_by(NOTICE.id.desc()).limit(1)
    last = next(iter(tx.rows(newest)), None)
    if last is None or last[0] not in ASKED:
        return None
    row: Survey | None = tx.one(select(Survey).where(SURVEY.contact_id == last[1]))
    return row
