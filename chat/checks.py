"""Conversations check themselves: lines are numbered without holes."""

from collections.abc import Collection, Iterator

from sqlalchemy import func, select

from chat.models import MESSAGE
from core.checks import Finding
from core.store import Tx


def line_gaps(tx: Tx, contacts: Collection[int]) -> Iterator[Finding]:
    """Contacts whose lines are not numbered 1..n (I3)."""
    numbers = (func.count(), func.min(MESSAGE.c.seq), func.max(MESSAGE.c.seq))
    statement = select(MESSAGE.c.contact_id, *numbers).where(MESSAGE.c.contact_id.in_(contacts))
    for contact, count, first, last in tx.rows(statement.group_by(MESSAGE.c.contact_id)):
        if (first, last) != (1, count):
            yield Finding(check="numbers", what="contact", id=contact)
