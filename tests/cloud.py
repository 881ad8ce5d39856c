"""A cloud exchange at the other end of real HTTP: the shipped simulator decides, two small servers carry."""

import json
import uuid
from typing import Any

import aiohttp
from aiohttp import web

from callbacks.telephony.messages import EVENTS
from callbacks.telephony.port import Can, OnEvent, Prompts, Talk, TelephonyEvent
from callbacks.telephony.simulated import SimulatedTelephony
from callbacks.telephony.webhook import NOT_BY_COMMAND, SIGNATURE, TIMESTAMP, WebhookTelephony
from core.clock import Clock
from core.errors import EnsilinjaError
from core.signing import check, sign
from core.wire import dump

SECRET = b"of the tests, thirty-two characters and more"
NAMES = {shape: name for name, shape in EVENTS.items()}


class CloudExchange:
    """A `Telephony` for the contract, with the people of the simulator behind the provider's two doors."""

    name = "webhook"
    can = frozenset(Can) - NOT_BY_COMMAND

    def __init__(self, clock: Clock, *, repeat: int = 1) -> None:
        self.brain = SimulatedTelephony(clock)
        self.statuses: list[int] = []
        self._clock = clock
        self._repeat = repeat
        self._adapter: WebhookTelephony | None = None
        self._runners: list[web.AppRunner] = []
        self._hook = ""
        self._http: aiohttp.ClientSession | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.brain, name)  # what people do is the simulator's

    @property
    def adapter(self) -> WebhookTelephony:
        assert self._adapter is not None
        return self._adapter

    async def start(self, on_event: OnEvent) -> None:
        commands = await self._serve("/commands", self._command)
        self._hook = await self._serve("/hook", self._event)
        self._adapter = WebhookTelephony(self._clock, commands, (SECRET,))
        self._http = aiohttp.ClientSession()
        await self.adapter.start(on_event)
        await self.brain.start(self._post)

    async def try_line(self, key: str, line: str) -> None:
        await self.adapter.try_line(key, line)

    async def stop(self) -> None:
        await self.brain.stop()
        await self.adapter.stop()

    async def close(self) -> None:
        """Ends the servers."""
        if self._adapter is not None:
            await self.stop()
        if self._http is not None:
            await self._http.close()
        for runner in self._runners:
            await runner.cleanup()

    async def dial(self, key: str, line: str, number: str, agent_device: str) -> None:
        await self.adapter.dial(key, line, number, agent_device)

    async def connect(self, key: str, call: str, agent_device: str, *, stays: bool = False) -> None:
        await self.adapter.connect(key, call, agent_device, stays=stays)

    async def release(self, key: str, talk: Talk) -> bool:
        return await self.adapter.release(key, talk)

    async def hold(self, key: str, talk: Talk, *, on: bool) -> bool:
        return await self.adapter.hold(key, talk, on=on)

    async def hangup(self, key: str, talk: Talk) -> bool:
        return await self.adapter.hangup(key, talk)

    async def _serve(self, path: str, handler: Any) -> str:
        app = web.Application()
        app.router.add_post(path, handler)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}{path}"

    async def _command(self, request: web.Request) -> web.Response:
        """The provider's side: takes our commands."""
        body = await request.read()
        stamp, signature = request.headers[TIMESTAMP], request.headers[SIGNATURE]
        check((SECRET,), stamp, signature, body, self._clock.now())
        said = json.loads(body)
        match said["command"]:
            case "dial":
                await self.brain.dial(said["key"], said["line"], said["number"], said["device"])
            case "connect" | "join" as name:
                await self.brain.connect(said["key"], said["call"], said["device"], stays=name == "join")
            case "release":
                is_so = await self.brain.release(said["key"], Talk(call=said["call"]))
                return web.Response(status=200 if is_so else 409)
            case "hold" | "resume" as name:
                talk = Talk(call=said.get("call", ""), dial=said.get("dial", ""))
                is_so = await self.brain.hold(said["key"], talk, on=name == "hold")
                return web.Response(status=200 if is_so else 409)
            case "hangup":
                talk = Talk(call=said.get("call", ""), dial=said.get("dial", ""))
                return web.Response(status=200 if await self.brain.hangup(said["key"], talk) else 409)
        return web.Response(status=202)

    async def _event(self, request: web.Request) -> web.Response:
        """Our side, as `ensilinja.hooks` does it, without the sentences."""
        stamp, signature = request.headers[TIMESTAMP], request.headers[SIGNATURE]
        try:
            _, prompts = await self.adapter.receive(stamp, signature, await request.read())
        except EnsilinjaError as error:
            return web.Response(status=error.status)
        body = {"play": list(prompts.play), "hang_up": prompts.hang_up} if prompts else {}
        return web.json_response(body)

    async def _post(self, event: TelephonyEvent, event_id: str = "") -> Prompts | None:
        assert self._http is not None
        body = event_body(event, uuid.uuid4().hex)
        stamp, signature = sign(SECRET, self._clock.now(), body)
        told: dict[str, Any] = {}
        for _ in range(self._repeat):
            headers = {TIMESTAMP: stamp, SIGNATURE: signature}
            async with self._http.post(self._hook, data=body, headers=headers) as answer:
                self.statuses.append(answer.status)
                told = (await answer.json() if answer.status == 200 else {}) or told
        return Prompts(play=tuple(told["play"]), hang_up=told["hang_up"]) if told else None


def event_body(event: TelephonyEvent, event_id: str, **more: Any) -> bytes:
    """An event as the exchange posts it."""
    fields = {name: getattr(event, name) for name in event.__dataclass_fields__}
    return dump({"id": event_id, "type": NAMES[type(event)], **fields, **more})
