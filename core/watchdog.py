"""Watches the event loop from outside: one that stands still is told of, and in the end ends the process."""

import asyncio
import faulthandler
import sys
import threading
import traceback

import structlog

log = structlog.get_logger(__name__)

LOOK = 0.25  # seconds between two signs of life of the loop, and between two looks at them
NOTICED = 1.0  # seconds without a sign of life until the stack is logged
ENDED = 15.0  # seconds until the process ends, to be started again by whatever watches over it


class Watchdog:
    """Beside the loop it is started in: a thread that tells, and a timer that ends.

    The timer is the interpreter's own, for code that lets no other thread run; it ends with code 1.
    """

    def __init__(self) -> None:
        """Watches nothing yet."""
        self._signs = 0
        self._stopped = threading.Event()
        self._thread_id = 0

    def start(self) -> None:
        """Begins, in the running loop; `stop` ends it."""
        self._thread_id = threading.get_ident()
        self._sign(asyncio.get_running_loop())
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Watches no more."""
        self._stopped.set()
        faulthandler.cancel_dump_traceback_later()

    def _sign(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._stopped.is_set():
            return
        self._signs += 1
        faulthandler.dump_traceback_later(ENDED, exit=True, file=sys.__stderr__ or 2)
        loop.call_later(LOOK, self._sign, loop)

    def _watch(self) -> None:
        seen, missed = 0, 0
        while not self._stopped.wait(LOOK):
            missed = missed + 1 if self._signs == seen else 0
            seen = self._signs
            if missed == round(NOTICED / LOOK):
                log.error("the event loop stands still", stack=self._stack())

    def _stack(self) -> str:
        frame = sys._current_frames().get(self._thread_id)
        return "".join(traceback.format_stack(frame)) if frame is not None else ""
