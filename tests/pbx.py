"""An Asterisk inside the process, for the contract and for what no real one does on command.

It speaks ARI over real HTTP and a real WebSocket; the people of the simulator are at its telephones.
"""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import WSMsgType, web

from callbacks.telephony import inbound
from callbacks.telephony.ari import Leg, bridge_of, leg_of
from callbacks.telephony.ari_link import AriLink
from callbacks.telephony.asterisk import AsteriskTelephony
from callbacks.telephony.port import Can, OnEvent, Prompts, Talk, TelephonyEvent
from callbacks.telephony.simulated import Behaviour, Caller, a_voice
from callbacks.telephony.trials import CALLED, EAR
from callbacks.telephony.ways import Ways
from core.clock import Clock

APP, USER, PASSWORD = "ensilinja", "ensilinja", "only-of-the-tests"
DEVICE, LINE = "desk", "health_station"
CAUSES = {Behaviour.NO_ANSWER: 19, Behaviour.BUSY: 17}


class Pbx:
    """ARI's side: channels, bridges, playbacks, and what happened to them."""

    def __init__(self) -> None:
        self.channels: dict[str, dict[str, Any]] = {}
        self.bridges: dict[str, list[str]] = {}
        self.asked: list[tuple[str, str]] = []
        self.rung: list[str] = []
        self.silent_to: Callable[[str, str], bool] = lambda method, path: False
        self.behaviours: dict[str, Behaviour] = {}
        self.repeat = 1
        self.broken: set[str] = set()
        self.recordings: dict[str, bytes] = {}
        self.recorded: dict[str, str] = {}  # the channels that are recorded, and under which names
        self._sockets: set[web.WebSocketResponse] = set()
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/ari/events", self._events)
        app.router.add_route("*", "/ari/{path:.*}", self._rest)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/ari"

    async def stop(self) -> None:
        await self.cut()
        if self._runner is not None:
            await self._runner.cleanup()

    async def cut(self) -> None:
        """The links are lost."""
        for socket in list(self._sockets):
            await socket.close()

    async def tell(self, kind: str, channel: str = "", **more: Any) -> None:
        """One event, as often as this exchange repeats itself."""
        event = {"type": kind, "application": APP, "timestamp": now(), **more}
        if channel:
            event["channel"] = self.channels.get(channel) or a_channel(channel)
        for _ in range(self.repeat):
            for socket in list(self._sockets):
                await socket.send_json(event)

    async def rings(self, channel: str, line: str, number: str | None) -> None:
        """A caller's channel enters the application."""
        self.channels[channel] = a_channel(channel, number=number or "", args=f"inbound,{line}")
        await self.tell("StasisStart", channel, args=["inbound", line])

    async def end(self, channel: str, cause: int = 16) -> None:
        """A channel is gone."""
        if channel in self.channels:
            was = self.channels.pop(channel)
            for bridge in self.bridges.values():
                with contextlib.suppress(ValueError):
                    bridge.remove(channel)
            kind = "StasisEnd" if was["state"] == "Up" else "ChannelDestroyed"
            for _ in range(self.repeat):
                for socket in list(self._sockets):
                    event = {"type": kind, "application": APP, "timestamp": now(), "cause": cause}
                    await socket.send_json(event | {"channel": was})

    async def _events(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            async for message in socket:
                if message.type is WSMsgType.ERROR:
                    break
        finally:
            self._sockets.discard(socket)
        return socket

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        path = "/" + request.match_info["path"]
        self.asked.append((request.method, path))
        body = json.loads(await request.text() or "{}")
        is_of_sound = path.startswith("/recordings/")
        do = self._of_sound if is_of_sound else self._do
        answer = await do(request.method, path, {**request.query, **body})
        if self.silent_to(request.method, path) and request.transport is not None:
            request.transport.abort()  # done, and nobody is told
        return answer

    async def _do(self, method: str, path: str, said: dict[str, Any]) -> web.Response:
        kind, name, *more = [*path.strip("/").split("/"), ""][:5]
        if method == "GET":
            return web.json_response(self._shown(kind, name))
        if kind == "bridges":
            if "removeChannel" in more:
                if said["channel"] not in self.bridges.get(name, ()):
                    return web.Response(status=422)
                self.bridges[name].remove(said["channel"])
                return web.Response(status=204)
            self._bridge(method, name, said if "addChannel" in more else {})
        elif kind == "channels" and method == "POST" and more == [""]:
            return await self._ring(name, said)
        elif kind == "channels":
            if name not in self.channels:
                return web.Response(status=404)
            await self._channel(method, name, more, said)
        return web.Response(status=204)

    async def _of_sound(self, method: str, path: str, said: dict[str, Any]) -> web.Response:
        _, state, name, *_ = [*path.strip("/").split("/"), ""]
        if state == "live":
            return web.json_response({}, status=200 if name in self.recorded.values() else 404)
        if not name:
            return web.json_response([{"name": each, "format": "wav"} for each in self.recordings])
        if name not in self.recordings:
            return web.Response(status=404)
        if method == "DELETE":
            del self.recordings[name]
            return web.Response(status=204)
        return web.Response(body=self.recordings[name])

    async def says(self, channel: str, audio: bytes) -> None:
        """The caller has spoken after the tone."""
        name = self.recorded.pop(channel, "")
        if name:
            self.recordings[name] = audio
            await self.tell("RecordingFinished", recording={"name": name, "state": "done"})

    def _shown(self, kind: str, name: str) -> Any:
        bridges = [{"id": bridge, "channels": within} for bridge, within in self.bridges.items()]
        status = {"startup_time": "2020-01-01T00:00:00.000+0000"}
        about = {"ping": {"timestamp": now()}, "info": {"status": status}}
        return (
            {"channels": list(self.channels.values()), "bridges": bridges}.get(kind) or about.get(name) or []
        )

    def _bridge(self, method: str, name: str, said: dict[str, Any]) -> None:
        if method == "DELETE":
            self.bridges.pop(name, None)
        else:
            self.bridges.setdefault(name, []).extend(said.get("channel", "").split(",") if said else [])

    async def _channel(self, method: str, name: str, more: list[str], said: dict[str, Any]) -> None:
        if method == "DELETE" and more == [""]:
            await self.end(name)
        elif more[0] == "answer":
            self.channels[name]["state"] = "Up"
        elif more[0] == "record":
            self.recorded[name] = said["name"]
        elif more[0] == "play":
            await self.tell("PlaybackFinished", playback={"id": more[1]})
            if (leg := leg_of(name)) is not None and leg.role == CALLED:
                await self.tell("ChannelTalkingStarted", Leg(EAR, leg.key).channel)

    async def _ring(self, channel: str, said: dict[str, Any]) -> web.Response:
        leg = leg_of(channel)
        assert leg is not None
        if leg.role == EAR:
            return await self._try(channel, said)
        number = said["endpoint"].removeprefix("PJSIP/").removesuffix("@operator")
        self.rung.append(number)
        does = self.behaviours.get(number, Behaviour.ANSWERS)
        if does is Behaviour.AGENT_ABSENT or channel in self.channels:
            return web.json_response({"error": "Allocation failed"}, status=500)
        self.channels[channel] = a_channel(channel, state="Ringing")
        await self.tell("ChannelStateChange", channel)
        if does in (Behaviour.ANSWERS, Behaviour.VOICEMAIL):  # a machine that answers is an answer
            self.channels[channel] = a_channel(channel, state="Up", args=said["appArgs"])
            await self.tell("StasisStart", channel, args=said["appArgs"].split(","))
        elif does in CAUSES:
            await self.end(channel, CAUSES[does])
        return web.json_response(self.channels.get(channel) or a_channel(channel))

    async def _try(self, ear: str, said: dict[str, Any]) -> web.Response:
        """A local channel: its other end comes in by the dialplan, unless the line's entry is broken."""
        if ear in self.channels:
            return web.json_response({"error": "in use"}, status=409)
        entry, _, _ = said["endpoint"].removeprefix("Local/").partition("@")
        self.channels[ear], called = a_channel(ear, args=said["appArgs"]), said["otherChannelId"]
        if entry not in self.broken:
            await self.rings(called, entry, None)
        return web.json_response(self.channels[ear])


class AsteriskExchange:
    """A `Telephony` for the contract: the adapter, with people at the telephones of an Asterisk."""

    name = "asterisk"
    is_linked = True

    def __init__(self, clock: Clock, *, repeat: int = 1) -> None:
        self.pbx = Pbx()
        self.calls: dict[str, Caller] = {}
        self._clock, self._repeat = clock, repeat
        self._adapter: AsteriskTelephony | None = None
        self._running: asyncio.Task[None] | None = None
        self._events = 0

    @property
    def can(self) -> frozenset[Can]:
        return AsteriskTelephony.can

    @property
    def on_hold(self) -> set[Talk]:
        """Who hears music beside the bridge in which a telephone waits."""
        held = set()
        for name, channels in self.pbx.bridges.items():
            subject = name.removeprefix(bridge_of(""))
            if not channels or not all(map(leg_of, channels)):
                continue
            if subject in self.calls:
                held.add(Talk(call=subject))
            elif Leg("resident", subject).channel not in channels:
                held.add(Talk(dial=subject))
        return held

    @property
    def adapter(self) -> AsteriskTelephony:
        assert self._adapter is not None
        return self._adapter

    @property
    def dialled(self) -> dict[str, int]:
        counts: defaultdict[str, int] = defaultdict(int)
        for number in self.pbx.rung:
            counts[number] += number != DEVICE
        return {number: count for number, count in counts.items() if count}

    @property
    def connected(self) -> dict[str, tuple[str, str]]:
        found = {}
        for channels in self.pbx.bridges.values():
            for leg in filter(None, map(leg_of, channels)):
                found[leg.key] = (next(c for c in channels if leg_of(c) is None), DEVICE)
        return found

    async def start(self, on_event: OnEvent) -> None:
        async def hears(event: TelephonyEvent, event_id: str = "") -> Prompts | None:
            self._events += 1
            prompts = await on_event(event, event_id)
            if prompts is not None and (caller := self.calls.get(getattr(event, "call", ""))):
                caller.heard.append(prompts)
            return prompts

        await self.pbx.start()
        self.pbx.repeat = self._repeat
        ways = Ways(trunk="PJSIP/{number}@operator", device="PJSIP/{device}", numbers={})
        link = AriLink(self.pbx.url, USER, PASSWORD, APP)
        self._adapter = AsteriskTelephony(self._clock, link, ways, "sounds")
        await self.adapter.start(hears)
        self._running = asyncio.create_task(self.adapter.run())
        await until(lambda: self.adapter.is_linked)

    async def stop(self) -> None:
        await self.adapter.stop()

    async def close(self) -> None:
        if self._running is not None:
            await self.stop()
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            await self.pbx.stop()

    def behaviour(self, number: str, behaviour: Behaviour) -> None:
        if behaviour is Behaviour.AGENT_ABSENT:
            self.pbx.behaviours[DEVICE] = behaviour
        else:
            self.pbx.behaviours[number] = behaviour

    async def dial(self, key: str, line: str, number: str, agent_device: str) -> None:
        await self.adapter.dial(key, line, number, agent_device)
        await self._rest()

    async def connect(self, key: str, call: str, agent_device: str, *, stays: bool = False) -> None:
        await self.adapter.connect(key, call, agent_device, stays=stays)
        await self._rest()

    async def release(self, key: str, talk: Talk) -> bool:
        is_so = await self.adapter.release(key, talk)
        await self._rest()
        return is_so

    async def hold(self, key: str, talk: Talk, *, on: bool) -> bool:
        is_so = await self.adapter.hold(key, talk, on=on)
        await self._rest()
        return is_so

    async def hangup(self, key: str, talk: Talk) -> bool:
        is_so = await self.adapter.hangup(key, talk)
        await self._rest()
        return is_so

    async def try_line(self, key: str, line: str) -> None:
        await self.adapter.try_line(key, line)
        await self._rest()

    async def ring(self, line: str, number: str | None) -> str:
        call = f"1795770000.{len(self.calls)}"
        self.calls[call] = Caller(line=line, number=number)
        await self.pbx.rings(call, line, number)
        await self._rest()
        return call

    @property
    def recordings(self) -> dict[str, bytes]:
        return self.pbx.recordings

    async def say(self, call: str, seconds: float, *, loud: int = 4000) -> None:
        await until(lambda: call in self.pbx.recorded)
        await self.pbx.says(call, a_voice(seconds, loud))
        await until(lambda: not self.pbx.recordings)
        await self._rest()

    async def press(self, call: str, keys: str) -> None:
        for key in keys:
            if call in self.pbx.channels:
                await self.pbx.tell("ChannelDtmfReceived", call, digit=key)
                await self._rest()

    async def wait(self, call: str) -> None:
        course = self.adapter._calls[call]
        assert isinstance(course.state, inbound.Caller)
        course.news.put_nowait(inbound.TimeUp(course.state.played))
        await self._rest()

    async def hang_up(self, call: str) -> None:
        await self.pbx.end(call)
        await self._rest()

    async def _rest(self) -> None:
        """Until nothing more follows from what was done: all that was told is heard, and nothing is asked."""
        before = (-1, -1)
        while before != (before := (self._events, len(self.pbx.asked))) and self.adapter.is_linked:
            heard = self.adapter.ignored + self.pbx.repeat
            await self.pbx.tell("Marker")  # of no known type: counted when its turn comes
            await until(lambda: self.adapter.ignored >= heard or not self.adapter.is_linked)  # noqa: B023
            await until(self._is_idle)

    def _is_idle(self) -> bool:
        """Every call has taken its news; what comes after its end is nobody's."""
        courses = [*self.adapter._calls.values(), *self.adapter._dials.values()]
        return all(course.state.is_over or not course.news._unfinished_tasks for course in courses)


async def until(is_so: Callable[[], bool]) -> None:
    """Returns when it is so."""
    async with asyncio.timeout(5):
        while not is_so():
            await asyncio.sleep(0.01)


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+0000")


def a_channel(channel: str, *, state: str = "Ring", number: str = "", args: str = "") -> dict[str, Any]:
    """A channel as Asterisk shows it."""
    plan = {"app_name": "Stasis", "app_data": f"{APP},{args}"} if args else {"app_name": "", "app_data": ""}
    caller = {"name": "", "number": number}
    return {"id": channel, "state": state, "caller": caller, "creationtime": now(), "dialplan": plan}
