/** The console's dialogs: outcome, transfer, urgency, taking past the order, own state, keys. Esc always leaves. */

import { useState } from "./vendor/preact-hooks.mjs";
import { Chip, Dialog, html } from "./staff-parts.js";
import { LEVELS, clock, moment } from "./staff-format.js";
import { MoveTime } from "./console-call.js";
import { Transfer } from "./console-transfer.js";

export function Open({ dialog, ...given }) {
  const View = { move: MoveTime, close: Closing, transfer: Transfer, assess: Assess, take: Overtake, status: Status, help: Help }[dialog.name];
  return html`<${View} key=${dialog.name} ...${given} row=${given.state.rows[dialog.contact]} chosen=${dialog.chosen ?? null} />`;
}

const NO_MESSAGE = ["no_number", "not_safe", "declined_messages", "told_otherwise"];

function Closing({ state, row, t, desk, ui, lang, chosen }) {
  const brief = state.details[row?.contact]?.brief;
  const siblings = brief?.siblings ?? [];
  const [code, setCode] = useState(chosen);
  const [note, setNote] = useState("");
  const [ended, setEnded] = useState(siblings.map((s) => s.contact));
  const [owed, setOwed] = useState(false);
  const [why, setWhy] = useState("");
  const [isBusy, setBusy] = useState(false);
  if (!row) return null;
  const outcomes = state.outcomes
    .filter((o) => (o.queue ?? row.queue) === row.queue)
    .filter((o) => row.channel !== "callback" || o.ends_callback !== false);
  const submit = async () => {
    setBusy(true);
    const result = await desk.close(row, code, { note: note.trim(), why, siblings: ended });
    setBusy(false);
    if (result === "closed") ui.hide();
    if (result === "message_owed") setOwed(true);
  };
  const keys = (event) => {
    if (event.target.tagName === "TEXTAREA" || event.altKey || event.ctrlKey) return;
    const chosen = outcomes.find((o) => String(o.key) === event.key);
    if (!chosen) return;
    event.preventDefault();
    setCode(chosen.code);
    document.getElementById(`outcome-${chosen.code}`)?.focus();
  };
  const tick = (contact) => setEnded(ended.includes(contact) ? ended.filter((c) => c !== contact) : [...ended, contact]);
  const queueName = (id) => state.queues.find((q) => q.id === id)?.name ?? id;
  return html`<${Dialog} title=${t("console.close.title")} t=${t} onClose=${ui.hide} onKeyDown=${keys} onSubmit=${submit}
    isReady=${code !== null && !isBusy && (!owed || why !== "")} submit=${t("console.close.submit")}>
    <fieldset class="choices outcomes"><legend>${t("console.close.choose")}</legend>
      ${outcomes.map((o, i) => html`<label class="choice"><input type="radio" name="outcome" id=${`outcome-${o.code}`} value=${o.code}
        data-first=${i === 0 ? "" : null} checked=${code === o.code} onChange=${() => setCode(o.code)} />
        ${o.key ? html`<kbd>${o.key}</kbd>` : ""} <span>${o.name}${o.resolved ? html` <span class="muted">${t("console.close.resolved")}</span>` : ""}</span></label>`)}
    </fieldset>
    ${brief?.draft_at && html`<p class="banner warn">${t("console.form.unfinished")}</p>`}
    ${siblings.length > 0 && html`<fieldset class="choices"><legend>${t("console.close.siblings")}</legend>
      ${siblings.map((s) => html`<label class="choice"><input type="checkbox" checked=${ended.includes(s.contact)} onChange=${() => tick(s.contact)} />
        <span>${t(`console.channel.${s.channel}`)}, ${queueName(s.queue)} ${clock(s.arrived_at, lang)}</span></label>`)}</fieldset>`}
    ${owed && html`<fieldset class="choices" role="alert"><legend>${t("console.close.owed")}</legend>
      ${NO_MESSAGE.map((w) => html`<label class="choice"><input type="radio" name="why" value=${w} checked=${why === w} onChange=${() => setWhy(w)} />
        <span>${t(`console.close.why.${w}`)}</span></label>`)}</fieldset>`}
    <label class="field">${t("console.close.note")}
      <textarea rows="2" maxlength="4000" value=${note} onInput=${(e) => setNote(e.currentTarget.value)}></textarea></label>
  <//>`;
}

const REASONS = ["told_more", "worse", "milder", "risk", "answered_wrong", "treated", "other"];

