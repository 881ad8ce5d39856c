import assert from "node:assert/strict";
import { describe, test } from "node:test";

const statics = new URL("../../../static/", import.meta.url);
const form = await import(new URL("console-form-state.js", statics));
const brief = await import(new URL("console-brief.js", statics));
const { actOf, placeOf } = await import(new URL("console-keys.js", statics));
const line = await import(new URL("console-state.js", statics));
const { Desk } = await import(new URL("console-desk.js", statics));
const { draftsIn } = await import(new URL("console-drafts.js", statics));

const t = (key) => key;
const question = (id, more = {}) => ({ id, kind: "boolean", text: id, options: [], needed: true, answer: null, ...more });
const view = (more = {}) => ({ client_id: null, topic: "t", signs: {}, questions: [question("a"), question("b"), question("c")], next: "a",
  left: [1, 3], level: null, complete: false, self_harm: false, fired: [], ...more });
const signs = [{ id: "s1", page: "now", text: "s1" }, { id: "s2", page: "today", text: "s2" }];
const opened = (more) => form.opened(null, { form: view(more), topics: [], signs, approved: false });

describe("a form on its way", () => {
  test("shows an answer before the server has told of it, and what the server told afterwards", () => {
    let state = form.queued(opened(), { answers: { a: "true" } });
    assert.equal(form.items(state)[0].answer, "true");
    state = form.filled(state, 1, { form: view({ questions: [question("a", { answer: false })] }), faults: {} });
    assert.equal(form.items(state)[0].answer, "false");
  });

  test("keeps later changes over an earlier answer of the server", () => {
    let state = form.queued(form.queued(opened(), { answers: { a: "true" } }), { answers: { a: "false" } });
    state = form.filled(state, 1, { form: view({ questions: [question("a", { answer: true })] }), faults: {} });
    assert.equal(form.items(state)[0].answer, "false");
  });

  test("takes back what was refused and keeps the fault until it is answered anew", () => {
    let state = form.refused(form.queued(opened(), { answers: { a: "true" } }), 1);
    assert.equal(form.items(state)[0].answer, null);
    state = form.filled(form.queued(state, { answers: { a: "x" } }), 2, { form: view(), faults: { a: "not_an_option" } });
    assert.equal(state.faults.a, "not_an_option");
    assert.deepEqual(form.queued(state, { answers: { a: "true" } }).faults, {});
  });

  test("merges what has not arrived into one change to send again", () => {
    const changes = [{ answers: { a: "true" } }, { topic: "x" }, { answers: { a: null, b: "2" }, others_no: true }];
    assert.deepEqual(form.merged(changes), { answers: { a: null, b: "2" }, topic: "x", others_no: true });
  });

  test("others no shows on the signs not told of", () => {
    const state = form.queued(opened({ signs: { s1: true } }), { others_no: true });
    assert.deepEqual([form.items(state, "now")[0].answer, form.items(state, "today")[0].answer], ["true", "false"]);
  });
});

describe("keys of a form", () => {
  test("1, 2, 3 are yes, no and does not know", () => {
    assert.deepEqual(["1", "2", "3", "4", "x"].map((key) => form.keyed(question("a"), key, t)), ["true", "false", "unknown", undefined, undefined]);
  });

  test("of several choices a digit turns one on and off", () => {
    const many = (answer) => question("m", { kind: "multichoice", options: [{ code: "x", text: "" }, { code: "y", text: "" }], answer });
    assert.deepEqual(form.keyed(many(null), "2", t), ["y"]);
    assert.deepEqual(form.keyed(many(["y"]), "1", t), ["y", "x"]);
    assert.equal(form.keyed(many(["x"]), "1", t), null);
  });

  test("digits mean nothing to numbers and words", () => {
    for (const kind of ["integer", "decimal", "text"]) assert.equal(form.keyed(question("n", { kind }), "1", t), undefined);
  });

  test("the console's own keys do not act in a form, F2 does", () => {
    const place = placeOf({ closest: (selector) => selector === "[data-form]" });
    const press = (key) => actOf({ key, getModifierState: () => false }, place);
    assert.deepEqual(["e", "1", "f", "v", "ArrowDown", "Escape"].map(press), Array(6).fill(null));
    assert.equal(press("F2"), "take");
  });

  test("f opens the form and v confirms outside fields only", () => {
    const free = { isText: false, isDialog: false, isList: false, isForm: false };
    const press = (key, place) => actOf({ key, getModifierState: () => false }, place);
    assert.deepEqual([press("f", free), press("v", free)], ["form", "confirm"]);
    assert.deepEqual([press("f", { ...free, isText: true }), press("v", { ...free, isText: true })], [null, null]);
  });
});

