"""Asking for a call instead of waiting, and where that call is: what was promised, what has been tried."""

from datetime import datetime, time, timedelta

from aiohttp import web

from callbacks.attempts import attempts_of
from callbacks.views import AttemptView
from core.phone import PhoneFault, mask
from core.store import Tx
from core.text import HELSINKI, clock, clock_phrase, day_phrase
from ensilinja.doors import Doors, language
from ensilinja.pages import questions, views
from ensilinja.pages.shown import go, show, who, worse
from ensilinja.pages.views import CallbackStage, FieldError, Option
from ensilinja.runtime import RUNTIME, Runtime
from queues import service as queues
from queues.views import EntryView
from router.errors import NoNumber
from router.moves import cancel, change_to_callback
from router.parties import phone_of
from router.promising import Kind, PromiseView, promises_of
from router.standing import the_contact

doors = Doors("resident")

SOON = "pian"


@doors.get("/soittopyynto", "contact.own")
async def status(request: web.Request) -> web.StreamResponse:
    """Where the call is, or the form that asks for one."""
    runtime, contact = request.app[RUNTIME], who(request).contact or 0
    entry, phone, promise, tries = await runtime.store.read(standing, contact)
    if promise is None and entry.ended_at is None:
        return form(request, phone)
    return show(
        request, "callback_status", status_view(runtime, language(request), entry, (phone, promise, tries))
    )


def standing(tx: Tx, contact: int) -> tuple[EntryView, str | None, PromiseView | None, list[AttemptView]]:
    """The entry, the number, the newest promise to call and the attempts."""
    promised = [promise for promise in promises_of(tx, contact) if promise.kind == Kind.CALLBACK]
    newest = max(promised, key=lambda promise: promise.id, default=None)
    phone = phone_of(tx, the_contact(tx, contact).asker_id)
    return queues.entry_of(tx, contact), phone, newest, attempts_of(tx, contact)


def form(request: web.Request, phone: str | None, *errors: FieldError, typed: str = "") -> web.Response:
    """The form; the place in the line is kept."""
    soon = Option(value=SOON, label=questions.text(request, "care.callback.soon"), chosen=True)
    view = views.CallbackForm(
        times=(soon,), phone=typed or (mask(phone) if phone else ""), errors=errors, keeps_place=True
    )
    return show(request, "callback_form", view, status=422 if errors else 200)


@doors.post("/odotus/soittopyynto", "contact.callback")
async def ask(request: web.Request) -> web.StreamResponse:
    """Changes the contact to a call back; arrival and due time stay."""
    runtime, session = request.app[RUNTIME], who(request)
    contact = session.contact or 0
    typed = str((await questions.sent(request)).get("puhelin", "")).strip()
    known = await runtime.store.read(number_of, contact)
    number = None if known and typed in ("", mask(known)) else typed
    try:
        await runtime.store.write(change_to_callback, contact, number, session.actor, runtime.services)
    except (PhoneFault, NoNumber):
        error = FieldError(field_id="puhelin", text=questions.text(request, "resident.phone.wrong"))
        return form(request, known, error, typed=typed)
    return go("/soittopyynto")


def number_of(tx: Tx, contact: int) -> str | None:
    """The number we have."""
    return phone_of(tx, the_contact(tx, contact).asker_id)


@doors.post("/soittopyynto/peru", "contact.leave")
async def cancelled(request: web.Request) -> web.StreamResponse:
    """The resident cancels the call."""
    runtime, session = request.app[RUNTIME], who(request)
    await runtime.store.write(cancel, session.contact or 0, session.actor, runtime.services)
    return go("/soittopyynto")


def status_view(
    runtime: Runtime,
    lang: str,
    entry: EntryView,
    about: tuple[str | None, PromiseView | None, list[AttemptView]],
) -> views.CallbackStatus:
    """What the page shows of the call."""
    phone, promise, tries = about
    stage = stage_of(entry, promise, tries)
    return views.CallbackStatus(
        stage=stage,
        when=when_phrase(runtime, lang, promise) if promise and entry.ended_at is None else "",
        phone_hint=mask(phone) if phone else "",
        attempts=runtime.services.catalogue.limits.attempts,
        history=tuple(tried(runtime, lang, attempt) for attempt in tries if attempt.result),
        worse=worse(runtime, lang),
        can_cancel=entry.ended_at is None and entry.state not in ("held", "wrapping"),
    )


def stage_of(entry: EntryView, promise: PromiseView | None, tries: list[AttemptView]) -> CallbackStage:
    """How far the call is."""
    if entry.ended_at is not None:
        withdrawn = promise is not None and promise.kept_at is None and not tries
        return CallbackStage.CANCELLED if withdrawn else CallbackStage.DONE
    if tries and tries[-1].result not in (None, "reached"):
        return CallbackStage.MISSED
    return CallbackStage.SCHEDULED


def when_phrase(runtime: Runtime, lang: str, promise: PromiseView) -> str:
    """The promised time as it was told: the day and the range."""
    start = datetime.fromisoformat(str(promise.told_as.get("start", promise.due_at.isoformat())))
    today, due = runtime.clock.now().astimezone(HELSINKI).date(), promise.due_at.astimezone(HELSINKI)
    if due.time() == time():
        due -= timedelta(minutes=1)  # people read midnight as the night before that day
    day = day_phrase(lang, due.date(), today)
    if start.astimezone(HELSINKI).date() != due.date() or start >= due:
        return runtime.texts.get(lang, "care.callback.by", day=day, at=clock_phrase(lang, due))
    return runtime.texts.get(
        lang, "care.callback.between", day=day, start=clock(lang, start), end=clock(lang, due)
    )


def tried(runtime: Runtime, lang: str, attempt: AttemptView) -> str:
    """One attempt in words."""
    key = "care.callback.reached" if attempt.result == "reached" else "care.callback.not_reached"
    return runtime.texts.get(lang, key, at=clock_phrase(lang, attempt.dialled_at or attempt.requested_at))
