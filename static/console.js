/** The nurse's console: one page, one socket. Ties state, acts, keys and sounds together and draws the panes. */

import { render } from "./vendor/htm-preact.mjs";
import { useEffect, useMemo, useReducer, useRef, useState } from "./vendor/preact-hooks.mjs";
import { Announcer, html, useMedia, useNow } from "./staff-parts.js";
import { loadTexts } from "./staff-texts.js";
import { duration, topicOf, wait } from "./staff-format.js";
import { Link, newId } from "./socket.js";
import * as line from "./console-state.js";
import { Desk } from "./console-desk.js";
import { draftsIn } from "./console-drafts.js";
import { actOf, placeOf } from "./console-keys.js";
import { Sounds, plan } from "./console-sound.js";
import { Banner, Danger, Offer, TopBar } from "./console-bars.js";
import { CallBar } from "./console-call.js";
import { Preview, WorkList } from "./console-list.js";
import { Talk } from "./console-talk.js";
import { Resident } from "./console-resident.js";
import { Open } from "./console-dialogs.js";
import { ShiftStart } from "./console-shift.js";

// One pane at a time: then all of it is the page's main part.
const NARROW = "(max-width: 899px)";
const NOTICE_MS = 8_000;
const LETTERS = "ensilinja:letters";
const DIALS = "ensilinja:dials";

class Store {
  constructor() {
    this.state = line.initial();
    this.watch = () => {};
  }

  dispatch = (action) => {
    const next = line.reduce(this.state, action);
    if (next === this.state) return;
    this.state = next;
    this.watch();
  };
}

function connect(store, tell) {
  const at = () => Date.now();
  const dialled = new Set();
  const link = new Link({
    role: "console",
    seen: () => store.state.seen,
    onSnapshot(snapshot) {
      const { wasLost, me } = store.state;
      store.dispatch({ type: "snapshot", snapshot, at: at() });
      if (!me) desk.sendKept();
      if (wasLost) desk.catchUp();
    },
    onEvent(frame) {
      const { attempt, agent, result } = frame.data ?? {};
      if (frame.ev === "attempt.requested" && agent === store.state.me?.id) dialled.add(attempt);
      // What came of a call is said also when the contact has left her hands with it.
      if (frame.ev === "attempt.ended" && result !== "reached" && dialled.has(attempt)) tell(`console.call.told.${result}`);
      store.dispatch({ type: "event", frame, at: at() });
    },
    onStatus: (status) => store.dispatch({ type: "link", status, at: at() }),
  });
  const desk = new Desk({ link, store, drafts: draftsIn(sessionStorage), tell, newId });
  return desk;
}

