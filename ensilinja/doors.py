"""Every HTTP route: who may use it, where its request came from, and how errors and headers leave. A route
without an action cannot be made."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from core.errors import EnsilinjaError, Forbidden, Malformed, NotFound, Overloaded, TooMany, Unavailable
from core.rights import Subject, authorize
from core.text import LANGUAGES
from ensilinja import metrics
from ensilinja.admission import takes_calls, takes_residents
from ensilinja.auth import sessions
from ensilinja.auth.sessions import UNIDENTIFIED, Identified
from ensilinja.runtime import RUNTIME, Runtime

log = structlog.get_logger(__name__)

Audience = Literal["resident", "staff", "machine"]
Page = Callable[[web.Request], Awaitable[web.StreamResponse]]
Fallback = Callable[[web.Request, EnsilinjaError], web.Response]

IDENTIFIED = web.RequestKey("identified", Identified)
POSTED: web.RequestKey[tuple[tuple[str, str], ...]] = web.RequestKey("posted", tuple)
FORM = "application/x-www-form-urlencoded"
COOKIES = {"resident": "__Host-ensilinja", "staff": "__Host-ensilinja-staff"}
LANG_COOKIE = "ensilinja-kieli"
YEAR = 31_536_000  # seconds: how long a chosen language is kept
PUBLIC_PATIENCE = 0.5  # seconds a public page waits for the store: 112 is to be on the screen within one
RETRY_S = 30  # seconds after which somebody who was shed may try again
MAX_BODY = 32_768  # bytes: the longest form is 4,000 characters of own words

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; media-src blob:; "
        "manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # "no-referrer" would make every form's Origin null
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Server": "ensilinja",  # not the library and its version
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One route and its policy."""

    method: str
    path: str
    action: str
    audience: Audience
    page: Page
    signed: bool = False
    brings_new: bool = False


class Doors:
    """The routes one module offers."""

    def __init__(self, audience: Audience) -> None:
        """No routes yet."""
        self.audience = audience
        self.all: list[Door] = []

    def get(self, path: str, action: str) -> Callable[[Page], Page]:
        """Offers a page."""
        return self._offer("GET", path, action)

    def post(self, path: str, action: str, *, brings_new: bool = False) -> Callable[[Page], Page]:
        """Offers an act; it needs our own Origin and, with a session, the session's token.

        One that brings somebody new is shed under too much load, before the store is asked.
        """
        return self._offer("POST", path, action, brings_new=brings_new)

    def signed(self, path: str, action: str) -> Callable[[Page], Page]:
        """Takes another system's messages: no browser's, so the page itself checks who signed them."""
        return self._offer("POST", path, action, signed=True)

    def _offer(self, method: str, path: str, action: str, **more: bool) -> Callable[[Page], Page]:
        def offer(page: Page) -> Page:
            door = Door(method=method, path=path, action=action, audience=self.audience, page=page, **more)
            self.all.append(door)
            return page

        return offer


def install(app: web.Application, doors: list[Door]) -> None:
    """Adds the routes to the application."""
    for door in doors:
        app.router.add_route(door.method, door.path, guarded(door))


def guarded(door: Door) -> Page:
    """The page behind its policy."""

    async def enter(request: web.Request) -> web.StreamResponse:
        if door.method != "GET" and request.content_type == FORM:
            request[POSTED] = await posted(request)  # before the store is asked, for it may be down
        admit(request, door)
        if door.audience != "machine":
            await identify_if_possible(request, door)
        if door.method != "GET" and not door.signed:
            check_origin(request)
            await check_token(request)
        who = request.get(IDENTIFIED, UNIDENTIFIED)
        if door.method == "GET" and door.audience != "machine" and "kieli" in request.query:
            return await switch_language(request, who)
        authorize(who.actor, door.action, Subject(contact=who.contact or 0))
        return await door.page(request)

    enter.door = door  # type: ignore[attr-defined]
    return enter


async def posted(request: web.Request) -> tuple[tuple[str, str], ...]:
    """The fields of the form, as they were sent."""
    return tuple((name, value) for name, value in (await request.post()).items() if isinstance(value, str))


def admit(request: web.Request, door: Door) -> None:
    """Raises Overloaded for somebody new, Unavailable for any resident's act when there is no room at all."""
    runtime = request.app[RUNTIME]
    if door.method == "GET" or door.audience != "resident":
        return
    if door.brings_new:
        wants_call = ("tapa", "soitto") in request.get(POSTED, ())
        check_room(runtime, wants_call=wants_call)
    if not takes_residents(runtime.filled):
        raise Unavailable(reason="busy")


def check_room(runtime: Runtime, *, wants_call: bool, has_phone: bool = False) -> None:
    """Raises Overloaded while nobody new is taken; who asks for a call still is, until that is too much."""
    is_shed = not takes_calls(runtime.filled) if wants_call else runtime.admission.is_shedding
    if is_shed:
        raise Overloaded(retry_after=RETRY_S, has_phone=has_phone)


async def identify_if_possible(request: web.Request, door: Door) -> None:
    """Finds the session; a public page, above all the one that says 112, stands without it and the store."""
    try:
        async with asyncio.timeout(PUBLIC_PATIENCE if door.action == "public" else None):
            await identify(request, door.audience)
    except (Unavailable, TimeoutError):
        if door.action != "public":
            raise
        request[IDENTIFIED] = UNIDENTIFIED


