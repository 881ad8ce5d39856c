"""The staff's pages: signing in and out, and the shells of the console and the board."""

import contextlib
import re
from dataclasses import dataclass

from aiohttp import web

from callbacks import service as callbacks
from core.errors import EnsilinjaError, Forbidden, NotFound, TooMany, Unauthenticated, Unavailable
from core.identity import Role
from ensilinja.auth import passwords, sessions
from ensilinja.doors import IDENTIFIED, Doors, drop_session, language, set_session
from ensilinja.pages.frames import frame_of
from ensilinja.runtime import RUNTIME, Runtime

doors = Doors("staff")

SIGN_IN = "/kirjaudu"
SIGN_OUT = "/kirjaudu/ulos"
CONSOLE = "/konsoli"
BOARD = "/tilanne"
LONGEST_NAME, LONGEST_PASSWORD = 100, 200  # characters, as the form's own limits


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInView:
    """The sign-in form; `error` is the last part of a text's key, empty at first."""

    error: str = ""
    username: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenView:
    """A live screen; `logout` is where its sign-out form goes.

    With `has_telephones` a professional says at which one she is.
    """

    logout: str = SIGN_OUT
    has_telephones: bool = False


@doors.get(SIGN_IN, "staff.sign_in")
async def sign_in_form(request: web.Request) -> web.Response:
    """The form; whoever is signed in already is led to her screen."""
    who = request[IDENTIFIED]
    return see_other(home(who.actor.roles)) if who.session else render(request, "login", SignInView())


@doors.post(SIGN_IN, "staff.sign_in")
async def sign_in(request: web.Request) -> web.Response:
    """Begins a session, or shows the form again with what went wrong and the name kept."""
    username, password = await credentials(request)
    try:
        token, roles = await enter(request, username, password)
    except (Unauthenticated, TooMany, Unavailable) as error:
        return refused(request, error, username)
    response = see_other(home(roles))
    set_session(response, "staff", token)
    return response


@doors.post(SIGN_OUT, "staff.sign_out")
async def sign_out(request: web.Request) -> web.Response:
    """Ends the session everywhere; its sockets close within seconds."""
    await request.app[RUNTIME].store.write(sessions.end, request[IDENTIFIED].session)
    response = see_other(SIGN_IN)
    drop_session(response, "staff")
    return response


@doors.get(CONSOLE, "console.open")
async def console(request: web.Request) -> web.Response:
    """The professional's screen."""
    is_real = request.app[RUNTIME].settings.telephony != "simulated"
    return render(request, "console", ScreenView(has_telephones=is_real))


@doors.get(CONSOLE + "/viesti/{recording}", "console.open")
async def message(request: web.Request) -> web.Response:
    """What a caller said after the tone, for who may open the contact; kept nowhere on the way."""
    asked = request.match_info["recording"]
    if not re.fullmatch(r"[0-9]{1,18}", asked):
        raise NotFound
    write, actor = request.app[RUNTIME].store.write, request[IDENTIFIED].actor
    return web.Response(body=await write(callbacks.listen, actor, int(asked)), content_type="audio/wav")


@doors.get(BOARD, "board.read")
async def board(request: web.Request) -> web.Response:
    """The supervisor's screen."""
    return render(request, "board", ScreenView())


async def credentials(request: web.Request) -> tuple[str, str]:
    """What the form sent, cut to what an account can have; letters' case does not matter in names."""
    form = await request.post()
    username, password = form.get("username", ""), form.get("password", "")
    if not isinstance(username, str) or not isinstance(password, str):
        return "", ""
    return username.strip().lower()[:LONGEST_NAME], password[: LONGEST_PASSWORD + 1]


async def enter(request: web.Request, username: str, password: str) -> tuple[str, frozenset[Role]]:
    """A new session's secret and the roles it has; raises Unauthenticated, TooMany or Unavailable."""
    runtime = request.app[RUNTIME]
    keys = (f"name:{username}", f"address:{request.remote}")
    for key in keys:
        runtime.attempts.check(key, runtime.clock.monotonic())
    # Counted before the password is tried: guesses sent at once are as many as guesses sent in turn.
    for key in keys:
        runtime.attempts.failed(key, runtime.clock.monotonic())
    account = await runtime.store.read(sessions.account_of, username)
    fits = await passwords.verify(password, account.password_hash if account else None)
    if account is None or not fits or len(password) > LONGEST_PASSWORD:
        raise Unauthenticated(reason="credentials")
    for key in keys:
        runtime.attempts.forgive(key)
    return await begin(request, runtime, account), account.roles


async def begin(request: web.Request, runtime: Runtime, account: sessions.Account) -> str:
    """A new session; the one this browser had before ends."""
    before = request[IDENTIFIED].session
    if before:
        with contextlib.suppress(Unavailable):
            await runtime.store.write(sessions.end, before)
    return await runtime.store.write(sessions.sign_in, account.staff, language(request))


def refused(request: web.Request, error: EnsilinjaError, username: str) -> web.Response:
    """The form again, with the sentence of the error and its status."""
    keys = {Unauthenticated.status: "error", TooMany.status: "too_many"}
    view = SignInView(error=keys.get(error.status, "unavailable"), username=username)
    response = render(request, "login", view)
    response.set_status(error.status)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.detail.get("retry_after", 60))
    return response


def home(roles: frozenset[Role]) -> str:
    """The screen of a role; Forbidden for one that has none yet."""
    if Role.AGENT in roles:
        return CONSOLE
    if Role.SUPERVISOR in roles:
        return BOARD
    raise Forbidden(reason="no_screen")


def see_other(path: str) -> web.Response:
    """Sends the browser to a page of ours."""
    return web.Response(status=303, headers={"Location": path})


def render(request: web.Request, name: str, view: SignInView | ScreenView) -> web.Response:
    """A staff page in the request's language."""
    template = request.app[RUNTIME].templates.get_template(f"staff/{name}.html")
    return web.Response(text=template.render(frame=frame_of(request), view=view), content_type="text/html")
