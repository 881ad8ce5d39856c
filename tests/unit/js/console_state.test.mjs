import assert from "node:assert/strict";
import { describe, test } from "node:test";

const statics = new URL("../../../static/", import.meta.url);
const line = await import(new URL("console-state.js", statics));

const NOON = "2026-11-23T10:00:00+00:00";
const at = (seconds) => new Date(Date.parse(NOON) + seconds * 1000).toISOString();

function row(contact, changes = {}) {
  return {
    contact, n: 1, assignment: 0, queue: "nurse", channel: "chat", state: "waiting", urgency: "SAME_DAY", tier: 2,
    arrived_at: NOON, due_at: at(240), promise_due_at: null, expires_at: null, mine: false, unread: 0, overdue: false,
    ...changes,
  };
}

const held = (contact, changes = {}) => row(contact, { state: "held", mine: true, assignment: 1, ...changes });

function snapshotOf(rows, changes = {}) {
  const own = rows.filter((r) => r.mine);
  const callbacks = rows.filter((r) => !r.mine && r.channel === "callback");
  const waiting = rows.filter((r) => !r.mine && r.channel !== "callback");
  return { me: { id: 7, name: "Maija K." }, shift: { state: "ready", capacity: 3 }, own, waiting, callbacks, now: NOON, ...changes };
}

function after(...actions) {
  return actions.reduce(line.reduce, line.initial());
}

const snapshot = (rows, changes) => ({ type: "snapshot", snapshot: snapshotOf(rows, changes), at: Date.parse(NOON) });
const event = (ev, contact, n, changes) => ({ type: "event", frame: { ev, contact, n, ...changes }, at: Date.parse(NOON) });

describe("rows", () => {
  test("a newer row replaces an older one", () => {
    const state = after(snapshot([row(1)]), event("entry.urgency", 1, 2, { row: row(1, { n: 2, urgency: "ED" }) }));
    assert.equal(state.rows[1].urgency, "ED");
  });

  test("an older or repeated event changes nothing", () => {
    const start = after(snapshot([row(1, { n: 5 })]));
    for (const n of [4, 5]) {
      const next = line.reduce(start, event("entry.urgency", 1, n, { row: row(1, { n, urgency: "ED" }) }));
      assert.equal(next, start);
    }
  });

  test("row null removes, and an older row does not bring it back", () => {
    const gone = after(snapshot([row(1)]), event("entry.done", 1, 4, { row: null }));
    assert.equal(gone.rows[1], undefined);
    assert.equal(line.reduce(gone, event("entry.offered", 1, 3, { row: row(1, { n: 3 }) })).rows[1], undefined);
  });

  test("any order, doubles and gaps end in the same rows", () => {
    const frames = [1, 2, 3, 4].map((n) => event("x", 1, n, { row: n === 3 ? null : row(1, { n, unread: n }) }));
    const orders = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 1, 3, 0, 2], [2, 3]];
    const results = orders.map((order) => after(snapshot([]), ...order.map((i) => frames[i])).rows);
    for (const rows of results) assert.deepEqual(rows, results[0]);
  });

  test("a snapshot keeps what is newer here and drops what is not in it", () => {
    const state = after(
      snapshot([row(1), row(2)]),
      event("entry.urgency", 1, 9, { row: row(1, { n: 9, urgency: "ED" }) }),
      snapshot([row(1, { n: 8 })]),
    );
    assert.equal(state.rows[1].urgency, "ED");
    assert.equal(state.rows[2], undefined);
  });

  test("the cursors of the next hello are the newest numbers seen", () => {
    const state = after(snapshot([row(1, { n: 5 })]), event("entry.done", 2, 7, { row: null }));
    assert.deepEqual(state.seen, { 1: 5, 2: 7 });
  });
});

