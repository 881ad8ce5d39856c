import assert from "node:assert/strict";
import { test } from "node:test";

class Socket {
  static OPEN = 1;
  static all = [];
  readyState = 1;
  sent = [];
  constructor() {
    Socket.all.push(this);
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {}
}

const waits = [];
Object.assign(globalThis, {
  WebSocket: Socket,
  setTimeout: (act, ms) => waits.push({ act, ms }),
  clearTimeout() {},
  setInterval: () => 1,
  clearInterval() {},
  document: { hidden: false, addEventListener() {}, removeEventListener() {} },
  addEventListener() {},
  removeEventListener() {},
});
const { Link } = await import("../../../static/socket.js");

function connected(onEvent = () => {}) {
  Socket.all.length = 0;
  const link = new Link({ role: "resident", url: "ws://here/ws", onEvent });
  link.start();
  const [socket] = Socket.all;
  socket.onopen();
  socket.onmessage({ data: JSON.stringify({ ok: "hello", id: socket.sent[0].id, snapshot: {} }) });
  return { link, socket };
}

test("after a restart a browser comes back at random within the time it was told", () => {
  const { link } = connected();
  for (let n = 0; n < 200; n += 1) {
    link.receive(JSON.stringify({ ev: "restart", spread_ms: 30_000 }));
    link.drop();
  }
  const told = waits.map(({ ms }) => ms);
  assert.ok(Math.min(...told) < 3_000 && Math.max(...told) > 27_000 && Math.max(...told) <= 30_000);
  link.drop();
  assert.ok(waits.at(-1).ms <= 5_000, "a line that breaks later is tried again soon");
  link.close();
});

test("an event of a newer program is handed on and harms nothing", () => {
  const heard = [];
  const { link, socket } = connected((frame) => heard.push(frame.ev));
  socket.onmessage({ data: JSON.stringify({ ev: "of.next.year", more: { fields: [1] } }) });
  assert.deepEqual(heard, ["of.next.year"]);
  assert.equal(link.status, "connected");
  link.close();
});
