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
import { Preview, WorkList } from "./console-list.js";
import { Talk } from "./console-talk.js";
import { Resident } from "./console-resident.js";
import { Open } from "./console-dialogs.js";
import { ShiftStart } from "./console-shift.js";

// One pane at a time: then all of it is the page's main part.
const NARROW = "(max-width: 899px)";
const NOTICE_MS = 8_000;
const LETTERS = "ensilinja:letters";

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
  const link = new Link({
    role: "console",
    seen: () => store.state.seen,
    onSnapshot(snapshot) {
      const { wasLost, me } = store.state;
      store.dispatch({ type: "snapshot", snapshot, at: at() });
      if (!me) desk.sendKept();
      if (wasLost) desk.catchUp();
    },
    onEvent: (frame) => store.dispatch({ type: "event", frame, at: at() }),
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
  const [view, setView] = useState({ dialog: null, pane: "list", kind: "reply", draftVersion: 0, lines: null, siblings: null });
  const [hasLetters, setLetters] = useState(localStorage.getItem(LETTERS) !== "off");
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
    desk.followCalls();
  });

  const ui = screen({ view, setView, state, store, desk, sounds, t, tell: tell.current, redraw });
  Object.assign(ui, { hasLetters, setLetters: (isOn) => keepLetters(isOn, setLetters) });
  useKeys({ state, desk, ui, view, hasLetters });
  useSounds({ state, sounds, t });
  useLeaving(state);

  const row = state.rows[state.open];
  const given = { state, t, desk, drafts: desk.drafts, ui, lang, now, row };
  return html`<div class="console" data-pane=${view.pane} data-shift=${state.shift ? "on" : "off"}>
    <${TopBar} ...${given} />
    <${Banner} ...${given} isSoundOn=${sounds.isOn} />
    <${Danger} ...${given} />
    ${!state.me ? html`<main class="shift-start"><p role="status">${t("console.loading")}</p></main>`
      : !state.shift ? html`<${ShiftStart} ...${given} shell=${shell} />`
      : html`<${PaneTabs} ...${given} pane=${view.pane} />
        <${isNarrow ? "main" : "div"} class="panes"><${WorkList} ...${given} />
          <${isNarrow ? "section" : "main"} class="pane middle" tabindex="-1">${middle(given, view)}<//>
          <${Resident} ...${given} tag=${isNarrow ? "section" : "aside"} /><//>
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

function screen({ view, setView, state, store, desk, sounds, t, tell, redraw }) {
  const patch = (change) => setView((known) => ({ ...known, ...change }));
  return {
    sounds,
    kind: view.kind,
    draftVersion: view.draftVersion,
    show: (name, contact = state.open) => patch({ dialog: { name, contact } }),
    hide() {
      patch({ dialog: null });
      requestAnimationFrame(() => document.activeElement === document.body && focusRow(store.state.open));
    },
    pane: (pane) => patch({ pane }),
    async taken(taking) {
      if (await taking) patch({ pane: "talk" });
    },
    open(contact) {
      desk.select(contact);
      patch({ pane: "talk" });
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

function keepLetters(isOn, setLetters) {
  localStorage.setItem(LETTERS, isOn ? "on" : "off");
  setLetters(isOn);
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
    call: () => isHere && row.channel !== "chat" && desk.dial(row),
  };
  if (!acts[act]) return false;
  acts[act]();
  return true;
}

/** Taking never moves the caret out of a half-written message: what was taken waits in the list, already mine. */
async function take({ state, desk, ui, view }) {
  const isWriting = document.activeElement?.id === "composer" && document.activeElement.value.trim() !== "";
  const isStaying = Boolean(state.open && (isWriting || view.dialog));
  const contact = await desk.takeNext(isStaying);
  if (contact && !isStaying) ui.pane("talk");
  if (contact && !isStaying) focusTaken(contact, 20);
}

/** The row follows its acknowledgement by a moment; the caret goes to it unless the nurse has gone on meanwhile. */
function focusTaken(contact, tries) {
  const composer = document.getElementById("composer");
  const isShown = document.querySelector(`.talk[data-contact="${contact}"]`);
  if (isShown) (composer ?? document.querySelector(".middle")).focus();
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
const { logout, csrf } = root.dataset;
root.replaceChildren();
render(html`<${App} t=${t} lang=${lang} shell=${{ logout, csrf }} />`, root);
