"""Simulated residents: they come, wait, lose patience, return, write and are rung. Nobody is real."""

from dataclasses import replace

from core.store import Recorded
from ensilinja.simulation.doors import Doors
from ensilinja.simulation.standing import IN_LINE, Standing
from ensilinja.simulation.visits import Visit, Way
from ensilinja.simulation.world import World

PRESENT_EVERY = 30.0  # a page that is silent for 45 s is taken for closed
KEYS_AFTER = (6.0, 4.0)  # seconds until "1" is pressed, and pressed again


class Residents:
    """Everybody who comes, by contact."""

    def __init__(self, world: World, standing: Standing, doors: Doors) -> None:
        """Nobody has come yet."""
        self.world, self.standing, self.doors = world, standing, doors
        self.visits: dict[int, Visit] = {}
        self.calls: dict[int, str] = {}
        self._coming: Visit | None = None
        world.listeners.append(self._told)

    def expect(self, visit: Visit) -> None:
        """Has the visit happen at its time."""
        self.world.at(visit.at, self._come, visit)

    def came(self, contact: int) -> Visit:
        """Whose contact it is."""
        return self.visits[contact]

    def hangs_up(self, contact: int) -> None:
        """The conversation by telephone is over."""
        if contact in self.calls:
            self.doors.hang_up(self.calls[contact])

    def _come(self, visit: Visit) -> None:
        if visit.way in (Way.CHAT, Way.MESSAGE):
            self._write(visit)
        else:
            self._ring(visit)

    def _write(self, visit: Visit, matter: int | None = None) -> None:
        self._coming = visit
        self.doors.write(visit, matter)

    def _ring(self, visit: Visit) -> None:
        self._coming = visit
        call = self.doors.ring(visit)
        if visit.way is Way.CALLBACK:
            self.world.after(KEYS_AFTER[0], self._press, visit, call, 1)
        else:
            self.doors.wait(call)
            self._on_the_line(visit, call)

    def _press(self, visit: Visit, call: str, left: int) -> None:
        self._coming = visit
        self.doors.press(call)
        if left:
            self.world.after(KEYS_AFTER[1], self._press, visit, call, left - 1)
        else:
            self._on_the_line(visit, call)

    def _on_the_line(self, visit: Visit, call: str) -> None:
        """A call that waits has a patience; who was promised a call back may write as well."""
        contact, is_on = self.doors.call_of(call)
        if contact is None:
            return
        if is_on:
            self.calls[contact] = call
            self.world.after(visit.patience_s, self._impatient, contact)
        elif visit.also_writes:
            self.world.after(visit.patience_s, self._also_writes, contact)

    def _impatient(self, contact: int) -> None:
        place, visit = self.standing.places[contact], self.visits[contact]
        if place.state not in IN_LINE or place.tier == 0 or place.channel not in ("chat", "call"):
            return
        if place.channel == "call":
            self._tired_of_ringing(contact, visit)
        elif visit.then == "leave":
            self.doors.leave(contact)
            if visit.returns:
                self.world.after(60 + 0.2 * visit.patience_s, self._back, contact)
        else:
            self.doors.ask_callback(contact, visit.number)

    def _tired_of_ringing(self, contact: int, visit: Visit) -> None:
        call = self.calls[contact]
        if visit.then == "callback":
            self._press(visit, call, 1)
            return
        self.doors.hang_up(call)
        if visit.returns:
            self.world.after(20, self._ring, visit)

    def _back(self, contact: int) -> None:
        """She is at her page again, for as long as she is in the line."""
        self.doors.connect(contact)
        self._present(contact)
        self.world.after(self.visits[contact].patience_s, self._impatient, contact)

    def _present(self, contact: int) -> None:
        if self.standing.places[contact].state in IN_LINE:
            self.doors.connect(contact)
            self.world.after(PRESENT_EVERY, self._present, contact)

    def _also_writes(self, contact: int) -> None:
        """She writes of the same matter while the call back is awaited."""
        place, visit = self.standing.places[contact], self.visits[contact]
        if place.state not in ("done", "left"):
            self._write(replace(visit, way=Way.MESSAGE, line=None), matter=place.matter)

    def _again(self, contact: int) -> None:
        self._coming = self.visits[contact]
        self.doors.reopen(contact)

    def _told(self, event: Recorded) -> None:
        contact = event.contact or 0
        if event.type == "contact.received" and self._coming is not None:
            self.visits[contact] = self._coming
        elif event.type == "entry.queued" and event.data["channel"] == "chat":
            self.world.after(self.visits[contact].patience_s, self._impatient, contact)
        elif event.type == "outcome.recorded" and self.visits[contact].comes_again:
            place = self.standing.places[contact]
            if contact == self.standing.matters[place.matter][0]:
                self.world.after(300 + self.visits[contact].patience_s, self._again, contact)
