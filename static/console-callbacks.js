/** The callbacks as a table in the line's order: when each was promised, how it was tried, who has it. */

import { Chip, html } from "./staff-parts.js";
import { duration, moment, topicOf } from "./staff-format.js";
import { callbacks, isTakeable, oldestCallback } from "./console-state.js";
import { isWindow, lateBy, promiseState } from "./console-promise.js";

const COLUMNS = ["promise", "urgency", "matter", "language", "attempts", "source", "owner", "act"];

export function Callbacks(given) {
  const { state, t, ui, lang, now } = given;
  const all = callbacks(state);
  const rows = all.filter((row) => !ui.queue || row.queue === ui.queue);
  return html`<div class="callbacks">
    <${Oldest} ...${given} />
    <${Queues} ...${{ all, t, ui }} />
    ${rows.length === 0
      ? html`<p class="empty">${t(all.length ? "console.callbacks.none_here" : "console.empty.callbacks")}</p>`
      : html`<table class="callback-table"><caption class="visually-hidden">${t("console.tab.callbacks")}</caption>
        <thead><tr>${COLUMNS.map((name) => html`<th scope="col">${t(`console.callbacks.${name}`)}</th>`)}</tr></thead>
        <tbody data-list>${rows.map((row) => html`<${Row} key=${row.contact} ...${{ row, state, t, ui, lang, now }} />`)}</tbody></table>`}
  </div>`;
}

/** Whatever the filter and the order: nobody is forgotten at the end of a list. */
export function Oldest({ state, t, ui, lang, now }) {
  const row = oldestCallback(state);
  if (!row) return null;
  const show = () => {
    ui.setQueue("");
    ui.open(row.contact);
  };
  return html`<p class="oldest"><span>${t("console.callbacks.oldest", {
    time: moment(row.arrived_at, now, lang), ago: duration((now - Date.parse(row.arrived_at)) / 1000) })}</span>
    <span>${topicOf(row, t)}</span>
    <button type="button" class="button small" onClick=${show}>${t("console.callbacks.show")}</button></p>`;
}

function Queues({ all, t, ui }) {
  const names = new Map(all.map((row) => [row.queue, row.queue_name]));
  if (names.size < 2 && !ui.queue) return null;
  const choices = [["", t("console.callbacks.all_queues")], ...names];
  return html`<div class="buttons queue-filter" role="group" aria-label=${t("console.callbacks.filter")}>
    ${choices.map(([id, name]) => html`<button type="button" class="button small" aria-pressed=${String(ui.queue === id)}
      onClick=${() => ui.setQueue(id)}>${name}</button>`)}</div>`;
}

function Row({ row, state, t, ui, lang, now }) {
  const isOpen = state.open === row.contact;
  return html`<tr class="row-item" data-level=${row.urgency} data-open=${isOpen ? "" : null}>
    <td><${Promised} ...${{ row, t, lang, now }} /></td>
    <td><${Chip} level=${row.urgency} t=${t} /></td>
    <td><button type="button" class="row" aria-current=${isOpen ? "true" : null} data-contact=${row.contact} onClick=${() => ui.open(row.contact)}>
      ${topicOf(row, t)}</button>
      <span class="row-more">${row.queue_name}</span>
      ${[row.self_harm && "console.row.self_harm", row.decision && "console.row.decision"].filter(Boolean).map((key) => html`<span class="flag">${t(key)}</span>`)}</td>
    <td>${t(`console.lang.${row.language}`)}</td>
    <td class="tabular">${t("console.callbacks.tried", { n: row.attempts, of: row.tries })}
      ${row.tried_at && html`<span class="row-more">${t("console.callbacks.last", { time: moment(row.tried_at, now, lang) })}</span>`}</td>
    <td>${t(`console.source.${row.source}`)}</td>
    <td>${row.agent_name ?? t("console.callbacks.nobody")}</td>
    <td>${isTakeable(row) && html`<button type="button" class="button small" disabled=${state.link !== "connected"} onClick=${() => ui.call(row)}>
      ${t("console.call.dial")}<span class="visually-hidden"> ${topicOf(row, t)}</span></button>`}</td>
  </tr>`;
}

/** The promise in words; past it the words say so, not the colour alone. */
export function Promised({ row, t, lang, now }) {
  const kind = promiseState(row, now);
  const at = (iso) => moment(iso, now, lang);
  const told = isWindow(row) ? t("console.promise.window", { start: at(row.not_before), end: moment(row.promise_due_at, Date.parse(row.not_before), lang) })
    : row.promise_due_at ? t("console.promise.by", { time: at(row.promise_due_at) }) : null;
  const words = {
    late: () => t("console.promise.late", { time: lateBy(row, now) }),
    again: () => t("console.promise.again", { time: at(row.not_before) }),
    again_now: () => t("console.promise.again_now"),
    decide: () => t("console.promise.decide"),
  }[kind];
  return html`<span class="tabular clock" data-clock=${kind === "late" ? "over" : kind === "near" ? "near" : "ok"}>${words ? words() : told}</span>
    ${words && told && html`<span class="row-more tabular">${told}</span>`}`;
}
