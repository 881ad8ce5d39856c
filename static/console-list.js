/** The left pane: three lists with counts, a row in two lines, and a small preview of someone not mine. */

import { Chip, Key, html } from "./staff-parts.js";
import { duration, moment, secondsLeft, topicOf, wait } from "./staff-format.js";
import { Callbacks, Oldest } from "./console-callbacks.js";
import { counts, dueOf, isFirstInLine, isFree, isMine, isTakeable, isTyping, listOf, nextToTake } from "./console-state.js";

const TABS = ["own", "waiting", "callbacks"];

/** `isTable`: the callbacks fill the width of two panes, and are then the page's main part. */
export function WorkList({ state, t, desk, drafts, ui, lang, now, isTable }) {
  const n = counts(state);
  const rows = listOf(state, state.tab);
  const turn = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const tab = TABS[(TABS.indexOf(state.tab) + step + 3) % 3];
    ui.tab(tab);
    document.getElementById(`tab-${tab}`)?.focus();
  };
  return html`<${isTable ? "main" : "nav"} class="pane list" aria-label=${t("console.list.label")}>
    <div class="tabs" role="tablist" aria-label=${t("console.list.label")} onKeyDown=${turn}>
      ${TABS.map((tab) => html`<button type="button" role="tab" id=${`tab-${tab}`} class="tab" aria-controls="work-list"
        aria-selected=${String(tab === state.tab)} tabindex=${tab === state.tab ? 0 : -1} onClick=${() => ui.tab(tab)}>
        ${t(`console.tab.${tab}`)} <span class="count">${n[tab]}</span></button>`)}
    </div>
    <button type="button" class="button primary next" onClick=${() => ui.taken(desk.takeNext())}>
      <${Key} name="F2" /> ${t(`console.next.${nextToTake(state).kind}`)}</button>
    <div id="work-list" class="scroll" role="tabpanel" aria-labelledby=${`tab-${state.tab}`} tabindex="-1">
      ${!isTable && state.tab === "callbacks" && html`<${Oldest} ...${{ state, t, ui, lang, now }} />`}
      ${isTable ? html`<${Callbacks} ...${{ state, t, ui, lang, now }} />`
        : rows.length === 0
        ? html`<p class="empty">${emptyText(state, t, lang, now)}</p>`
        : html`<ul class="rows" data-list>
          ${rows.map((row) => html`<${Row} key=${row.contact} ...${{ row, state, t, ui, drafts, lang, now }} />`)}</ul>`}
    </div>
    <p class="hint muted">${t(isTable ? "console.callbacks.hint" : "console.list.hint")}</p>
  <//>`;
}

function emptyText(state, t, lang, now) {
  const next = listOf(state, "callbacks").find((row) => dueOf(row));
  if (state.tab === "waiting" && next) {
    return t("console.empty.waiting_next", { time: moment(dueOf(next), now, lang) });
  }
  return t(`console.empty.${state.tab}`);
}

function Row({ row, state, t, ui, drafts, lang, now }) {
  const isOpen = state.open === row.contact;
  return html`<li class="row-item" data-level=${row.urgency}>
    <button type="button" class=${`row ${row.unread ? "unread" : ""}`} aria-current=${isOpen ? "true" : null}
      data-contact=${row.contact} onClick=${() => ui.open(row.contact)}>
      <span class="row-head"><${Chip} level=${row.urgency} t=${t} />
        <span class="row-topic">${topicOf(row, t)}</span>
        ${row.unread > 0 && html`<span class="badge">${t("console.row.unread", { n: row.unread })}</span>`}</span>
      <span class="row-more"><${Clock} ...${{ row, t, lang, now }} />
        ${details(row, state, t, drafts, now).map((text) => html`<span> · ${text}</span>`)} · <abbr title=${t(`console.lang.${row.language}`)}>${row.language}</abbr></span>
      ${warnings(row, t).map((text) => html`<span class="flag">${text}</span>`)}
    </button>
  </li>`;
}

