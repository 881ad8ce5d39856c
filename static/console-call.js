/** The telephone in the console: the bar that stays in sight during a call, the call's own box, and another time. */

import { useEffect, useRef, useState } from "./vendor/preact-hooks.mjs";
import { Announcer, Dialog, Key, html } from "./staff-parts.js";
import { clock, duration, moment, topicOf } from "./staff-format.js";
import { callNow, isOnTheLine, whyNot } from "./console-state.js";

const DIALS_AFTER_S = 3;
const TOLD_RINGING = ["no_answer", "busy", "voicemail", "wrong_number"];
const TOLD_TALKING = ["wrong_number", "refused"];

/** Always in sight while a call is on. The timer is for the eyes; a change of state is said once. */
export function CallBar({ state, t, desk, ui, lang, now }) {
  const row = state.shift ? callNow(state) : null;
  const words = row ? wordsOf(row.call, t, lang) : "";
  const said = html`<${Announcer} text=${words} id=${row ? `${row.contact}:${words}` : ""} />`;
  if (!row) return said;
  const brief = state.details[row.contact]?.brief;
  const { call } = row;
  const isOn = call.state === "on";
  const reasons = [...new Set([isOn && whyNot(state, "hold"), whyNot(state, "hang_up")].filter(Boolean))];
  const mustAnswer = call.state === "agent_rings" && !state.telephone.can.includes("answer");
  return html`<section class="call-bar" aria-label=${t("console.bar.label")} data-call=${call.held_at ? "held" : call.state}>
    <strong>${brief?.name ?? t("console.talk.resident")}</strong>
    ${brief?.phone && html`<span class="tabular">${brief.phone}</span>`}
    <span class="call-state">${words}</span>
    <span class="tabular" role="timer" aria-live="off" aria-label=${t("console.bar.time")}>${duration((now - Date.parse(call.since)) / 1000)}</span>
    ${mustAnswer && html`<span>${t("console.bar.answer_there")}</span>`}
    ${reasons.map((key) => html`<span class="flag" id=${`why-${key.replaceAll(".", "-")}`}>${t(key)}</span>`)}
    <span class="top-gap"></span>
    ${state.open !== row.contact && html`<button type="button" class="button" onClick=${() => ui.open(row.contact)}>${t("console.bar.open")}</button>`}
    ${call.attempt !== null && isOn && html`<button type="button" class="button" disabled=${state.link !== "connected"} onClick=${() => desk.callResult(row, "voicemail")}>
      <${Key} name="a" /> ${t("console.bar.voicemail")}</button>`}
    ${isOn && html`<${Order} ...${{ state, row, t, desk }} name=${call.held_at ? "resume" : "hold"} needs="hold" />`}
    ${isOn && html`<button type="button" class="button" disabled=${state.link !== "connected" || call.order_state === "asked"} onClick=${() => ui.show("transfer", row.contact)}>
      <${Key} name="t" /> ${t("console.act.transfer")}</button>`}
    <${Order} ...${{ state, row, t, desk }} name="hang_up" needs="hang_up" isPrimary />
    ${said}</section>`;
}

const KEYS = { hold: "F8", resume: "F8", hang_up: "F9" };

/** A button that stays in its place: what it cannot do now is said beside it, and what is under way in the bar. */
function Order({ state, row, t, desk, name, needs, isPrimary }) {
  const why = whyNot(state, needs);
  const isAsked = row.call.order_state === "asked" && (name !== "hang_up" || row.call.order === name);
  return html`<button type="button" class=${`button ${isPrimary ? "primary" : ""}`} disabled=${Boolean(why) || isAsked}
    aria-describedby=${why ? `why-${why.replaceAll(".", "-")}` : null} onClick=${() => desk.order(row, name)}>
    <${Key} name=${KEYS[name]} /> ${t(`console.bar.${name}`)}</button>`;
}

/** What is on, since when it is so, and what became of what she ordered. */
function wordsOf(call, t, lang) {
  const order = call.order && t(`console.bar.${call.order}_${call.order_state}`);
  const is = call.held_at ? t("console.bar.held", { time: clock(call.held_at, lang) }) : t(`console.bar.${call.state}`);
  return order ? `${is}. ${order}` : is;
}

