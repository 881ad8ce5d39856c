/** The right pane: what the resident told, red flags first, and what is known of earlier contacts. */

import { Chip, html } from "./staff-parts.js";
import { clock, day, moment } from "./staff-format.js";

export function Resident({ state, row, t, desk, ui, lang, now, tag }) {
  const detail = state.details[row?.contact];
  const brief = detail?.brief;
  return html`<${tag} class="pane resident" aria-labelledby="resident-title" tabindex="-1">
    <div class="pane-head"><h2 id="resident-title">${brief?.name ?? t("console.resident.title")}</h2>
      <button type="button" class="button small drawer-close" onClick=${() => ui.pane("talk")}>${t("console.leave")}</button></div>
    <div class="scroll">${inner({ state, row, detail, brief, t, desk, ui, lang, now })}</div>
  <//>`;
}

function inner(given) {
  const { row, detail, brief, t, desk } = given;
  if (!row || !detail) return html`<p class="empty">${t("console.resident.none")}</p>`;
  if (detail.error) {
    return html`<div class="empty"><p>${t("console.resident.error")}</p>
      <button type="button" class="button" onClick=${() => desk.read(row.contact)}>${t("console.retry")}</button></div>`;
  }
  return brief ? html`<${Brief} ...${given} />` : html`<p class="empty" role="status">${t("console.loading")}</p>`;
}

function Brief({ state, row, brief, t, ui, lang, now }) {
  const contactData = [
    brief.phone ?? brief.phone_masked,
    t.has(`console.lang.${brief.language}`) ? t(`console.lang.${brief.language}`) : brief.language,
  ].filter(Boolean);
  return html`
    <${Part} title=${t("console.resident.red_flags")}>
      ${brief.red_flags?.length
        ? html`<ul class="red-flags">${[...brief.red_flags].sort(byAnswer).map((f) => html`<li data-answer=${f.answer}>
            <span class="answer">${t(`console.flag.${f.answer}`)}</span> <span>${f.text}</span></li>`)}</ul>`
        : html`<p class="muted">${t("console.resident.no_answers")}</p>`}
    <//>
    ${brief.own_words && html`<${Part} title=${t("console.resident.own_words")}><blockquote>${brief.own_words}</blockquote><//>`}
    ${brief.facts?.length > 0 && html`<${Part} title=${t("console.resident.facts")}>
      <dl class="facts">${brief.facts.map((f) => html`<div><dt>${f.label}</dt><dd>${f.value}</dd></div>`)}</dl><//>`}
    <${Part} title=${t("console.resident.urgency")}>
      <p><${Chip} level=${row.urgency} t=${t} /> ${brief.level && brief.level !== row.urgency
        && html`<span class="muted">${t("console.resident.by_answers", { level: t(`console.urgency.${brief.level}`) })}</span>`}</p>
      ${brief.fired?.length > 0 && html`<ul class="why">${brief.fired.map((why) => html`<li>${why}</li>`)}</ul>`}
      <button type="button" class="button small" onClick=${() => ui.show("assess", row.contact)}>
        ${t("console.resident.assess")} <kbd>u</kbd></button>
    <//>
    <${Part} title=${t("console.resident.contact_data")}>
      <p>${contactData.join(" · ")}</p>
      ${brief.promise && html`<p>${t("console.resident.promised", { time: moment(brief.promise.due_at, now, lang) })}</p>`}
    <//>
    <${Part} title=${t("console.resident.earlier")}>
      ${brief.earlier?.length
        ? html`<ul class="earlier">${brief.earlier.map((e) => html`<li><span class="tabular">${day(e.at)} ${clock(e.at, lang)}</span>
            ${" "}${t.has(`console.channel.${e.channel}`) ? t(`console.channel.${e.channel}`) : e.channel}, ${nameOf(state.queues, "id", e.queue)}${e.outcome ? ` – ${nameOf(state.outcomes, "code", e.outcome)}` : ""}</li>`)}</ul>`
        : html`<p class="muted">${t("console.resident.no_earlier")}</p>`}
    <//>
    ${brief.answers?.length > 0 && html`<details class="answers"><summary>${t("console.resident.all_answers", { n: brief.answers.length })}</summary>
      <dl>${brief.answers.map((a) => html`<div><dt>${a.question}</dt><dd>${a.answer}</dd></div>`)}</dl></details>`}
    <p class="buttons"><button type="button" class="button" onClick=${() => ui.copy(brief.summary ?? "")}>${t("console.resident.copy")}</button></p>
    ${brief.version && html`<p class="muted small-print">${t("console.resident.version", { topic: brief.topic?.replaceAll("_", " ") ?? "", version: brief.version })}</p>`}
    ${brief.version && html`<p class="muted small-print">${t("console.resident.not_approved")}</p>`}`;
}

const nameOf = (list, field, code) => list.find((one) => one[field] === code)?.name ?? code;

const Part = ({ title, children }) => html`<section class="part"><h3>${title}</h3>${children}</section>`;

const ORDER = ["yes", "unknown", "not_asked", "no"];
const byAnswer = (a, b) => ORDER.indexOf(a.answer) - ORDER.indexOf(b.answer);
