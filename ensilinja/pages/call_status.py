"""How a call stands, in words: what was promised, what has been tried, what can still be changed."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from callbacks.attempts import attempts_of
from callbacks.results import REAL, UNREACHED, Result
from callbacks.views import AttemptView
from core.phone import mask
from core.store import Tx
from core.text import HELSINKI, clock, clock_phrase, day_phrase, moment_phrase
from ensilinja.pages.callback_views import CallbackStage, CallbackStatus
from ensilinja.pages.frames import as_read
from ensilinja.pages.shown import worse
from ensilinja.pages.views import Option
from ensilinja.runtime import Runtime
from queues import service as queues
from queues.views import EntryView
from router.calling import Choices, choices, needs_decision
from router.intake import asked_of
from router.outcomes import WITHDRAWN, outcome_of
from router.parties import phone_of
from router.promising import Kind, PromiseView, promises_of
from router.services import Services
from router.standing import the_contact
from router.windows import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One call as it stands; `promises` are those to call, oldest first."""

    entry: EntryView
    phone: str | None
    line_number: str | None
    promises: tuple[PromiseView, ...]
    tries: tuple[AttemptView, ...]
    most_tries: int
    outcome: str | None
    decision: bool
    choices: Choices

    @property
    def promise(self) -> PromiseView | None:
        """The newest one."""
        return self.promises[-1] if self.promises else None


def standing(tx: Tx, contact: int, services: Services) -> Standing:
    """The call of the contact."""
    entry, row = queues.entry_of(tx, contact), the_contact(tx, contact)
    promised = [promise for promise in promises_of(tx, contact) if promise.kind == Kind.CALLBACK]
    outcome = outcome_of(tx, contact)
    is_open = entry.ended_at is None
    return Standing(
        entry=entry,
        phone=phone_of(tx, row.asker_id),
        line_number=services.catalogue.line(row.line).number if row.line else None,
        promises=tuple(sorted(promised, key=lambda promise: promise.id)),
        tries=tuple(attempts_of(tx, contact)),
        most_tries=services.catalogue.tries(asked_of(row.line, entry.queue, services)).attempts,
        outcome=outcome.code if outcome else None,
        decision=is_open and needs_decision(tx, entry, services),
        choices=choices(tx, contact, services),
    )


def status_view(runtime: Runtime, lang: str, stands: Standing) -> CallbackStatus:
    """What the page shows of the call."""
    stage, entry = stage_of(stands), stands.entry
    is_coming = stage in COMING
    made = [attempt for attempt in stands.tries if attempt.result in REAL]
    return CallbackStatus(
        stage=stage,
        when=when_phrase(runtime, lang, stands) if is_coming else "",
        first=first_phrase(runtime, lang, stands) if stage is CallbackStage.LATE else "",
        phone_hint=mask(stands.phone) if stands.phone and entry.ended_at is None else "",
        calls_from=as_read(stands.line_number) if stands.line_number and is_coming else "",
        attempts=stands.most_tries if is_coming else 0,
        history=tuple(tried(runtime, lang, attempt) for attempt in made),
        worse=worse(runtime, lang),
        can_change_time=stands.choices.number and bool(stands.choices.times),
        can_change_number=stands.choices.number,
        can_cancel=stands.choices.cancel,
        can_chat=stands.choices.chat,
        chat_url="/odotus" if stage is CallbackStage.CHAT else "",
    )


SOON = "pian"
COMING = (CallbackStage.SCHEDULED, CallbackStage.LATE, CallbackStage.MOVED, CallbackStage.MISSED)


def stage_of(stands: Standing) -> CallbackStage:
    """How far the call is."""
    entry = stands.entry
    if entry.ended_at is not None:
        return CallbackStage.CANCELLED if stands.outcome == WITHDRAWN else CallbackStage.DONE
    if entry.channel != "callback":
        return CallbackStage.CHAT
    made = [attempt for attempt in stands.tries if attempt.result is not None]
    promise = stands.promise
    is_promised_since = promise is not None and (not made or promise.made_at > made[-1].requested_at)
    if stands.decision and not is_promised_since:
        return CallbackStage.UNREACHED
    if entry.state in ("held", "wrapping"):
        return CallbackStage.CALLING
    if made and not is_promised_since and made[-1].result in UNREACHED:
        return CallbackStage.MISSED
    return stage_of_promise(stands)


def stage_of_promise(stands: Standing) -> CallbackStage:
    """How the call that is to come was promised."""
    promise = stands.promise
    if promise is not None and promise.is_open and promise.second is not None:
        return CallbackStage.LATE
    return CallbackStage.MOVED if len(stands.promises) > 1 else CallbackStage.SCHEDULED


def when_phrase(runtime: Runtime, lang: str, stands: Standing) -> str:
    """The promised time as it was told; after an attempt in vain, from when the next one is."""
    promise, now = stands.promise, runtime.clock.now()
    if promise is not None and promise.is_open:
        return window_phrase(runtime, lang, promise.told.start, promise.told.due_at)
    after = stands.entry.not_before
    if after is None or after <= now:
        return ""
    day = day_phrase(lang, after.astimezone(HELSINKI).date(), now.astimezone(HELSINKI).date())
    return runtime.texts.get(lang, "care.callback.after", day=day, at=clock(lang, after))


def first_phrase(runtime: Runtime, lang: str, stands: Standing) -> str:
    """The time that was promised first, while a second one stands beside it."""
    promise = stands.promise
    if promise is None or promise.second is None:
        return ""
    return window_phrase(runtime, lang, promise.first.start, promise.due_at)


def window_phrase(runtime: Runtime, lang: str, start: datetime, end: datetime) -> str:
    """A range of one day, else its end; midnight is said as the night before."""
    today, due = runtime.clock.now().astimezone(HELSINKI).date(), end.astimezone(HELSINKI)
    if due.time() == time():
        due -= timedelta(minutes=1)  # people read midnight as the night before that day
    day = day_phrase(lang, due.date(), today)
    if start.astimezone(HELSINKI).date() != due.date() or start >= due:
        return runtime.texts.get(lang, "care.callback.by", day=day, at=clock_phrase(lang, due))
    return runtime.texts.get(
        lang, "care.callback.between", day=day, start=clock(lang, start), end=clock(lang, due)
    )


def time_option(runtime: Runtime, lang: str, window: Window) -> Option:
    """A time to choose."""
    phrase = window_phrase(runtime, lang, window.start, window.end)
    return Option(value=window.start.isoformat(), label=phrase[0].upper() + phrase[1:])


def chosen_start(chosen: str) -> datetime | None:
    """When the chosen time begins, None for as soon as possible; ValueError for what is no time."""
    if chosen == SOON:
        return None
    start = datetime.fromisoformat(chosen)
    if start.tzinfo is None:
        raise ValueError("a time needs its zone")
    return start


def tried(runtime: Runtime, lang: str, attempt: AttemptView) -> str:
    """One attempt in words."""
    is_reached = attempt.result in (Result.REACHED, Result.REFUSED)
    key = "care.callback.reached" if is_reached else "care.callback.not_reached"
    at = attempt.dialled_at or attempt.requested_at
    return runtime.texts.get(lang, key, at=moment_phrase(lang, at, runtime.clock.now()))
