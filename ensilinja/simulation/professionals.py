"""Simulated professionals: shifts, breaks, offers, conversations, calls back and outcomes.

A browser that dies does nothing until it is back; what was taken from her meanwhile she loses.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from core.county import Catalogue
from core.store import Recorded
from ensilinja.people.profile import draw_outcome
from ensilinja.simulation.doors import Doors
from ensilinja.simulation.residents import Residents
from ensilinja.simulation.staffing import Shift
from ensilinja.simulation.standing import Place, Standing
from ensilinja.simulation.world import World

DECLINES, MISSES, TRANSFERS, SILENT = 0.015, 0.025, 0.02, 0.1
UNREACHED = "UNREACHED"


@dataclass(slots=True, kw_only=True)
class Her:
    """One professional at work."""

    id: int
    shift: Shift
    rng: Random = field(repr=False)
    alive: bool = False
    back_at: datetime | None = None
    going: bool = False


class Professionals:
    """The floor."""

    def __init__(self, world: World, standing: Standing, doors: Doors, residents: Residents) -> None:
        """Nobody is at work."""
        self.world, self.standing, self.doors, self.residents = world, standing, doors, residents
        self.floor: dict[int, Her] = {}
        self.catalogue: Catalogue = doors.services.catalogue
        self.beat: Callable[[], None] = lambda: None
        world.listeners.append(self._told)

    def hire(self, shift: Shift, seed: str) -> None:
        """Gives her an account and lets her shift begin at its time."""
        name = f"n{shift.place:03}-{len(self.floor)}"
        staff = self.doors.hire(name, shift)
        her = Her(id=staff, shift=shift, rng=Random(f"{seed}:staff:{name}"))  # noqa: S311
        self.floor[staff] = her
        self.world.at(shift.starts_at, self._begin, her)
        for start, end in shift.breaks:
            self.world.at(start, self._state, her, "paused")
            self.world.at(end, self._state, her, "ready")
        self.world.at(shift.ends_at, self._end, her)
        if shift.dies_at is not None:
            self.world.at(shift.dies_at, self._die, her)

    def alive(self) -> list[int]:
        """Those whose browsers live, by staff id."""
        return [staff for staff, her in self.floor.items() if her.alive]

    def _begin(self, her: Her) -> None:
        her.alive = True
        self.doors.start(her.id, her.shift)

    def _state(self, her: Her, state: str) -> None:
        if her.alive and not her.going:
            self.doors.state(her.id, state, "break")

    def _end(self, her: Her) -> None:
        """No more offers; she goes when her hands are empty."""
        if not her.alive:
            self.world.at((her.back_at or self.world.now) + timedelta(seconds=1), self._end, her)
            return
        if not her.going:
            her.going = True
            self.doors.state(her.id, "paused", "end")
        if self.standing.holding(her.id):
            self.world.after(30, self._end, her)
            return
        self.doors.end(her.id)
        her.alive = False
        her.back_at = None

    def _die(self, her: Her) -> None:
        if her.alive:
            her.alive = False
            her.back_at = self.world.now + timedelta(seconds=her.shift.gone_s)
            self.world.at(her.back_at, self._revive, her)

    def _revive(self, her: Her) -> None:
        her.alive = True
        self.doors.beat(her.id)

    def _told(self, event: Recorded) -> None:
        if event.type == "entry.offered":
            self._see(self.floor[event.data["agent"]], self.standing.places[event.contact or 0])
        elif event.type in ("entry.queued", "entry.returned", "entry.came_due"):
            if self.standing.places[event.contact or 0].tier == 0:
                self.world.after(8, self._emergency, event.contact)
        elif event.type == "shift.state" and event.data["state"] == "not_answering":
            self.world.after(90, self._state, self.floor[event.staff or 0], "ready")

    def _see(self, her: Her, place: Place) -> None:
        roll, contact, number = her.rng.random(), place.contact, place.assignment
        if roll < DECLINES:
            self.world.after(4, self._on, her, contact, number, self._decline)
        elif roll < DECLINES + MISSES:
            self.world.after(1, self._on, her, contact, number, self._only_shown)
        else:
            self.world.after(her.rng.uniform(2, 9), self._on, her, contact, number, self._accept)

    def _on(self, her: Her, contact: int, number: int, step: Callable[..., None], *args: Any) -> None:
        """Does the step if she still has the contact under this number; a dead browser does it when back."""
        if not her.alive:
            if her.back_at is not None:
                again = her.back_at + timedelta(seconds=2)
                self.world.at(again, self._on, her, contact, number, step, *args)
            return
        place = self.standing.places[contact]
        if place.agent == her.id and place.assignment == number:
            step(her, place, *args)

    def _later(self, seconds: float, her: Her, place: Place, step: Callable[..., None], *args: Any) -> None:
        self.world.after(seconds, self._on, her, place.contact, place.assignment, step, *args)

    def _decline(self, her: Her, place: Place) -> None:
        self.doors.decline(her.id, place)

    def _only_shown(self, her: Her, place: Place) -> None:
        self.doors.shown(her.id, place)

    def _accept(self, her: Her, place: Place) -> None:
        if self.doors.accept(her.id, place):
            self._serve(her, place)

    def _emergency(self, contact: int) -> None:
        """The first who sees it takes it; while nobody can, it goes on being called."""
        place = self.standing.places[contact]
        if place.state != "waiting":
            return
        self.beat()
        there = [her for her in self.floor.values() if her.alive and place.queue in her.shift.queues]
        for her in sorted(there, key=lambda one: (len(self.standing.hands.get(one.id, ())), one.id)):
            if self.doors.take(her.id, place):
                self._serve(her, place)
                return
        self.world.after(20, self._emergency, contact)

    def _serve(self, her: Her, place: Place) -> None:
        talk = self.residents.came(place.contact).talk_s
        if place.channel == "chat":
            self._later(her.rng.uniform(15, 60), her, place, self._reply, talk["chat"])
        elif place.channel == "message":
            self._later(talk["message"], her, place, self._reply, 0.0)
        elif place.channel == "call":
            self._later(talk["call"], her, place, self._talked)
        else:
            self._later(her.rng.uniform(5, 20), her, place, self._dial)

    def _reply(self, her: Her, place: Place, lasts: float) -> None:
        """The first human message; a chat then goes on, a message is answered by it."""
        self.doors.reply(her.id, place)
        if place.channel == "message":
            self._later(5, her, place, self._wrap)
            return
        if her.rng.random() >= SILENT:
            self.world.after(her.rng.uniform(20, 150), self._answered, place.contact)
        if her.rng.random() < TRANSFERS:
            self._later(120, her, place, self._transfer, lasts)
            return
        self._later(lasts * 0.5, her, place, self._assess)
        self._later(lasts, her, place, self._wrap)

    def _answered(self, contact: int) -> None:
        if self.standing.places[contact].state in ("held", "wrapping"):
            self.residents.doors.say(contact)

    def _transfer(self, her: Her, place: Place, lasts: float) -> None:
        """Passes it on, or goes on herself when the other queue is closed."""
        others = [each.id for each in self.catalogue.queues if each.id != place.queue and not each.tasks]
        self.doors.transfer(her.id, place, her.rng.choice(others))
        if place.agent == her.id:
            self._later(lasts, her, place, self._wrap)

    def _assess(self, her: Her, place: Place) -> None:
        self.doors.assess(her.id, place)

    def _dial(self, her: Her, place: Place) -> None:
        visit = self.residents.came(place.contact)
        if self.doors.dial(her.id, place, visit):
            self._later(visit.talk_s["callback"], her, place, self._talked)
        elif place.state == "held":
            self._later(20, her, place, self._given_up)

    def _talked(self, her: Her, place: Place) -> None:
        if place.channel == "callback":
            self.doors.hang_up_dialled(place)
        else:
            self.residents.hangs_up(place.contact)
        self._assess(her, place)
        self._wrap(her, place)

    def _given_up(self, her: Her, place: Place) -> None:
        """Attempts are used up, or the exchange failed: a person ends it."""
        if self.doors.was_tried(place):
            self._wrap(her, place, UNREACHED)
        else:
            self._later(30, her, place, self._dial)

    def _wrap(self, her: Her, place: Place, code: str = "") -> None:
        self.doors.wrap(her.id, place)
        self._later(her.rng.uniform(20, 75), her, place, self._close, code)

    def _close(self, her: Her, place: Place, code: str) -> None:
        chosen = code or draw_outcome(her.rng, self.catalogue.outcomes, place.channel)
        others = (self.standing.places[each] for each in self.standing.matters[place.matter])
        ended = [
            other.contact
            for other in others
            if other.contact != place.contact and other.state in ("waiting", "scheduled", "left")
        ]
        self.doors.close(her.id, place, chosen, ended)
