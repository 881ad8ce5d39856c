"""Reads one county's folder into a `Catalogue`, or refuses with every fault of all its files at once."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from core.county import (
    LANGUAGES,
    TARGET_CHANNELS,
    CallBack,
    Catalogue,
    ChatDoor,
    Guide,
    HelpNumber,
    Limits,
    Line,
    LocalText,
    OutcomeCode,
    PromiseKind,
    PromiseRule,
    Queue,
    Site,
    UnknownId,
)
from core.faults import ConfigFaults, Fault
from core.hours import ALWAYS_OPEN, Hours, both
from core.hours_file import read_hours
from core.phone import PhoneFault, normalise
from core.tables import Table
from core.urgency import Urgency

__all__ = [
    "LANGUAGES", "Catalogue", "ChatDoor", "HelpNumber", "Limits", "Line", "LocalText", "OutcomeCode",
    "PromiseKind", "PromiseRule", "Queue", "Site", "UnknownId", "load_catalogue",
]  # fmt: skip

TELEPHONE_BYTES = 16_000  # of one second that is recorded: 8 kHz, 16 bit
Targets = MappingProxyType[tuple[str, Urgency], timedelta]


def load_catalogue(folder: Path) -> Catalogue:
    """The county's catalogue, every reference resolved; raises ConfigFaults with all faults of all files."""
    faults: list[Fault] = []
    if not folder.is_dir():
        raise ConfigFaults([Fault(source=folder.name, key="", message="there is no such county folder")])
    catalogue = _Reading(folder, faults).catalogue()
    if faults:
        raise ConfigFaults(faults)
    return catalogue


class _Reading:
    """One reading of a folder: the files' order matters, for the later ones refer to the earlier."""

    def __init__(self, folder: Path, faults: list[Fault]) -> None:
        self._folder = folder
        self._faults = faults
        self.calendar, self._hours = read_hours(self._file("hours.toml"))

    def catalogue(self) -> Catalogue:
        service = self._file("service.toml")
        site, help_numbers, limits = _site(service), _help_numbers(service), _limits(service.table("limits"))
        guides = _guides(service)
        service.done()
        queues = self._queues(self._file("queues.toml"))
        by_id = {queue.id: queue for queue in queues}
        calls = self._file("lines.toml")
        relay_numbers = frozenset(
            _number(calls, "relay_numbers", of) for of in calls.texts("relay_numbers", ())
        )
        lines, doors = self._lines(calls, by_id)
        return Catalogue(
            county=self._folder.name, site=site, calendar=self.calendar,
            queues=queues, lines=lines, doors=doors,
            outcomes=_outcomes(self._file("outcomes.toml"), by_id), limits=limits, help_numbers=help_numbers,
            guides=guides, relay_numbers=relay_numbers,
        )  # fmt: skip

    def _file(self, name: str) -> Table:
        return Table.read(self._folder / name, self._faults)

    def hours(self, table: Table, key: str) -> Hours:
        name = table.text(key)
        if name and name not in self._hours:
            table.fault(key, f"hours.toml has no hours {name!r}")
        return self._hours.get(name, ALWAYS_OPEN)

    def _queues(self, root: Table) -> tuple[Queue, ...]:
        common = _targets(root.table("targets"), MappingProxyType({}))
        queues = tuple(self._queue(row, common) for row in root.rows("queue"))
        _report_twice(root, "queue", (queue.id for queue in queues))
        if sum(queue.tasks for queue in queues) > 1:
            root.fault("tasks", "tasks of other systems come to one queue only")
        if root.has("queue") and not queues:
            root.fault("queue", "a county has at least one queue")
        root.done()
        return queues

    def _queue(self, row: Table, common: Targets) -> Queue:
        queue = Queue(
            id=row.id(), name=_local(row, "name"), profession=_local(row, "profession"),
            service_hours=self.hours(row, "service_hours"), intake_hours=self.hours(row, "intake_hours"),
            targets=_targets(row.table("targets", optional=True), common),
            promise=_promise(row.table("promise")), same_day_law=row.flag("same_day_law", True),
            language_hold_s=row.number("language_hold_s", 60, most=600),
            chat_weight=row.number("chat_weight", 1, least=1, most=10),
            floor_share=row.share("floor_share", 0.6),
            wrap_up_s=row.number("wrap_up_s", 60, most=1800), own_team=row.flag("own_team", False),
            tasks=row.flag("tasks", False),
            intake_until=row.clock("intake_until"),
            contact_minutes=row.number("contact_minutes", 0, most=240),
        )  # fmt: skip
        row.done()
        return queue

    def _lines(self, root: Table, queues: dict[str, Queue]) -> tuple[tuple[Line, ...], tuple[ChatDoor, ...]]:
        lines = tuple(self._line(row, queues) for row in root.rows("line"))
        doors = tuple(self._door(row, queues) for row in root.rows("chat"))
        _report_twice(root, "line", (line.id for line in lines))
        _report_twice(root, "chat", (door.id for door in doors))
        _report_twice(root, "line number", (line.number for line in lines if line.number))
        root.done()
        return lines, doors

    def _line(self, row: Table, queues: dict[str, Queue]) -> Line:
        queue = _known_queue(row, "queue", row.text("queue"), queues)
        line = Line(
            id=row.id(), name=_local(row, "name"),
            number=_number(row, "number", row.text("number")) if row.has("number") else None, queue=queue,
            default_urgency=row.one_of("default_urgency", Urgency), hours=self.hours(row, "hours"),
            callback=row.one_of("callback", CallBack, CallBack.OFFERED),
            voicemail=row.flag("voicemail", False),
            promise=_promise(row.table("promise")), same_day_law=row.flag("same_day_law", True),
            languages=_languages(row), asks_language=row.flag("asks_language", False),
            hanging_up_asks=row.flag("hanging_up_asks", False), attempts=_own(row, "attempts", 10),
            attempt_spacing_minutes=_own(row, "attempt_spacing_minutes", 1440),
        )  # fmt: skip
        _check_calls(row, line)
        row.done()
        return line

    def _door(self, row: Table, queues: dict[str, Queue]) -> ChatDoor:
        door = ChatDoor(
            id=row.id(), name=_local(row, "name"), queues=row.texts("queues"),
            intake_hours=self.hours(row, "intake_hours"), service_hours=self.hours(row, "service_hours"),
            intake_until=row.clock("intake_until"),
        )  # fmt: skip
        if not door.queues:
            row.fault("queues", "a chat leads to at least one queue")
        for queue in door.queues:
            known = queues.get(_known_queue(row, "queues", queue, queues))
            if known is not None and _never_meet(door.service_hours, known.service_hours):
                row.fault("service_hours", f"never open together with the queue {queue!r}")
        row.done()
        return door


