"""Files for browsers, read once at start: no path of a request ever reaches the file system."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ETag, web

from core.errors import NotFound
from core.text import LANGUAGES
from ensilinja.doors import Doors
from ensilinja.rendering import STATIC, asset
from ensilinja.runtime import RUNTIME

doors = Doors("machine")

CONTENT_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
}
SCRIPT_TEXTS = ("js.", "console.", "board.", "chat.", "waiting.")
FOREVER = "public, max-age=31536000, immutable"  # the address has the content's mark
ASK_FIRST = "no-cache"  # kept, but asked about every time


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One file: its bytes, its type and the mark of its content."""

    body: bytes
    content_type: str
    mark: str


def read_shelf(folder: Path) -> Mapping[str, Served]:
    """Every file of a known kind by its path; links are left out, they may point anywhere."""
    found: dict[str, Served] = {}
    for path in sorted(folder.rglob("*")):
        content_type = CONTENT_TYPES.get(path.suffix)
        if content_type is None or path.is_symlink() or not path.is_file() or path.name.startswith("."):
            continue
        name = path.relative_to(folder).as_posix()
        mark = asset(name).rpartition("=")[2]
        found[name] = Served(body=path.read_bytes(), content_type=content_type, mark=mark)
    return found


SHELF = read_shelf(STATIC)


@doors.get("/static/{path:.+}", "public")
async def static(request: web.Request) -> web.Response:
    """A file by its exact name; everything else is not there."""
    file = SHELF.get(request.match_info["path"])
    if file is None:
        raise NotFound
    cache = FOREVER if request.query.get("v") == file.mark else ASK_FIRST
    return marked(request, file, cache)


@doors.get("/favicon.ico", "public")
async def favicon(request: web.Request) -> web.Response:
    """The icon for browsers that ask without being told where it is."""
    return marked(request, SHELF["icon.svg"], "public, max-age=86400")


@doors.get("/teksti/{lang}.json", "public")
async def texts(request: web.Request) -> web.Response:
    """The texts that scripts show, in one language."""
    lang = request.match_info["lang"]
    if lang not in LANGUAGES:
        raise NotFound
    chosen = request.app[RUNTIME].texts.for_script(lang, SCRIPT_TEXTS)
    body = json.dumps(chosen, ensure_ascii=False, separators=(",", ":")).encode()
    mark = hashlib.sha256(body).hexdigest()[:10]
    return marked(request, Served(body=body, content_type="application/json", mark=mark), ASK_FIRST)


def marked(request: web.Request, file: Served, cache: str) -> web.Response:
    """The file, or 304 for a browser that has it already."""
    known = request.if_none_match or ()
    response = web.Response(status=304) if ETag(file.mark) in known else web.Response(body=file.body)
    if response.status == 200:
        response.content_type = file.content_type
        if file.content_type.startswith(("text/", "application/")):
            response.charset = "utf-8"
    response.etag = file.mark
    response.headers["Cache-Control"] = cache
    return response
