"""What one process is made of: handed to every door as one value, built once in `ensilinja.app`."""

from dataclasses import dataclass, field

from aiohttp import web
from jinja2 import Environment

from callbacks.telephony.port import Telephony
from core.bus import Bus
from core.clock import Clock
from core.runner import Runner
from core.settings import Settings
from core.store import Store
from core.tasks import Tasks
from core.text import Texts
from ensilinja.admission import FIRST, Admission
from ensilinja.auth.sessions import Attempts
from ensilinja.feed import Feed
from ensilinja.notify.plan import Plan
from ensilinja.notify.port import Sms
from ensilinja.selfcheck import Selfcheck
from ensilinja.watching import LiveBoard
from router.services import Services


@dataclass(slots=True, kw_only=True)
class Runtime:
    """The parts of a running process."""

    settings: Settings
    services: Services
    store: Store
    clock: Clock
    texts: Texts
    templates: Environment
    bus: Bus
    runner: Runner
    telephony: Telephony
    sms: Sms
    sms_plan: Plan | None
    tasks: Tasks
    feed: Feed
    selfcheck: Selfcheck
    board: LiveBoard
    origins: frozenset[str]
    is_demo: bool
    attempts: Attempts = field(default_factory=Attempts)
    is_draining: bool = False
    admission: Admission = field(default_factory=Admission)
    room: float = FIRST
    offline_mark: str = ""
    last_heartbeat: float = float("-inf")

    @property
    def filled(self) -> float:
        """How much of what may wait for the writer does, from 0 to 1 and beyond."""
        return self.store.queued / self.room


RUNTIME = web.AppKey("runtime", Runtime)
