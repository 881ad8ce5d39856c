"""What simulated people may ask for. Two implementations: the services over a database, values in memory."""

from datetime import datetime
from typing import Protocol

from ensilinja.simulation.staffing import Shift
from ensilinja.simulation.standing import Place
from ensilinja.simulation.visits import Visit
from router.services import Services


class Resident(Protocol):
    """A resident's acts. What has moved on refuses quietly."""

    def write(self, visit: Visit, matter: int | None) -> None:
        """Sends her form: a chat or a message."""
        ...

    def ring(self, visit: Visit) -> str:
        """Rings a line; the call's name."""
        ...

    def wait(self, call: str) -> None:
        """Presses nothing."""
        ...

    def press(self, call: str) -> None:
        """Presses 1."""
        ...

    def hang_up(self, call: str) -> None:
        """Puts the receiver down."""
        ...

    def call_of(self, call: str) -> tuple[int | None, bool]:
        """The contact the call has become, and whether it is still on."""
        ...

    def leave(self, contact: int) -> None:
        """Leaves the chat's line."""
        ...

    def connect(self, contact: int) -> None:
        """Is at her page."""
        ...

    def ask_callback(self, contact: int, number: str) -> None:
        """Will be called instead."""
        ...

    def say(self, contact: int) -> None:
        """Writes a line in the conversation."""
        ...

    def reopen(self, contact: int) -> None:
        """Comes again with what was closed."""
        ...


class Professional(Protocol):
    """A professional's acts; the place carries the assignment number."""

    def hire(self, name: str, shift: Shift) -> int:
        """An account."""
        ...

    def start(self, staff: int, shift: Shift) -> None:
        """Begins to work."""
        ...

    def state(self, staff: int, state: str, reason: str) -> None:
        """Ready or paused."""
        ...

    def end(self, staff: int) -> None:
        """Goes home."""
        ...

    def beat(self, staff: int) -> None:
        """Her browser is back."""
        ...

    def decline(self, staff: int, place: Place) -> None:
        """Says no to the offer."""
        ...

    def shown(self, staff: int, place: Place) -> None:
        """Her console shows the offer."""
        ...

    def accept(self, staff: int, place: Place) -> bool:
        """Takes the offer; whether she has it."""
        ...

    def take(self, staff: int, place: Place) -> bool:
        """Takes an emergency; whether she has it."""
        ...

    def reply(self, staff: int, place: Place) -> None:
        """Writes."""
        ...

    def transfer(self, staff: int, place: Place, queue: str) -> None:
        """Passes it on."""
        ...

    def assess(self, staff: int, place: Place) -> None:
        """Confirms the level."""
        ...

    def dial(self, staff: int, place: Place, visit: Visit) -> bool:
        """Has the resident rung; whether she answered."""
        ...

    def hang_up_dialled(self, place: Place) -> None:
        """The conversation of the last attempt is over."""
        ...

    def was_tried(self, place: Place) -> bool:
        """Whether the last attempt was a real one in vain."""
        ...

    def wrap(self, staff: int, place: Place) -> None:
        """Ends the conversation."""
        ...

    def close(self, staff: int, place: Place, code: str, siblings: list[int]) -> None:
        """Records the outcome."""
        ...


class Doors(Resident, Professional, Protocol):
    """All of it, and the line's own turns."""

    services: Services

    def beat_all(self, staff: list[int]) -> None:
        """The leases of these as their browsers have renewed them."""
        ...

    def sweep(self) -> None:
        """Every passed deadline."""
        ...

    def offer(self) -> None:
        """The matcher's offers."""
        ...

    def due_at(self, contact: int) -> datetime:
        """When the contact's entry is due."""
        ...

    def close_all(self) -> None:
        """Forgets everything."""
        ...
