"""What simulated people share: the running process, a generator, their pace, and the doors everybody uses."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import structlog

from callbacks.telephony.simulated import SimulatedTelephony
from core.errors import EnsilinjaError
from core.identity import Actor
from ensilinja import ops_calls, ops_resident, ops_staff
from ensilinja.ops import find_op, perform, read_body
from ensilinja.runtime import Runtime

__all__ = ["World", "ops_calls", "ops_resident", "ops_staff"]

log = structlog.get_logger(__name__)

LOOK = 1.0  # seconds between two looks at one's screen


@dataclass(slots=True, kw_only=True)
class World:
    """One process and its simulated people; `contacts` are theirs, all others are of people at browsers."""

    runtime: Runtime
    telephony: SimulatedTelephony
    rng: Random
    pace: float = 1.0
    contacts: set[int] = field(default_factory=set)
    nurses: frozenset[int] = frozenset()

    async def act(self, actor: Actor, name: str, **body: Any) -> Mapping[str, Any]:
        """Does what a browser's socket would ask for: the same operation, policy and transaction."""
        operation = find_op(actor, name)
        runtime = self.runtime
        return await runtime.store.write(
            perform, operation, actor, read_body(operation, body), runtime.services
        )

    async def pause(self, low: float, high: float) -> None:
        """Waits as long as a person would, at the world's pace."""
        await asyncio.sleep(self.rng.uniform(low, high) * self.pace)

    async def look(self) -> None:
        """Waits until the next look."""
        await self.pause(LOOK * 0.8, LOOK * 1.2)

    async def life(self, living: Awaitable[None]) -> None:
        """Lives to the end; a refusal ends it quietly, as people give up, and a fault is logged."""
        try:
            await living
        except EnsilinjaError as refusal:
            log.debug("simulated person gave up", code=refusal.code)
        except Exception:
            log.exception("simulated person failed")
