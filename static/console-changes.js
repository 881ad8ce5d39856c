/** What differs from before, and the assessments with both levels: parts of the resident pane. */

import { Chip, html } from "./staff-parts.js";
import { moment } from "./staff-format.js";

/** New answers, withdrawn flags, another channel: first what came, then question by question. */
export function Changes({ brief, t, lang, now }) {
  const { changes, happened = [] } = brief;
  const at = (iso) => moment(iso, now, lang);
  return html`
    ${happened.length > 0 && html`<ul class="happened">${happened.map((each) => html`<li data-new=${each.new ? "" : null}>${wordsOf(each, t, at)}</li>`)}</ul>`}
    ${changes && html`<p class="muted">${t(`console.change.since.${changes.since}`, { time: at(changes.at) })}</p>
      ${changes.level_before !== changes.level_now && html`<p class="level-change"><span class="muted">${t("console.change.level")}</span>${" "}
        <${Level} level=${changes.level_before} t=${t} /> → <${Level} level=${changes.level_now} t=${t} /></p>`}
      ${changes.items.length ? html`<${Items} ...${{ items: changes.items, t }} />` : html`<p>${t("console.change.same")}</p>`}`}`;
}

/** What was only not asked before is folded: it is no contradiction, and there may be much of it. */
function Items({ items, t }) {
  const list = (some) => html`<ul class="changes">${some.map((each) => html`<${Change} key=${each.id} ...${{ each, t }} />`)}</ul>`;
  const added = items.filter((each) => each.kind === "added");
  const loud = items.filter((each) => each.kind !== "added");
  return html`${loud.length > 0 && list(loud)}
    ${added.length > 0 && html`<details><summary>${t("console.change.added", { n: added.length })}</summary>${list(added)}</details>`}`;
}

const Level = ({ level, t }) => (level ? html`<${Chip} level=${level} t=${t} />` : html`<span>${t("console.change.none")}</span>`);

const Change = ({ each, t }) => html`<li class="change" data-kind=${each.kind}>
  <span class="change-kind">${t(`console.change.kind.${each.kind}`)}</span> <span>${each.id === "topic" ? t("console.change.topic") : each.question}</span>
  <span class="change-values"><del>${t("console.change.from", { value: each.before })}</del> <ins>${t("console.change.to", { value: each.now })}</ins></span></li>`;

function wordsOf(each, t, at) {
  const time = at(each.at);
  if (each.kind === "answers") return t(`console.change.happened.answers.${each.by === "staff" ? "staff" : "resident"}`, { time });
  if (each.kind === "channel") return t("console.change.happened.channel", { time, channel: t(`console.channel.${each.detail}`) });
  return t("console.change.happened.flag_withdrawn", { time });
}

/** Who gave which level when, what it was before, and why. */
export function Assessments({ brief, t, lang, now }) {
  if (!brief.assessed?.length) return html`<p class="muted">${t("console.assess.none")}</p>`;
  return html`<ol class="assessed" aria-label=${t("console.assess.history")}>${brief.assessed.map((each) => html`<li>
    <p>${each.before && each.before !== each.urgency ? html`<${Chip} level=${each.before} t=${t} /> → <${Chip} level=${each.urgency} t=${t} />`
      : html`<${Chip} level=${each.urgency} t=${t} /> ${t("console.assess.confirmed")}`}</p>
    <p class="muted">${t("console.assess.by", { name: each.by, time: moment(each.at, now, lang) })}${
      each.reason && html`. ${t(`console.assess.reason.${each.reason}`)}`}</p>
    ${each.words && html`<p>${each.words}</p>`}</li>`)}</ol>`;
}