function App({ t, lang, shell }) {
  const [, redraw] = useReducer((n) => n + 1, 0);
  const [notice, setNotice] = useState(null);
  const tell = useRef((key, values, tone) => setNotice({ text: t.has(key) ? t(key, values) : t("console.error.other"), tone, id: Math.random() }));
  const store = useMemo(() => new Store(), []);
  const desk = useMemo(() => connect(store, tell.current), []);
  const sounds = useMemo(() => new Sounds(), []);
  const [view, setView] = useState({ dialog: null, pane: "list", kind: "reply", draftVersion: 0, lines: null, form: null, queue: "", calling: null });
  const [hasLetters, setLetters] = useState(localStorage.getItem(LETTERS) !== "off");
  const [dialsItself, setDials] = useState(localStorage.getItem(DIALS) === "on");
  const { state } = store;
  const now = useNow(state.offset);
  const isNarrow = useMedia(NARROW);

  useEffect(() => {
    store.watch = redraw;
    desk.link.start();
    return () => desk.link.close();
  }, []);
  useEffect(() => {
    const timer = notice && setTimeout(() => setNotice(null), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  useEffect(() => {
    const timer = state.regained && setTimeout(() => store.dispatch({ type: "regained_read" }), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [state.regained]);
  useEffect(() => {
    desk.ensureOpen();
  });

  const ui = screen({ view, setView, state, store, desk, sounds, t, tell: tell.current, redraw });
  Object.assign(ui, { hasLetters, setLetters: (isOn) => keep(LETTERS, isOn, setLetters) });
  Object.assign(ui, { dialsItself, setDialsItself: (isOn) => keep(DIALS, isOn, setDials), calling: dialsItself ? view.calling : null });
  useKeys({ state, desk, ui, view, hasLetters });
  useSounds({ state, sounds, t });
  useLeaving(state);
  useCallEnd({ state, ui, view, t, tell: tell.current });

  const row = state.rows[state.open];
  const isHers = line.isMine(row) && row.state !== "offered";
  const given = { state, t, desk, drafts: desk.drafts, ui, lang, now, row, isTable: isTable(state) };
  return html`<div class="console" data-pane=${view.pane} data-shift=${state.shift ? "on" : "off"}>
    <${TopBar} ...${given} />
    <${Banner} ...${given} isSoundOn=${sounds.isOn} />
    <${Danger} ...${given} />
    <${CallBar} ...${given} />
    ${!state.me ? html`<main class="shift-start"><p role="status">${t("console.loading")}</p></main>`
      : !state.shift ? html`<${ShiftStart} ...${given} shell=${shell} />`
      : html`<${PaneTabs} ...${given} pane=${view.pane} />
        <${isNarrow ? "main" : "div"} class="panes" data-table=${given.isTable ? "" : null}><${WorkList} ...${given} />
          ${!given.isTable && html`<${isNarrow ? "section" : "main"} class="pane middle" tabindex="-1">${middle(given, view)}<//>`}
          ${given.isTable && row && !isHers ? html`<${Beside} ...${given} lines=${view.lines} />`
            : html`<${Resident} ...${given} tag=${isNarrow ? "section" : "aside"} />`}<//>
        <${Offer} ...${given} />`}
    ${notice && html`<p class=${`notice ${notice.tone ?? ""}`} aria-hidden="true">${notice.text}</p>`}
    <${Announcer} text=${notice?.text} id=${notice?.id} />
    <${Calls} ...${given} />
    ${view.dialog && html`<${Open} dialog=${view.dialog} ...${given} />`}
  </div>`;
}

function middle(given, view) {
  const { state, row, t } = given;
  if (row && line.isMine(row) && row.state !== "offered") return html`<${Talk} ...${given} />`;
  if (row) return html`<${Preview} ...${given} lines=${view.lines} />`;
  return html`<div class="empty"><p>${t(state.open ? "console.talk.gone" : "console.talk.none")}</p></div>`;
}

/** Beside the table: who is not mine, as far as the row tells. */
const Beside = (given) => html`<aside class="pane resident beside" aria-labelledby="preview-title" tabindex="-1">
  <div class="pane-head"><button type="button" class="button small drawer-close" onClick=${() => given.ui.pane("talk")}>${given.t("console.leave")}</button></div>
  <${Preview} ...${given} /></aside>`;

const PANES = ["list", "talk", "resident"];

const PaneTabs = ({ t, ui, pane }) => html`<nav class="pane-tabs" aria-label=${t("console.pane.label")}>
  ${PANES.map((name) => html`<button type="button" class="tab" aria-pressed=${String(pane === name)} onClick=${() => ui.pane(name)}>
    ${t(`console.pane.${name}`)}</button>`)}</nav>`;

/** What has just begun to ring is said once, politely; someone in danger likewise. */
function Calls({ state, t, now }) {
  const row = state.shift ? (line.emergencies(state)[0] ?? line.offers(state)[0]) : null;
  const text = row && t(row.tier === 0 ? "console.say.danger" : `console.say.${row.channel}`, {
    urgency: t(`console.urgency.${row.urgency}`),
    topic: topicOf(row, t),
    time: duration(wait(row, now).seconds),
  });
  const id = row ? `${row.contact}:${row.assignment}:${row.state}` : "";
  const first = useRef({ id: "", text: "" });
  if (first.current.id !== id) first.current = { id, text };
  return html`<${Announcer} ...${first.current} />`;
}

/** The callbacks' table stands where there is room for it. */
const isTable = (state) => state.tab === "callbacks" && !matchMedia(NARROW).matches;

function screen({ view, setView, state, store, desk, sounds, t, tell, redraw }) {
  const patch = (change) => setView((known) => ({ ...known, ...change }));
  return {
    sounds,
    kind: view.kind,
    formOf: view.form,
    openForm: (contact) => patch({ form: contact, pane: "talk" }),
    leaveForm() {
      patch({ form: null });
      requestAnimationFrame(() => document.querySelector(".middle")?.focus());
    },
    draftVersion: view.draftVersion,
    queue: view.queue,
    setQueue: (queue) => patch({ queue }),
    stopCalling: () => patch({ calling: null }),
    show: (name, contact = state.open, chosen = null) => patch({ dialog: { name, contact, chosen } }),
    hide() {
      patch({ dialog: null });
      requestAnimationFrame(() => document.activeElement === document.body && focusRow(store.state.open));
    },
    pane: (pane) => patch({ pane }),
    async taken(taking) {
      const contact = await taking;
      if (contact) patch({ pane: "talk" });
      if (contact) focusTaken(contact, 20);
    },
    open(contact) {
      desk.select(contact);
      patch({ pane: isTable(store.state) ? "resident" : "talk" });
    },
    /** Hers first, and read; the telephone rings only by the next key, or after the seconds she has chosen. */
    call(row) {
      desk.select(row.contact);
      patch({ calling: row.contact });
      if (row.mine) return this.taken(desk.accept(row));
      if (row.tier === 0) return this.taken(desk.take(row, "emergency"));
      return line.isFirstInLine(store.state, row) ? this.taken(desk.take(row, "next")) : this.show("take", row.contact);
    },
    setKind: (kind) => patch({ kind }),
    tab: (tab) => store.dispatch({ type: "tab", tab }),
    reloadDraft: () => patch({ draftVersion: view.draftVersion + 1 }),
    async unlock() {
      await sounds.unlock();
      redraw();
    },
    async explain(row) {
      const reasons = await desk.explain(row);
      if (reasons) patch({ lines: { contact: row.contact, reasons } });
    },
    async copy(text) {
      try {
        await navigator.clipboard.writeText(text);
        tell("console.notice.copied");
      } catch {
        tell("console.notice.not_copied", {}, "warn");
      }
    },
  };
}

function keep(name, isOn, set) {
  localStorage.setItem(name, isOn ? "on" : "off");
  set(isOn);
}

function useKeys({ state, desk, ui, view, hasLetters }) {
  const latest = useRef(null);
  latest.current = (event) => {
    if (!state.shift) return;
    const place = placeOf(event.target);
    const isLetter = event.key.length === 1;
    const act = isLetter && !event.ctrlKey && !hasLetters ? null : actOf(event, place);
    if (act && !(isLetter && event.repeat) && perform(act, { state, desk, ui, view })) event.preventDefault();
  };
  useEffect(() => {
    const press = (event) => latest.current(event);
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}

function perform(act, given) {
  const { state, desk, ui, view } = given;
  const row = state.rows[state.open];
  const isHere = line.isMine(row) && row.state !== "offered";
  if (act.startsWith("own")) return selectNth(Number(act.slice(3)), given);
  const acts = {
    take: () => take(given),
    status: () => (view.dialog ? ui.hide() : ui.show("status")),
    help: () => ui.show("help"),
    up: () => move(-1),
    down: () => move(1),
    pane: nextPane,
    leave: () => focusRow(state.open),
    reply: () => isHere && write("reply", ui),
    note: () => isHere && write("note", ui),
    close: () => isHere && ui.show("close"),
    transfer: () => isHere && ui.show("transfer"),
    assess: () => isHere && ui.show("assess"),
    confirm: () => isHere && desk.assess(row, row.urgency),
    form: () => isHere && ui.openForm(row.contact),
    call: () => call(given),
    hold: () => answerOrHold(given),
    hang_up: () => order(given, "hang_up"),
    voicemail: () => isHere && row.call?.state === "on" && row.call.attempt !== null && desk.callResult(row, "voicemail"),
    move: () => isHere && row.channel === "callback" && !line.isOnTheLine(row) && ui.show("move"),
  };
  if (!acts[act]) return false;
  acts[act]();
  return true;
}

/** A contact of hers is rung; one of the list becomes hers first. */
function call({ state, desk, ui }) {
  const focused = state.rows[document.activeElement?.dataset?.contact];
  const row = focused ?? state.rows[state.open];
  if (!row) return;
  if (line.isMine(row) && row.state === "held" && row.channel !== "chat" && !line.isOnTheLine(row)) desk.dial(row);
  else if (row.channel === "callback" && line.isTakeable(row)) ui.call(row);
}

/** What cannot be ordered is said in the bar already. */
function order({ state, desk }, name) {
  const row = line.callNow(state);
  if (row && !line.whyNot(state, name === "resume" ? "hold" : name)) desk.order(row, name);
}

/** The telephone's one key: takes a call that is offered, holds the one that is on, and goes on with it. */
function answerOrHold(given) {
  const row = line.callNow(given.state);
  if (row) return row.call.state === "on" && order(given, row.call.held_at ? "resume" : "hold");
  return line.offers(given.state)[0]?.channel === "call" && take(given);
}

/** Taking never moves the caret out of a half-written message: what was taken waits in the list, already mine. */
async function take({ state, desk, ui, view }) {
  const isWriting = document.activeElement?.id === "composer" && document.activeElement.value.trim() !== "";
  const isStaying = Boolean(state.open && (isWriting || view.dialog));
  const taking = desk.takeNext(isStaying);
  if (!isStaying) await ui.taken(taking);
}

/**
 * The row follows its acknowledgement by a moment; the caret goes to it unless the nurse has gone on meanwhile: to a
 * chat's composer, and where she will ring to the pane, in which letters are keys.
 */
function focusTaken(contact, tries) {
  const talk = document.querySelector(`.talk[data-contact="${contact}"]`);
  const isCall = Boolean(talk?.querySelector(".call-box"));
  if (talk) ((!isCall && document.getElementById("composer")) || document.querySelector(".middle")).focus();
  else if (tries && document.activeElement?.id !== "composer") setTimeout(() => focusTaken(contact, tries - 1), 50);
}

function selectNth(n, { state, desk, ui }) {
  const row = line.own(state)[n - 1];
  if (!row) return false;
  ui.tab("own");
  desk.select(row.contact);
  return true;
}

function rowsOnScreen() {
  return [...document.querySelectorAll("[data-list] .row")];
}

function move(step) {
  const rows = rowsOnScreen();
  const at = rows.indexOf(document.activeElement);
  const from = at >= 0 ? at : rows.findIndex((r) => r.getAttribute("aria-current") === "true");
  rows[Math.min(rows.length - 1, Math.max(0, from + step))]?.focus();
}

function focusRow(contact) {
  const row = rowsOnScreen().find((r) => r.dataset.contact === String(contact)) ?? rowsOnScreen()[0];
  (row ?? document.querySelector(".next"))?.focus();
}

function nextPane() {
  const panes = [...document.querySelectorAll(".pane")].filter((p) => p.offsetParent !== null);
  const at = panes.findIndex((p) => p.contains(document.activeElement));
  const next = panes[(at + 1) % panes.length];
  (next.querySelector("#composer, [aria-current=true], .row") ?? next.querySelector("button:not([hidden])") ?? next)?.focus();
}

function write(kind, ui) {
  ui.setKind(kind);
  requestAnimationFrame(() => document.getElementById("composer")?.focus());
}

function useSounds({ state, sounds, t }) {
  const rung = useRef({});
  const latest = useRef(state);
  latest.current = state;
  const key = line.alerts(state).map((a) => a.key).join();
  useEffect(() => {
    const ring = () => {
      const step = plan(rung.current, line.alerts(latest.current), Date.now());
      rung.current = step.rung;
      if (!step.level) return;
      sounds.play(step.level);
      notify(step.level, t);
    };
    ring();
    const timer = setInterval(ring, 1_000);
    return () => clearInterval(timer);
  }, [key]);
}

/** A notification says that something waits, never who or why. */
function notify(level, t) {
  if (document.visibilityState === "visible" || globalThis.Notification?.permission !== "granted") return;
  const text = t(`console.notify.${level}`);
  new Notification("Ensilinja", { body: text, tag: `ensilinja-${level}`, requireInteraction: level === 4 });
}

/** When a call that was on has ended its outcome is asked for, but never over a half-written text or another dialog. */
function useCallEnd({ state, ui, view, t, tell }) {
  const on = line.callNow(state);
  const last = useRef(null);
  const wasAsked = useRef(false);
  useEffect(() => {
    const before = last.current;
    last.current = on?.call.state === "on" ? on.contact : null;
    if (before !== null && before !== last.current && wasAsked.current && !line.isMine(state.rows[before])) tell("console.notice.handed_over");
    wasAsked.current = on?.call.order === "transfer" && on.call.order_state === "asked";
    const row = before !== null && before !== last.current ? state.rows[before] : null;
    if (!line.isMine(row) || row.state !== "held" || row.call?.state !== "ended") return;
    const isWriting = document.activeElement?.id === "composer" && document.activeElement.value.trim() !== "";
    const isReached = row.call.result === null || row.call.result === "reached";
    if (!isReached) return;
    if (isWriting || view.dialog || state.open !== before) tell("console.call.over_close");
    else ui.show("close", before);
  }, [on?.contact, on?.call.state, on?.call.order]);
}

function useLeaving(state) {
  const n = line.counts(state);
  const count = n.offers + n.unread + line.emergencies(state).length;
  const isBusy = n.own > 0;
  useEffect(() => {
    document.title = count ? `(${count}) Ensilinja` : "Ensilinja";
  }, [count]);
  useEffect(() => {
    const warn = (event) => event.preventDefault();
    if (isBusy) addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [isBusy]);
}

const root = document.getElementById("console");
const lang = document.documentElement.lang || "fi";
const t = await loadTexts(lang);
const { logout, csrf, telephones } = root.dataset;
root.replaceChildren();
render(html`<${App} t=${t} lang=${lang} shell=${{ logout, csrf, telephones }} />`, root);
