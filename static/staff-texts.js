/** Texts of the staff's screens, fetched once from the catalogue; an unknown key shows itself. */

export function speaker(texts) {
  const form = (found, values) => (Array.isArray(found) ? found[values.n === 1 ? 0 : 1] : found);
  const t = (key, values = {}) =>
    form(texts[key] ?? key, values).replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  t.has = (key) => key in texts;
  return t;
}

export async function loadTexts(lang) {
  const answer = await fetch(`/teksti/${lang}.json`, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(`texts ${answer.status}`);
  return speaker(await answer.json());
}
