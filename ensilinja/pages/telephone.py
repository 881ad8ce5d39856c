"""The demo's telephone: the caller's side of the simulated exchange, which alone keeps what is shown here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from callbacks.telephony.simulated import Behaviour, Caller, SimulatedTelephony
from core.county import Line, UnknownId
from core.errors import NotFound
from core.phone import PhoneFault, mask, normalise
from ensilinja.doors import Doors, language
from ensilinja.pages.frames import frame_of
from ensilinja.pages.views import FieldError, Option
from ensilinja.runtime import RUNTIME, Runtime
from ensilinja.spoken import Sentence, spoken

doors = Doors("resident")

PAGE = "/demo/puhelin"
ACTION = "demo.phone"
NUMBER = "040 123 4567"  # made up; the simulated exchange can ring nobody
KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#")
TYPED = re.compile(r"[0-9*#]{1,20}")
BEHAVIOURS = (Behaviour.ANSWERS, Behaviour.NO_ANSWER, Behaviour.BUSY)
NEWEST = 10
SPOKEN_S = 5
REFRESH = 5  # seconds, while the caller waits in the line

Errors = tuple[FieldError, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallShown:
    """The call on the page: what is heard now, what was heard before, and whether keys still do anything."""

    url: str
    line: str
    state: str
    on: bool
    hears: tuple[Sentence, ...]
    heard: tuple[Sentence, ...]
    records: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """One call in the list; the number is masked."""

    url: str
    line: str
    number: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhonePage:
    """The telephone; `call` is None before a call."""

    lines: tuple[Option, ...]
    number: str
    behaviours: tuple[Option, ...]
    called: int
    calls: tuple[CallRow, ...]
    call: CallShown | None = None
    errors: Errors = ()
    keys: tuple[str, ...] = KEYS
    refresh: int = 0


@doors.get(PAGE, ACTION)
async def phone(request: web.Request) -> web.Response:
    """The telephone before a call."""
    return show(request, number=NUMBER)


@doors.post(PAGE, ACTION)
async def ring(request: web.Request) -> web.Response:
    """Rings a line; an unknown line or a number that cannot be is shown beside its field."""
    form = await sent(request)
    written, line = form.get("numero", "").strip(), form.get("linja", "")
    errors = [*line_errors(request, line), *number_errors(request, written)]
    if errors:
        return show(request, number=written, line=line, errors=tuple(errors))
    call = await exchange(request).ring(line, normalise(written) if written else None)
    return on_to(f"{PAGE}/{call}")


@doors.post(PAGE + "/vastaaminen", ACTION)
async def behave(request: web.Request) -> web.Response:
    """Scripts what a number does when it is called back."""
    form = await sent(request)
    written, chosen = form.get("numero", ""), form.get("tapa", "")
    if number_errors(request, written) or not written.strip() or chosen not in BEHAVIOURS:
        return show(request, number=written, errors=(error(request, "vastaava-numero", "number_error"),))
    exchange(request).behaviour(normalise(written), Behaviour(chosen))
    call = form.get("puhelu", "")
    return on_to(f"{PAGE}/{call}" if call in exchange(request).calls else PAGE)


@doors.get(PAGE + "/{call}", ACTION)
async def call_page(request: web.Request) -> web.Response:
    """One call: what its caller hears now."""
    the_call(request)
    return show(request, call=request.match_info["call"])


@doors.post(PAGE + "/{call}/nappain", ACTION)
async def press(request: web.Request) -> web.Response:
    """Presses a key, or several in a row."""
    the_call(request)
    call, typed = request.match_info["call"], "".join((await sent(request)).get("nappain", "").split())
    if not TYPED.fullmatch(typed):
        return show(request, call=call, errors=(error(request, "sarja", "series_error"),))
    await exchange(request).press(call, typed)
    return on_to(f"{PAGE}/{call}")


@doors.post(PAGE + "/{call}/odota", ACTION)
async def wait(request: web.Request) -> web.Response:
    """Presses nothing until the question times out."""
    the_call(request)
    await exchange(request).wait(request.match_info["call"])
    return on_to(f"{PAGE}/{request.match_info['call']}")


@doors.post(PAGE + "/{call}/puhu", ACTION)
async def speak(request: web.Request) -> web.Response:
    """Leaves a message, where the line records one; it has a tone in the place of a voice."""
    the_call(request)
    await exchange(request).say(request.match_info["call"], SPOKEN_S)
    return on_to(f"{PAGE}/{request.match_info['call']}")


@doors.post(PAGE + "/{call}/sulje", ACTION)
async def hang_up(request: web.Request) -> web.Response:
    """Hangs up."""
    the_call(request)
    await exchange(request).hang_up(request.match_info["call"])
    return on_to(f"{PAGE}/{request.match_info['call']}")


def exchange(request: web.Request) -> SimulatedTelephony:
    """The simulated exchange; NotFound where the service has another."""
    telephony = request.app[RUNTIME].telephony
    if not isinstance(telephony, SimulatedTelephony):
        raise NotFound
    return telephony


def the_call(request: web.Request) -> Caller:
    """The call of the address, or NotFound."""
    caller = exchange(request).calls.get(request.match_info["call"])
    if caller is None:
        raise NotFound
    return caller


async def sent(request: web.Request) -> Mapping[str, str]:
    """The fields of the form that were sent as text."""
    return {key: value for key, value in (await request.post()).items() if isinstance(value, str)}


def line_errors(request: web.Request, line: str) -> list[FieldError]:
    """What is wrong with the chosen line."""
    try:
        request.app[RUNTIME].services.catalogue.line(line)
    except UnknownId:
        return [error(request, "linja", "line_error")]
    return []


def number_errors(request: web.Request, written: str) -> list[FieldError]:
    """What is wrong with the number; none for a hidden one."""
    is_hidden = not written.strip()
    return [] if is_hidden or dialable(written) else [error(request, "numero", "number_error")]


def error(request: web.Request, field: str, key: str) -> FieldError:
    """One thing to mend, in the request's language."""
    texts = request.app[RUNTIME].texts
    return FieldError(field_id=field, text=texts.get(language(request), f"demo.phone.{key}"))


