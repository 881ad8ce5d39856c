"""Structured logs: one JSON line an event, ids and codes only. What a person typed has no way in."""

import atexit
import logging
import queue
import sys
import threading
from collections.abc import MutableMapping
from typing import Any

import structlog

ALLOWED_LONG = frozenset({"event", "exception", "stack", "faults", "addresses"})
MAX_VALUE = 120  # characters: ids and codes are short; a longer value is probably content
WAITING = 256  # lines that may wait for a log that is not taken; more are dropped and counted
LAST_LINES = 1.0  # seconds at the end for what waits: a log that is not read must not keep the process


class Outlet:
    """A stream nobody waits for: a thread carries the lines on, and what the log does not take is counted."""

    def __init__(self, stream: Any) -> None:
        """Carries to `stream` until the process ends."""
        self.dropped = 0
        self._stream = stream
        self._lines: queue.Queue[str | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._carry, name="logs", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def write(self, text: str) -> None:
        """Takes a whole line; never waits and never fails."""
        try:
            self._lines.put_nowait(text)
        except queue.Full:
            self.dropped += 1

    def flush(self) -> None:
        """Nothing to wait for."""

    def close(self) -> None:
        """Gives what waits a moment to be taken."""
        try:
            self._lines.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(LAST_LINES)

    def _carry(self) -> None:
        while (text := self._lines.get()) is not None:
            try:
                self._stream.write(text)
                self._stream.flush()
            except (OSError, ValueError):  # a full disk, a reader that has gone, a closed stream
                self.dropped += 1


def setup_logs(level: str = "info", stream: Any = None) -> None:
    """Sets up structlog and the standard library's loggers to write JSON lines to `stream` (stderr)."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            shorten,
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        # Asked for at each line: a stream kept from the start may have been closed or redirected since.
        logger_factory=lambda *_: structlog.WriteLogger(stream or sys.stderr),
    )
    logging.basicConfig(
        level=logging.WARNING,
        format='{"level":"%(levelname)s","logger":"%(name)s"}',
        stream=stream or sys.stderr,
    )
    # aiohttp's access log has addresses and its server log has request lines: neither is ours to keep.
    logging.getLogger("aiohttp.access").disabled = True


def shorten(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Cuts values that are longer than an id or a code."""
    for key, value in line.items():
        if key not in ALLOWED_LONG and isinstance(value, str) and len(value) > MAX_VALUE:
            line[key] = f"({len(value)} characters)"
    return line
