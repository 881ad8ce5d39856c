"""Runs a scenario: the line's turns when something can be due, the people, and what came of the day."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from core.store import Recorded
from ensilinja.reporting.facts import Fact, fold
from ensilinja.simulation.doors import Doors
from ensilinja.simulation.memory import MemoryDoors
from ensilinja.simulation.memory_rows import Decide
from ensilinja.simulation.professionals import Professionals
from ensilinja.simulation.residents import Residents
from ensilinja.simulation.rules import FLOOR, RULES
from ensilinja.simulation.services import ServiceDoors
from ensilinja.simulation.staffing import Shift
from ensilinja.simulation.standing import Standing
from ensilinja.simulation.visits import Visit, helsinki
from ensilinja.simulation.world import World
from router.services import Services

BEAT = timedelta(
    seconds=5
)  # browsers renew their leases so often; written only when somebody looks at leases
TICK = 30.0  # seconds: the line is looked at so often while somebody waits, for what only time changes
CHANGES = (
    *("entry.queued", "entry.came_due", "entry.declined", "entry.expired", "entry.withdrawn"),
    *("entry.returned", "entry.transferred", "entry.resumed", "entry.scheduled", "entry.done"),
    *("entry.channel", "entry.urgency", "entry.left", "shift.started", "shift.state"),
)
LOOKS = (2.1, 600.0)
OPENS, CLOSES = 6.0, 21.0  # Helsinki hours between which a day is played


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One way a day could go. `rule` is a name of `rules.RULES`, or a rule itself; the services know one."""

    name: str
    days: tuple[date, ...]
    seed: str
    visits: tuple[Visit, ...]
    shifts: tuple[Shift, ...]
    services: Services
    rule: str | Decide = FLOOR


@dataclass(slots=True, kw_only=True)
class Played:
    """What came of a scenario."""

    scenario: Scenario
    world: World = field(repr=False)
    standing: Standing = field(repr=False)
    doors: Doors = field(repr=False)

    @property
    def facts(self) -> list[Fact]:
        """The facts of every contact, folded from its events as reporting does."""
        histories: dict[int, list[Recorded]] = {}
        for event in self.world.recorded:
            if event.contact is not None:
                histories.setdefault(event.contact, []).append(event)
        return [fold(history) for history in histories.values()]


class Turns:
    """The line's turn: deadlines of every room and then the matcher, when there is something for them."""

    def __init__(self, world: World, standing: Standing, doors: Doors) -> None:
        """Listens for what makes a turn needed."""
        self.world, self.standing, self.doors = world, standing, doors
        self.alive: Callable[[], list[int]] = list
        self._is_due = self._has_changed = self._ticking = False
        self._beaten = world.now
        self._looks: set[datetime] = set()
        world.listeners.append(self._hear)

    def turn(self) -> None:
        """Does what is needed at this instant."""
        if self._is_due:
            self._is_due = False
            self.beat()
            self.doors.sweep()
        if self._has_changed and self.standing.waiting:
            self._has_changed = False
            self.offer()
        if self.standing.waiting and not self._ticking:
            self._ticking = True
            self.world.after(TICK, self._tick)

    def offer(self) -> None:
        """Runs the rule, unless nobody could be given anything."""
        most = self.doors.services.catalogue.limits.chat_capacity_max
        alive = self.alive()
        if any(self.standing.could_take(agent, most) for agent in alive):
            self.beat()
            self.doors.offer()

    def beat(self) -> None:
        """The leases as the living browsers have renewed them by now."""
        alive = self.alive()
        if alive and self.world.now - self._beaten >= BEAT:
            self._beaten = self.world.now
            self.doors.beat_all(alive)

    def due(self) -> None:
        """A deadline has passed."""
        self._is_due = True

    def change(self) -> None:
        """Somebody may be offered something."""
        self._has_changed = True

    def _tick(self) -> None:
        self._ticking, self._has_changed = False, True

    def _hear(self, event: Recorded) -> None:
        if event.type in CHANGES:
            self._has_changed = True
        for seconds in LATER.get(event.type, ()):
            self.world.after(seconds, self.change)
        if event.type == "promise.made":
            self._watch(datetime.fromisoformat(event.data["due_at"]))
        wait = DEADLINES.get(event.type)
        if wait is None:
            return
        if wait == "wrap_up":
            place = self.standing.places[event.contact or 0]
            seconds = self.doors.services.catalogue.queue(place.queue).wrap_up_s
            self.world.after(seconds, self._passed, event)
        elif isinstance(wait, str):
            self.world.at(datetime.fromisoformat(event.data[wait]), self._passed, event)
        else:
            self.world.after(wait, self._passed, event)

    def _watch(self, due_at: datetime) -> None:
        """Has the line look each minute, in the last ones before it is due, whether the promise will hold."""
        for minutes in range(self.doors.services.catalogue.limits.promise_alarm_minutes, 0, -1):
            at = due_at - timedelta(minutes=minutes)
            if at > self.world.now and at not in self._looks:
                self._looks.add(at)
                self.world.at(at, self.due)

    def _passed(self, event: Recorded) -> None:
        """The deadline counts if the contact still stands as it did, or the professional is still away."""
        place = self.standing.places.get(event.contact or 0)
        waited = STANDS.get(event.type)
        if waited is None or (place is not None and place.state == waited):
            self._is_due = True
        self._has_changed = True


