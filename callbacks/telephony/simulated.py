"""An exchange inside the process, with people who behave as told.

It opens no connection and can ring nobody.
"""

import array
import contextlib
from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum

from callbacks import wav
from callbacks.callflow import key_of
from callbacks.results import Result
from callbacks.telephony.port import (
    AgentGone,
    CallArrived,
    CallerGone,
    Can,
    DialAnswered,
    DialEnded,
    DialFailed,
    DialStarted,
    Joined,
    KeyPressed,
    MessageLeft,
    NotJoined,
    OnEvent,
    Prompts,
    Talk,
    TelephonyEvent,
    TrialArrived,
    TrialHeard,
)
from callbacks.telephony.sounds import IN_ITS_OWN
from core.clock import Clock
from core.errors import Conflict, Unavailable


class Behaviour(StrEnum):
    """What a person does when the telephone rings; `silent` is an exchange that never tells."""

    ANSWERS = "answers"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    VOICEMAIL = "voicemail"
    FAILED = "failed"
    AGENT_ABSENT = "agent_absent"
    SILENT = "silent"


class LineBehaviour(StrEnum):
    """What becomes of a trial call to a line; `slow` is heard only when the test says so."""

    ANSWERS = "answers"
    DEAD = "dead"
    SLOW = "slow"


@dataclass(slots=True)
class Caller:
    """A simulated person on an inbound call: what was heard, and whether the call is still on."""

    line: str
    number: str | None
    heard: list[Prompts] = field(default_factory=list)
    on: bool = True
    answers: int = 0


