/**
 * The questionnaire as a professional fills it, in the middle pane: topic, signs of danger, questions, all at once.
 * The server judges every answer; here are only keys, focus and what the screen says.
 */

import { useEffect, useRef, useState } from "./vendor/preact-hooks.mjs";
import { Announcer, Chip, html } from "./staff-parts.js";
import { after, beside, choicesOf, everything, find, isAnswered, items, keyed, openness, toggled, topicIn } from "./console-form-state.js";

const FAULTS = ["required", "not_a_number", "not_an_integer", "too_small", "too_large", "too_long"];
const TOPIC = "form-topic";

export function Form(given) {
  const { state, row, t, desk } = given;
  const form = state.details[row.contact]?.form;
  useEffect(() => {
    if (!form?.view && !form?.isLoading && !form?.error) desk.openForm(row);
  }, [row.contact]);
  if (form?.error) {
    return html`<div class="empty"><p role="alert">${t("console.form.error")}</p>
      <button type="button" class="button" onClick=${() => desk.openForm(row)}>${t("console.retry")}</button></div>`;
  }
  if (!form?.view) return html`<p class="empty" role="status">${t("console.form.loading")}</p>`;
  return html`<${Sheet} key=${row.contact} ...${{ ...given, form }} />`;
}

function Sheet(given) {
  const { row, t, desk, ui, form } = given;
  const box = useRef(null);
  const goal = useRef(null);
  const focus = (id) => focusOn(box.current, id);
  useEffect(() => {
    focus(form.view.topic ? (form.view.next ?? after(form, null)) : TOPIC);
  }, []);
  // An answer may bring new questions: the caret moves on when the server has told which.
  useEffect(() => {
    if (!goal.current || form.pending.length) return;
    const { id } = goal.current;
    goal.current = null;
    focus(form.faults[id] ? id : after(form, id));
  }, [form.view, form.pending.length]);

  const answer = (id, value, isMoving) => {
    if (isMoving) goal.current = { id };
    desk.fillForm(row, { answers: { [id]: value } });
  };
  const save = async () => {
    const level = await desk.saveForm(row);
    if (level) requestAnimationFrame(() => box.current?.querySelector("[data-accept]")?.focus());
  };
  const keys = (event) => {
    if (event.altKey || event.metaKey || event.getModifierState?.("AltGraph")) return;
    if (event.ctrlKey && event.key === "Enter") return run(event, save);
    if (event.ctrlKey) return;
    if (event.key === "Escape") return run(event, ui.leaveForm);
    const item = everything(form).find((each) => each.id === event.target.closest?.("[data-q]")?.dataset.q);
    if (item) ofQuestion(event, item);
  };
  const ofQuestion = (event, item) => {
    const isTyping = event.target.matches("textarea, input[type=text]");
    if (event.target.matches("textarea")) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) return run(event, () => focus(beside(form, item.id, step)));
    if (event.key === "Enter" && !event.target.matches("button")) return run(event, () => enter(event.target, item, isTyping));
    if (event.key === "0" && item.page) return run(event, () => othersNo(given, goal));
    if (event.key === "Delete" && !isTyping) return run(event, () => isAnswered(item) && answer(item.id, null, false));
    const value = isTyping ? undefined : keyed(item, event.key, t);
    if (value !== undefined) run(event, () => answer(item.id, value, item.kind !== "multichoice"));
  };
  const enter = (field, item, isTyping) => {
    if (isTyping && field.value.trim() !== (item.answer ?? "")) return answer(item.id, field.value.trim() || null, true);
    return focus(beside(form, item.id, 1) === item.id ? null : (nextFrom(form, item)));
  };
  return html`<section ref=${box} class="form" data-form aria-labelledby="form-title" onKeyDown=${keys}>
    <${Head} ...${{ ...given, save }} />
    <div class="scroll form-body">
      <p class="muted form-keys">${t("console.form.keys")}</p>
      <${TopicChoice} ...${{ ...given, focus }} />
      ${["now", "today"].map((page) => html`<${Signs} key=${page} ...${{ ...given, page, answer }} />`)}
      <p class="buttons"><button type="button" class="button small" onClick=${() => othersNo(given, goal)}>${t("console.form.others_no")} <kbd>0</kbd></button></p>
      <h3>${t("console.form.questions")}</h3>
      ${items(form).map((item) => html`<${Question} key=${item.id} ...${{ item, t, form, answer }} />`)}
    </div>
  </section>`;
}

function run(event, act) {
  event.preventDefault();
  event.stopPropagation();
  act();
}

const nextFrom = (form, item) => (isAnswered(item) ? after(form, item.id) : beside(form, item.id, 1));

function othersNo({ desk, row, form }, goal) {
  goal.current = { id: form.signs.at(-1)?.id ?? null };
  desk.fillForm(row, { others_no: true });
}