def _local(table: Table, key: str) -> LocalText:
    given = table.table(key)
    text = LocalText(**{lang: given.text(lang) for lang in LANGUAGES})
    given.done()
    return text


def _languages(table: Table) -> tuple[str, ...]:
    languages = table.texts("languages", LANGUAGES)
    for language in languages:
        if language not in LANGUAGES:
            table.fault("languages", f"{language!r} is not one of {', '.join(LANGUAGES)}")
    if not languages:
        table.fault("languages", "needs at least one language")
    return languages


def _own(row: Table, key: str, most: int) -> int | None:
    return row.number(key, least=1, most=most) if row.has(key) else None


def _check_calls(row: Table, line: Line) -> None:
    if line.asks_language and len(line.languages) < 2:
        row.fault("asks_language", "needs at least two languages to choose from")
    if line.hanging_up_asks and line.callback is not CallBack.OFFERED:
        row.fault("hanging_up_asks", 'is only for a line with callback = "offered"')
    if row.flag("recording", False):
        row.fault("recording", "calls are not recorded by this program; leave it out, or set false")


def _number(table: Table, key: str, written: str) -> str:
    try:
        return normalise(written)
    except PhoneFault as fault:
        table.fault(key, f"is not a number residents can dial ({fault.code}); leave it out if unknown")
        return ""


def _never_meet(one: Hours, other: Hours) -> bool:
    # Hours that never open at all are a fault of their own.
    return any(one.week) and any(other.week) and not any(both(one, other).week)


def _known_queue(row: Table, key: str, queue: str, queues: Mapping[str, Queue]) -> str:
    if queue and queue not in queues:
        row.fault(key, f"queues.toml has no queue {queue!r}")
    return queue


def _promise(table: Table) -> PromiseRule:
    kind = table.one_of("kind", PromiseKind)
    days = table.number("days", least=1, most=30) if kind is PromiseKind.WORKING_DAYS else None
    minutes = table.number("minutes", least=1, most=10_000) if kind is PromiseKind.SERVICE_TIME else None
    binding = table.number("binding_days", least=1, most=30) if table.has("binding_days") else None
    if binding is not None and (days is None or binding < days):
        table.fault("binding_days", "is only for working days and not fewer than days")
    told = _local(table, "told")
    table.done()
    return PromiseRule(kind=kind, minutes=minutes, days=days, binding_days=binding, told=told)


