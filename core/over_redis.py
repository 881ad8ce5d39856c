"""Bus and runner over Redis: hints by pub/sub, job ids through rq. Nothing is kept here that is true."""

import asyncio
import contextlib
import json
import time
from typing import Any

import structlog
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from core.bus import Listener
from core.runner import Runner
from core.tasks import first_of

log = structlog.get_logger(__name__)

CHANNEL = "ensilinja:hints"
WORKERS_PATIENCE = 15.0  # seconds: rq itself may take minutes to notice that a worker died
REMEMBERED = 10_000  # jobs asked for lately; forgetting them only asks once more
PATIENCE = 1.0  # seconds for one Redis command: its silence must never be ours
QUEUE = "ensilinja"
WORK = "ensilinja.worker.run_job"  # what an rq worker imports; its only argument is the job's id


class RedisBus:
    """Redis pub/sub, reconnected for ever.

    Its own process hears its own hints at once, whatever Redis does.
    """

    def __init__(self, url: str) -> None:
        """Connects at `run`."""
        self._redis = AsyncRedis.from_url(
            url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=None
        )
        self._listeners: list[Listener] = []
        self._outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue(256)
        self.is_up = False

    def publish(self, hint: dict[str, Any]) -> None:
        """See `Bus.publish`."""
        for listener in self._listeners:
            listener(hint)
        with contextlib.suppress(asyncio.QueueFull):
            self._outgoing.put_nowait(hint)

    def listen(self, listener: Listener) -> None:
        """See `Bus.listen`."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """See `Bus.run`."""
        try:
            await first_of(bus_send=self._send(), bus_receive=self._receive())
        finally:
            self.is_up = False
            await self._redis.aclose()

    async def _send(self) -> None:
        while True:
            hint = await self._outgoing.get()
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._redis.publish(CHANNEL, json.dumps(hint))
                self.is_up = True
            except (RedisError, OSError, TimeoutError):
                self.is_up = False

    async def _receive(self) -> None:
        while True:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(CHANNEL)
                    self.is_up = True
                    while True:
                        # The ping makes a paused or half-open server show as a fault and not as silence.
                        message = await channel.get_message(ignore_subscribe_messages=True, timeout=PATIENCE)
                        if message is None:
                            await channel.ping()
                        else:
                            self._deliver(message.get("data"))
            self.is_up = False
            await asyncio.sleep(0.2)

    def _deliver(self, data: Any) -> None:
        try:
            hint = json.loads(data)
        except (TypeError, ValueError, RecursionError):
            return
        if isinstance(hint, dict):
            for listener in self._listeners:
                listener(hint)


class RqRunner:
    """Puts the job's id into rq, once; what no worker takes in time is run here, as when Redis is away."""

    def __init__(self, url: str, otherwise: Runner) -> None:
        """`otherwise` runs what the workers do not."""
        self._queue = Queue(
            QUEUE,
            connection=Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1),
            serializer=JSONSerializer,
        )
        self._otherwise = otherwise
        self._asked: dict[int, float] = {}

    async def submit(self, job: int) -> None:
        """See `Runner.submit`. The sweeper asks every second for as long as the row is pending."""
        now = time.monotonic()
        asked = self._asked.setdefault(job, now)
        if now - asked > WORKERS_PATIENCE:
            del self._asked[job]
            log.warning("no worker took the job, running here", job=job)
            await self._otherwise.submit(job)
        elif asked == now:
            await self._put(job)

    async def _put(self, job: int) -> None:
        if len(self._asked) > REMEMBERED:
            self._asked.clear()
        try:
            await asyncio.to_thread(
                self._queue.enqueue, WORK, job, result_ttl=0, failure_ttl=0, job_timeout=60
            )
        except (RedisError, OSError):
            self._asked.pop(job, None)
            log.warning("rq is away, running here", job=job)
            await self._otherwise.submit(job)