def show(
    request: web.Request, *, call: str = "", number: str = "", line: str = "", errors: Errors = ()
) -> web.Response:
    """The page; a call brings its own number and line."""
    runtime, telephony = request.app[RUNTIME], exchange(request)
    caller = telephony.calls.get(call)
    shown = call_shown(runtime, telephony, call, caller) if caller else None
    known = caller.number if caller else dialable(number)
    page = PhonePage(
        lines=line_options(request, caller.line if caller else line),
        number=(caller.number or "") if caller else number,
        behaviours=behaviour_options(request, telephony.behaviour_of(known or "")),
        called=telephony.dialled.get(known or "", 0),
        calls=tuple(rows(request)),
        call=shown,
        errors=errors,
        refresh=REFRESH if shown and shown.state == "in_line" and not errors else 0,
    )
    template = runtime.templates.get_template("demo/telephone.html")
    text = template.render(frame=frame_of(request), view=page)
    return web.Response(text=text, content_type="text/html", status=422 if errors else 200)


def dialable(written: str) -> str | None:
    """The number as the exchange knows it, or None."""
    try:
        return normalise(written)
    except PhoneFault:
        return None


def line_options(request: web.Request, chosen: str) -> tuple[Option, ...]:
    """The county's lines; the first one is chosen unless another is."""
    lines, lang = request.app[RUNTIME].services.catalogue.lines, language(request)
    known = chosen if chosen in {line.id for line in lines} else lines[0].id
    return tuple(Option(value=ln.id, label=ln.name.get(lang), chosen=ln.id == known) for ln in lines)


def behaviour_options(request: web.Request, now: Behaviour) -> tuple[Option, ...]:
    """What a number can do when it is called back."""
    texts, lang = request.app[RUNTIME].texts, language(request)
    return tuple(
        Option(value=each, label=texts.get(lang, f"demo.phone.behaviour.{each}"), chosen=each is now)
        for each in BEHAVIOURS
    )


def rows(request: web.Request) -> list[CallRow]:
    """The newest calls of this process, newest first."""
    runtime, telephony, lang = request.app[RUNTIME], exchange(request), language(request)
    hidden = runtime.texts.get(lang, "demo.phone.hidden")
    return [
        CallRow(
            url=f"{PAGE}/{call}",
            line=line_of(runtime, caller).name.get(lang),
            number=mask(caller.number) if caller.number else hidden,
            state=state_of(telephony, call, caller),
        )
        for call, caller in list(telephony.calls.items())[: -NEWEST - 1 : -1]
    ]


def line_of(runtime: Runtime, caller: Caller) -> Line:
    """The line that was rung."""
    return runtime.services.catalogue.line(caller.line)


def state_of(telephony: SimulatedTelephony, call: str, caller: Caller) -> str:
    """Where the caller is: asked, in_line, connected, promised or ended."""
    last: tuple[str, ...] = next((p.play for p in reversed(caller.heard) if p.play), ())
    if "call.promised" in last:
        return "promised"
    if not caller.on:
        return "ended"
    if any(joined == call for joined, _ in telephony.connected.values()):
        return "connected"
    return "in_line" if "call.in_line" in last else "asked"


def call_shown(runtime: Runtime, telephony: SimulatedTelephony, call: str, caller: Caller) -> CallShown:
    """The call as its caller hears it, each sentence in its language."""
    line = line_of(runtime, caller)
    lang = caller.heard[-1].language if caller.heard else line.languages[0]
    said = [spoken(runtime, line, prompts) for prompts in caller.heard]
    return CallShown(
        url=f"{PAGE}/{call}",
        line=line.name.get(lang),
        state=state_of(telephony, call, caller),
        on=caller.on,
        hears=said[-1] if said else (),
        records=caller.on and bool(caller.heard) and caller.heard[-1].record_s > 0,
        heard=tuple(sentence for sentences in said[:-1] for sentence in sentences),
    )


def on_to(path: str) -> web.Response:
    """Sends the browser to a page of ours, after a form."""
    return web.Response(status=303, headers={"Location": path})
