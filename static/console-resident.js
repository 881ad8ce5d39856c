/** The right pane: what the resident told, red flags first, and what is known of earlier contacts. */

import { Chip, html } from "./staff-parts.js";
import { clock, day, moment, topicOf } from "./staff-format.js";
import { factsOf, flagsOf, formVerb, hasChanged, isNews, proposalOf, toneOf } from "./console-brief.js";
import { Assessments, Changes } from "./console-changes.js";

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

function Brief({ state, row, brief, detail, t, desk, ui, lang, now }) {
  const contactData = [
    brief.phone ?? brief.phone_masked,
    t.has(`console.lang.${brief.language}`) ? t(`console.lang.${brief.language}`) : brief.language,
  ].filter(Boolean);
  const facts = factsOf(brief);
  const at = (iso) => moment(iso, now, lang);
  return html`
    ${brief.not_safe?.length > 0 && html`<p class="banner warn">${t("console.not_safe")} ${brief.not_safe.map((way) => t(`console.not_safe.${way}`)).join(", ")}.</p>`}
    ${brief.draft_at && html`<p class="banner warn">${t("console.form.draft", { time: at(brief.draft_at) })}</p>`}
    ${brief.own_words && html`<${Part} title=${t("console.resident.own_words")}><blockquote tabindex="0">${brief.own_words}</blockquote><//>`}
    ${hasChanged(brief) && html`<${Part} title=${t("console.change.title")}>
      ${isNews(brief) && html`<p class="flag">${t("console.change.new")}</p>`}
      <${Changes} ...${{ brief, t, lang, now }} /><//>`}
    <${Part} title=${t("console.resident.red_flags")}><${RedFlags} ...${{ brief, t }} />
      ${ui.formOf !== row.contact && html`<button type="button" class="button small" onClick=${() => ui.openForm(row.contact)}>
        ${t(formVerb(brief))} <kbd>f</kbd></button>`}<//>
    ${facts.length > 0 && html`<${Part} title=${t("console.resident.facts")}>
      <dl class="facts">${facts.map((f) => html`<div><dt>${labelOf(f, t)}</dt><dd>${f.valueKey ? t(f.valueKey) : f.value}</dd></div>`)}</dl><//>`}
    <${Urgency} ...${{ row, brief, t, desk, ui, lang, now }} />
    <${Part} title=${t("console.resident.contact_data")}>
      <p>${contactData.join(" · ")}</p>
      ${brief.promise && html`<p>${t("console.resident.promised", { time: moment(brief.promise.due_at, now, lang) })}</p>`}
    <//>
    ${detail.texts?.length > 0 && html`<${Part} title=${t("console.text.title")}>
      <ul class="texts">${detail.texts.map((text) => html`<li data-state=${text.state}><span class="tabular">${at(text.at)}</span> ${t(`console.text.state.${text.state}`)}</li>`)}</ul><//>`}
    <${Part} title=${t("console.resident.earlier")}>
      ${brief.earlier?.length
        ? html`<ul class="earlier">${brief.earlier.map((e) => html`<li><span class="tabular">${day(e.at)} ${clock(e.at, lang)}</span>
            ${" "}${t.has(`console.channel.${e.channel}`) ? t(`console.channel.${e.channel}`) : e.channel}, ${nameOf(state.queues, "id", e.queue)}${e.outcome ? ` – ${nameOf(state.outcomes, "code", e.outcome)}` : ""}</li>`)}</ul>`
        : html`<p class="muted">${t("console.resident.no_earlier")}</p>`}
    <//>
    ${brief.answers?.length > 0 && html`<details class="answers"><summary>${t("console.resident.all_answers", { n: brief.answers.length })}</summary>
      <dl>${brief.answers.map((a) => html`<div><dt>${a.question}</dt><dd>${a.answer}</dd></div>`)}</dl></details>`}
    <p class="buttons"><button type="button" class="button" onClick=${() => ui.copy(brief.summary ?? "")}>${t("console.resident.copy")}</button></p>
    ${brief.version && html`<p class="muted small-print">${t("console.resident.version", { topic: topicOf(row, t), version: brief.version.split("|").at(-1) })}</p>`}
    ${brief.version && !brief.approved && html`<p class="muted small-print">${t("console.resident.not_approved")}</p>`}`;
}

const labelOf = (fact, t) => (fact.key ? t(fact.key) : t.has(`console.fact.${fact.id}`) ? t(`console.fact.${fact.id}`) : fact.label);

/** Four words, four shapes; what is well is folded, a page that was not asked is told in one line. */
function RedFlags({ brief, t }) {
  const { loud, skipped, calm } = flagsOf(brief);
  if (!brief.red_flags?.length || !brief.answered_at) return html`<p class="muted">${t("console.resident.no_answers")}</p>`;
  return html`
    ${(loud.length > 0 || skipped.length > 0) && html`<ul class="red-flags">${loud.map((f) => html`<${Flag} key=${f.id} flag=${f} t=${t} />`)}
      ${skipped.map(({ page, count }) => html`<li data-answer="not_asked"><span class="answer">${t("console.flag.not_asked")}</span>
        <span>${t(`console.summary.page.${page}`)} (${count})</span></li>`)}</ul>`}
    ${calm.length > 0 && html`<details><summary>${t("console.summary.calm", { n: calm.length })}</summary>
      <ul class="red-flags">${calm.map((f) => html`<${Flag} key=${f.id} flag=${f} t=${t} />`)}</ul></details>`}`;
}

const Flag = ({ flag, t }) => html`<li data-answer=${toneOf(flag)}>
  <span class="answer">${flag.said || t(`console.flag.${flag.answer}`)}</span> <span>${flag.text}</span></li>`;

/** The level in force, what the answers came to and why, and every assessment with both levels. */
function Urgency({ row, brief, t, desk, ui, lang, now }) {
  const proposed = proposalOf(brief, row);
  const at = (iso) => moment(iso, now, lang);
  return html`<${Part} title=${t("console.resident.urgency")}>
    <p><${Chip} level=${row.urgency} t=${t} /> ${proposed
      && html`<span class="muted">${t("console.resident.by_answers", { level: t(`console.urgency.${proposed}`) })}</span>`}</p>
    ${brief.fired?.length > 0 && html`<ul class="why">${brief.fired.map((why) => html`<li>${why.text}</li>`)}</ul>`}
    ${brief.complete === false && html`<p class="muted">${t("console.summary.incomplete")}</p>`}
    ${brief.answered_at && html`<p class="muted">${brief.filled_by ? t("console.summary.filled_by", { name: brief.filled_by, time: at(brief.answered_at) })
      : t("console.summary.answered_at", { time: at(brief.answered_at) })}</p>`}
    ${brief.fired?.some((why) => why.source.length) && html`<details><summary>${t("console.summary.sources")}</summary>
      <ul class="sources">${brief.fired.filter((why) => why.source.length).map((why) => html`<li>${why.level && html`<${Chip} level=${why.level} t=${t} /> `}${why.text}
        <span class="muted small-print">${t("console.summary.source")}: ${why.source.join("; ")} (${t(`console.summary.confidence.${why.confidence}`)})</span></li>`)}</ul></details>`}
    <${Assessments} ...${{ brief, t, lang, now }} />
    <p class="buttons"><button type="button" class="button small" onClick=${() => desk.assess(row, row.urgency)}>${t("console.assess.confirm_now")} <kbd>v</kbd></button>
      <button type="button" class="button small" onClick=${() => ui.show("assess", row.contact)}>${t("console.resident.assess")} <kbd>u</kbd></button></p>
  <//>`;
}

const nameOf = (list, field, code) => list.find((one) => one[field] === code)?.name ?? code;

const Part = ({ title, children }) => html`<section class="part"><h3>${title}</h3>${children}</section>`;
