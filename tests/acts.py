"""What happens in a day, one act after another, by the real services: a script in which every event type
occurs, and the same acts in any order.
"""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from callbacks import attempts, orders, wav
from callbacks import service as callbacks
from callbacks.known import call_of
from callbacks.models import CallOrder
from callbacks.results import Result
from callbacks.telephony.port import CallArrived, CallerGone, Joined, KeyPressed, MessageLeft, TelephonyEvent
from chat import service as chat
from chat.sending import Saying, send_together
from core.clock import FixedClock
from core.identity import Actor, Role
from core.store import Tx
from core.urgency import Urgency
from ensilinja.notify import sending, survey
from ensilinja.notify.models import Notice
from queues import agents, dispatch
from queues import service as queues
from queues.views import EntryView
from router import assessments, moves, outcomes, promising
from router.answering import start_answers
from router.arrivals import Channel
from router.intake import receive, withdraw_flag
from router.services import Services
from tests.rooms import EMERGENCY, LINE, PHONE, PROVIDER, a_result, an_arrival

Act = Callable[[Tx], Any]
MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class Day:
    """Two nurses, the clock, and residents by name: of the script a and d chat, b leaves, c is called."""

    services: Services
    clock: FixedClock
    nurses: list[Actor]
    contacts: dict[str, int] = field(default_factory=dict)

    def resident(self, name: str) -> Actor:
        return Actor(kind="resident", id=self.contacts[name], roles=frozenset({Role.RESIDENT}))

    def entry(self, tx: Tx, name: str) -> EntryView:
        return queues.entry_of(tx, self.contacts[name])

    def holder(self, tx: Tx, name: str) -> tuple[Actor, int]:
        """Who has the contact and under which number; the first nurse when nobody has."""
        entry = self.entry(tx, name)
        return next((one for one in self.nurses if one.id == entry.agent), self.nurses[0]), entry.assignment

    # Residents.

    def arrive(self, tx: Tx, name: str, **more: Any) -> None:
        answers = None if "line" in more else start_answers(tx, client_id=f"answers-{name}", language="fi")
        arrival = an_arrival(tx, name, answers=answers, **more)
        self.contacts[name] = receive(tx, arrival, self.services, "resident:0").contact

    def call_back(self, tx: Tx, name: str) -> None:
        """A call that was promised a call back."""
        call = {"channel": Channel.CALL, "door": None, "result": None, "line": LINE}
        self.arrive(tx, name, phone=PHONE, callback=True, **call)

    def come(self, tx: Tx, name: str) -> None:
        chat.connected(tx, self.contacts[name])

    def leave(self, tx: Tx, name: str) -> None:
        chat.leave(tx, self.resident(name), self.contacts[name], self.services)

    def ask_for_a_call(self, tx: Tx, name: str) -> None:
        moves.change_to_callback(tx, self.contacts[name], PHONE, self.resident(name), self.services)

    def cancel(self, tx: Tx, name: str) -> None:
        moves.cancel(tx, self.contacts[name], self.resident(name), self.services)

    def say(self, tx: Tx, name: str, text: str) -> None:
        self.send(tx, self.resident(name), name, text)

    def correct(self, tx: Tx, name: str) -> None:
        withdraw_flag(
            tx,
            self.contacts[name],
            answers=start_answers(tx, client_id=f"again-{name}", language="fi"),
            result=a_result(Urgency.NON_URGENT),
            actor=f"resident:{self.contacts[name]}",
            services=self.services,
        )

    def ring(self, tx: Tx, call: str = "c1") -> None:
        self.hear(tx, CallArrived(call=call, line=LINE, number=PHONE, at=tx.now))

    def key(self, tx: Tx, number: int, pressed: str, call: str = "c1") -> None:
        self.hear(tx, KeyPressed(call=call, n=number, key=pressed, at=tx.now))

    def hang_up(self, tx: Tx, call: str = "c1") -> None:
        self.hear(tx, CallerGone(call=call, at=tx.now))

    def leave_message(self, tx: Tx, call: str) -> None:
        """What was said after the tone comes from the exchange when it can."""
        audio = wav.written(array("h", [8_000, -8_000] * 16_000))
        self.hear(tx, MessageLeft(call=call, name=f"{call}-1", audio=audio, at=tx.now))

    def hear(self, tx: Tx, event: TelephonyEvent) -> None:
        callbacks.hear(tx, PROVIDER, event, self.services)

    def is_asked(self, tx: Tx, name: str) -> None:
        """By text, how likely one would recommend the service."""
        contact = self.contacts[name]
        survey.ask(tx, contact, name, self.services.catalogue.limits)
        sent = {"state": "sent", "created_at": tx.now, "sent_at": tx.now, "phone_blind": name}
        tx.add(Notice(key=f"survey:{contact}", text="sms.survey", contact_id=contact, **sent))

    def text_came(self, tx: Tx, name: str) -> None:
        sending.receive(tx, key=f"survey:{self.contacts[name]}", gateway_id="", state=sending.State.DELIVERED)

    def scores(self, tx: Tx, name: str) -> None:
        survey.hear(tx, name, "9")

    # Professionals.

    def start(self, tx: Tx, number: int, capacity: int = 3) -> None:
        agents.start_shift(tx, self.nurses[number].id, capacity=capacity, languages=["fi"], device="test")

    def serve(self, tx: Tx, number: int, *served: str) -> None:
        """From now on she serves these queues; a browser that opens afterwards knows."""
        agents.set_queues(tx, self.nurses[number].id, served)
        self.nurses[number] = replace(self.nurses[number], queues=frozenset(served))

    def set_state(self, tx: Tx, number: int, state: str) -> None:
        agents.set_state(tx, self.nurses[number].id, state, "")

    def end(self, tx: Tx, number: int) -> None:
        agents.end_shift(tx, self.nurses[number].id)

    def beat(self, tx: Tx) -> None:
        for nurse in self.nurses:
            agents.beat(tx, nurse.id)

    def accept(self, tx: Tx, name: str) -> None:
        entry, (nurse, assignment) = self.entry(tx, name), self.holder(tx, name)
        room = callbacks if entry.channel in ("callback", "call") else chat
        room.accept(tx, nurse, entry.id, assignment, self.services)  # type: ignore[attr-defined]

    def decline(self, tx: Tx, name: str) -> None:
        nurse, assignment = self.holder(tx, name)
        queues.decline(tx, self.entry(tx, name).id, nurse.id, assignment, "language")

    def reply(self, tx: Tx, name: str, text: str) -> None:
        nurse, assignment = self.holder(tx, name)
        self.send(tx, nurse, name, text, assignment=assignment, seen_seq=10_000)

    def note(self, tx: Tx, name: str) -> None:
        nurse, assignment = self.holder(tx, name)
        more = {"client_id": "note", "text": "Muistiin", "services": self.services}
        chat.note(tx, nurse, self.contacts[name], assignment=assignment, **more)  # type: ignore[arg-type]

    def assess(self, tx: Tx, name: str, urgency: Urgency, reason: str | None = None) -> None:
        nurse, assignment = self.holder(tx, name)
        more = {"assignment": assignment, "urgency": urgency, "reason": reason, "sure": True}
        assessments.assess(tx, self.contacts[name], nurse, services=self.services, **more)  # type: ignore[arg-type]

    def wrap(self, tx: Tx, name: str) -> None:
        nurse, assignment = self.holder(tx, name)
        chat.wrap(tx, nurse, self.contacts[name], assignment, self.services)

    def transfer(self, tx: Tx, name: str, queue: str) -> None:
        nurse, assignment = self.holder(tx, name)
        more = {"assignment": assignment, "queue": queue, "note": "Tiedoksi", "services": self.services}
        chat.transfer(tx, nurse, self.contacts[name], **more)  # type: ignore[arg-type]

    def close(self, tx: Tx, name: str) -> None:
        nurse, assignment = self.holder(tx, name)
        more = {"code": "RESOLVED_ADVICE", "assignment": assignment, "why": "in_a_test"}
        outcomes.close(tx, self.contacts[name], nurse, services=self.services, **more)  # type: ignore[arg-type]

    def is_joined(self, tx: Tx, call: str, name: str) -> None:
        """Her telephone answers and is in the call, whose contact has the name from now on."""
        found = callbacks.find_call(tx, PROVIDER, call)
        assert found is not None and found.contact is not None
        self.contacts[name] = found.contact
        entry = self.entry(tx, name)
        self.accept(tx, name)
        assignment = self.entry(tx, name).assignment
        key = f"bridge-{call_of(tx, entry.contact).id}-{assignment}"  # type: ignore[union-attr]
        self.hear(tx, Joined(key=key, at=tx.now))

    def put_on_hold(self, tx: Tx, name: str) -> None:
        nurse, assignment = self.holder(tx, name)
        callbacks.order(tx, nurse, self.contacts[name], assignment, orders.Kind.HOLD)

    def is_on_hold(self, tx: Tx) -> None:
        newest = tx.one(select(CallOrder).order_by(CallOrder.id.desc()).limit(1))  # type: ignore[union-attr]
        callbacks.settle(tx, newest.id, orders.Outcome.DONE)

    def tell_a_later_time(self, tx: Tx, name: str) -> None:
        promise = promising.open_promises(tx, self.contacts[name])[0]
        due = promise.due_at + timedelta(hours=1)
        promising.promise_again(tx, promise, due_at=due, told_as={}, actor="system")

    def dial(self, tx: Tx, name: str) -> None:
        nurse, assignment = self.holder(tx, name)
        callbacks.dial(tx, nurse, self.contacts[name], assignment, self.services)

    def newest_try(self, tx: Tx, name: str) -> str:
        return callbacks.attempts_of(tx, self.contacts[name])[-1].key

    def rings_there(self, tx: Tx, name: str) -> None:
        attempts.ringing(tx, self.newest_try(tx, name), tx.now)

    def came_of_it(self, tx: Tx, name: str, result: Result) -> None:
        attempts.heard(tx, self.newest_try(tx, name), result, tx.now, self.services)

    def line_down(self, tx: Tx, name: str) -> None:
        attempts.ended(tx, self.newest_try(tx, name), tx.now)

    def send(self, tx: Tx, actor: Actor, name: str, text: str, **more: int) -> None:
        """As the store does: with others where it is plain, else alone."""
        contact = self.contacts[name]
        if not send_together(tx, [Saying(actor=actor, contact=contact, client_id=text, text=text, **more)]):
            chat.send(tx, actor, contact, client_id=text, text=text, services=self.services, **more)

    # The program and the clock.

    def turn(self, tx: Tx, *, offers: bool = True) -> None:
        dispatch.sweep(tx, self.services.catalogue)
        chat.sweep(tx, self.services)
        callbacks.sweep(tx, self.services)
        if offers:
            dispatch.dispatch(tx, self.services.catalogue)

    def wait(self, tx: Tx, span: timedelta, *, alive: bool = True) -> None:
        """Time passes; a console that is alive shows it, and the program sweeps."""
        later = Tx(session=tx.session, now=self.clock.advance(span), vault=tx.vault, recorded=tx.recorded)
        if alive:
            self.beat(later)
        self.turn(later, offers=False)

    def offer(self, tx: Tx) -> None:
        dispatch.dispatch(tx, self.services.catalogue)