function details(row, state, t, drafts, now) {
  return [
    isMine(row) && row.state !== "held" && t(`console.entry.${row.state}`),
    row.channel !== "chat" && state.tab !== "callbacks" && t(`console.row.by.${row.channel}`),
    row.queue_name,
    row.channel === "callback" && row.attempts > 0 && t("console.row.attempts", { n: row.attempts, of: row.tries }),
    isTyping(state, row.contact, now - state.offset) && t("console.row.typing"),
    row.channel === "chat" && row.present === true && t("console.row.present"),
    row.channel === "chat" && row.present === false && t("console.row.away"),
    !row.mine && row.agent_name && t("console.row.with", { name: row.agent_name }),
    drafts.has(row.contact) && t("console.row.draft"),
  ].filter(Boolean);
}

const warnings = (row, t) =>
  [row.self_harm && t("console.row.self_harm"), row.decision && t("console.row.decision")].filter(Boolean);

/** How long waited against the target; past it the words change, not only the colour. */
export function Clock({ row, t, lang, now }) {
  const w = wait(row, now);
  const state = w.overdue ? "over" : w.isNear ? "near" : "ok";
  let text = t("console.clock.plain", { time: duration(w.seconds) });
  if (row.state === "offered") text = t("console.offer.returns", { n: secondsLeft(row.expires_at, now) });
  else if (w.overdue) text = t(row.promise_due_at ? "console.clock.late" : "console.clock.over", { time: duration(w.over) });
  else if (w.byClock) text = t("console.clock.by", { time: moment(dueOf(row), now, lang) });
  else if (w.target !== null) text = t("console.clock.of", { time: duration(w.seconds), target: duration(w.target) });
  return html`<span class="tabular clock" data-clock=${state}>${text}</span>`;
}

/** Someone who is not mine: what the row says and how to take it. Content is not fetched before taking. */
export function Preview({ row, state, t, desk, ui, lang, now, lines }) {
  const take = () => {
    if (row.tier === 0) return desk.take(row, "emergency");
    return isFirstInLine(state, row) ? desk.take(row, "next") : ui.show("take", row.contact);
  };
  return html`<section class="preview" aria-labelledby="preview-title">
    <h2 id="preview-title"><${Chip} level=${row.urgency} t=${t} /> ${topicOf(row, t)}</h2>
    <p><${Clock} ...${{ row, t, lang, now }} /> · ${t(`console.channel.${row.channel}`)} · ${row.queue_name} · ${t(`console.lang.${row.language}`)}</p>
    ${warnings(row, t).map((text) => html`<p class="flag">${text}</p>`)}
    <p class="muted">${isFree(row) ? t("console.preview.closed") : stateText(row, t, lang, now)}</p>
    <div class="buttons">
      ${isFree(row) && state.shift && html`<button type="button" class="button primary" onClick=${take}>${t("console.take")}</button>`}
      ${isTakeable(row) && state.shift && row.channel === "callback" && html`<button type="button" class="button" onClick=${() => ui.call(row)}>
        <${Key} name="c" /> ${t("console.call.dial")}</button>`}
      <button type="button" class="button" onClick=${() => ui.explain(row)}>${t("console.preview.why")}</button>
    </div>
    ${lines?.contact === row.contact && html`<ul class="why" aria-label=${t("console.preview.why")}>
      ${lines.reasons.map((r) => html`<li>${reasonText(r, state, t, lang, now)}</li>`)}</ul>`}
  </section>`;
}

function reasonText(reason, state, t, lang, now) {
  const values = { n: reason.count ?? 0, time: reason.until ? moment(reason.until, now, lang) : "" };
  const mine = reason.agent === state.me?.id ? ".me" : "";
  const key = `console.why.${reason.code}`;
  return t.has(key + mine) ? t(key + mine, values) : t.has(key) ? t(key, values) : reason.code;
}

function stateText(row, t, lang, now) {
  if (row.agent_name) return t("console.row.with", { name: row.agent_name });
  if (row.not_before) return t("console.preview.not_before", { time: moment(row.not_before, now, lang) });
  return t(`console.entry.${row.state}`);
}