describe("lists", () => {
  test("the line is in order of tier, then promised time, then arrival", () => {
    const rows = [
      row(1, { due_at: at(500) }), row(2, { due_at: at(100) }), row(3, { tier: 1, due_at: at(900) }), row(4, { tier: 0 }),
    ];
    assert.deepEqual(line.waiting(after(snapshot(rows))).map((r) => r.contact), [4, 3, 2, 1]);
  });

  test("an offer to me is an offer, not yet my contact", () => {
    const state = after(snapshot([held(1), row(2, { mine: true, state: "offered", expires_at: at(30) })]));
    assert.deepEqual(line.own(state).map((r) => r.contact), [1]);
    assert.deepEqual(line.offers(state).map((r) => r.contact), [2]);
  });

  test("those who need a reply are first among mine", () => {
    const state = after(snapshot([held(1, { due_at: at(10) }), held(2, { unread: 1 })]));
    assert.deepEqual(line.own(state).map((r) => r.contact), [2, 1]);
  });

  test("what becomes late while nothing arrives is counted late", () => {
    const state = after(snapshot([row(1)]));
    assert.equal(line.counts(state, Date.parse(at(10))).waitingLate, 0);
    assert.equal(line.counts(state, Date.parse(at(300))).waitingLate, 1);
  });

  test("F2 takes someone in danger, then the offer, then the next", () => {
    const offered = row(2, { mine: true, state: "offered" });
    assert.equal(line.nextToTake(after(snapshot([row(1, { tier: 0 }), offered]))).kind, "emergency");
    assert.equal(line.nextToTake(after(snapshot([offered]))).kind, "offer");
    assert.equal(line.nextToTake(after(snapshot([row(3)]))).kind, "next");
  });
});

describe("content", () => {
  const opened = (messages = []) => ({
    type: "opened", contact: 1, brief: { name: "Testi" }, messages, row: held(1, { n: 2 }), at: Date.parse(NOON),
  });
  const said = (seq, changes = {}) => ({ seq, from: "resident:1", kind: "text", name: "", text: `viesti ${seq}`, at: NOON, ...changes });

  test("messages are in sequence and never twice", () => {
    const state = after(snapshot([held(1)]), opened([said(2), said(1)]),
      event("chat.message", 1, 3, { unread: 1, message: said(3) }),
      event("chat.message", 1, 3, { unread: 1, message: said(3) }));
    assert.deepEqual(state.details[1].messages.map((m) => m.seq), [1, 2, 3]);
  });

  test("what is said changes what is unread, an old word does not", () => {
    const state = after(snapshot([held(1, { n: 2 })]), event("chat.message", 1, 4, { unread: 2 }),
      event("chat.message", 1, 3, { unread: 1 }), event("chat.message", 9, 4, { unread: 1 }));
    assert.deepEqual([state.rows[1].unread, state.rows[1].n, state.rows[1].state], [2, 4, "held"]);
    assert.equal(state.rows[9], undefined);
  });

  test("content leaves the desk with the contact", () => {
    const state = after(snapshot([held(1)]), opened([said(1)]), event("entry.returned", 1, 3, { row: row(1, { n: 3 }) }));
    assert.equal(state.details[1], undefined);
  });

  test("content of a contact that is not mine is not kept", () => {
    const state = after(snapshot([row(1, { n: 5 })]), { ...opened([said(1)]), row: row(1, { n: 5 }) });
    assert.equal(state.details[1], undefined);
  });

  test("what came during a break is counted", () => {
    const state = after(snapshot([held(1)]), opened([said(1)]), { type: "link", status: "lost", at: 1 },
      snapshot([held(1, { n: 4 })]), { type: "link", status: "connected", at: 2 },
      { ...opened([said(1), said(2), said(3)]), row: held(1, { n: 4 }) });
    assert.equal(state.regained.messages, 2);
    assert.equal(state.lostAt, null);
  });

  const written = { type: "queued", message: { client_id: "a", contact: 1, kind: "reply", text: "Hei", seen_seq: 1, at: 0 } };

  test("an acknowledged message is in the log once, whichever comes first", () => {
    const own = said(2, { from: "staff", name: "Maija K.", client_id: "a" });
    const pushed = event("chat.message", 1, 3, { unread: 0, message: own });
    const ack = { type: "sent", client_id: "a", seq: 2, at: NOON };
    for (const order of [[pushed, ack], [ack, pushed]]) {
      const state = after(snapshot([held(1)]), opened([said(1)]), written, ...order);
      assert.deepEqual(state.details[1].messages.map((m) => m.seq), [1, 2]);
      assert.deepEqual(state.outbox, []);
    }
  });

  test("a newer message makes a question, not a loss", () => {
    const state = after(snapshot([held(1)]), opened([said(1)]), written, { type: "failed", client_id: "a", code: "newer_messages" });
    assert.equal(state.outbox[0].state, "conflict");
    assert.equal(state.outbox[0].text, "Hei");
    const again = line.reduce(state, { type: "resend", client_id: "a", seen_seq: 2, at: 5 });
    assert.deepEqual([again.outbox[0].state, again.outbox[0].seen_seq, again.outbox[0].client_id], ["sending", 2, "a"]);
  });

  test("no answer within ten seconds is said", () => {
    const message = { state: "sending", at: 0 };
    assert.equal(line.outboxState(message, 9_000, "connected"), "sending");
    assert.equal(line.outboxState(message, 11_000, "connected"), "failed");
    assert.equal(line.outboxState(message, 11_000, "lost"), "held_back");
  });
});