async def identify(request: web.Request, audience: Audience) -> Identified:
    """Finds the session of the request's cookie and keeps it in the request."""
    runtime = request.app[RUNTIME]
    token = request.cookies.get(COOKIES[audience], "")[:100]
    who = await runtime.store.read(sessions.identify, token, audience) if token else UNIDENTIFIED
    if who.is_stale and not runtime.is_draining:
        await runtime.store.write(sessions.touch, [who.session])
    request[IDENTIFIED] = who
    return who


def check_origin(request: web.Request) -> None:
    """Raises Forbidden unless the request was sent by one of our own pages."""
    origin = request.headers.get("Origin")
    if origin is None or origin not in request.app[RUNTIME].origins:
        raise Forbidden(reason="origin")
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise Forbidden(reason="site")


async def check_token(request: web.Request) -> None:
    """Raises Forbidden when a session's form does not carry the session's token."""
    if request.content_type != FORM:
        raise Malformed(reason="content_type")
    who = request.get(IDENTIFIED, UNIDENTIFIED)
    form = await request.post()
    sent = form.get("csrf", "")
    if who.session and not (
        isinstance(sent, str) and secrets.compare_digest(sent.encode(), who.csrf.encode())
    ):
        raise Forbidden(reason="token")


def language(request: web.Request) -> str:
    """The language of this request: the session's, the cookie's, the browser's, Finnish."""
    who = request.get(IDENTIFIED, UNIDENTIFIED)
    chosen = request.cookies.get(LANG_COOKIE, "")
    wanted = [
        chosen,
        who.lang,
        *(part.strip()[:2] for part in request.headers.get("Accept-Language", "").split(",")),
    ]
    return next((lang for lang in wanted if lang in LANGUAGES), "fi")


async def switch_language(request: web.Request, who: Identified) -> web.Response:
    """Keeps the language of `?kieli=` and shows the same page again; answers and place stay."""
    lang = request.query["kieli"]
    response = web.Response(status=303, headers={"Location": same_page(request)})
    if lang in LANGUAGES:
        response.set_cookie(
            LANG_COOKIE, lang, max_age=YEAR, path="/", samesite="Lax", secure=True, httponly=True
        )
        if who.session and who.lang != lang:
            await request.app[RUNTIME].store.write(sessions.set_lang, who.session, lang)
    return response


def set_session(response: web.StreamResponse, audience: Audience, token: str) -> None:
    """Gives the browser the secret of its session."""
    strict = "Strict" if audience == "staff" else "Lax"
    response.set_cookie(COOKIES[audience], token, httponly=True, secure=True, samesite=strict, path="/")


def drop_session(response: web.StreamResponse, audience: Audience) -> None:
    """Takes the secret away."""
    response.del_cookie(COOKIES[audience], path="/", secure=True, httponly=True)


def same_page(request: web.Request) -> str:
    """The path to come back to after a language switch: of ours, without a query."""
    return urlsplit(request.path).path


@web.middleware
async def headers(request: web.Request, handler: Page) -> web.StreamResponse:
    """Counts the request, catches every error of a page and puts the security headers on whatever leaves."""
    try:
        response = await handler(request)
    except EnsilinjaError as error:
        response = refused(request, error)
    except web.HTTPException as answer:
        response = answered(request, answer)
    except ConnectionError:
        raise  # the browser is gone: nobody to answer, and no fault of ours
    except Exception:
        log.exception("request failed", route=route_name(request))
        response = refused(request, EnsilinjaError())
    if not response.prepared:
        if request.app[RUNTIME].is_draining:
            response.force_close()  # the next request of this browser goes to another process
        response.headers.update(SECURITY_HEADERS)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
    metrics.count_request(route_name(request), response.status)
    return response


def answered(request: web.Request, answer: web.HTTPException) -> web.StreamResponse:
    """aiohttp's own answers: its redirects pass, its errors get our page."""
    if answer.status < 400:
        return web.Response(status=answer.status, headers={"Location": answer.headers["Location"]})
    if answer.status == 404:
        return refused(request, NotFound())
    response = refused(request, Malformed())
    response.set_status(answer.status)
    if "Allow" in answer.headers:
        response.headers["Allow"] = answer.headers["Allow"]
    return response


def refused(request: web.Request, error: EnsilinjaError) -> web.Response:
    """The answer to a request that failed: the audience's own page, or JSON for machines."""
    if isinstance(error, Unavailable) and not isinstance(error, Overloaded):  # those are counted
        log.warning(
            "refused", code=error.code, route=route_name(request), reason=str(error.detail.get("reason", ""))
        )
    fallback = request.app[FALLBACK]
    try:
        response = fallback(request, error)
    except Exception:
        log.exception("error page failed")
        response = web.json_response({"error": error.code}, status=error.status)
    if response.status == 200:  # a page may lead elsewhere instead
        response.set_status(error.status)
    if isinstance(error, Overloaded):
        metrics.count_shed(route_name(request))
    if isinstance(error, TooMany | Overloaded):
        response.headers["Retry-After"] = str(error.detail.get("retry_after", 60))
    return response


def route_name(request: web.Request) -> str:
    """The route's pattern, never the address asked for."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"


FALLBACK: web.AppKey[Fallback] = web.AppKey("fallback")