describe("the caret", () => {
  test("goes to the next without an answer, then to one passed over, then to the end", () => {
    const state = opened({ signs: { s1: false, s2: false }, questions: [question("a"), question("b", { answer: true }), question("c")] });
    assert.equal(form.after(state, null), "a");
    assert.equal(form.after(state, "a"), "c");
    assert.equal(form.after(state, "c"), "a");
    assert.equal(form.after(opened({ signs: { s1: false, s2: false }, questions: [] }), "s2"), null);
  });

  test("passes over what may be left out", () => {
    const state = opened({ signs: { s1: false, s2: false }, questions: [question("a", { needed: false }), question("b", { kind: "text" })] });
    assert.equal(form.after(state, "s2"), null);
  });

  test("arrows stay within the form", () => {
    assert.deepEqual([form.beside(opened(), "s1", -1), form.beside(opened(), "s1", 1), form.beside(opened(), "c", 1)], ["s1", "s2", "c"]);
  });
});

describe("a topic by a typed word", () => {
  const topics = [
    { id: "throat", name: "Kurkkukipu", words: ["Kurkkukipu", "niel", "angina"] },
    { id: "back", name: "Alaselkäkipu", words: ["Alaselkäkipu", "noidannuoli"] },
    { id: "other", name: "Jokin muu asia", words: ["Jokin muu asia", "Something else"] },
  ];
  const ids = (typed) => form.find(topics, typed).map((topic) => topic.id);

  test("is found by its name's beginning, by a part of a compound and by a stem", () => {
    assert.deepEqual(ids("kurk"), ["throat"]);
    assert.deepEqual(ids("selkä"), ["back"]);
    assert.deepEqual(ids("nielemistä sattuu"), ["throat"]);
    assert.deepEqual(ids("something"), ["other"]);
  });

  test("all are offered before anything is typed, none for what nobody has", () => {
    assert.equal(ids("").length, 3);
    assert.deepEqual(ids("zzz"), []);
  });
});

describe("whether the level may change", () => {
  test("is told with its cause", () => {
    assert.equal(form.openness(opened()), null);
    assert.equal(form.openness(opened({ level: "ED", topic: null })), "console.form.open_topic");
    assert.equal(form.openness(opened({ level: "ED" })), "console.form.open_signs");
    assert.equal(form.openness(opened({ level: "ED", signs: { s1: false, s2: "unknown" } })), "console.form.open");
    assert.equal(form.openness(opened({ level: "ED", complete: true })), "console.form.settled");
    assert.equal(form.openness(opened({ level: "EMERGENCY" })), "console.form.settled");
  });
});

describe("a brief", () => {
  const flag = (id, page, answer, danger = answer === "yes") => ({ id, page, answer, danger, text: id, said: "" });

  test("folds what is well and tells a page that was not asked in one line", () => {
    const flags = brief.flagsOf({ red_flags: [flag("a", "topic", "yes"), flag("b", "topic", "unknown"), flag("c", "today", "not_asked"),
      flag("d", "topic", "not_asked"), flag("e", "now", "no")] });
    assert.deepEqual(flags.loud.map((f) => f.id), ["a", "b", "d"]);
    assert.deepEqual(flags.skipped, [{ page: "today", count: 1 }]);
    assert.deepEqual(flags.calm.map((f) => f.id), ["e"]);
  });

  test("a no that alarms looks like danger, a yes that does not looks plain", () => {
    assert.equal(brief.toneOf(flag("a", "topic", "no", true)), "yes");
    assert.equal(brief.toneOf(flag("a", "topic", "yes", false)), "plain");
  });

  test("takes what other parts may tell of the subject when it is there", () => {
    const facts = [{ id: "pain", label: "Pain", value: "4" }];
    assert.deepEqual(brief.factsOf({ facts }), facts);
    assert.deepEqual(brief.factsOf({ facts, asker_is: null }).map((f) => f.id), ["pain"]);
    assert.deepEqual(brief.factsOf({ facts, asker_is: "guardian" }).map((f) => f.valueKey ?? f.id), ["console.asker.guardian", "pain"]);
  });

  test("proposes the answers' level until somebody has assessed after them", () => {
    const row = { urgency: "SAME_DAY" };
    const told = { level: "ED", answered_at: "2026-11-23T08:00:00Z", assessed: [] };
    assert.equal(brief.proposalOf(told, row), "ED");
    assert.equal(brief.proposalOf(told, { urgency: "ED" }), null);
    assert.equal(brief.proposalOf({ ...told, assessed: [{ at: "2026-11-23T09:00:00Z" }] }, row), null);
  });
});