describe("calls and shift", () => {
  test("a call is on as long as its row tells so, and only mine", () => {
    const call = (state, changes = {}) => held(1, { channel: "callback", call: { state, attempt: 4, result: null }, ...changes });
    for (const stage of ["agent_rings", "resident_rings", "on"]) assert.equal(line.callNow(after(snapshot([call(stage)]))).contact, 1);
    assert.equal(line.callNow(after(snapshot([call("ended")]))), undefined);
    assert.equal(line.callNow(after(snapshot([call("on", { mine: false })]))), undefined);
  });

  test("the oldest who asked for a call is found whoever has her", () => {
    const calls = [row(1, { channel: "callback" }), held(2, { channel: "callback", arrived_at: "2026-11-01T08:00:00Z" }), row(3, { arrived_at: "2026-10-01T08:00:00Z" })];
    assert.equal(line.oldestCallback(after(snapshot(calls))).contact, 2);
  });

  test("what came of a call has the contact read again", () => {
    const state = after(snapshot([held(1, { channel: "callback" })]), { type: "opened", contact: 1, brief: {}, messages: [] },
      event("attempt.ended", 1, 3, { row: held(1, { n: 3, channel: "callback" }) }));
    assert.equal(state.details[1].isOld, true);
  });

  test("two missed offers show as not answering", () => {
    const frame = { ev: "shift.state", state: "not_answering", shift_now: { state: "not_answering", capacity: 3 } };
    assert.equal(after(snapshot([]), { type: "event", frame }).shift.state, "not_answering");
  });

  test("a shift begun or ended on another screen is begun or ended here", () => {
    const begun = after(snapshot([], { shift: null }), { type: "event", frame: { ev: "shift.started", shift_now: { state: "ready", capacity: 2 } } });
    assert.equal(begun.shift.capacity, 2);
    assert.equal(line.reduce(begun, { type: "event", frame: { ev: "shift.ended", shift_now: null } }).shift, null);
  });

  test("nothing rings off shift", () => {
    const rows = [row(1, { tier: 0 }), row(2, { mine: true, state: "offered" })];
    assert.deepEqual(line.alerts(after(snapshot(rows, { shift: null }))), []);
    assert.deepEqual(line.alerts(after(snapshot(rows))).map((a) => a.level), [4, 3]);
  });

  test("the server's clock counts, not the workstation's", () => {
    const state = after({ type: "event", frame: { ev: "tick", now: at(60) }, at: Date.parse(NOON) });
    assert.equal(state.offset, 60_000);
  });

  test("what cannot be ordered of a call has its reason", () => {
    const can = after(snapshot([], { telephone: { can: ["hold"] } }), { type: "link", status: "connected" });
    assert.equal(line.whyNot(can, "hold"), null);
    assert.equal(line.whyNot(can, "hang_up"), "console.bar.lacks.hang_up");
    const tick = (telephone) => ({ type: "event", frame: { ev: "tick", now: at(60), telephone }, at: 0 });
    const silent = line.reduce(can, tick(false));
    assert.equal(line.whyNot(silent, "hold"), "console.bar.silent");
    assert.equal(line.whyNot(line.reduce(silent, tick(true)), "hold"), null);
    assert.equal(line.whyNot(line.reduce(can, { type: "link", status: "lost", at: 0 }), "hold"), "console.bar.lost");
  });

  test("news of a text has an open contact read anew", () => {
    const open = after(snapshot([held(1)]), { type: "opened", contact: 1, brief: {}, messages: [], texts: [{ state: "taken" }], at: 0 });
    assert.deepEqual(open.details[1].texts, [{ state: "taken" }]);
    const told = { ev: "text.told", contact: 1, n: 2, row: held(1, { n: 2 }) };
    assert.equal(line.reduce(open, { type: "event", frame: told, at: 0 }).details[1].isOld, true);
  });
});