/** The caret to a question's answer, to the topic, or when nothing is left to the button that saves. */
function focusOn(box, id) {
  if (!box) return;
  if (id === TOPIC) return document.getElementById(TOPIC)?.focus();
  const place = id && box.querySelector(`[data-q="${id}"]`);
  const field = place && (place.querySelector("input:checked") ?? place.querySelector("input, textarea"));
  (field ?? box.querySelector("[data-save]"))?.focus();
  (place ?? field)?.scrollIntoView({ block: "nearest" });
}

/** The level as it stands stays in sight: what it is, why, and whether an answer could still change it. */
function Head({ row, t, desk, ui, form, save }) {
  const { view, saved } = form;
  const open = openness(form);
  const [low, high] = view.left;
  const count = low === high ? low : `${low}–${high}`;
  return html`<header class="form-head">
    <div class="form-level">
      <h3 id="form-title" class="visually-hidden">${t("console.form.title")}</h3>
      <p><span class="muted">${t("console.form.level")}</span> ${view.level ? html`<${Chip} level=${view.level} t=${t} />` : html`<span>${t("console.form.no_level")}</span>`}
        ${view.self_harm && html` <strong class="flag">${t("console.row.self_harm")}</strong>`}</p>
      ${open && html`<p class="muted">${t(open, { count })}</p>`}
      ${view.fired.length > 0 && html`<ul class="why">${view.fired.map((why) => html`<li>${why.text}</li>`)}</ul>`}
      ${row.unread > 0 && html`<p><button type="button" class="button small" onClick=${ui.leaveForm}>${t("console.talk.new", { n: row.unread })}</button></p>`}
      ${!form.approved && html`<p class="muted small-print">${t("console.resident.not_approved")}</p>`}
    </div>
    ${saved ? html`<${Proposal} ...${{ row, t, desk, ui, saved }} />` : html`<div class="form-acts">
      <button type="button" class="button primary" data-save onClick=${save}>${t("console.form.save")} <kbd>Ctrl+Enter</kbd></button>
      <button type="button" class="button" onClick=${ui.leaveForm}>${t("console.form.back")} <kbd>Esc</kbd></button>
      <span class="muted">${t(form.pending.length ? "console.form.keeping" : "console.form.kept")}</span></div>`}
    <${Announcer} text=${view.level ? t("console.form.say", { level: t(`console.urgency.${view.level}`) }) : ""} id=${view.level} />
  </header>`;
}

/** One key takes the level that the answers came to; another level needs its reason. */
function Proposal({ row, t, desk, ui, saved }) {
  const accept = async () => {
    const reason = saved.level === row.urgency ? null : "by_answers";
    const done = await desk.assess(row, saved.level, { reason });
    if (done === "done") ui.leaveForm();
    else if (done === "not_sure") ui.show("assess", row.contact);
  };
  return html`<div class="form-acts proposal">
    <p><strong>${t("console.form.saved")}</strong> ${t("console.form.proposed")} <${Chip} level=${saved.level} t=${t} /></p>
    <button type="button" class="button primary" data-accept onClick=${accept}>${t("console.form.accept")} <kbd>Enter</kbd></button>
    <button type="button" class="button" onClick=${() => ui.show("assess", row.contact)}>${t("console.form.change")}</button></div>`;
}

/** A combobox over names and the topics' own words in every language. */
function TopicChoice({ row, t, desk, form, focus }) {
  const chosen = form.topics.find((topic) => topic.id === topicIn(form));
  const [isOpen, setOpen] = useState(!chosen);
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const found = find(form.topics, typed);
  const change = () => {
    setOpen(true);
    requestAnimationFrame(() => document.getElementById(TOPIC)?.focus());
  };
  const choose = (topic) => {
    setOpen(false);
    setTyped("");
    setAt(0);
    desk.fillForm(row, { topic: topic.id });
    requestAnimationFrame(() => focus(after(form, null)));
  };
  const keys = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) return run(event, () => setAt(Math.min(found.length - 1, Math.max(0, at + step))));
    if (event.key === "Enter" && !event.ctrlKey && found[at]) run(event, () => choose(found[at]));
  };
  if (!isOpen && chosen) {
    return html`<p class="topic-chosen"><strong>${chosen.name}</strong>
      <button type="button" class="button small" onClick=${change}>${t("console.form.change_topic")}</button></p>`;
  }
  return html`<div class="field topic-field">
    <label for=${TOPIC}>${t("console.form.topic")}</label>
    <input id=${TOPIC} type="text" role="combobox" autocomplete="off" aria-expanded="true" aria-controls="form-topics" aria-autocomplete="list"
      aria-describedby="form-topic-hint" aria-activedescendant=${found[at] ? `form-topic-${found[at].id}` : null} value=${typed}
      onInput=${(e) => { setTyped(e.currentTarget.value); setAt(0); }} onKeyDown=${keys} />
    <p id="form-topic-hint" class="muted">${t("console.form.topic_hint")}</p>
    <ul id="form-topics" class="topics" role="listbox" aria-label=${t("console.form.topics")}>
      ${found.map((topic, i) => html`<li key=${topic.id} id=${`form-topic-${topic.id}`} role="option" class="topic" aria-selected=${String(i === at)}
        onMouseDown=${(e) => { e.preventDefault(); choose(topic); }}>${topic.name}</li>`)}</ul>
    ${found.length === 0 && html`<p role="status">${t("console.form.no_topic")}</p>`}
  </div>`;
}

