"""Asterisk 22 by its ARI: events in, requests out; what they mean is decided by `inbound` and `outbound`.

One process has the link at a time. It stores nothing: what is on is read from Asterisk whenever it connects.
"""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import cast

import structlog
from websockets.asyncio.connection import Connection
from websockets.exceptions import WebSocketException

from callbacks.results import Result
from callbacks.telephony import inbound, outbound, trials
from callbacks.telephony.adopting import Standing, Waiting, standing
from callbacks.telephony.ari import AriEvent, Leg, Place, Request, bridge_of, delete, leg_of, read_event
from callbacks.telephony.ari_link import AriLink
from callbacks.telephony.course import Course
from callbacks.telephony.effects import Tell, Wait
from callbacks.telephony.inbound import Caller
from callbacks.telephony.ordering import Order, obey
from callbacks.telephony.outbound import Dialled
from callbacks.telephony.port import (
    CallArrived,
    CallsOn,
    Can,
    DialFailed,
    KeyPressed,
    OnEvent,
    Prompts,
    Talk,
    TelephonyEvent,
)
from callbacks.telephony.recordings import Recordings
from callbacks.telephony.trials import Trials
from callbacks.telephony.ways import Ways
from callbacks.telephony.webhook import NotKnown
from core.clock import Clock
from core.errors import Unavailable

log = structlog.get_logger(__name__)

PAUSE, LONGEST_PAUSE = 0.25, 5.0  # seconds before the next try to connect; doubled, and spread
WATCH = 20.0  # seconds between two signs that callers are looked after; inbound.LIMIT_S is their end
HIDDEN = frozenset({"", "anonymous", "unavailable", "restricted", "private"})