class SimulatedTelephony:
    """A `Telephony` for demos, tests and the load generator; scripted by number, otherwise everyone
    answers.
    """

    name = "simulated"
    is_linked = True
    can = frozenset(Can)

    def __init__(self, clock: Clock, *, repeat_events: int = 1) -> None:
        """Reports each event `repeat_events` times, as a real exchange may after a lost connection."""
        self._clock = clock
        self._repeat = repeat_events
        self._on_event: OnEvent | None = None
        self._behaviours: dict[str, Behaviour] = {}
        self.lines: dict[str, LineBehaviour] = {}
        self.recordings: dict[str, bytes] = {}
        self._keys: set[str] = set()
        self._open: set[str] = set()
        self._count = 0
        self.calls: dict[str, Caller] = {}
        self.dialled: defaultdict[str, int] = defaultdict(int)
        self.connected: dict[str, tuple[str, str]] = {}
        self.on_hold: set[Talk] = set()

    async def start(self, on_event: OnEvent) -> None:
        """Begins to report to `on_event`, first what was recorded and could not be stored."""
        self._on_event = on_event
        for name in list(self.recordings):
            await self._hand_over(name)

    async def stop(self) -> None:
        """Stops reporting."""
        self._on_event = None

    async def dial(self, key: str, line: str, number: str, agent_device: str) -> None:
        """Rings the scripted person of `number`; a key used before rings nobody."""
        if key in self._keys:
            return
        self._keys.add(key)
        self.dialled[number] += 1
        for event in self._course(key, self.behaviour_of(number)):
            await self._report(event)

    async def connect(self, key: str, call: str, agent_device: str, *, stays: bool = False) -> None:
        """Joins a caller to a device, which answers unless scripted; a key used before joins nobody."""
        if key in self._keys or not self._caller(call).on:
            return
        self._keys.add(key)
        if self.behaviour_of(agent_device) is not Behaviour.ANSWERS:
            at = self._clock.now()
            await self._report(
                NotJoined(key=key, at=at) if stays else AgentGone(call=call, answered=False, at=at)
            )
            return
        if not stays:
            self._part(call)
        self.connected[key] = (call, agent_device)
        await self._report(Joined(key=key, at=self._clock.now()))

    async def release(self, key: str, talk: Talk) -> bool:
        """The professionals' telephones leave; a key used before changes nothing."""
        if key in self._keys:
            return True
        self._keys.add(key)
        if not talk.call or not self._is_on(talk):
            return False
        self._part(talk.call)
        self.on_hold.discard(talk)
        prompts = await self._report(AgentGone(call=talk.call, answered=True, at=self._clock.now()))
        if prompts is not None:
            self.calls[talk.call].heard.append(prompts)
        return True

    async def hold(self, key: str, talk: Talk, *, on: bool) -> bool:
        """The resident hears music, or talks on; a key used before changes nothing."""
        if key in self._keys:
            return True
        self._keys.add(key)
        if not self._is_on(talk):
            return False
        (self.on_hold.add if on else self.on_hold.discard)(talk)
        return True

    async def hangup(self, key: str, talk: Talk) -> bool:
        """Ends the call, if it is on; a key used before changes nothing."""
        if key in self._keys:
            return True
        self._keys.add(key)
        if not self._is_on(talk):
            return False
        self.on_hold.discard(talk)
        if talk.call:
            await self.hang_up(talk.call)
        else:
            self._open.discard(talk.dial)
            await self._report(DialEnded(key=talk.dial, at=self._clock.now()))
        return True

    async def try_line(self, key: str, line: str) -> None:
        """Rings the line of this exchange; what is played there is heard, unless the line is scripted."""
        if key in self._keys:
            return
        self._keys.add(key)
        does = self.lines.get(line, LineBehaviour.ANSWERS)
        if does == LineBehaviour.DEAD:
            return
        prompts = await self._report(TrialArrived(key=key, line=line, at=self._clock.now()))
        if prompts is not None and prompts.play and does == LineBehaviour.ANSWERS:
            await self.hear_line(key)

    async def hear_line(self, key: str) -> None:
        """The greeting is heard in the trial call of `key`."""
        await self._report(TrialHeard(key=key, at=self._clock.now()))

    async def ring(self, line: str, number: str | None, language: str = "") -> str:
        """A person rings `line`; returns the call's id after hearing the greeting.

        One with a `language` chooses it where the line asks.
        """
        self._count += 1
        call = f"sim-{self._clock.now():%Y%m%d%H%M%S%f}-{self._count}"
        self.calls[call] = Caller(line=line, number=number)
        await self._hear(call, CallArrived(call=call, line=line, number=number, at=self._clock.now()))
        heard = [key for prompts in self.calls[call].heard for key in prompts.play]
        if language and f"{IN_ITS_OWN}{language}" in heard:
            await self._answer(call, key_of(language))
        return call

    async def press(self, call: str, keys: str) -> None:
        """The person presses the keys one by one; nothing is heard after the call has ended."""
        for key in keys:
            await self._answer(call, key)

    async def wait(self, call: str) -> None:
        """The person presses nothing until the question times out."""
        await self._answer(call, "")

    async def say(self, call: str, seconds: float, *, loud: int = 4000) -> None:
        """The person speaks after the tone, as a quiet line's noise or louder; nothing where none is
        recorded.
        """
        heard = self._caller(call).heard
        if heard and heard[-1].record_s:
            name = f"{call}-{len(heard)}"
            self.recordings[name] = a_voice(min(seconds, heard[-1].record_s), loud)
            await self._hand_over(name)

    async def hang_up(self, call: str) -> None:
        """The person hangs up."""
        caller = self._caller(call)
        if caller.on:
            caller.on = False
            await self._report(CallerGone(call=call, at=self._clock.now()))

    def behaviour(self, number: str, behaviour: Behaviour) -> None:
        """Scripts what the person of `number` does from now on."""
        self._behaviours[number] = behaviour

    def behaviour_of(self, number: str) -> Behaviour:
        """What the person of `number` does when called; everyone answers unless scripted."""
        return self._behaviours.get(number, Behaviour.ANSWERS)

    def _part(self, call: str) -> None:
        self.connected = {key: joined for key, joined in self.connected.items() if joined[0] != call}

    def _is_on(self, talk: Talk) -> bool:
        if talk.dial:
            return talk.dial in self._open
        return any(call == talk.call and self._caller(call).on for call, _ in self.connected.values())

    async def _answer(self, call: str, key: str) -> None:
        caller = self._caller(call)
        if caller.on:
            caller.answers += 1
            await self._hear(call, KeyPressed(call=call, n=caller.answers, key=key, at=self._clock.now()))

    def _caller(self, call: str) -> Caller:
        caller = self.calls.get(call)
        if caller is None:
            raise Conflict(reason="no_such_call")
        return caller

    def _course(self, key: str, behaviour: Behaviour) -> list[TelephonyEvent]:
        at = self._clock.now()
        if behaviour == Behaviour.SILENT:
            return []
        if behaviour == Behaviour.ANSWERS:
            self._open.add(key)
            return [DialStarted(key=key, at=at), DialAnswered(key=key, at=at)]
        failed = DialFailed(key=key, result=Result(behaviour.value), at=at)
        tried = behaviour not in (Behaviour.FAILED, Behaviour.AGENT_ABSENT)
        return [DialStarted(key=key, at=at), failed] if tried else [failed]

    async def _hand_over(self, name: str) -> None:
        """A recording is told until it is stored; then it is nowhere else."""
        call, audio = name.rpartition("-")[0], self.recordings[name]
        left = MessageLeft(call=call, name=name, audio=audio, at=self._clock.now())
        prompts = None
        try:
            for _ in range(self._repeat):
                prompts = await self._on_event(left) or prompts if self._on_event is not None else None
        except Unavailable:
            return
        del self.recordings[name]
        await self._play(call, prompts)

    async def _hear(self, call: str, event: TelephonyEvent) -> None:
        await self._play(call, await self._report(event))

    async def _play(self, call: str, prompts: Prompts | None) -> None:
        caller = self.calls.get(call)
        if prompts is None or caller is None:
            return
        caller.heard.append(prompts)
        if prompts.hang_up and caller.on:
            caller.on = False
            await self._report(CallerGone(call=call, at=self._clock.now()))

    async def _report(self, event: TelephonyEvent) -> Prompts | None:
        prompts = None
        for _ in range(self._repeat):
            with contextlib.suppress(Unavailable):  # an exchange's own plan serves the caller
                if self._on_event is not None:
                    prompts = await self._on_event(event) or prompts
        return prompts


def a_voice(seconds: float, loud: int) -> bytes:
    """A tone, so loud, where a person would speak."""
    count = round(seconds * wav.RATE)
    return wav.written(array.array("h", (loud if n // 8 % 2 else -loud for n in range(count))))
