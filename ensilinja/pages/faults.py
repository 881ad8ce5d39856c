"""The page of a request that failed: always with the numbers to ring, also while the store is down."""

from aiohttp import web

from core.errors import EnsilinjaError, Forbidden, NotFound, Overloaded, TooMany, Unauthenticated, Unavailable
from ensilinja.pages import crowded, retry
from ensilinja.pages.frames import frame_of, line_phones
from ensilinja.pages.views import ErrorPage, Fault
from ensilinja.runtime import RUNTIME

# Read by programs, never by people.
MACHINES = ("/ws", "/teksti/", "/static/", "/livez", "/readyz", "/metrics")
# The staff's own pages: without a session they lead to the door.
STAFF = ("/konsoli", "/tilanne", "/kirjaudu/ulos")
SIGN_IN = "/kirjaudu"

_FAULTS: tuple[tuple[type[EnsilinjaError], Fault], ...] = (
    (NotFound, Fault.NOT_FOUND),
    (Unauthenticated, Fault.SESSION_LOST),
    (TooMany, Fault.TOO_MANY),
    (Unavailable, Fault.UNAVAILABLE),
    (Forbidden, Fault.FORBIDDEN),
)


def page(request: web.Request, error: EnsilinjaError) -> web.Response:
    """The answer to a failed request: a page for people, `{"error": code}` for programs."""
    if not wants_page(request):
        return web.json_response({"error": error.code}, status=error.status)
    if isinstance(error, Overloaded):
        return crowded.page(request, has_phone=bool(error.detail.get("has_phone")), status=error.status)
    if isinstance(error, Unavailable) and (again := retry.unsaved(request)) is not None:
        return again
    if isinstance(error, Unauthenticated) and request.path in STAFF:
        return web.Response(status=303, headers={"Location": SIGN_IN})
    frame = frame_of(request)
    lines = line_phones(request.app[RUNTIME].services.catalogue, frame.lang)
    view = ErrorPage(fault=fault_of(error), lines=lines)
    text = request.app[RUNTIME].templates.get_template("error.html").render(frame=frame, view=view)
    return web.Response(text=text, status=error.status, content_type="text/html")


def wants_page(request: web.Request) -> bool:
    """Whether a person's browser asks."""
    accepted = request.headers.get("Accept", "")
    return "text/html" in accepted and not request.path.startswith(MACHINES)


def fault_of(error: EnsilinjaError) -> Fault:
    """What the page says; a request we could not read is one that could not be taken."""
    for kind, fault in _FAULTS:
        if isinstance(error, kind):
            return fault
    return Fault.FORBIDDEN if error.status < 500 else Fault.UNAVAILABLE
