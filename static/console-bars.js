/** Above the panes: the nurse's own state and counts, what is wrong right now, someone in danger, and the offer. */

import { useEffect } from "./vendor/preact-hooks.mjs";
import { Chip, Key, html } from "./staff-parts.js";
import { duration, secondsLeft, topicOf, wait } from "./staff-format.js";
import { counts, emergencies, nextToTake, offers } from "./console-state.js";

export function TopBar({ state, t, ui, now }) {
  const n = counts(state, now);
  const late = (count) => (count ? html` <span class="late">${t("console.top.late", { n: count })}</span>` : null);
  return html`<header class="top">
    <h1 class="top-name">Ensilinja</h1>
    ${state.shift && html`<button type="button" class="button state" data-shift=${state.shift.state} onClick=${() => ui.show("status")}>
      <${Key} name="F4" /> ${t(`console.state.${state.shift.state}`)}</button>
    <ul class="top-counts">
      <li>${t("console.top.chats", { n: n.chats, max: state.shift.capacity })}</li>
      <li>${t("console.top.waiting", { n: n.waiting })}${late(n.waitingLate)}</li>
      <li>${t("console.top.callbacks", { n: n.callbacks })}${late(n.callbacksLate)}</li>
    </ul>`}
    <span class="top-gap"></span>
    ${state.shift && html`<button type="button" class="button quiet" onClick=${() => ui.show("help")}>
      ${t("console.top.help")} <${Key} name="?" /></button>`}
    ${state.me && html`<span class="top-me">${state.me.name}</span>`}
  </header>`;
}

/** One amber line at most: the worst thing that is wrong with this desk. */
export function Banner({ state, t, desk, ui, isSoundOn, now }) {
  if (state.link === "refused") {
    return html`<div class="banner warn" role="alert"><strong>${t("console.error.unauthenticated")}</strong>
      <button type="button" class="button" onClick=${() => location.reload()}>${t("console.login.submit")}</button></div>`;
  }
  if (state.link === "lost") {
    const since = state.lostAt ? duration((now - state.offset - state.lostAt) / 1000) : "";
    return html`<div class="banner warn" role="status">
      <strong>${t("console.banner.lost")}</strong> <span>${t("console.banner.lost_more")}</span>
      <span class="tabular" aria-hidden="true">${since}</span></div>`;
  }
  if (state.shift?.state === "not_answering") {
    return html`<div class="banner warn" role="status"><strong>${t("console.banner.not_answering")}</strong>
      <button type="button" class="button" onClick=${() => desk.setState("ready")}>${t("console.banner.here")}</button></div>`;
  }
  if (state.regained) {
    const text = state.regained.messages
      ? t("console.banner.regained", { n: state.regained.messages })
      : t("console.banner.regained_none");
    return html`<div class="banner" role="status">${text}</div>`;
  }
  if (state.shift && !isSoundOn) {
    return html`<section class="banner" aria-label=${t("console.shift.sound")}><span>${t("console.banner.silent")}</span>
      <button type="button" class="button" onClick=${ui.unlock}>${t("console.banner.sound_on")}</button></section>`;
  }
  return null;
}

export function Danger({ state, t, desk, ui, now }) {
  const rows = state.shift ? emergencies(state) : [];
  if (!rows.length) return null;
  const row = rows[0];
  return html`<section class="danger" aria-label=${t("console.danger.label")}>
    <span class="danger-word" aria-hidden="true">■</span>
    <strong>${t(row.self_harm ? "console.danger.self_harm" : "console.danger.emergency")}</strong>
    <span>${topicOf(row, t)} · ${row.queue_name}</span>
    <span class="tabular">${t("console.row.waited", { time: duration(wait(row, now).seconds) })}</span>
    ${rows.length > 1 && html`<span>${t("console.danger.more", { n: rows.length - 1 })}</span>`}
    <button type="button" class="button" onClick=${() => ui.taken(desk.take(row, "emergency"))}>${t("console.take")} <${Key} name="F2" /></button>
  </section>`;
}

const DECLINES = ["busy", "skill", "break"];

export function Offer({ state, t, desk, ui, now }) {
  const row = state.shift ? offers(state)[0] : null;
  useEffect(() => {
    if (row && document.visibilityState === "visible") desk.showOffer(row);
  });
  if (!row) return null;
  const isMine = nextToTake(state).row === row;
  return html`<section class="offer" aria-labelledby="offer-title">
    <h2 id="offer-title">${t(`console.offer.${row.channel}`)}</h2>
    <p class="offer-what"><${Chip} level=${row.urgency} t=${t} /> <strong>${topicOf(row, t)}</strong></p>
    <p class="muted">${[
      row.queue_name,
      t(`console.lang.${row.language}`),
      t("console.row.waited", { time: duration(wait(row, now).seconds) }),
    ].join(" · ")}</p>
    ${row.self_harm && html`<p class="flag">${t("console.row.self_harm")}</p>`}
    <div class="offer-take">
      <button type="button" class="button primary" onClick=${() => ui.taken(desk.accept(row))}>
        ${t("console.take")} ${isMine && html`<${Key} name="F2" />`}</button>
      <span class="tabular muted">${t("console.offer.returns", { n: secondsLeft(row.expires_at, now) })}</span>
    </div>
    <div class="offer-pass" role="group" aria-label=${t("console.offer.pass")}>
      <span class="muted" aria-hidden="true">${t("console.offer.pass")}</span>
      ${DECLINES.map((reason) => html`<button type="button" class="button small" onClick=${() => desk.decline(row, reason)}>
        ${t(`console.offer.${reason}`)}</button>`)}
    </div>
  </section>`;
}
