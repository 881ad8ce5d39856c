"""The service holds itself against its invariants: eligible pairs every two seconds, all else every minute.

What is found twice, two seconds apart, is told: in the log by numbers, to Prometheus by count, to the
supervisors by an alarm. Nothing is mended here and the process stays ready: a person looks.
"""

import asyncio
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from callbacks import checks as callbacks
from chat import checks as chat
from core import checks, events
from core.access import Head, check_chain
from core.catalogue import Catalogue
from core.checks import Finding
from core.store import Store, Tx
from ensilinja import metrics
from ensilinja.reporting.keeper import chunks
from ensilinja.reporting.picture import Alarm
from queues import checks as queues
from router import checks as router

log = structlog.get_logger(__name__)

AGAIN = 2.5  # seconds between the two looks: a transition in between is not a fault
LOOK_BACK = 2_000  # events and contacts that a process looks back on when it begins
NAMED = 20  # ids in a log line; the rest is a number
PAIRS = "pair_waits"
CHECKS = (
    *("one_holder", "capacity", "deadlines", "conservation"),
    *("numbers", "promises", "access_log", PAIRS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """Up to where the store was checked, and the contacts that were not right: they are looked at again."""

    event: int = 0
    contact: int = 0
    head: Head | None = None
    wrong: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at the store: what was found, and up to where it went."""

    findings: frozenset[Finding]
    upto: Since


def beginning(tx: Tx) -> Since:
    """Where a process begins that has checked nothing yet."""
    return Since(
        event=max(0, events.newest(tx) - LOOK_BACK), contact=max(0, router.newest_contact(tx) - LOOK_BACK)
    )


def look(tx: Tx, catalogue: Catalogue, since: Since) -> Look:
    """All checks but the pairs', on one snapshot."""
    broken, head = check_chain(tx, since.head)
    in_line = queues.in_line(tx)
    found = {
        *queues.line_findings(tx, catalogue.limits),
        *checks.staff_gaps(tx, since.event),
        *checks.late_jobs(tx),
        *callbacks.wordless(tx),
        *router.forsaken(tx, in_line),
    }
    changed = queues.touched(tx, since.event) | router.arrived(tx, since.contact) | since.wrong
    for contacts in chunks(changed | in_line):  # each by its index, whatever there is
        found.update(queues.untold(tx, contacts), checks.event_gaps(tx, contacts))
        found.update(chat.line_gaps(tx, contacts), router.placeless(tx, contacts))
        found.update(router.unpersoned(tx, contacts))
    if broken is not None:
        found.add(Finding(check="access_log", what="row", id=broken))
    upto = Since(event=events.newest(tx), contact=router.newest_contact(tx), head=head)
    return Look(findings=frozenset(found), upto=upto)


class Selfcheck:
    """What one process has found and not found gone again. Each process checks for itself."""

    def __init__(self, store: Store, catalogue: Catalogue) -> None:
        """Nothing is checked yet."""
        self._store = store
        self._catalogue = catalogue
        self._since: Since | None = None
        self._pairs: Mapping[tuple[int, int], Finding] = {}
        self._first_seen: dict[Finding, datetime] = {}

    async def turn(self) -> None:
        """Looks, and looks again at what was found; what is wrong still is told until it is right."""
        began = time.perf_counter()
        since = self._since
        if since is None:
            since = await self._store.read(beginning)
        first = await self._store.read(look, self._catalogue, since)
        found = first.findings
        metrics.self_check_took(time.perf_counter() - began)
        if found:
            await asyncio.sleep(AGAIN)
            found &= (await self._store.read(look, self._catalogue, since)).findings
        wrong = frozenset(one.id for one in found if one.what == "contact")
        self._since = replace(first.upto, wrong=wrong)
        self._tell(found, [check for check in CHECKS if check != PAIRS])

    async def pairs(self) -> None:
        """One who waits and one who is free, found in two turns one after the other, did not meet."""
        pairs = await self._store.read(queues.unserved, self._catalogue)
        found = {finding for key, finding in pairs.items() if key in self._pairs}
        self._pairs = pairs
        self._tell(found, [PAIRS])

    def alarms(self) -> tuple[Alarm, ...]:
        """One alarm a check and queue, since when it was first seen."""
        groups: dict[tuple[str, str | None], list[Finding]] = {}
        for finding in self._first_seen:
            queue = finding.queue if finding.check == PAIRS else None
            groups.setdefault((finding.check, queue), []).append(finding)
        return tuple(
            Alarm(
                kind=check if check == PAIRS else f"check_{check}",
                since=min(self._first_seen[finding] for finding in found),
                queue=queue,
                queue_name=self._catalogue.queue(queue).name if queue else None,
                n=len(found),
            )
            for (check, queue), found in groups.items()
        )

    def _tell(self, found: Collection[Finding], looked_for: Collection[str]) -> None:
        """Notes what is new, forgets what is gone."""
        now = self._store.clock.now()
        known = {one for one in self._first_seen if one.check in looked_for}
        for finding in known - {*found}:
            del self._first_seen[finding]
        for finding in {*found} - known:
            self._first_seen[finding] = now
        for check in looked_for:
            ids = sorted((one.what, one.id) for one in found if one.check == check)
            metrics.self_check_found(check, len(ids))
            if ids:
                named = [f"{what}:{number}" for what, number in ids[:NAMED]]
                log.error("an invariant is broken", check=check, count=len(ids), rows=named)
