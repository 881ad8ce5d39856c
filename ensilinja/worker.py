"""The rq worker of the scaled shape. A job is a row; rq carries only its id, and losing it costs a second."""

import asyncio
import os
from collections.abc import Callable
from typing import Any

from redis import Redis
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from core import failpoints
from core.over_redis import QUEUE
from core.settings import Settings, load_settings
from ensilinja import app, work

# Seconds. rq's own values let a killed worker's job wait for a quarter of an hour.
WORKER_LOST = 30
MAINTENANCE = 10
MONITORING = 5


class OurJob(Job):
    """What stands in Redis may be anybody's: one function is run, whatever is named there."""

    @property
    def func(self) -> Callable[..., None]:
        """The only one there is."""
        return run_job

    @property
    def success_callback(self) -> None:
        """None."""

    @property
    def failure_callback(self) -> None:
        """None."""

    @property
    def stopped_callback(self) -> None:
        """None."""


def run_worker(settings: Settings) -> None:
    """Carries out jobs until told to stop."""
    connection = Redis.from_url(settings.redis_url)
    queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer, job_class=OurJob)
    worker = Worker(
        [queue],
        connection=connection,
        job_class=OurJob,
        serializer=JSONSerializer,
        worker_ttl=WORKER_LOST,
        maintenance_interval=MAINTENANCE,
        job_monitoring_interval=MONITORING,
        log_job_description=False,
    )
    worker.work(logging_level="WARNING")


def run_job(job: Any) -> None:
    """What rq calls, in a process of its own; what is no job's id is nothing to do."""
    if type(job) is int and 0 < job < 2**63:
        asyncio.run(carry_out(load_settings(os.environ), job))


async def carry_out(settings: Settings, job: int) -> None:
    """Claims and carries out one job row; harmless when somebody else has it."""
    if settings.testing:
        failpoints.arm(settings.failpoints)
    runtime = app.build(settings, is_demo=False)
    writer = asyncio.create_task(runtime.store.run())
    try:
        await work.run_job(runtime, job)
    finally:
        await runtime.store.stop()
        await writer