def script(day: Day) -> list[tuple[str, Act]]:
    """A day in which every event type occurs."""
    not_reached: list[tuple[str, Act]] = []
    for number in (1, 2, 3):
        not_reached += [
            (f"c is offered again ({number})", day.offer),
            ("c is accepted", lambda tx: day.accept(tx, "c")),
            ("c is dialled", lambda tx: day.dial(tx, "c")),
            ("c's telephone rings", lambda tx: day.rings_there(tx, "c")),
            ("c does not answer", lambda tx: day.came_of_it(tx, "c", Result.NO_ANSWER)),
            ("the line to c is down", lambda tx: day.line_down(tx, "c")),
            ("c comes due", lambda tx: day.wait(tx, 50 * MINUTE)),
        ]
    return [
        ("a shift begins", lambda tx: day.start(tx, 0)),
        ("with another capacity", lambda tx: day.start(tx, 0, 2)),
        ("a call rings in the morning", lambda tx: day.ring(tx, "c0")),
        ("it waits in the line", lambda tx: day.key(tx, 1, "", "c0")),
        ("and is offered", day.offer),
        ("taken, and her telephone answers", lambda tx: day.is_joined(tx, "c0", "z")),
        ("z is put on hold", lambda tx: day.put_on_hold(tx, "z")),
        ("and hears music", day.is_on_hold),
        ("z hangs up", lambda tx: day.hang_up(tx, "c0")),
        ("a message of the call comes", lambda tx: day.leave_message(tx, "c0")),
        ("z is closed", lambda tx: day.close(tx, "z")),
        ("a arrives", lambda tx: day.arrive(tx, "a")),
        ("a is offered", day.offer),
        ("the first serves another queue", lambda tx: day.serve(tx, 0, "physio")),
        ("and both again", lambda tx: day.serve(tx, 0, "nurse", "physio")),
        ("a is offered once more", day.offer),
        ("and declined", lambda tx: day.decline(tx, "a")),
        ("another shift begins", lambda tx: day.start(tx, 1)),
        ("a is offered again", day.offer),
        ("the offer expires", lambda tx: day.wait(tx, timedelta(seconds=31))),
        ("a is offered a third time", lambda tx: day.wait(tx, MINUTE)),
        ("to the first", day.offer),
        ("who pauses", lambda tx: [day.set_state(tx, number, "paused") for number in (0, 1)]),
        ("and is back", lambda tx: day.set_state(tx, 0, "ready")),
        ("a is offered a fourth time", day.offer),
        ("a is accepted", lambda tx: day.accept(tx, "a")),
        ("a comes to the page", lambda tx: day.come(tx, "a")),
        ("the nurse writes", lambda tx: day.reply(tx, "a", "Hei, miten voin auttaa?")),
        ("a answers", lambda tx: day.say(tx, "a", "Kurkku on kipeä")),
        ("a note", lambda tx: day.note(tx, "a")),
        ("the level is confirmed", lambda tx: day.assess(tx, "a", Urgency.SAME_DAY)),
        ("and changed", lambda tx: day.assess(tx, "a", Urgency.ED, "told_more")),
        ("a is wrapped up", lambda tx: day.wrap(tx, "a")),
        ("a writes once more", lambda tx: day.say(tx, "a", "Vielä yksi asia")),
        ("a is wrapped up again", lambda tx: day.wrap(tx, "a")),
        ("the time for that is over", lambda tx: day.wait(tx, 30 * MINUTE)),
        ("a is closed", lambda tx: day.close(tx, "a")),
        ("a is asked by text", lambda tx: day.is_asked(tx, "a")),
        ("the text has come", lambda tx: day.text_came(tx, "a")),
        ("and answers it", lambda tx: day.scores(tx, "a")),
        ("b arrives", lambda tx: day.arrive(tx, "b")),
        ("b comes to the page", lambda tx: day.come(tx, "b")),
        ("b leaves", lambda tx: day.leave(tx, "b")),
        ("b is back", lambda tx: day.come(tx, "b")),
        ("b wants to be called", lambda tx: day.ask_for_a_call(tx, "b")),
        ("b cancels", lambda tx: day.cancel(tx, "b")),
        ("c calls and is promised a call", lambda tx: day.call_back(tx, "c")),
        ("and told a later time", lambda tx: day.tell_a_later_time(tx, "c")),
        *not_reached,
        ("c is dialled once more", lambda tx: day.dial(tx, "c")),
        ("c answers", lambda tx: day.came_of_it(tx, "c", Result.REACHED)),
        ("the call is over", lambda tx: day.line_down(tx, "c")),
        ("c is closed", lambda tx: day.close(tx, "c")),
        ("the other one is ready", lambda tx: day.set_state(tx, 1, "ready")),
        ("d arrives", lambda tx: day.arrive(tx, "d")),
        ("d is offered", day.offer),
        ("d is taken", lambda tx: day.accept(tx, "d")),
        ("d is passed on", lambda tx: day.transfer(tx, "d", "physio")),
        ("an emergency arrives", lambda tx: day.arrive(tx, "e", gate=EMERGENCY, result=None)),
        ("it was ticked by mistake", lambda tx: day.correct(tx, "e")),
        ("e is offered", day.offer),
        ("e is accepted", lambda tx: day.accept(tx, "e")),
        ("the console goes silent", lambda tx: day.wait(tx, timedelta(seconds=16), alive=False)),
        ("and e is returned", lambda tx: day.wait(tx, timedelta(seconds=50), alive=False)),
        ("the console is back", day.beat),
        ("a call rings", day.ring),
        ("and waits in the line", lambda tx: day.key(tx, 1, "")),
        ("the caller hangs up", day.hang_up),
        ("the shift ends", lambda tx: day.end(tx, 1)),
    ]