class AsteriskTelephony:
    """A `Telephony` over one Asterisk."""

    name = "asterisk"
    can = frozenset(Can) - {Can.ANSWER}  # her own telephone rings, and she answers it

    def __init__(self, clock: Clock, link: AriLink, ways: Ways, sounds: str) -> None:
        """`sounds` is the folder of the recordings as Asterisk names it."""
        self._clock, self._link, self._ways = clock, link, ways
        self._place = Place(app=link.app, sounds=sounds)
        self._on_event: OnEvent | None = None
        self._calls: dict[str, Course] = {}
        self._dials: dict[str, Course] = {}
        self._legs: dict[str, str] = {}  # a joining leg's key → its call
        self._recordings = Recordings(link, clock, self._told, self._hear_answer)
        self._trials = Trials(ways, self._place, clock, self._quietly, self._told_now)
        self._keys: set[str] = set()
        self._ahead = timedelta(0)  # of Asterisk's clock before ours
        self._group: asyncio.TaskGroup | None = None
        self._linked = False
        self.ignored = 0

    @property
    def is_linked(self) -> bool:
        """Whether this process has the link, and knows what is on."""
        return self._linked

    async def start(self, on_event: OnEvent) -> None:
        """Is ready to be run."""
        self._on_event = on_event
        await self._link.start()

    async def stop(self) -> None:
        """Ends the link; calls that are on go on."""
        self._on_event = None
        await self._link.stop()

    def hold_until(self, at: float) -> None:
        """The link is this process's until then, on the loop's clock: later it gives no command."""
        self._link.until = at

    async def run(self) -> None:
        """Keeps the link until cancelled, connecting again after every loss."""
        pause = PAUSE
        while True:
            try:
                async with self._link.events() as socket:
                    await self._serve(socket)
            except* (OSError, TimeoutError, WebSocketException, NotKnown, Unavailable, ValueError) as group:
                kinds = {type(error).__name__ for error in group.exceptions}
                log.warning("no link to the exchange", why=",".join(sorted(kinds)))
                pause = PAUSE if self._linked else min(2 * pause, LONGEST_PAUSE)
            finally:
                self._linked = False
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - only spreads the tries

    async def dial(self, key: str, line: str, number: str, agent_device: str) -> None:
        """Rings the device, then the number; `NotKnown` when nobody knows whether it rings."""
        if key in self._keys:
            return
        self._keys.add(key)
        endpoint = self._ways.endpoint_of(agent_device)
        if not self._linked or not endpoint:
            result = Result.AGENT_ABSENT if self._linked else Result.FAILED
            await self._told(DialFailed(key=key, result=result, at=self._clock.now()))
            return
        shown = self._ways.shown(line)
        course = Course(Dialled(key=key, endpoint=self._ways.outside(number), shown=shown))
        self._dials[key] = course
        try:
            await self._take(course, outbound.Order(endpoint))
        except NotKnown:
            del self._dials[key]
            with contextlib.suppress(NotKnown):
                await self._link.ask(delete(f"/channels/{Leg('agent', key).channel}"))
            raise
        self._begin(course)

    async def connect(self, key: str, call: str, agent_device: str, *, stays: bool = False) -> None:
        """Rings the device, and joins the caller to it when it answers."""
        course = self._calls.get(call)
        if course is None:
            raise NotKnown("no such call")
        if key in self._keys:
            return
        self._keys.add(key)
        self._legs[key] = call
        self._hear(course, inbound.Join(key, self._ways.endpoint_of(agent_device), stays))

    async def release(self, key: str, talk: Talk) -> bool:
        """Ends the professionals' legs; the caller waits with music."""
        return await self._order("release", talk)

    async def hold(self, key: str, talk: Talk, *, on: bool) -> bool:
        """Out of the bridge to music, or back."""
        return await self._order("hold" if on else "resume", talk)

    async def hangup(self, key: str, talk: Talk) -> bool:
        """Ends the resident's leg, and with it the call."""
        return await self._order("hangup", talk)

    async def _order(self, name: str, talk: Talk) -> bool:
        """Whether it was done; NotKnown when nobody knows. In its turn among the call's news."""
        course = self._dials.get(talk.dial) if talk.dial else self._calls.get(talk.call)
        if course is None:
            return False
        order = Order(name)
        self._hear(course, order)
        return await order.answer()

    async def try_line(self, key: str, line: str) -> None:
        """Rings the line's entry of the dialplan, and tells when its greeting is heard."""
        await self._trials.ring(key, line)

    async def _serve(self, socket: Connection) -> None:
        """One link: what is on first, then its events, until it is lost."""
        self._calls, self._dials, self._legs = {}, {}, {}
        async with asyncio.TaskGroup() as self._group:
            watching = self._group.create_task(self._watch())
            await self._adopt()
            self._linked = True
            log.info("linked to the exchange", calls=len(self._calls), dials=len(self._dials))
            async for raw in socket:
                event = read_event(raw, self._place.app)
                if event is None:
                    self.ignored += 1
                elif event.kind == "ApplicationReplaced":
                    break
                else:
                    self._sort(event)
            watching.cancel()
            raise ConnectionResetError  # ends the calls' tasks: what they are is read anew

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH)
            for course in list(self._calls.values()):
                self._hear(course, inbound.Watched())
            await self._recordings.look()

    async def _adopt(self) -> None:
        channels, bridges = await self._link.channels(), await self._link.bridges()
        their_now, since = await self._link.times()
        now = self._clock.now()
        self._ahead = their_now - now
        found = standing(channels, bridges)
        on = CallsOn(calls=found.calls, dials=frozenset(found.dials), since=since - self._ahead, at=now)
        await self._told_now(on)
        for request in found.release:
            await self._link.ask(request)
        self._open_found(found)
        if self._group is not None:
            self._group.create_task(self._recordings.look())

    def _open_found(self, found: Standing) -> None:
        self._legs = dict(found.legs)
        for key, (how, state) in found.dials.items():
            self._keys.add(key)
            course = self._dials[key] = Course(Dialled(key=key))
            self._begin(course)
            self._hear(course, how)
            if state == "Up":
                self._hear(course, outbound.Up("resident"))
        for caller in found.callers:
            self._arrived(caller)

    def _arrived(self, caller: Waiting) -> None:
        channel = caller.channel
        if channel.id in self._calls:
            return
        began = channel.created - self._ahead
        course = self._calls[channel.id] = Course(Caller(call=channel.id, began=began))
        self._begin(course)
        line = self._ways.line_of(channel.args[1] if len(channel.args) > 1 else "")
        number = None if channel.number.lower() in HIDDEN else channel.number
        joined = caller.joined
        n = (self._clock.now() - began) // inbound.MILLISECOND
        how = {
            "was_left": caller.was_joined and not joined,
            "is_held": bool(joined) and not caller.was_joined,
        }
        found = inbound.Found(line, number, joined, n=n, **how)
        self._hear(course, found if caller.is_taken else inbound.Arrived(line, number))

    def _sort(self, event: AriEvent) -> None:
        """Gives the event to the call it is about."""
        if event.kind == "PlaybackFinished":
            call = event.subject.removeprefix(bridge_of("")).rpartition("-")[0]
            self._to_call(call, inbound.Played(event.subject))
        elif event.kind in ("RecordingFinished", "RecordingFailed") and self._group is not None:
            self._group.create_task(self._recordings.ended(event))
        elif event.channel is not None and (leg := leg_of(event.subject)) is not None:
            self._of_leg(event, leg)
        elif event.channel is not None:
            self._of_caller(event)

    def _of_caller(self, event: AriEvent) -> None:
        channel = event.channel
        if channel is None:
            return
        match event.kind:
            case "StasisStart" if channel.args[:1] == ("inbound",):
                self._arrived(Waiting(channel=channel, is_taken=False, was_joined=False, joined=()))
            case "StasisEnd" | "ChannelDestroyed":
                self._to_call(channel.id, inbound.HungUp())
            case "ChannelDtmfReceived":
                self._to_call(channel.id, inbound.Pressed(event.digit, event.at - self._ahead))

    def _of_leg(self, event: AriEvent, leg: Leg) -> None:
        if leg.role in trials.ROLES:
            if self._group is not None:
                self._group.create_task(self._trials.hear(event, leg))
            return
        is_up, is_down = event.kind == "StasisStart", event.kind in ("StasisEnd", "ChannelDestroyed")
        if leg.role == "join":
            course = self._calls.get(self._legs.get(leg.key, ""))
            news: inbound.News | outbound.News | None = (
                inbound.LegUp(leg.key) if is_up else inbound.LegGone(leg.key) if is_down else None
            )
        else:
            course = self._dials.get(leg.key)
            rings = event.kind == "ChannelStateChange" and leg.role == "resident"
            news = outbound.Up(leg.role) if is_up else outbound.Down(leg.role, event.cause or 16)
            news = news if is_up or is_down else outbound.Rings() if rings else None
        if news is None:
            return
        if course is not None:
            self._hear(course, news)
        elif is_up and self._group is not None:  # of a call that is over: nobody is to wait on it
            self._group.create_task(self._quietly(delete(f"/channels/{leg.channel}")))

    def _hear_answer(self, call: str, prompts: Prompts | None) -> None:
        self._to_call(call, inbound.Answered(prompts))

    def _to_call(self, call: str, news: inbound.News) -> None:
        if (course := self._calls.get(call)) is not None:
            self._hear(course, news)

    def _hear(self, course: Course, news: inbound.News | outbound.News | Order) -> None:
        try:
            course.news.put_nowait(news)
        except asyncio.QueueFull:
            self.ignored += 1

    def _begin(self, course: Course) -> None:
        if self._group is not None:
            self._group.create_task(self._follow(course))

    async def _follow(self, course: Course) -> None:
        """Takes a call's news one after another until it is over."""
        while not course.state.is_over:
            news = await course.news.get()
            try:
                if isinstance(news, Order):
                    course.state = await obey(self._link, course.state, news)
                else:
                    await self._take(course, news)
            except NotKnown as error:
                log.warning("the exchange did not say", why=str(error))
            except Exception:
                log.exception("news of a call failed")
            finally:
                course.news.task_done()
        self._forget(course.state)

    def _forget(self, state: Caller | Dialled) -> None:
        if isinstance(state, Dialled):
            self._dials.pop(state.key, None)
            return
        self._calls.pop(state.call, None)
        for key in [key for key, call in self._legs.items() if call == state.call]:
            del self._legs[key]

    async def _take(self, course: Course, news: inbound.News | outbound.News) -> None:
        now = self._clock.now()
        effects: Sequence[inbound.Effect]
        if isinstance(course.state, Dialled):
            course.state, effects = outbound.step(course.state, cast(outbound.News, news), now, self._place)
        else:
            course.state, effects = inbound.step(course.state, cast(inbound.News, news), now, self._place)
        for effect in effects:
            match effect:
                case Request():
                    await self._ask(course, effect)
                case Tell(event):
                    await self._tell(course, event)
                case Wait(played, seconds):
                    loop = asyncio.get_running_loop()
                    loop.call_later(seconds, self._hear, course, inbound.TimeUp(played))

    async def _ask(self, course: Course, request: Request) -> None:
        leg = leg_of(request.path.rpartition("/")[2]) if request.body else None
        if leg is None:
            await self._quietly(request)
            return
        is_known = is_done = True
        try:
            is_done = await self._link.ask(request)
        except NotKnown:
            if leg.role == "agent":
                raise
            is_known = is_done = False
        if is_done:
            return
        if leg.role == "join":
            await self._quietly(delete(request.path))
            await self._take(course, inbound.LegGone(leg.key))
        else:
            await self._take(course, outbound.Refused(leg.role, is_known))

    async def _quietly(self, request: Request) -> None:
        """Asks for what may be over already; whatever is lost is put right by the next event or link."""
        try:
            await self._link.ask(request)
        except NotKnown as error:
            log.warning("the exchange did not say", method=request.method, why=str(error))

    async def _tell(self, course: Course, event: TelephonyEvent) -> None:
        try:
            prompts = await self._told(event, insist=not isinstance(event, CallArrived | KeyPressed))
        except Unavailable:
            await self._take(course, inbound.NotStored())
            return
        if isinstance(course.state, Caller):
            await self._take(course, inbound.Answered(prompts))

    async def _told_now(self, event: TelephonyEvent) -> Prompts | None:
        return await self._told(event, insist=False)

    async def _told(self, event: TelephonyEvent, *, insist: bool = True) -> Prompts | None:
        """Tells the service; what must not be lost is told until it is stored."""
        pause = PAUSE
        while self._on_event is not None:
            if not self._link.is_ours:
                raise NotKnown("another has the link")
            try:
                return await self._on_event(event)
            except Unavailable:
                if not insist:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        return None