DEADLINES: dict[str, str | float] = {
    "entry.offered": "expires_at",
    "entry.scheduled": "not_before",
    "entry.left": "resume_until",
    "entry.wrapping": "wrap_up",
    "attempt.requested": 61.0,
    "chat.replied": 301.0,
}
LATER: dict[str, tuple[float, ...]] = {
    "entry.queued": (20.0, 60.0),
    "entry.came_due": (60.0,),
    "entry.transferred": (60.0,),
    "entry.declined": (60.0,),
    "entry.returned": (60.0,),
}
"""When time alone may let somebody be offered: a call at the head drains, a wish is given up."""
STANDS = {
    "entry.offered": "offered",
    "entry.scheduled": "scheduled",
    "entry.left": "left",
    "entry.wrapping": "wrapping",
    "attempt.requested": "held",
    "chat.replied": "never",
}


Check = Callable[[Doors, Standing], None]


def play(scenario: Scenario, check: Check | None = None, *, by_services: bool = False) -> Played:
    """Plays the scenario to the end of its last day, in memory or by the services over a database.

    `check` looks at the line every ten simulated minutes, twice.
    """
    world, standing = World(helsinki(scenario.days[0], OPENS)), Standing()
    world.listeners.append(standing.hear)
    doors = doors_of(world, scenario, by_services=by_services)
    turns = Turns(world, standing, doors)
    residents = Residents(world, standing, doors)
    floor = Professionals(world, standing, doors, residents)
    turns.alive, floor.beat = floor.alive, turns.beat
    for shift in scenario.shifts:
        floor.hire(shift, scenario.seed)
        watch_for_loss(world, turns, shift)
    for visit in scenario.visits:
        residents.expect(visit)
    if check is not None:
        look(doors, standing, check, world, LOOKS)
    world.run(helsinki(scenario.days[-1], CLOSES), turns.turn)
    return Played(scenario=scenario, world=world, standing=standing, doors=doors)


def doors_of(world: World, scenario: Scenario, *, by_services: bool) -> Doors:
    """Where the people's acts go."""
    if by_services:
        return ServiceDoors(world, scenario.services)
    rule = RULES[scenario.rule] if isinstance(scenario.rule, str) else scenario.rule
    return MemoryDoors(world, scenario.services, rule)


def watch_for_loss(world: World, turns: Turns, shift: Shift) -> None:
    """Has the line look when the lease of a dead browser ends, and when what she held is taken from her."""
    if shift.dies_at is not None:
        for seconds in (16, 46, 61, 16 * 60):
            world.at(shift.dies_at + timedelta(seconds=seconds), turns.due)


def look(doors: Doors, standing: Standing, check: Check, world: World, waits: tuple[float, float]) -> None:
    """Checks now, shortly after, and again after a while."""
    check(doors, standing)
    world.after(waits[0], look, doors, standing, check, world, waits[::-1])
