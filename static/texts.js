/** The resident pages' texts for scripts, fetched once; plural texts are pairs chosen by `n`. */

export function speaker(texts) {
  return (key, values = {}) => {
    const forms = texts[key] ?? "";
    const text = Array.isArray(forms) ? forms[values.n === 1 ? 0 : 1] : forms;
    return text.replace(/\{(\w+)\}/g, (place, name) => String(values[name] ?? place));
  };
}

export async function loadTexts() {
  const answer = await fetch(`/teksti/${document.documentElement.lang}.json`, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(`texts ${answer.status}`);
  return speaker(await answer.json());
}

/** The wall clock in Finland as the page's language writes it: 14.00, in English 14:00. */
export function clock(iso) {
  const at = new Intl.DateTimeFormat("fi-FI", { hour: "numeric", minute: "2-digit", timeZone: "Europe/Helsinki" });
  const text = at.format(iso ? new Date(iso) : new Date());
  return document.documentElement.lang === "en" ? text.replace(".", ":") : text;
}

const BACK_SHOWN_MS = 4_000;

/** The banner of the connection: in words, only while it is true, cleared only by the server's answer. */
export class ConnectionBanner {
  constructor(element, t) {
    Object.assign(this, { element, t, wasLost: false, timer: 0 });
  }

  show(status) {
    if (status === "lost") this.say("js.lost", "lost");
    else if (status === "refused") this.say("js.refused", "lost");
    else if (status === "connected" && this.wasLost) this.regained();
    this.wasLost = status === "lost" || (this.wasLost && status !== "connected");
  }

  say(key, kind) {
    clearTimeout(this.timer);
    const text = this.t(key);
    this.element.dataset.kind = kind;
    if (this.element.textContent !== text) this.element.textContent = text;
    this.element.hidden = false;
  }

  regained() {
    this.say("js.back", "back");
    this.timer = setTimeout(() => {
      this.element.hidden = true;
      this.element.textContent = "";
    }, BACK_SHOWN_MS);
  }
}
