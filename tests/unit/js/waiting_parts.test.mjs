import assert from "node:assert/strict";
import { test } from "node:test";

import { Announcer, lookOf, placeText, rangeText } from "../../../static/waiting-parts.js";

const t = (key, values = {}) => [key, ...Object.values(values)].join(" ");

/** Time that goes when it is told to, with room for the one timer that an announcer has. */
class Time {
  at = 1_000_000;
  due = null;

  now = () => this.at;

  after = (ms, act) => {
    this.due = { at: this.at + ms, act };
    return 1;
  };

  pass(ms) {
    const until = this.at + ms;
    while (this.due && this.due.at <= until) {
      const { at, act } = this.due;
      Object.assign(this, { at, due: null });
      act();
    }
    this.at = until;
  }
}

function listened() {
  const heard = [];
  const element = {
    set textContent(text) {
      heard.push(text);
    },
  };
  const time = new Time();
  return { heard, time, announcer: new Announcer(element, time.now, time.after) };
}

test("twenty changes in ten minutes are said at most once a minute, the newest last", () => {
  const { heard, time, announcer } = listened();
  for (let n = 20; n > 0; n -= 1) {
    announcer.say(`${n} ahead`);
    time.pass(30_000);
  }
  time.pass(60_000);
  assert.ok(heard.length >= 10 && heard.length <= 11, String(heard.length));
  assert.equal(heard.at(-1), "1 ahead");
});

test("what has not changed is not said again", () => {
  const { heard, time, announcer } = listened();
  for (let n = 0; n < 20; n += 1) {
    announcer.say("3 ahead");
    time.pass(60_000);
  }
  assert.deepEqual(heard, ["3 ahead"]);
});

test("a place and a range are whole sentences, also without an upper end", () => {
  assert.equal(placeText(t, null), "waiting.in_line");
  assert.equal(placeText(t, 1), "waiting.first");
  assert.equal(placeText(t, 4), "waiting.ahead 3");
  assert.equal(rangeText(t, [2, 6]), "waiting.range 2–6");
  assert.equal(rangeText(t, [60, null]), "waiting.range waiting.over_hour");
  assert.equal(rangeText(t, null), "waiting.no_range");
});

test("a message and what is put off are not a line", () => {
  assert.equal(lookOf({ state: "waiting", channel: "chat" }), "waiting");
  assert.equal(lookOf({ state: "waiting", channel: "message" }), "closed");
  assert.equal(lookOf({ state: "scheduled", channel: "message" }), "closed");
  assert.equal(lookOf({ state: "left", channel: "chat" }), "left");
});
