/** How a promised call is told in the list. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isWindow, lateBy, promiseState } from "../../../static/console-promise.js";

const NOW = Date.parse("2026-11-30T10:00:00Z");
const at = (minutes) => new Date(NOW + minutes * 60_000).toISOString();
const row = (changes) => ({ promise_due_at: null, not_before: null, decision: false, ...changes });

describe("a promised call", () => {
  test("is open, near its end, or late", () => {
    assert.equal(promiseState(row({ promise_due_at: at(60) }), NOW), "open");
    assert.equal(promiseState(row({ promise_due_at: at(14) }), NOW), "near");
    assert.equal(promiseState(row({ promise_due_at: at(-1) }), NOW), "late");
  });

  test("is tried again, later or now, or decided by a person", () => {
    assert.equal(promiseState(row({ not_before: at(30) }), NOW), "again");
    assert.equal(promiseState(row({ not_before: at(-30) }), NOW), "again_now");
    assert.equal(promiseState(row({ decision: true }), NOW), "decide");
  });

  test("has a window only when its beginning was promised too", () => {
    assert.ok(isWindow(row({ not_before: at(60), promise_due_at: at(180) })));
    assert.ok(!isWindow(row({ promise_due_at: at(180) })));
    assert.ok(!isWindow(row({ not_before: at(200), promise_due_at: at(180) })));
  });

  test("tells lateness in whole minutes, then hours", () => {
    assert.equal(lateBy(row({ promise_due_at: at(-20) }), NOW), "20 min");
    assert.equal(lateBy(row({ promise_due_at: at(-125) }), NOW), "2 h 5 min");
    assert.equal(lateBy(row({ promise_due_at: at(5) }), NOW), "0 min");
  });
});
