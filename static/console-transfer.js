/** Passing a contact on: to another queue, or a call that is on to a colleague, who is rung first. */

import { useEffect, useState } from "./vendor/preact-hooks.mjs";
import { Dialog, html } from "./staff-parts.js";
import { moment } from "./staff-format.js";
import { whyNot } from "./console-state.js";

const COLLEAGUE = "to:";

export function Transfer({ state, row, t, desk, ui, lang, now }) {
  const [target, setTarget] = useState(null);
  const [isLetGo, setLetGo] = useState(false);
  const [note, setNote] = useState(state.details[row?.contact]?.brief?.summary ?? "");
  if (!row) return null;
  const isOn = row.call?.state === "on";
  const isColleague = target?.startsWith(COLLEAGUE);
  const submit = async () => {
    const done = isColleague ? desk.handOver(row, Number(target.slice(COLLEAGUE.length))) : desk.transfer(row, target, note.trim(), isLetGo);
    if (await done) ui.hide();
  };
  return html`<${Dialog} title=${t(isOn ? "console.transfer.title_call" : "console.transfer.title")} t=${t} onClose=${ui.hide} onSubmit=${submit}
    isReady=${target !== null} submit=${t(isColleague ? "console.transfer.ring" : "console.transfer.submit")}>
    ${isOn && html`<${Colleagues} ...${{ state, row, t, desk, target, setTarget }} />`}
    <${Queues} ...${{ state, row, t, lang, now, target, setTarget }} />
    ${isOn && !isColleague && row.call.attempt === null && html`<label class="choice"><input type="checkbox" checked=${isLetGo} onChange=${() => setLetGo(!isLetGo)} />
      <span>${t("console.transfer.let_go")}</span></label>`}
    ${isOn && !isColleague && row.call.attempt !== null && html`<p class="banner warn">${t("console.transfer.dialled_stays")}</p>`}
    ${!isColleague && html`<p class="muted">${t("console.transfer.keeps")}</p>
    <label class="field">${t("console.transfer.note")}
      <textarea rows="5" maxlength="4000" value=${note} onInput=${(e) => setNote(e.currentTarget.value)}></textarea></label>`}
  <//>`;
}

function Queues({ state, row, t, lang, now, target, setTarget }) {
  const opening = (q) => (q.open ? t("console.transfer.open")
    : q.opens_at ? t("console.transfer.opens", { time: moment(q.opens_at, now, lang) }) : t("console.transfer.closed"));
  return html`<fieldset class="choices"><legend>${t("console.transfer.where")}</legend>
    ${state.queues.filter((q) => q.id !== row.queue).map((q) => html`<label class="choice"><input type="radio" name="queue" value=${q.id} disabled=${!q.open}
      checked=${target === q.id} onChange=${() => setTarget(q.id)} /> <span>${q.name}</span> <span class="muted">${opening(q)}</span></label>`)}
  </fieldset>`;
}

/** A call is asked on: both may talk with the colleague, or she alone while the caller is on hold. */
function Colleagues({ state, row, t, desk, target, setTarget }) {
  const [found, setFound] = useState(undefined);
  const why = whyNot(state, "transfer") ?? (row.call.attempt === null ? null : "console.transfer.not_dialled");
  useEffect(() => {
    if (!why) desk.colleagues(row).then(setFound);
  }, [why]);
  return html`<fieldset class="choices"><legend>${t("console.transfer.to_whom")}</legend>
    ${why ? html`<p class="banner warn">${t(why)}</p>`
      : found === undefined ? html`<p role="status">${t("console.loading")}</p>`
      : !found?.length ? html`<p role="status">${t("console.transfer.nobody")}</p>`
      : html`${found.map((one) => html`<label class="choice"><input type="radio" name="queue" value=${COLLEAGUE + one.id}
          checked=${target === COLLEAGUE + one.id} onChange=${() => setTarget(COLLEAGUE + one.id)} /> <span>${one.name}</span></label>`)}
        <p class="muted">${t("console.transfer.how")}</p>`}
  </fieldset>`;
}
