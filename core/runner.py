"""Who executes a job row: this process, or rq workers. The row stays the truth; submitting twice or never
is harmless."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

log = structlog.get_logger(__name__)

QUEUE = "ensilinja"
WORK = "ensilinja.worker.run_job"  # what an rq worker imports; its only argument is the job's id


class Runner(Protocol):
    """A way to have a job row executed."""

    async def submit(self, job: int) -> None:
        """Asks for the job to be run; may forget it, the sweeper asks again."""
        ...


class LocalRunner:
    """Runs the job in this process."""

    def __init__(self, run: Callable[[int], Awaitable[None]]) -> None:
        """`run` claims and carries out one job by its id."""
        self._run = run

    async def submit(self, job: int) -> None:
        """See `Runner.submit`."""
        await self._run(job)


class RqRunner:
    """Puts the job's id into rq; when Redis does not answer, the job is run here."""

    def __init__(self, url: str, otherwise: Runner) -> None:
        """`otherwise` serves while Redis is away."""
        self._queue = Queue(
            QUEUE,
            connection=Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1),
            serializer=JSONSerializer,
        )
        self._otherwise = otherwise

    async def submit(self, job: int) -> None:
        """See `Runner.submit`."""
        try:
            await asyncio.to_thread(
                self._queue.enqueue, WORK, job, result_ttl=0, failure_ttl=0, job_timeout=60
            )
        except (RedisError, OSError):
            log.warning("rq is away, running here", job=job)
            await self._otherwise.submit(job)