function Signs({ t, form, page, answer }) {
  return html`<section class="signs" aria-labelledby=${`signs-${page}`}>
    <h3 id=${`signs-${page}`}>${t(`console.form.signs.${page}`)}</h3>
    ${items(form, page).map((item) => html`<${Question} key=${item.id} ...${{ item, t, form, answer }} isSign=${true} />`)}
  </section>`;
}

function Question({ item, t, form, answer, isSign = false }) {
  const fault = form.faults[item.id];
  const told = fault && t(`console.form.fault.${FAULTS.includes(fault) ? fault : "other"}`);
  const tone = isSign && item.answer === "true" ? "danger" : isAnswered(item) ? "answered" : "open";
  const Field = { integer: Typed, decimal: Typed, text: Words, phone: Typed, date: Typed }[item.kind] ?? Choices;
  return html`<fieldset class=${`question ${isSign ? "sign" : ""}`} data-q=${item.id} data-tone=${tone} aria-describedby=${fault ? `fault-${item.id}` : null}>
    <legend>${item.text}${item.needed === false && html` <span class="muted">(${t("console.form.optional")})</span>`}</legend>
    ${item.hint && html`<p class="muted">${item.hint}</p>`}
    ${told && html`<p id=${`fault-${item.id}`} class="field-error" role="alert">${told}</p>`}
    <${Field} ...${{ item, t, answer, fault }} />
  </fieldset>`;
}

function Choices({ item, t, answer }) {
  const isMany = item.kind === "multichoice";
  const isChosen = (value) => (isMany ? Array.isArray(item.answer) && item.answer.includes(value) : item.answer === value);
  const change = (value) => answer(item.id, isMany ? toggled(item, value) : value, false);
  return html`<div class="options">${choicesOf(item, t).map((choice, i) => html`<label class="option" key=${choice.value}>
    <input type=${isMany ? "checkbox" : "radio"} name=${`q-${item.id}`} value=${choice.value} checked=${isChosen(choice.value)} onChange=${() => change(choice.value)} />
    <kbd>${i < 9 ? i + 1 : ""}</kbd> <span>${choice.text}</span></label>`)}
    ${isAnswered(item) && !item.page && html`<button type="button" class="button small quiet" onClick=${() => answer(item.id, null, false)}>
      ${t("console.form.clear")}<span class="visually-hidden">: ${item.text}</span></button>`}</div>`;
}

/** A number is told when the field is left or by Enter; digits in it are digits. */
function Typed({ item, t, answer, fault }) {
  const isUnknown = item.answer === "unknown";
  const [typed, setTyped] = useTyped(isUnknown ? "" : (item.answer ?? ""), fault);
  const send = () => {
    if (typed.trim() !== (isUnknown ? "" : (item.answer ?? ""))) answer(item.id, typed.trim() || null, false);
  };
  return html`<div class="options"><label class="option typed"><span class="visually-hidden">${item.text}</span>
    <input type="text" inputmode=${item.kind === "integer" ? "numeric" : "decimal"} autocomplete="off" size="8" aria-invalid=${fault ? "true" : null}
      value=${typed} onInput=${(e) => setTyped(e.currentTarget.value)} onBlur=${send} /> ${item.unit}</label>
    <button type="button" class="button small" aria-pressed=${String(isUnknown)} onClick=${() => answer(item.id, isUnknown ? null : "unknown", false)}>
      ${t("console.form.unknown")}</button></div>`;
}

/** What is being typed stays as it is until it has been told; what was refused stays to be mended. */
function useTyped(answered, fault) {
  const [typed, setTyped] = useState(answered);
  useEffect(() => {
    if (answered || !fault) setTyped(answered);
  }, [answered]);
  return [typed, setTyped];
}

function Words({ item, answer, fault }) {
  const [typed, setTyped] = useTyped(item.answer ?? "", fault);
  const send = () => typed.trim() !== (item.answer ?? "") && answer(item.id, typed.trim() || null, false);
  return html`<label class="field"><span class="visually-hidden">${item.text}</span>
    <textarea rows="2" maxlength="2000" value=${typed} onInput=${(e) => setTyped(e.currentTarget.value)} onBlur=${send}></textarea></label>`;
}