describe("the desk and its form", () => {
  const row = { contact: 1, n: 1, mine: true, state: "held", assignment: 4, channel: "callback", tier: 2 };

  function deskWith(answers) {
    const kept = new Map();
    const storage = { get length() { return kept.size; }, key: (i) => [...kept.keys()][i], getItem: (k) => kept.get(k) ?? null,
      setItem: (k, v) => kept.set(k, v), removeItem: (k) => kept.delete(k) };
    const store = { state: line.reduce(line.initial(), { type: "row", row }), dispatch(action) { this.state = line.reduce(this.state, action); } };
    store.dispatch({ type: "link", status: "connected", at: 0 });
    const asked = [];
    const link = { async request(op, body) {
      asked.push({ op, ...body });
      const answer = answers[op];
      if (answer instanceof Error) throw answer;
      return typeof answer === "function" ? answer(body) : answer;
    } };
    const told = [];
    const desk = new Desk({ link, store, drafts: draftsIn(storage), tell: (key) => told.push(key), newId: () => "0123456789abcdef" });
    return { desk, store, asked, told, storage };
  }

  const whole = { form: view(), topics: [], signs, approved: false };

  test("sends a change with the assignment and keeps it until the server has it", async () => {
    let release;
    const { desk, store, asked, storage } = deskWith({ "form.open": whole, "form.fill": () => new Promise((done) => { release = done; }) });
    await desk.openForm(row);
    const filling = desk.fillForm(row, { answers: { a: "true" } });
    assert.deepEqual(asked.at(-1), { op: "form.fill", contact: 1, assignment: 4, client_id: "0123456789abcdef", answers: { a: "true" } });
    assert.match(storage.getItem("luonnos:1:lomake"), /"a":"true"/);
    release({ form: view({ client_id: "0123456789abcdef" }), faults: {} });
    await filling;
    assert.equal(storage.getItem("luonnos:1:lomake"), null);
    assert.equal(store.state.details[1].form.pending.length, 0);
  });

  test("after a reload what had not arrived is sent again", async () => {
    const { desk, asked, storage } = deskWith({ "form.open": whole, "form.fill": { form: view(), faults: {} } });
    storage.setItem("luonnos:1:lomake", JSON.stringify({ answers: { b: "false" } }));
    await desk.openForm(row);
    assert.deepEqual(asked.map((frame) => frame.op), ["form.open", "form.fill"]);
    assert.deepEqual(asked.at(-1).answers, { b: "false" });
  });

  test("an empty form is not sent to be saved", async () => {
    const { desk, asked, told } = deskWith({ "form.open": whole });
    await desk.openForm(row);
    assert.equal(await desk.saveForm(row), null);
    assert.deepEqual([asked.length, told], [1, ["console.error.form_empty"]]);
  });

  test("lowering an emergency comes back to be asked once more, without an error on the screen", async () => {
    const { desk, told } = deskWith({ "contact.assess": Object.assign(new Error(), { code: "not_sure" }) });
    assert.equal(await desk.assess(row, "ED", { reason: "milder" }), "not_sure");
    assert.deepEqual(told, []);
  });

  test("content told anew is read anew once", () => {
    const { store } = deskWith({});
    store.dispatch({ type: "opened", contact: 1, brief: {}, messages: [], row, at: 0 });
    store.dispatch({ type: "event", frame: { ev: "answers.sent", contact: 1, n: 2, row: { ...row, n: 2 } }, at: 0 });
    assert.equal(store.state.details[1].isOld, true);
    store.dispatch({ type: "loading", contact: 1 });
    assert.equal(store.state.details[1].isOld, false);
  });

  test("a form leaves this desk's memory with its contact", async () => {
    const { desk, store } = deskWith({ "form.open": whole });
    await desk.openForm(row);
    store.dispatch({ type: "row", row: { ...row, n: 3, mine: false } });
    assert.equal(store.state.details[1], undefined);
    store.dispatch({ type: "form_set", contact: 1, values: { saved: null } });
    assert.equal(store.state.details[1], undefined);
  });
});