def _targets(table: Table, common: Targets) -> Targets:
    """Minutes by channel and level; a queue's own table only names what differs from the common one."""
    found = dict(common)
    for channel in TARGET_CHANNELS:
        levels = table.table(channel, optional=bool(common))
        for urgency in Urgency:
            if levels.has(urgency) or not common:
                minutes = levels.number(urgency, least=1, most=10_000)
                found[channel, urgency] = timedelta(minutes=minutes)
        levels.done()
        _check_order(table, channel, found)
    table.done()
    return MappingProxyType(found)


def _check_order(table: Table, channel: str, found: dict[tuple[str, Urgency], timedelta]) -> None:
    targets = [found[channel, urgency] for urgency in Urgency if (channel, urgency) in found]
    if targets != sorted(targets):
        table.fault(channel, "a more urgent level has a longer target than a less urgent one")


def _site(root: Table) -> Site:
    table = root.table("site")
    site = Site(
        county_name=_local(table, "county_name"), service_name=_local(table, "service_name"),
        chat_name=_local(table, "chat_name"), sms_sender=_local(table, "sms_sender"),
        languages=_languages(table), survey=table.flag("survey", False),
    )  # fmt: skip
    table.done()
    return site


def _help_numbers(root: Table) -> tuple[HelpNumber, ...]:
    numbers = []
    for row in root.rows("help"):
        numbers.append(
            HelpNumber(
                id=row.id(),
                name=_local(row, "name"),
                number=_local(row, "number"),
                hours=_local(row, "hours"),
            )
        )
        row.done()
    _report_twice(root, "help", (number.id for number in numbers))
    if "emergency" not in {number.id for number in numbers}:
        root.fault("help", "the emergency number (id emergency) is missing")
    return tuple(numbers)


def _guides(root: Table) -> tuple[Guide, ...]:
    guides = []
    for row in root.rows("guide") if root.has("guide") else ():
        guides.append(Guide(id=row.id(), name=_local(row, "name"), url=_local(row, "url")))
        if not all(guides[-1].url.get(lang).startswith("https://") for lang in LANGUAGES):
            row.fault("url", "must be an address that starts with https://")
        row.done()
    _report_twice(root, "guide", (guide.id for guide in guides))
    return tuple(guides)


def _limits(table: Table) -> Limits:
    defaults = asdict(Limits())
    limits = Limits(**{name: table.number(name, default, least=1) for name, default in defaults.items()})
    for name in ("quiet_from_hour", "quiet_until_hour"):
        if getattr(limits, name) > 24:
            table.fault(name, "is an hour of the day, 1-24")
    if limits.voicemail_s * TELEPHONE_BYTES > limits.voicemail_kb * 1024:
        table.fault("voicemail_kb", "is too little for voicemail_s: a second takes 16 KB")
    if limits.chat_capacity > limits.chat_capacity_max:
        table.fault("chat_capacity", "is more than chat_capacity_max")
    table.done()
    return limits


def _outcomes(root: Table, queues: Mapping[str, Queue]) -> tuple[OutcomeCode, ...]:
    outcomes = []
    for row in root.rows("outcome"):
        outcomes.append(OutcomeCode(
            id=row.id(), name=_local(row, "name"), resolved=row.flag("resolved"), counts=row.flag("counts"),
            survey=row.flag("survey"), ends_callback=row.flag("ends_callback"),
            by_professional=row.flag("by_professional", True),
            key=row.number("key", least=1, most=9) if row.has("key") else None,
            queue=_known_queue(row, "queue", row.text("queue"), queues) if row.has("queue") else None,
            without_unit=row.flag("without_unit") if row.has("without_unit") else None,
        ))  # fmt: skip
        if outcomes[-1].resolved and not outcomes[-1].counts:
            row.fault("resolved", "a resolved outcome also counts")
        row.done()
    _report_twice(root, "outcome", (outcome.id for outcome in outcomes))
    _report_twice(root, "outcome key", (outcome.key for outcome in outcomes if outcome.key))
    root.done()
    return tuple(outcomes)


def _report_twice(root: Table, kind: str, values: Iterable[str | int]) -> None:
    for value, count in Counter(values).items():
        if value and count > 1:
            root.fault(kind, f"{value!r} is given twice")
