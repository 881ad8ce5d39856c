"""The probes: `/livez` says the loop turns, `/readyz` that a real write was committed lately, `/metrics`
the figures."""

from datetime import datetime

from aiohttp import web
from sqlalchemy import update

from core.db import columns
from core.models import Heartbeat
from core.store import Tx
from ensilinja import metrics
from ensilinja.doors import Doors
from ensilinja.runtime import RUNTIME, Runtime

doors = Doors("machine")
_HEARTBEAT = columns(Heartbeat)


FRESH = 2.5  # seconds since the last committed heartbeat; it is written every second


def beat(tx: Tx, process: str) -> datetime:
    """Writes this process's heartbeat row."""
    if not tx.execute(update(Heartbeat).where(_HEARTBEAT.process == process).values(at=tx.now)):
        tx.add(Heartbeat(process=process, at=tx.now))
    return tx.now


def faults(runtime: Runtime) -> list[str]:
    """Why this process is not ready; empty when it is."""
    found = [f"silent:{name}" for name in runtime.tasks.silent()]
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

    200, or 503 with the reasons. A Redis or a telephone exchange that is away is `degraded` only.
    """
    runtime = request.app[RUNTIME]
    found = faults(runtime)
    degraded = [] if runtime.bus.is_up else ["bus"]
    body = {"ready": not found, "faults": found, "degraded": degraded}
    return web.json_response(body, status=503 if found else 200)


@doors.get("/metrics", "public")
async def figures(request: web.Request) -> web.Response:
    """Prometheus text; labels carry no ids."""
    return web.Response(body=metrics.render(), content_type="text/plain", charset="utf-8")