/** Confirming needs nothing more; a change its reason; lowering an emergency is asked about once more. */
function Assess({ state, row, t, desk, ui }) {
  const brief = state.details[row?.contact]?.brief;
  const [level, setLevel] = useState(row?.urgency);
  const [reason, setReason] = useState(null);
  const [words, setWords] = useState("");
  const [isAsked, setAsked] = useState(false);
  if (!row) return null;
  const isChanged = level !== row.urgency;
  const reasons = brief?.level === level ? ["by_answers", ...REASONS] : REASONS;
  const isReady = !isChanged || (reasons.includes(reason) && (reason !== "other" || words.trim() !== ""));
  const choose = (l) => {
    setLevel(l);
    setAsked(false);
  };
  const submit = async () => {
    const done = await desk.assess(row, level, { reason: isChanged ? reason : null, words: words.trim(), sure: isAsked });
    if (done === "not_sure") setAsked(true);
    else if (done === "done") {
      ui.hide();
      if (ui.formOf === row.contact) ui.leaveForm();
    }
  };
  return html`<${Dialog} title=${t("console.assess.title")} t=${t} onClose=${ui.hide} onSubmit=${submit} isReady=${isReady}
    submit=${t(isAsked ? "console.assess.sure_submit" : isChanged ? "console.assess.change" : "console.assess.confirm")}>
    <fieldset class="choices"><legend>${t("console.assess.choose")}</legend>
      ${LEVELS.map((l) => html`<label class="choice"><input type="radio" name="urgency" value=${l} checked=${level === l}
        onChange=${() => choose(l)} /> <${Chip} level=${l} t=${t} />${brief?.level === l && html` <span class="muted">${t("console.assess.reason.by_answers")}</span>`}</label>`)}
    </fieldset>
    ${isChanged && html`<fieldset class="choices"><legend>${t("console.assess.why")}</legend>
      ${reasons.map((r) => html`<label class="choice"><input type="radio" name="reason" value=${r} checked=${reason === r}
        onChange=${() => setReason(r)} /> <span>${t(`console.assess.reason.${r}`)}</span></label>`)}</fieldset>`}
    <label class="field">${t(reason === "other" && isChanged ? "console.assess.words_needed" : "console.assess.words")}
      <input type="text" maxlength="400" value=${words} onInput=${(e) => setWords(e.currentTarget.value)} /></label>
    ${isAsked && html`<p class="banner warn" role="alert">${t("console.assess.sure")}</p>`}
  <//>`;
}

const OVERTAKES = ["continuity", "language", "skill", "asked"];

function Overtake({ row, t, desk, ui }) {
  const [reason, setReason] = useState(null);
  if (!row) return null;
  const submit = async () => (await desk.take(row, reason)) && ui.hide();
  return html`<${Dialog} title=${t("console.overtake.title")} t=${t} onClose=${ui.hide} onSubmit=${submit}
    isReady=${reason !== null} submit=${t("console.take")}>
    <p>${t("console.overtake.text")}</p>
    <fieldset class="choices"><legend>${t("console.overtake.why")}</legend>
      ${OVERTAKES.map((r) => html`<label class="choice"><input type="radio" name="reason" value=${r} checked=${reason === r}
        onChange=${() => setReason(r)} /> <span>${t(`console.overtake.${r}`)}</span></label>`)}
    </fieldset>
  <//>`;
}

function Status({ state, t, desk, ui }) {
  const choose = async (act) => {
    await act();
    ui.hide();
  };
  const options = [
    ["ready", () => desk.setState("ready")],
    ["paused", () => desk.setState("paused", "break")],
    ["paused_other", () => desk.setState("paused", "other_work")],
    ["end", () => desk.endShift()],
  ];
  return html`<${Dialog} title=${t("console.status.title")} t=${t} onClose=${ui.hide}>
    <p>${t("console.status.now", { state: t(`console.state.${state.shift?.state ?? "off"}`) })}</p>
    <div class="stack">${options.map(([name, act], i) => html`<button type="button" class="button" data-first=${i === 0 ? "" : null}
      onClick=${() => choose(act)}>${t(`console.status.${name}`)}</button>`)}</div>
  <//>`;
}

const KEYS = [
  ["F2", "take"], ["F4", "status"], ["Ctrl+Enter", "submit"], ["Ctrl+.", "pane"], ["Esc", "leave"], ["j / k", "move"],
  ["1–9", "nth"], ["r", "reply"], ["n", "note"], ["c", "call"], ["F8", "hold"], ["F9", "hang_up"], ["a", "voicemail"], ["s", "time"], ["f", "form"], ["u", "assess"], ["v", "confirm"], ["t", "transfer"], ["e", "close"], ["?", "help"],
];

function Help({ t, ui }) {
  return html`<${Dialog} title=${t("console.help.title")} t=${t} onClose=${ui.hide}>
    <dl class="keys">${KEYS.map(([key, name]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${t(`console.help.${name}`)}</dd></div>`)}</dl>
    <label class="choice"><input type="checkbox" checked=${ui.hasLetters} onChange=${(e) => ui.setLetters(e.currentTarget.checked)} />
      ${t("console.help.letters")}</label>
    <label class="choice"><input type="checkbox" checked=${ui.dialsItself} onChange=${(e) => ui.setDialsItself(e.currentTarget.checked)} />
      ${t("console.help.dials")}</label>
    <p class="muted">${t("console.help.audit")}</p>
  <//>`;
}
