"""Carrying out jobs: one outside effect each, once per key. A job claims its row first; what cannot be
known stays unknown."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from callbacks import service as callbacks
from callbacks.orders import Kind, Outcome
from callbacks.telephony.port import Talk
from core import jobs
from core.failpoints import failpoint
from core.jobs import JobView
from ensilinja.notify.sending import deliver
from ensilinja.runtime import Runtime

log = structlog.get_logger(__name__)

Work = Callable[[Runtime, JobView], Awaitable[None]]

HERE = frozenset({"dial", "bridge", "order", "hangup"})  # these need this process's own link to the exchange


async def submit(runtime: Runtime, job: int, kind: str) -> None:
    """Has the job run: by the runner, or here when it needs this process."""
    if kind in HERE:
        if runtime.telephony.is_linked:  # else the process that has the link finds it
            await run_job(runtime, job)
    else:
        await runtime.runner.submit(job)


async def run_job(runtime: Runtime, job: int) -> None:
    """Claims and carries out one job; harmless when it is done or with somebody else."""
    claimed = await runtime.store.write(jobs.claim, job)
    if claimed is None:
        return
    failpoint("jobs.mid_run")
    try:
        async with asyncio.timeout(jobs.PATIENCE):
            await WORK[claimed.kind](runtime, claimed)
    except jobs.PutOff as later:
        await runtime.store.write(jobs.put_off, claimed, later.until)
        return
    except Exception as error:
        log.exception("job failed", job=claimed.id, kind=claimed.kind)
        was_mine = await runtime.store.write(jobs.fail, claimed, type(error).__name__)
        if was_mine and claimed.kind in jobs.ONCE:
            await became_unknown(runtime, claimed)
        return
    failpoint("jobs.after_effect")
    await runtime.store.write(jobs.finish, claimed)


async def became_unknown(runtime: Runtime, job: JobView) -> None:
    """Nobody knows whether this telephone rang, or what was ordered is so: a professional decides."""
    if job.kind == "dial":
        await runtime.store.write(callbacks.dial_unknown, str(job.args["attempt"]), runtime.services)
    if job.kind == "order":
        await runtime.store.write(callbacks.settle, int(job.args["order"]), Outcome.UNKNOWN)


async def dial(runtime: Runtime, job: JobView) -> None:
    """Rings a resident for a professional."""
    order = await runtime.store.write(callbacks.dial_order, str(job.args["attempt"]))
    if order is not None:
        await runtime.telephony.dial(order.key, order.line, order.number, order.agent_device)


async def bridge(runtime: Runtime, job: JobView) -> None:
    """Joins a caller who is still on the line to the professional who took the call."""
    order = await runtime.store.write(callbacks.bridge_order, int(job.args["call"]), int(job.args["agent"]))
    if order is not None:
        await runtime.telephony.connect(job.key.replace(":", "-"), order.call, order.agent_device)


async def order(runtime: Runtime, job: JobView) -> None:
    """Gives the exchange what a professional ordered of a call, once."""
    asked = int(job.args["order"])
    given = await runtime.store.write(callbacks.order_to_give, asked)
    if given is None:
        return
    exchange, key, talk = runtime.telephony, given.key, given.talk
    match given.kind:
        case Kind.TRANSFER:  # what comes of it is told when her colleague's telephone has rung
            await exchange.connect(key, talk.call, given.device, stays=True)
            return
        case Kind.HANG_UP:
            is_so = await exchange.hangup(key, talk)
        case Kind.RELEASE:
            is_so = await exchange.release(key, talk)
        case _:
            is_so = await exchange.hold(key, talk, on=given.kind == Kind.HOLD)
    await runtime.store.write(callbacks.settle, asked, Outcome.DONE if is_so else Outcome.FAILED)


async def hang_up(runtime: Runtime, job: JobView) -> None:
    """What a process of the version before asked for, in a rolling restart."""
    key = str(job.args["attempt"])
    await runtime.telephony.hangup(f"hangup-{key}", Talk(dial=key))


async def call_over(runtime: Runtime, job: JobView) -> None:
    """Ends a call whose caller is gone, although not all that was pressed has come."""
    await runtime.store.write(callbacks.over, int(job.args["call"]), runtime.services)


WORK: Mapping[str, Work] = {
    "dial": dial,
    "bridge": bridge,
    "order": order,
    "hangup": hang_up,
    "sms": deliver,
    "link": deliver,
    "reply": deliver,
    "call_over": call_over,
}