/** The matter is read first: nothing is dialled before the button, or before the seconds that she has chosen to have. */
export function CallBox(given) {
  const { state, row, t, desk, ui, detail, lang } = given;
  const { call } = row;
  const brief = detail?.brief;
  const isAsked = state.dialling === row.contact;
  const isBusy = isAsked || isOnTheLine(row);
  const isUnknown = call?.state === "ended" && call.result === "unknown";
  const told = call?.attempt == null || isAsked ? []
    : isUnknown || (isOnTheLine(row) && call.state !== "on") ? ["reached", ...TOLD_RINGING]
    : call.state === "on" ? TOLD_TALKING : [];
  const chat = brief?.siblings?.find((s) => s.channel === "chat" && s.state === "waiting");
  return html`<div class="call-box">
    <p class="call-number tabular">${brief?.phone ?? brief?.phone_masked ?? t("console.call.no_number")}</p>
    <p role="status">${isAsked ? t("console.call.requested") : statusOf(call, t, lang)}</p>
    ${!isBusy && brief && ui.calling === row.contact && html`<${Countdown} ...${given} />`}
    ${brief?.attempts?.length > 0 && html`<ul class="attempts" aria-label=${t("console.call.attempts")}>
      ${brief.attempts.map((a) => html`<li>${t("console.call.attempt", { n: a.n, time: clock(a.at, lang) })} ${a.result ? t(`console.call.short.${a.result}`) : ""}</li>`)}</ul>`}
    ${!isBusy && brief?.unreached && html`<${Unreached} ...${{ row, t, ui, brief }} />`}
    <div class="buttons">
      ${call?.state !== "on" && html`<button type="button" class="button primary" disabled=${isBusy || !brief || state.link !== "connected"} onClick=${() => desk.dial(row)}>
        <${Key} name="c" /> ${t(call?.state === "ended" ? "console.call.redial" : "console.call.dial")}</button>`}
      ${told.map((result) => html`<button type="button" class="button" onClick=${() => desk.callResult(row, result)}>${t(`console.call.short.${result}`)}</button>`)}
      ${!isBusy && row.channel === "callback" && html`<button type="button" class="button" onClick=${() => ui.show("move", row.contact)}>
        <${Key} name="s" /> ${t("console.call.move")}</button>`}
      ${!isBusy && chat && row.channel === "callback" && html`<button type="button" class="button" onClick=${() => ui.taken(desk.joinChat(row, chat.contact))}>${t("console.call.join")}</button>`}
    </div>
  </div>`;
}

function statusOf(call, t, lang) {
  if (!call) return t("console.call.ready");
  if (call.state === "on") return call.held_at ? t("console.bar.held", { time: clock(call.held_at, lang) }) : t("console.call.reached");
  if (call.state === "agent_rings") return t("console.call.requested");
  if (call.state === "resident_rings") return t("console.call.dialled");
  return t(call.result && call.result !== "reached" ? `console.call.told.${call.result}` : "console.call.ended");
}

function Unreached({ row, t, ui, brief }) {
  const isEnd = brief.unreached === "end";
  return html`<div class="banner warn unreached"><span>${t(`console.unreached.${isEnd ? "end" : "second"}`, { n: row.attempts })}</span>
    ${isEnd && html`<button type="button" class="button" onClick=${() => ui.show("close", row.contact, "UNREACHED")}>${t("console.unreached.close")}</button>`}</div>`;
}

/** Dials by itself, once, when she has chosen so; anything that she does instead stops it. */
function Countdown({ row, t, desk, ui, state }) {
  const [left, setLeft] = useState(DIALS_AFTER_S);
  const stop = useRef(ui.stopCalling);
  stop.current = ui.stopCalling;
  useEffect(() => {
    const keys = (event) => event.key === "Escape" && stop.current();
    document.addEventListener("keydown", keys);
    return () => document.removeEventListener("keydown", keys);
  }, []);
  useEffect(() => {
    if (state.link !== "connected") return stop.current();
    const timer = setTimeout(() => {
      if (left > 1) return setLeft(left - 1);
      stop.current();
      return desk.dial(row);
    }, 1_000);
    return () => clearTimeout(timer);
  }, [left, state.link]);
  return html`<p class="countdown"><span>${t("console.call.dials_in", { n: left })}</span>
    <button type="button" class="button small" onClick=${ui.stopCalling}>${t("console.cancel")} <kbd>Esc</kbd></button></p>`;
}

/** Another time for the call; the resident is texted, and the call leaves the desk until then. */
export function MoveTime({ row, t, desk, ui, lang, now }) {
  const [times, setTimes] = useState(null);
  const [hasFailed, setFailed] = useState(false);
  const [start, setStart] = useState(null);
  const load = async () => {
    setFailed(false);
    const found = row ? await desk.times(row) : null;
    if (found) setTimes(found);
    else setFailed(true);
  };
  useEffect(() => {
    load();
  }, []);
  if (!row) return null;
  const submit = async () => (await desk.move(row, start)) && ui.hide();
  return html`<${Dialog} title=${t("console.move.title")} t=${t} onClose=${ui.hide} onSubmit=${submit} isReady=${start !== null} submit=${t("console.move.submit")}>
    <p>${topicOf(row, t)}</p>
    ${hasFailed ? html`<p role="alert">${t("console.move.error")}</p><button type="button" class="button" onClick=${load}>${t("console.retry")}</button>`
      : !times ? html`<p role="status">${t("console.loading")}</p>`
      : times.length === 0 ? html`<p>${t("console.move.none")}</p>`
      : html`<fieldset class="choices"><legend>${t("console.move.when")}</legend>
        ${times.map((w, i) => html`<label class="choice"><input type="radio" name="time" data-first=${i === 0 ? "" : null} checked=${start === w.start} onChange=${() => setStart(w.start)} />
          <span class="tabular">${t("console.promise.window", { start: moment(w.start, now, lang), end: clock(w.end, lang) })}</span></label>`)}</fieldset>`}
    <p class="muted">${t("console.move.told")}</p>
  <//>`;
}
