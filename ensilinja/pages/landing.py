"""The front page: what this is, whether it is open, how long it takes, what else one can do.

Stands without the store.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from aiohttp import web

from core.county import Catalogue, ChatDoor, Queue
from core.hours import Hours, is_open, local_date, next_closing, next_opening
from core.store import Tx
from core.text import clock_phrase, span
from ensilinja.doors import Doors, language
from ensilinja.pages import journey as way
from ensilinja.pages import views
from ensilinja.pages.frames import line_phones
from ensilinja.pages.journey import Journey
from ensilinja.pages.shown import DOOR, at_phrase, patient_read, show, wait_range, who
from ensilinja.pages.views import OpenState
from ensilinja.runtime import RUNTIME, Runtime
from router.answering import answers_view
from router.doorway import Doorway, doorway
from router.rules import service_hours
from router.stops import next_day_opening
from triage.definition import Content
from triage.probing import calm_walk

doors = Doors("resident")

SOON = timedelta(minutes=30)  # closing soon is told this long before
LONG_MINUTES = 30  # an upper end over this is a long line


@doors.get("/", "public")
async def landing(request: web.Request) -> web.Response:
    """The front page; while the store is down it says so and gives the numbers to ring."""
    runtime, lang = request.app[RUNTIME], language(request)
    door = runtime.services.catalogue.door(DOOR)
    stands = await patient_read(runtime, doorway, door, runtime.services)
    return show(request, "landing", view(runtime, lang, stands, await resume_url(request)))


def view(runtime: Runtime, lang: str, stands: Doorway | None, resume: str) -> views.Landing:
    """What the page shows of the door as it stands; None is a store that does not answer."""
    catalogue, now = runtime.services.catalogue, runtime.clock.now()
    door = catalogue.door(DOOR)
    state = state_of(door, stands, now)
    closes_at = next_closing(door.service_hours, now) if is_open(door.service_hours, now) else None
    main = catalogue.queue(door.queues[0]).service_hours
    reads_today = is_open(main, now)
    reads_at, reads_by = next_opening(main, now), next_closing(main, now)
    later = next_day_opening(main, now)
    return views.Landing(
        state=state,
        intro=runtime.texts.get(lang, "care.intro"),
        closes_at=clock_phrase(lang, closes_at) if closes_at else "",
        opens_at=at_phrase(lang, reads_at, now) if reads_at and not reads_today else "",
        reads_by=clock_phrase(lang, reads_by) if reads_by and reads_today else "",
        later_at=at_phrase(lang, later, now) if later else "",
        wait_range=wait_range(runtime, lang, stands.wait if stands else None),
        reason=reason(runtime, lang, stands) if state is OpenState.FULL and stands else "",
        question_span=question_span(runtime.services.content),
        notices=tuple(notices(runtime, lang, stands)) if state in OPEN and stands else (),
        resume_url=resume,
        lines=line_phones(catalogue, lang),
    )


OPEN = (OpenState.OPEN, OpenState.BUSY, OpenState.CLOSING)


def state_of(door: ChatDoor, stands: Doorway | None, now: datetime) -> OpenState:
    """What the door's card says."""
    if stands is None:
        return OpenState.FAULT
    if not is_open(door.service_hours, now):
        return OpenState.HOLIDAY if is_day_off(door, now) else OpenState.CLOSED
    if len(stands.stops) == len(door.queues):
        return OpenState.FULL
    closing = next_closing(door.service_hours, now)
    if closing is not None and closing - now <= SOON:
        return OpenState.CLOSING
    return OpenState.BUSY if is_long(stands.wait) else OpenState.OPEN


def is_day_off(door: ChatDoor, now: datetime) -> bool:
    """Whether the door is closed all of today though that weekday has hours."""
    today = local_date(now)
    return bool(door.service_hours.week[today.weekday()]) and not door.service_hours.on(today)


def is_long(wait: tuple[int, int | None] | None) -> bool:
    """Whether the wait may be over half an hour."""
    return wait is not None and (wait[1] is None or wait[1] > LONG_MINUTES)


def reason(runtime: Runtime, lang: str, stands: Doorway) -> str:
    """Why no queue takes more today: the reason of most of them."""
    why = list(stands.stops.values())
    return runtime.texts.get(lang, f"room.full.{max(set(why), key=why.count)}")


def notices(runtime: Runtime, lang: str, stands: Doorway) -> Iterator[str]:
    """That too many come at once; the queues that stand otherwise than the door: full, or closed now."""
    catalogue, now = runtime.services.catalogue, runtime.clock.now()
    if runtime.admission.is_shedding:
        yield runtime.texts.get(lang, "room.full.crowded")
    for queue in (catalogue.queue(each) for each in catalogue.door(DOOR).queues):
        if queue.id in stands.stops:
            yield runtime.texts.get(lang, "room.queue_full", queue=queue.name.get(lang))
        elif not is_open(live_hours(catalogue, queue), now):
            opens = next_opening(live_hours(catalogue, queue), now)
            at = at_phrase(lang, opens, now) if opens else ""
            yield runtime.texts.get(lang, "room.queue_closed", queue=queue.name.get(lang), at=at)


def live_hours(catalogue: Catalogue, queue: Queue) -> Hours:
    """When the queue answers in the chat."""
    return service_hours(queue, "chat", None, catalogue.door(DOOR))


@lru_cache(maxsize=4)
def question_span(content: Content) -> str:
    """How many questions most topics ask of one whom nothing ails: the middle eight of ten."""
    counts = sorted(len(calm_walk(content, topic)) for topic in content.topics.values())
    if not counts:
        return ""
    few, many = counts[len(counts) // 10], counts[-1 - len(counts) // 10]
    return span(few, many)


async def resume_url(request: web.Request) -> str:
    """Where the browser left off: an open contact, or questions half answered."""
    runtime, session = request.app[RUNTIME], who(request)
    if session.contact:
        return "/odotus"
    if session.answers is None:
        return ""
    told = await patient_read(runtime, half_answered, session.answers)
    if told is None:
        return ""
    return way.next_path(runtime.services.content, told, runtime.services.catalogue.limits)


def half_answered(tx: Tx, answers: int) -> Journey | None:
    """What has been told so far, when it is something and has not been sent."""
    filled = answers_view(tx, answers)
    told = Journey.load(filled.values)
    return told if filled.sent_at is None and told.own_words else None
