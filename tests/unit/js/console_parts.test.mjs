import assert from "node:assert/strict";
import { describe, test } from "node:test";

const statics = new URL("../../../static/", import.meta.url);
const { actOf } = await import(new URL("console-keys.js", statics));
const { plan } = await import(new URL("console-sound.js", statics));
const { draftsIn } = await import(new URL("console-drafts.js", statics));
const { clock, duration, moment, number, wait } = await import(new URL("staff-format.js", statics));
const { speaker } = await import(new URL("staff-texts.js", statics));
const board = await import(new URL("board-state.js", statics));
const { Desk } = await import(new URL("console-desk.js", statics));
const line = await import(new URL("console-state.js", statics));

const TEXT = { isText: true, isDialog: false, isList: false };
const FREE = { isText: false, isDialog: false, isList: false };
const DIALOG = { isText: false, isDialog: true, isList: false };
const press = (key, more = {}) => ({ key, getModifierState: () => false, ...more });

describe("keys", () => {
  test("signs typed with AltGr trigger nothing", () => {
    for (const key of ["€", "@", "£", "{", "["]) {
      assert.equal(actOf(press(key, { ctrlKey: true, altKey: true }), FREE), null);
      assert.equal(actOf(press(key, { getModifierState: (m) => m === "AltGraph" }), FREE), null);
    }
    assert.equal(actOf(press("e", { ctrlKey: true, altKey: true }), FREE), null);
  });

  test("letters act outside text fields only", () => {
    assert.equal(actOf(press("e"), FREE), "close");
    assert.equal(actOf(press("e"), TEXT), null);
    assert.equal(actOf(press("e"), DIALOG), null);
  });

  test("F2 acts inside the composer too", () => {
    assert.equal(actOf(press("F2"), TEXT), "take");
    assert.equal(actOf(press("F2"), DIALOG), "take");
  });

  test("Esc leaves the composer and digits open own contacts", () => {
    assert.equal(actOf(press("Escape"), TEXT), "leave");
    assert.equal(actOf(press("3"), FREE), "own3");
    assert.equal(actOf(press("3"), TEXT), null);
  });

  test("arrows move in the list only", () => {
    assert.equal(actOf(press("ArrowDown"), FREE), null);
    assert.equal(actOf(press("ArrowDown"), { ...FREE, isList: true }), "down");
  });
});

describe("sounds", () => {
  const ring = (alerts, seconds) => {
    let rung = {};
    return seconds.map((s) => {
      const step = plan(rung, alerts, s * 1000);
      rung = step.rung;
      return step.level;
    });
  };

  test("an offer rings every five seconds until answered", () => {
    assert.deepEqual(ring([{ key: "o", level: 3 }], [0, 1, 4, 5, 9, 10]), [3, 0, 0, 3, 0, 3]);
  });

  test("a message ticks once and again after a minute", () => {
    assert.deepEqual(ring([{ key: "m", level: 2 }], [0, 30, 60, 90, 120, 180]), [2, 0, 2, 0, 0, 0]);
  });

  test("the most serious is heard", () => {
    assert.equal(plan({}, [{ key: "m", level: 2 }, { key: "d", level: 4 }], 0).level, 4);
  });
});

function memory() {
  const kept = new Map();
  return {
    get length() { return kept.size; },
    key: (i) => [...kept.keys()][i] ?? null,
    getItem: (k) => kept.get(k) ?? null,
    setItem: (k, v) => kept.set(k, v),
    removeItem: (k) => kept.delete(k),
  };
}

describe("drafts", () => {
  test("each contact has its own and forgetting one leaves the others", () => {
    const drafts = draftsIn(memory());
    drafts.write(1, "reply", "yksi");
    drafts.write(12, "reply", "kaksitoista");
    drafts.forget(1);
    assert.equal(drafts.read(1, "reply"), "");
    assert.equal(drafts.read(12, "reply"), "kaksitoista");
    assert.deepEqual([drafts.has(1), drafts.has(12)], [false, true]);
  });
});

