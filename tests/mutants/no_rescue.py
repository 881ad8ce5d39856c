"""The service and its worker, with leases of a second that nobody looks after when a worker has died."""

import sys
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from core import jobs, over_redis
from core.jobs import JobView
from core.store import Tx
from ensilinja.cli import main


def rescue(tx: Tx) -> list[JobView]:
    return []


if __name__ == "__main__":
    jobs.LEASE = timedelta(seconds=1)
    jobs.rescue = rescue
    over_redis.WORKERS_PATIENCE = 600.0  # nor does the service run what a slow worker has not taken yet
    main()
