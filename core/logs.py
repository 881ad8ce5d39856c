"""Structured logs: one JSON line an event, ids and codes only. What a person typed has no way in."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

ALLOWED_LONG = frozenset({"event", "exception", "faults", "addresses"})
MAX_VALUE = 120  # characters: ids and codes are short; a longer value is probably content


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
        logger_factory=lambda *_: structlog.PrintLogger(stream or sys.stderr),
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