describe("desk", () => {
  function deskWith(answers) {
    const asked = [];
    const told = [];
    const store = { state: { ...line.initial(), link: "connected", me: { id: 7, name: "M" }, shift: { state: "ready" } } };
    store.dispatch = (action) => { store.state = line.reduce(store.state, action); };
    const link = {
      request(op, body) {
        asked.push([op, body]);
        const answer = answers[op];
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
    };
    const drafts = draftsIn(memory());
    const desk = new Desk({ link, store, drafts, tell: (key) => told.push(key), newId: () => "id-1", clock: () => 0 });
    const held = { contact: 1, n: 1, assignment: 3, mine: true, state: "held", channel: "chat", tier: 2, unread: 0 };
    store.dispatch({ type: "row", row: held });
    store.dispatch({ type: "opened", contact: 1, brief: {}, messages: [], row: held, at: 0 });
    return { desk, store, asked, told, drafts, held };
  }
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

  test("a message carries its own id, the assignment and what was seen", async () => {
    const { desk, store, asked, drafts } = deskWith({ "message.send": { seq: 1, at: "2026-11-23T10:00:00Z" } });
    desk.write(1, "reply", "Hei");
    assert.equal(drafts.kept().length, 1);
    await settle();
    assert.deepEqual(asked[0], ["message.send", { contact: 1, assignment: 3, client_id: "id-1", text: "Hei", seen_seq: 0 }]);
    assert.deepEqual(store.state.details[1].messages.map((m) => m.text), ["Hei"]);
    assert.deepEqual([store.state.outbox, drafts.kept()], [[], []]);
  });

  test("a refused message stays and can be taken back to the composer", async () => {
    const { desk, store, drafts } = deskWith({ "message.send": Object.assign(new Error(), { code: "newer_messages" }) });
    desk.write(1, "reply", "Hei");
    await settle();
    assert.equal(store.state.outbox[0].state, "conflict");
    desk.takeBack("id-1");
    assert.equal(drafts.read(1, "reply"), "Hei");
    assert.deepEqual(store.state.outbox, []);
  });

  test("closing wraps a held contact first and carries the outcome", async () => {
    const { desk, asked, held } = deskWith({ "contact.wrap": {}, "contact.close": { outcome: 1 } });
    assert.equal(await desk.close(held, "ADVICE", { siblings: [5] }), "closed");
    assert.deepEqual(asked.map(([op]) => op), ["contact.wrap", "contact.close"]);
    assert.deepEqual([asked[1][1].code, asked[1][1].siblings], ["ADVICE", [5]]);
  });

  test("a refused taking is told in words and opens nothing", async () => {
    const { desk, store, told } = deskWith({ "offer.accept": Object.assign(new Error(), { code: "offer_gone" }) });
    assert.equal(await desk.accept({ contact: 2, assignment: 1 }), null);
    assert.deepEqual(told, ["console.error.offer_gone"]);
    assert.equal(store.state.open, null);
  });

  test("taking while writing leaves the screen as it is", async () => {
    const { desk, store } = deskWith({ "offer.accept": {}, "contact.open": { brief: {}, messages: [] } });
    desk.select(1);
    await desk.accept({ contact: 2, assignment: 1 }, true);
    assert.equal(store.state.open, 1);
  });
});

describe("figures", () => {
  test("durations and clocks read as the language writes them", () => {
    assert.deepEqual([duration(40), duration(725), duration(9600)], ["0:40", "12:05", "2 h 40 min"]);
    assert.equal(clock("2026-11-23T08:42:07Z", "fi", true), "10.42.07");
    assert.equal(clock("2026-07-23T08:42:07Z", "en"), "11:42");
    assert.equal(moment("2026-11-24T08:00:00Z", "2026-11-23T08:00:00Z", "sv"), "24.11. 10.00");
    assert.deepEqual([number(3.14, "fi", 1), number(3.14, "en", 1)], ["3,1", "3.1"]);
  });

  test("a wait is measured against the promise when there is one", () => {
    const row = { arrived_at: "2026-11-23T08:00:00Z", due_at: "2026-11-23T08:04:00Z", promise_due_at: "2026-11-23T10:00:00Z" };
    const now = Date.parse("2026-11-23T09:00:00Z");
    assert.equal(wait(row, now).overdue, false);
    assert.equal(wait({ ...row, promise_due_at: null }, now).over, 56 * 60);
  });

  test("a text fills its places, chooses its plural and shows an unknown key", () => {
    const t = speaker({ a: "{n} uutta", b: ["yksi", "{n} kpl"] });
    assert.deepEqual([t("a", { n: 2 }), t("b", { n: 1 }), t("b", { n: 3 }), t("c")], ["2 uutta", "yksi", "3 kpl", "c"]);
  });
});

describe("board", () => {
  const figures = { now: "2026-11-23T10:00:00Z", tiles: {} };

  test("figures are stale fifteen seconds after the last figures", () => {
    const state = board.reduce(board.initial(), { type: "board", board: figures, at: 1_000 });
    assert.equal(board.isStale(state, 15_000), false);
    assert.equal(board.isStale(state, 16_001), true);
  });

  test("nothing received is stale, whatever the link says", () => {
    const state = board.reduce(board.initial(), { type: "link", status: "connected" });
    assert.equal(board.isStale(state, 1_000), true);
  });

  test("a paused board holds its picture and shows the newest on resuming", () => {
    let state = board.reduce(board.initial(), { type: "board", board: figures, at: 0 });
    state = board.reduce(state, { type: "pause", isPaused: true });
    const newer = { ...figures, now: "2026-11-23T10:00:09Z" };
    state = board.reduce(state, { type: "board", board: newer, at: 9_000 });
    assert.equal(state.shown, figures);
    assert.equal(board.reduce(state, { type: "pause", isPaused: false }).shown, newer);
  });
});