def any_act(day: Day, chance: Random) -> Act:
    """One act of anybody, which may be refused."""
    name = chance.choice(sorted(day.contacts) or ["a"])
    text = f"viesti {chance.random()}"
    number = chance.randrange(2)
    new = f"r{len(day.contacts)}"
    acts: list[Act] = [
        lambda tx: day.start(tx, number, chance.randint(1, 3)),
        lambda tx: day.set_state(tx, number, chance.choice(["ready", "ready", "paused"])),
        lambda tx: day.end(tx, number),
        lambda tx: day.arrive(tx, new),
        lambda tx: day.call_back(tx, new),
        lambda tx: day.arrive(tx, new, gate=EMERGENCY, result=None),
        lambda tx: day.correct(tx, name),
        lambda tx: day.come(tx, name),
        lambda tx: day.leave(tx, name),
        lambda tx: day.ask_for_a_call(tx, name),
        lambda tx: day.cancel(tx, name),
        lambda tx: day.say(tx, name, text),
        lambda tx: day.reply(tx, name, text),
        lambda tx: day.assess(tx, name, chance.choice(list(Urgency)), "told_more"),
        lambda tx: day.wrap(tx, name),
        lambda tx: day.transfer(tx, name, chance.choice(["physio", "nurse"])),
        lambda tx: day.close(tx, name),
        lambda tx: day.dial(tx, name),
        lambda tx: day.rings_there(tx, name),
        lambda tx: day.came_of_it(tx, name, chance.choice(list(Result))),
        lambda tx: day.line_down(tx, name),
        lambda tx: day.wait(
            tx, timedelta(seconds=chance.choice([1, 16, 31, 61, 700])), alive=chance.random() < 0.7
        ),
        *[day.offer, lambda tx: day.accept(tx, name)] * 4,
    ]
    return chance.choice(acts)
