/** The middle pane: the conversation or the call, its log, and the composer that names who it writes to. */

import { useEffect, useLayoutEffect, useRef, useState } from "./vendor/preact-hooks.mjs";
import { Announcer, Chip, Key, html } from "./staff-parts.js";
import { clock, topicOf } from "./staff-format.js";
import { isFromResident, isOwn, isTyping, outboxOf, outboxState } from "./console-state.js";
import { CallBox } from "./console-call.js";
import { Clock } from "./console-list.js";
import { Form } from "./console-form.js";
import { Recordings } from "./console-recordings.js";

export function Talk(given) {
  const { state, row, t, desk, ui, lang, now } = given;
  const detail = state.details[row.contact];
  const name = detail?.brief?.name ?? null;
  return html`<section class="talk" data-contact=${row.contact} aria-labelledby="talk-title">
    <div class="talk-head">
      <div><h2 id="talk-title">${name ?? t("console.talk.resident")}</h2>
        <p class="muted"><${Chip} level=${row.urgency} t=${t} /> ${topicOf(row, t)} · ${row.queue_name} · ${t(`console.lang.${row.language}`)}</p>
        <p class="muted"><${Clock} ...${{ row, t, lang, now }} />${row.channel === "chat" && row.present !== null
          && html` · <span class=${row.present ? "present" : "away"}>${t(row.present ? "console.row.present" : "console.row.away")}</span>`}${
          row.state === "wrapping" && html` · <strong>${t("console.entry.wrapping")}</strong>`}</p></div>
      <button type="button" class="button small drawer-open" onClick=${() => ui.pane("resident")}>${t("console.resident.title")}</button>
    </div>
    ${row.self_harm && html`<p class="alarm-line"><strong>${t("console.row.self_harm")}.</strong> ${t("console.talk.self_harm_more")}</p>`}
    <${Recordings} ...${{ ...given, detail }} />
    ${row.channel !== "chat" && html`<${CallBox} ...${{ ...given, detail }} />`}
    ${ui.formOf === row.contact ? html`<${Form} ...${given} />` : html`<${Conversation} ...${{ ...given, detail, name }} />`}
  </section>`;
}

function Conversation(given) {
  const { row, t, ui, detail, name } = given;
  return html`
    ${detail?.brief || detail?.messages
      ? html`<${Log} key=${`log${row.contact}`} ...${{ ...given, detail, name }} />`
      : html`<p class="empty" role="status">${t(detail?.error ? "console.talk.error" : "console.loading")}</p>`}
    <${Conflict} ...${{ ...given, name }} />
    <${Composer} key=${`write${row.contact}`} ...${{ ...given, name }} />
    <div class="buttons acts">
      <button type="button" class="button" onClick=${() => ui.openForm(row.contact)}><${Key} name="f" /> ${t("console.act.form")}</button>
      <button type="button" class="button" onClick=${() => ui.show("transfer", row.contact)}><${Key} name="t" /> ${t("console.act.transfer")}</button>
      <button type="button" class="button" onClick=${() => ui.show("assess", row.contact)}><${Key} name="u" /> ${t("console.act.assess")}</button>
      <button type="button" class="button" onClick=${() => ui.show("close", row.contact)}><${Key} name="e" /> ${t("console.act.close")}</button>
    </div>`;
}

