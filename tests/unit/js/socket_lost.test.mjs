import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

let now = 0;
let sockets = [];
let wakers = {};
let page = { hidden: false };

class Socket {
  static OPEN = 1;

  readyState = 1;
  sent = [];

  constructor() {
    sockets.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }

  get last() {
    return this.sent.at(-1);
  }

  hear(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }
}

const kept = globalThis.performance;

beforeEach(() => {
  [now, sockets, wakers] = [0, [], {}];
  page = { hidden: false, addEventListener: () => {}, removeEventListener: () => {} };
  Object.assign(globalThis, {
    WebSocket: Socket,
    document: page,
    addEventListener: (name, act) => Object.assign(wakers, { [name]: act }),
    removeEventListener: () => {},
  });
  Object.defineProperty(globalThis, "performance", { value: { now: () => now }, configurable: true });
});

afterEach(() => Object.defineProperty(globalThis, "performance", { value: kept, configurable: true }));

async function connected(role) {
  const { Link } = await import("../../../static/socket.js");
  const link = new Link({ role, url: "ws://test" });
  link.start();
  sockets[0].onopen();
  sockets[0].hear({ ok: "hello", id: sockets[0].last.id, snapshot: {} });
  return link;
}

/** The server's ticks, every two seconds, for so long. */
function ticks(ms) {
  for (const end = now + ms; now < end; ) {
    now += 2_000;
    sockets.at(-1).hear({ ev: "tick" });
  }
}

const pings = (socket) => socket.sent.filter((frame) => frame.op === "ping").length;

test("a hidden console keeps its lease by the server's ticks, though its timers stand still", async () => {
  const link = await connected("console");
  page.hidden = true;
  ticks(60_000);
  assert.ok(pings(sockets[0]) >= 60 / 5, String(pings(sockets[0])));
  link.close();
});

test("a hidden resident's page lets the telephone sleep", async () => {
  const link = await connected("resident");
  page.hidden = true;
  ticks(60_000);
  assert.ok(pings(sockets[0]) <= 3);
  link.close();
});

test("a network that is back gets a new socket at once, also while an old one is being opened", async () => {
  const link = await connected("resident");
  wakers.online({ type: "online" });
  assert.equal(sockets.length, 2);
  wakers.online({ type: "online" });
  assert.equal(sockets.length, 3);
  link.close();
});

test("a lost line comes back after a random wait that grows, between 0.2 and 5 s", async () => {
  const { nextDelay } = await import("../../../static/socket.js");
  let most = 0;
  for (let last = 0, n = 0; n < 20; n += 1) {
    last = nextDelay(last, () => 0.999);
    most = last;
    assert.ok(last >= 200 && last <= 5_000);
  }
  assert.ok(most > 4_900);
  assert.equal(nextDelay(5_000, () => 0), 200);
});
