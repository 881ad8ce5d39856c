"""Who executes a job row: this process, or rq workers. The row stays the truth; submitting twice or never
is harmless."""

from collections.abc import Awaitable, Callable
from typing import Protocol


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