function Log({ state, row, t, desk, ui, detail, name, lang, now }) {
  const box = useRef(null);
  const [firstNew, setFirstNew] = useState(null);
  const atEnd = useRef(true);
  const messages = detail.messages ?? [];
  const pending = outboxOf(state, row.contact);
  const newest = messages.at(-1)?.seq ?? 0;
  const last = useRef(newest);
  useLayoutEffect(() => {
    const fresh = messages.filter((m) => m.seq > last.current && !isOwn(m, state.me));
    if (atEnd.current || fresh.length === 0) box.current.scrollTop = box.current.scrollHeight;
    else setFirstNew((known) => known ?? fresh[0].seq);
    last.current = newest;
    if (document.visibilityState === "visible" && atEnd.current) desk.seen(row.contact);
  }, [newest, pending.length, row.unread]);
  // A banner above shortens the log: the newest line stays in sight.
  useLayoutEffect(() => {
    if (atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  });
  const scrolled = () => {
    atEnd.current = box.current.scrollHeight - box.current.scrollTop - box.current.clientHeight < 24;
    if (!atEnd.current) return;
    setFirstNew(null);
    desk.seen(row.contact);
  };
  const toNew = () => {
    const item = box.current.querySelector(`[data-seq="${firstNew}"]`);
    item?.scrollIntoView({ block: "start" });
    item?.focus();
    setFirstNew(null);
  };
  const waitingCount = firstNew === null ? 0 : messages.filter((m) => m.seq >= firstNew && !isOwn(m, state.me)).length;
  const leave = (event) => event.key === "Escape" && document.getElementById("composer")?.focus();
  return html`<div class="log-frame">
    <div ref=${box} class="log" role="log" aria-live="off" tabindex="0" aria-label=${t("console.talk.log")} onScroll=${scrolled} onKeyDown=${leave}>
      ${messages.length === 0 && pending.length === 0 && html`<p class="empty">${t(row.channel === "chat" ? "console.talk.no_messages" : "console.talk.no_notes")}</p>`}
      <ol>${messages.map((m) => html`<${Message} key=${m.seq} ...${{ m, t, me: state.me, name, lang }} />`)}
        ${pending.map((m) => html`<${Pending} key=${m.client_id} ...${{ m, t, desk, ui, state, now }} />`)}</ol>
    </div>
    ${waitingCount > 0 && html`<button type="button" class="button new-messages" onClick=${toNew}>${t("console.talk.new", { n: waitingCount })}</button>`}
    <p class="typing muted" aria-hidden="true">${isTyping(state, row.contact, now - state.offset) ? t("console.row.typing") : ""}</p>
    <${Heard} ...${{ messages, t, me: state.me, name }} />
  </div>`;
}

/** What others wrote is said once as "name: text"; a burst is said as a number. */
function Heard({ messages, t, me, name }) {
  const newest = messages.at(-1)?.seq ?? 0;
  const last = useRef(newest);
  const recent = useRef([]);
  const [said, setSaid] = useState({ text: "", id: 0 });
  useEffect(() => {
    const fresh = messages.filter((m) => m.seq > last.current);
    last.current = newest;
    if (!fresh.length) return;
    const at = Date.now();
    const others = fresh.filter((m) => !isOwn(m, me));
    recent.current = [...recent.current.filter((time) => at - time < 2000), ...others.map(() => at)];
    if (!others.length) setSaid({ text: t("console.talk.sent"), id: newest });
    else if (recent.current.length > 3) setSaid({ text: t("console.talk.new", { n: recent.current.length }), id: newest });
    else setSaid({ text: others.map((m) => `${nameOf(m, name, t)}: ${textOf(m, t)}`).join(" "), id: newest });
  }, [newest]);
  return html`<${Announcer} ...${said} />`;
}

const textOf = (m, t) => m.text ?? (m.key ? t(m.key, { name: m.name ?? "" }) : "");

function nameOf(m, name, t) {
  if (m.kind === "system") return "";
  if (isFromResident(m)) return name ?? (m.name || t("console.talk.resident"));
  return m.name || t("console.talk.colleague");
}

function Message({ m, t, me, name, lang }) {
  if (m.kind === "system") {
    return html`<li class="line" data-seq=${m.seq} tabindex="-1"><span class="tabular">${clock(m.at, lang)}</span> ${textOf(m, t)}</li>`;
  }
  const kind = m.kind === "note" ? "note" : isFromResident(m) ? "other" : "own";
  return html`<li class=${`message ${kind}`} data-seq=${m.seq} tabindex="-1">
    <p class="meta">${kind === "note" && html`<strong>${t("console.talk.internal")}</strong>`} <span>${nameOf(m, name, t)}</span>
      ${" "}<time class="tabular">${clock(m.at, lang)}</time></p>
    <p class="text">${textOf(m, t)}</p></li>`;
}

/** Only a refused message may be edited: one without an answer may have arrived, so it is sent again as it was. */
function Pending({ m, t, desk, ui, state, now }) {
  const status = outboxState(m, now - state.offset, state.link);
  const back = () => {
    desk.takeBack(m.client_id);
    ui.reloadDraft();
  };
  return html`<li class=${`message pending ${m.kind === "note" ? "note" : "own"}`} data-state=${status}>
    ${m.kind === "note" && html`<p class="meta"><strong>${t("console.talk.internal")}</strong></p>`}
    <p class="text">${m.text}</p>
    <p class="meta" role=${status === "failed" ? "alert" : null}>${t(`console.sending.${status}`)}
      ${status === "failed" && html` <button type="button" class="button small" onClick=${() => desk.resend(m.client_id)}>${t("console.sending.again")}</button>
        ${m.code && html`<button type="button" class="button small" onClick=${back}>${t("console.sending.edit")}</button>`}`}</p></li>`;
}

/** Nobody answers over a newer message without being asked. */
function Conflict({ state, row, t, desk, ui }) {
  const message = outboxOf(state, row.contact).find((m) => m.state === "conflict");
  if (!message) return null;
  const back = () => {
    desk.takeBack(message.client_id);
    ui.reloadDraft();
  };
  return html`<div class="banner warn conflict" role="alert"><span>${t("console.conflict.text")}</span>
    <button type="button" class="button" onClick=${back}>${t("console.conflict.edit")}</button>
    <button type="button" class="button" onClick=${() => desk.resend(message.client_id)}>${t("console.conflict.send")}</button></div>`;
}

function Composer({ state, row, t, desk, drafts, ui, name }) {
  const canReply = row.channel === "chat" && row.state === "held";
  const kind = canReply ? ui.kind : "note";
  const [text, setText] = useState(() => drafts.read(row.contact, kind));
  const area = useRef(null);
  useEffect(() => setText(drafts.read(row.contact, kind)), [kind, ui.draftVersion]);
  const write = (event) => {
    setText(event.currentTarget.value);
    drafts.write(row.contact, kind, event.currentTarget.value);
    if (kind === "reply") desk.typing(row.contact);
  };
  const send = (event) => {
    event?.preventDefault();
    if (!text.trim()) return area.current.focus();
    desk.write(row.contact, kind, text.trim());
    return setText("");
  };
  const keys = (event) => {
    if (event.ctrlKey && !event.altKey && event.key === "Enter") send(event);
  };
  const to = kind === "note" ? t("console.write.save_note") : name ? t("console.write.send_to", { name }) : t("console.write.send");
  return html`<form class=${`composer ${kind}`} onSubmit=${send}>
    ${canReply && html`<fieldset class="kinds"><legend class="visually-hidden">${t("console.write.kind")}</legend>
      <label><input type="radio" name="kind" checked=${kind === "reply"} onChange=${() => ui.setKind("reply")} /> ${t("console.write.reply")}</label>
      <label><input type="radio" name="kind" checked=${kind === "note"} onChange=${() => ui.setKind("note")} /> ${t("console.write.note")}</label>
    </fieldset>`}
    <label class=${canReply ? "visually-hidden" : ""} for="composer">${t(kind === "note" ? "console.write.note" : "console.write.reply")}</label>
    <textarea id="composer" ref=${area} rows="3" maxlength="4000" value=${text} onInput=${write} onKeyDown=${keys}></textarea>
    <div class="buttons"><button type="submit" class="button primary">${to} <kbd>Ctrl+Enter</kbd></button>
      <span class="muted">${text ? t("console.write.draft") : ""}</span></div>
  </form>`;
}
