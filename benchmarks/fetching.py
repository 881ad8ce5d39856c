"""The baseline of `routing.py`: how many jobs a second procrastinate takes from a line of so many waiting.

Run by `routing.py` in an environment of its own: python fetching.py <postgres address> <waiting> <seconds>.
Prints jobs a second as JSON: fetched, and fetched and finished as a worker does with a job that is done at
once, each with one connection and with eight.
"""

import asyncio
import json
import sys
import time
import warnings
from typing import Any

import procrastinate  # type: ignore[import-not-found]  # only in its own environment

PUT = (
    "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args, scheduled_at) "
    "SELECT 'line', 'offer', 0, '{}', now() FROM generate_series(1, %s)"
)


async def fetched(app: Any, waiting: int, seconds: float, fetchers: int, *, finishes: bool) -> float:
    """Jobs fetched a second, each in a transaction of its own, and finished in one more if asked.

    The line is filled up again in between; the jobs taken stay in the table, as they do by default.
    """
    await app.connector.execute_query_async("DELETE FROM procrastinate_jobs")
    worker = await app.job_manager.register_worker()
    got, spent = 0, 0.0
    while spent < seconds:
        await app.connector.execute_query_async(
            PUT % waiting if not got else PUT % round_size(waiting, fetchers)
        )
        began = time.perf_counter()

        async def fetch() -> None:
            for _ in range(round_size(waiting, fetchers) // fetchers):
                job = await app.job_manager.fetch_job(queues=["line"], worker_id=worker)
                assert job is not None
                if finishes:
                    done = procrastinate.jobs.Status.SUCCEEDED
                    await app.job_manager.finish_job(job, status=done, delete_job=False)

        await asyncio.gather(*(fetch() for _ in range(fetchers)))
        spent += time.perf_counter() - began
        got += round_size(waiting, fetchers) // fetchers * fetchers
    return got / spent


def round_size(waiting: int, fetchers: int) -> int:
    """Jobs taken before the line is filled up again: the line stays about as long as it was."""
    return max(min(waiting, 40) // fetchers * fetchers, fetchers)


async def main(address: str, waiting: int, seconds: float) -> None:
    """All four figures."""
    connector = procrastinate.PsycopgConnector(conninfo=address, min_size=8, max_size=8)
    app = procrastinate.App(connector=connector)
    async with app.open_async():
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()
        told = [
            await fetched(app, waiting, seconds / 2, fetchers, finishes=finishes)
            for finishes in (False, True)
            for fetchers in (1, 8)
        ]
    print(json.dumps(told))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
