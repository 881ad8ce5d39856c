"""What a text message says, decided when it goes out: neutral words in the resident's language, or nothing
when it is not true any more, when no text may go to her, or when her number takes none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from core.county import Limits
from core.jobs import JobView
from core.phone import normalise, takes_texts
from core.store import Tx
from core.text import HELSINKI, Texts, brief_day, clock
from ensilinja.auth import links
from ensilinja.notify import survey
from ensilinja.notify.models import Notice
from queues import service as queues
from queues.views import EntryView
from router.answering import answers_view
from router.intake import asked_of
from router.models import Contact
from router.parties import Purpose, can_reach, phone_of
from router.promising import Kind, PromiseView, open_promise
from router.services import Services

NUMBER = "notice.number"
SECOND = "sms.callback_late"
WITH_LINK = frozenset({"sms.callback_promised", SECOND, "sms.callback_tried", "sms.callback_last"})
OF_CALL = WITH_LINK  # said only while the call is still to come


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A text that goes out now."""

    number: str = field(repr=False)
    words: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What is needed to write: the county, the texts, and our own address for links."""

    services: Services
    texts: Texts
    home: str

    def words(self, lang: str, key: str, **values: object) -> str:
        """The text under the county's name."""
        sender = self.services.catalogue.site.sms_sender.get(lang)
        return self.texts.get(lang, key, sender=sender, **values)


def text_of(job: JobView) -> str:
    """The key of the text that the job sends."""
    return {"link": "sms.link", "reply": "sms.reply"}.get(job.kind) or str(job.args["text"])


def write(tx: Tx, job: JobView, notice: Notice, desk: Desk) -> Letter | None:
    """The letter of the job; None when it may not be sent."""
    return WRITERS[job.kind](tx, job.args, notice, desk)


def to_contact(tx: Tx, args: Mapping[str, Any], notice: Notice, desk: Desk) -> Letter | None:
    """A text about a contact, with a new link where it speaks of a call to come."""
    contact, key = int(args["contact"]), str(args["text"])
    row = tx.get(Contact, contact)
    if row is None:
        return None
    entry = queues.entry_of(tx, contact)
    promise = open_promise(tx, contact, Kind.CALLBACK)
    is_said = is_true(key, entry, promise, tx.now) and is_newest(notice.key, promise)
    purpose = Purpose.SURVEY if key == "sms.survey" else Purpose.SMS
    if not is_said or not can_reach(tx, row.asker_id, purpose):
        return None
    number = phone_of(tx, row.asker_id)
    if number is None:
        return None
    limits = desk.services.catalogue.limits
    if key == "sms.survey" and not survey.ask(tx, contact, tx.vault.blind(number), limits):
        return None
    values: dict[str, object] = {"when": when(tx, row.language, entry, promise, desk)}
    if key in WITH_LINK:
        token = links.make_status(tx, contact, limits)
        values["url"] = f"{desk.home}/s/{token}"
        tries = desk.services.catalogue.tries(asked_of(row.line, entry.queue, desk.services))
        values["n"] = tries.attempts
    return Letter(number=number, words=desk.words(row.language, key, **values))


def is_true(key: str, entry: EntryView, promise: PromiseView | None, now: datetime) -> bool:
    """Whether the text still is: nobody is told of a call that was cancelled or has been made, nor of a
    second time that is past.
    """
    if key == SECOND:
        return promise is not None and promise.second is not None and now < promise.second.due_at
    if key == "sms.callback_promised":
        return promise is not None
    return key not in OF_CALL or entry.ended_at is None


def is_newest(key: str, promise: PromiseView | None) -> bool:
    """Whether the text is not of a promise that another has replaced: each has a text of its own."""
    told, _, number = key.rpartition(":")
    return told not in ("sms:promise", "sms:second") or (promise is not None and number == str(promise.id))


def when(tx: Tx, lang: str, entry: EntryView, promise: PromiseView | None, desk: Desk) -> str:
    """When the call comes, in few words: as promised, or after which instant it is tried again."""
    if promise is not None:
        told = promise.told
        return span(desk.texts, lang, told.start, told.due_at, tx.now)
    after = entry.not_before if entry.not_before and entry.not_before > tx.now else tx.now
    return desk.texts.get(lang, "care.brief.after", day=_day(lang, after, tx.now), at=clock(lang, after))


def span(texts: Texts, lang: str, start: datetime, end: datetime, now: datetime) -> str:
    """A range within a day, else its end; midnight is said as the evening before."""
    last = end - timedelta(minutes=1) if end.astimezone(HELSINKI).time() == time() else end
    day = _day(lang, last, now)
    if start >= last or start.astimezone(HELSINKI).date() != last.astimezone(HELSINKI).date():
        return texts.get(lang, "care.brief.by", day=day, at=clock(lang, last))
    return texts.get(lang, "care.brief.between", day=day, start=clock(lang, start), end=clock(lang, last))


def to_unfinished(tx: Tx, args: Mapping[str, Any], notice: Notice, desk: Desk) -> Letter | None:
    """A link to unfinished answers, made only now: its secret is in no row."""
    limits = desk.services.catalogue.limits
    found = link_of(tx, int(args["answers"]), limits)
    if found is None:
        return None
    number, token, lang = found
    url = f"{args['origin']}/jatka/{token}"
    return Letter(number=number, words=desk.words(lang, "sms.link", url=url, n=limits.link_days))


def link_of(tx: Tx, answers: int, limits: Limits) -> tuple[str, str, str] | None:
    """The number that unfinished answers hold, a new link and their language; None when none may go there."""
    filled = answers_view(tx, answers)
    number, reach = filled.values.get("phone"), filled.values.get("reach")
    sms_refused = isinstance(reach, dict) and reach.get("sms") is False
    if filled.sent_at is not None or sms_refused or not isinstance(number, str) or not number:
        return None
    dialled = normalise(number)
    blind = tx.vault.blind(dialled)
    if not takes_texts(dialled) or not links.may_send(tx, blind, limits):
        return None
    return dialled, links.make(tx, answers, limits, phone_blind=blind), filled.language


def to_stranger(tx: Tx, args: Mapping[str, Any], notice: Notice, desk: Desk) -> Letter | None:
    """An answer to a message that belongs to no contact we know."""
    if notice.number_sealed is None or notice.data_key_id is None:
        return None
    number = tx.vault.open(tx, notice.data_key_id, NUMBER, notice.number_sealed)
    return Letter(number=number, words=desk.words("fi", "sms.reply"))


WRITERS: Mapping[str, Callable[[Tx, Mapping[str, Any], Notice, Desk], Letter | None]] = {
    "sms": to_contact,
    "link": to_unfinished,
    "reply": to_stranger,
}


def _day(lang: str, moment: datetime, now: datetime) -> str:
    return brief_day(lang, moment.astimezone(HELSINKI).date(), now.astimezone(HELSINKI).date())
