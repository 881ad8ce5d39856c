"""The probes: `/livez` says the loop turns, `/readyz` that a real write was committed lately, `/metrics`
the figures."""

from datetime import datetime

from aiohttp import web
from sqlalchemy import func, select, update

from core.clock import NOTICED
from core.db import columns
from core.models import Heartbeat
from core.store import Tx
from ensilinja import metrics
from ensilinja.doors import Doors
from ensilinja.runtime import RUNTIME, Runtime

doors = Doors("machine")
_HEARTBEAT = columns(Heartbeat)


FRESH = 2.5  # seconds since the last committed heartbeat; it is written every second


def beat(tx: Tx, process: str, revision: str, shedding_since: datetime | None) -> datetime:
    """Writes this process's heartbeat row: of which version it is, and since when it takes nobody new."""
    row = Heartbeat(process=process, at=tx.now, revision=revision, shedding_since=shedding_since)
    if not tx.execute(update(Heartbeat).where(_HEARTBEAT.process == process).values(row.model_dump())):
        tx.add(row)
    return tx.now


def newest_beat(tx: Tx) -> datetime | None:
    """When a process wrote last: time had come that far."""
    at: datetime | None = tx.scalar(select(func.max(_HEARTBEAT.at)))
    return at


def degraded(runtime: Runtime) -> list[str]:
    """What is amiss without keeping this process from its work."""
    found = [] if runtime.bus.is_up else ["bus"]
    return [*found, *(["clock"] if abs(runtime.clock.behind) > NOTICED else [])]


def faults(runtime: Runtime) -> list[str]:
    """Why this process is not ready; empty when it is."""
    found = runtime.tasks.amiss()
    if runtime.clock.monotonic() - runtime.last_heartbeat > FRESH:
        found.append("store")
    if runtime.is_draining:
        found.append("draining")
    return found


@doors.get("/livez", "public")
async def livez(request: web.Request) -> web.Response:
    """The event loop turns."""
    return web.json_response({"live": True})


@doors.get("/readyz", "public")
async def readyz(request: web.Request) -> web.Response:
    """Work can be taken.

    200, or 503 with the reasons. A Redis that is away and a clock that was set are `degraded` only.
    """
    runtime = request.app[RUNTIME]
    found = faults(runtime)
    body = {"ready": not found, "faults": found, "degraded": degraded(runtime)}
    return web.json_response(body, status=503 if found else 200)


@doors.get("/metrics", "public")
async def figures(request: web.Request) -> web.Response:
    """Prometheus text; labels carry no ids."""
    return web.Response(body=metrics.render(), content_type="text/plain", charset="utf-8")
