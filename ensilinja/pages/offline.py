"""What a browser shows without a network: a page of numbers to ring, and the worker that keeps it."""

import hashlib
from dataclasses import dataclass, replace

from aiohttp import web

from core.errors import NotFound
from core.text import LANGUAGES
from ensilinja.doors import Doors
from ensilinja.pages.frames import frame_in, line_phones
from ensilinja.pages.static import ASK_FIRST, SHELF, Served, marked
from ensilinja.pages.views import Phone
from ensilinja.runtime import RUNTIME, Runtime

doors = Doors("machine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offline:
    """The page without a network: the lines' own numbers with their hours."""

    lines: tuple[Phone, ...]


@doors.get("/sw.js", "public")
async def worker(request: web.Request) -> web.Response:
    """The service worker: at the root, so that it serves every page."""
    return marked(request, SHELF["sw.js"], ASK_FIRST)


@doors.get("/yhteydeton/{lang}", "public")
async def offline(request: web.Request) -> web.Response:
    """The page in one language: the same for everybody, without a session and without the store."""
    lang = request.match_info["lang"]
    if lang not in LANGUAGES:
        raise NotFound
    body = page(request.app[RUNTIME], lang).encode()
    mark = hashlib.sha256(body).hexdigest()[:10]
    return marked(request, Served(body=body, content_type="text/html", mark=mark), ASK_FIRST)


def page(runtime: Runtime, lang: str) -> str:
    """The page's text."""
    frame = replace(frame_in(runtime, lang, "/"), footer=())
    view = Offline(lines=line_phones(runtime.services.catalogue, lang))
    return runtime.templates.get_template("offline.html").render(frame=frame, view=view)


def mark(runtime: Runtime) -> str:
    """Changes when any language's page, or the worker, does."""
    parts = [page(runtime, lang) for lang in LANGUAGES] + [SHELF["sw.js"].mark]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:10]
