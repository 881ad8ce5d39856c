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
from ensilinja.auth.sessions import Attempts
from ensilinja.feed import Feed
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
    tasks: Tasks
    feed: Feed
    origins: frozenset[str]
    is_demo: bool
    attempts: Attempts = field(default_factory=Attempts)
    is_draining: bool = False
    last_heartbeat: float = float("-inf")


RUNTIME = web.AppKey("runtime", Runtime)
