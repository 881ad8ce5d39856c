"""What goes out to residents by text message: neutral words, once per key, by a port whose default cannot
send."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import select

from core.db import columns
from core.jobs import JobView
from core.phone import mask
from core.store import Tx
from core.text import moment_phrase
from ensilinja.runtime import Runtime
from router.models import Contact
from router.parties import Purpose, can_reach, phone_of
from router.promising import open_promises

_CONTACT = columns(Contact)


class Sms(Protocol):
    """A way to send a text message; `key` makes it at most one."""

    def send(self, number: str, text: str, key: str) -> None:
        """Hands the text over; raises when the gateway did not take it."""
        ...


class FileSms:
    """The default: writes what would have been sent, the number masked, to a file. It cannot send."""

    def __init__(self, folder: Path) -> None:
        """Writes to `sms.jsonl` in `folder`."""
        self._file = folder / "sms.jsonl"

    def send(self, number: str, text: str, key: str) -> None:
        """See `Sms.send`."""
        line = json.dumps({"to": mask(number), "text": text, "key": key}, ensure_ascii=False)
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A text to send: to whom, in which language, and the promise it may name."""

    number: str = field(repr=False)
    lang: str
    due_at: datetime | None


async def send(runtime: Runtime, job: JobView) -> None:
    """Words the text in the resident's language and hands it to the port.

    Nothing when it may not be sent any more.
    """
    letter = await runtime.store.write(letter_of, int(job.args["contact"]))
    if letter is None:
        return
    sender = runtime.services.catalogue.site.sms_sender.get(letter.lang)
    due = letter.due_at or runtime.clock.now()
    when = moment_phrase(letter.lang, due, runtime.clock.now())
    by = runtime.texts.get(letter.lang, "care.callback.by", day="", at=when).replace("  ", " ").strip()
    text = runtime.texts.get(letter.lang, str(job.args["text"]), sender=sender, when=by)
    await asyncio.to_thread(FileSms(runtime.settings.data_dir).send, letter.number, text, job.key)


def letter_of(tx: Tx, contact: int) -> Letter | None:
    """Number, language and the promise's due time of a contact; None when no text may go to it."""
    row = tx.one(select(Contact).where(_CONTACT.id == contact))
    if row is None or not can_reach(tx, row.asker_id, Purpose.SMS):
        return None
    number = phone_of(tx, row.asker_id)
    if number is None:
        return None
    promises = open_promises(tx, contact)
    return Letter(number=number, lang=row.language, due_at=promises[0].due_at if promises else None)
