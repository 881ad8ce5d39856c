"""The baseline of the chat benchmark: a plain aiohttp relay. No store, no rights, no encryption, no log.

`python benchmarks/relay.py PORT`. It speaks as much of our wire as the load needs.
"""

import json
import sys

from aiohttp import WSMsgType, web

CONSOLES: dict[int, web.WebSocketResponse] = {}  # who hears of a contact


async def socket(request: web.Request) -> web.WebSocketResponse:
    """Acknowledges what a resident sends and passes it to the console that opened the contact."""
    response = web.WebSocketResponse(compress=False)
    await response.prepare(request)
    contact = 0
    async for message in response:
        if message.type is not WSMsgType.TEXT:
            break
        frame = json.loads(message.data)
        if frame["op"] == "hello":
            contact = frame.get("contact", 0)
        elif frame["op"] == "contact.open":
            CONSOLES[frame["contact"]] = response
        elif frame["op"] == "message.send" and (console := CONSOLES.get(contact)):
            news = {"ev": "chat.message", "contact": contact, "message": {"text": frame["text"]}}
            await console.send_str(json.dumps(news))
        await response.send_str(json.dumps({"ok": frame["op"], "id": frame["id"]}))
    return response


def main() -> None:
    app = web.Application()
    app.router.add_get("/ws", socket)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)


if __name__ == "__main__":
    main()
