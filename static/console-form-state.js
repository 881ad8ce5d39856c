/**
 * The form a professional fills, as pure functions: what the screen shows of the server's view and of what is on
 * its way there, what a typed word finds, which answer a key means, and where the caret goes next.
 */

export const UNKNOWN = "unknown";
const MOST_FOUND = 8;
const DIGIT = /^[1-9]$/;

export const empty = () => ({ view: null, topics: [], signs: [], approved: false, pending: [], faults: {}, saved: null, error: null, sent: 0 });

/** What the server told of the form; what is still on its way stays on top of it. */
export function opened(form, answer) {
  return { ...(form ?? empty()), view: answer.form, topics: answer.topics, signs: answer.signs, approved: answer.approved, error: null };
}

export function queued(form, change) {
  const faults = { ...form.faults };
  for (const id of Object.keys(change.answers ?? {})) delete faults[id];
  return { ...form, saved: null, faults, sent: form.sent + 1, pending: [...form.pending, { ...change, n: form.sent + 1 }] };
}

/** Answers come in the order of the questions put: everything up to `n` is now in the view. */
export function filled(form, n, answer) {
  const pending = form.pending.filter((each) => each.n > n);
  return { ...form, pending, view: answer.form, faults: { ...form.faults, ...answer.faults } };
}

export const refused = (form, n) => ({ ...form, pending: form.pending.filter((each) => each.n !== n) });

/** Changes merged into one: what to send again after a reload. */
export function merged(changes) {
  const answers = Object.assign({}, ...changes.map((each) => each.answers ?? {}));
  const topic = changes.map((each) => each.topic).filter(Boolean).at(-1);
  const others_no = changes.some((each) => each.others_no);
  return { answers, ...(topic ? { topic } : {}), ...(others_no ? { others_no } : {}) };
}

/** The answer as it is told to the server: its own texts. */
export function told(value) {
  if (value === null || value === undefined) return null;
  return Array.isArray(value) ? value.map(String) : String(value);
}

/** One list of what is asked: signs of danger first, each with the answer it has or that is on its way. */
export function items(form, page) {
  const coming = merged(form.pending);
  const answerOf = (id, known) => (id in coming.answers ? coming.answers[id] : told(known));
  if (page) {
    return form.signs.filter((sign) => sign.page === page).map((sign) => {
      const answer = answerOf(sign.id, form.view.signs[sign.id]);
      return { ...sign, kind: "boolean", options: [], answer: answer ?? (coming.others_no ? "false" : null) };
    });
  }
  return form.view.questions.map((question) => ({ ...question, answer: answerOf(question.id, question.answer) }));
}

export const everything = (form) => [...items(form, "now"), ...items(form, "today"), ...items(form)];

/** The answers one may choose, in the order of their keys; the last one says that it is not known. */
export function choicesOf(item, t) {
  const unknown = { value: UNKNOWN, text: t("console.form.unknown") };
  if (item.kind === "boolean") {
    return [{ value: "true", text: t("console.form.yes") }, { value: "false", text: t("console.form.no") }, unknown];
  }
  const options = item.options.map((option) => ({ value: option.code, text: option.text }));
  if (item.kind === "multichoice") return options;
  return item.kind === "choice" ? [...options, unknown] : [];
}

/** The answer a digit means, or undefined; of several choices a digit turns one on or off. */
export function keyed(item, key, t) {
  if (!DIGIT.test(key)) return undefined;
  const choice = choicesOf(item, t)[Number(key) - 1];
  if (!choice) return undefined;
  return item.kind === "multichoice" ? toggled(item, choice.value) : choice.value;
}

/** The choices with one turned on or off; none left is no answer. */
export function toggled(item, code) {
  const chosen = Array.isArray(item.answer) ? item.answer : [];
  const next = chosen.includes(code) ? chosen.filter((each) => each !== code) : [...chosen, code];
  return next.length ? next : null;
}

export const isAnswered = (item) => item.answer !== null && item.answer !== undefined && item.answer !== "";

/** Where the caret goes after `id`: the next without an answer, an earlier one that was passed over, or the end. */
export function after(form, id) {
  const all = everything(form);
  const at = all.findIndex((item) => item.id === id);
  const isOpen = (item) => !isAnswered(item) && item.needed !== false && item.kind !== "text";
  const found = all.slice(at + 1).find(isOpen) ?? all.slice(0, Math.max(0, at)).find(isOpen);
  return found?.id ?? null;
}

export function beside(form, id, step) {
  const all = everything(form);
  const at = all.findIndex((item) => item.id === id);
  return all[Math.min(all.length - 1, Math.max(0, at + step))]?.id ?? null;
}

/** The topic on its way, or the one the server knows. */
export const topicIn = (form) => merged(form.pending).topic ?? form.view?.topic ?? null;

const plain = (text) => text.toLocaleLowerCase("fi").trim();

/** Topics by a typed word, best first: a name that begins so, a word of it or a part of one, then a stem of the topic's own words. */
export function find(topics, typed) {
  const wanted = plain(typed).split(/\s+/).filter(Boolean);
  if (!wanted.length) return topics.slice(0, MOST_FOUND);
  const scored = topics.map((topic) => ({ topic, score: scoreOf(topic, plain(typed), wanted) })).filter((one) => one.score > 0);
  scored.sort((a, b) => b.score - a.score || a.topic.name.localeCompare(b.topic.name, "fi"));
  return scored.slice(0, MOST_FOUND).map((one) => one.topic);
}

function scoreOf(topic, whole, wanted) {
  if (plain(topic.name).startsWith(whole)) return 100;
  return wanted.reduce((sum, word) => sum + best(topic, word), 0);
}

function best(topic, word) {
  const names = plain(topic.name).split(/[\s,/()-]+/);
  if (names.some((each) => each.startsWith(word))) return 10;
  if (word.length > 2 && names.some((each) => each.includes(word))) return 9; // inside a compound: alaSELKäkipu
  const stems = topic.words.flatMap((each) => plain(each).split(/[\s,/()-]+/));
  const hits = stems.filter((stem) => stem && (stem.startsWith(word) || (stem.length > 2 && word.startsWith(stem))));
  return hits.length ? 5 + Math.min(4, Math.max(...hits.map((stem) => Math.min(stem.length, word.length))) / 4) : 0;
}

/** Why the level is not settled yet, as the key of its text; null before there is a level. */
export function openness(form) {
  const { view } = form;
  if (!view?.level) return null;
  if (view.complete || view.level === "EMERGENCY") return "console.form.settled";
  if (!view.topic) return "console.form.open_topic";
  const isPassed = form.signs.every((sign) => isAnswered({ answer: told(view.signs[sign.id]) }));
  return isPassed ? "console.form.open" : "console.form.open_signs";
}
