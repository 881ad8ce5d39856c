/** What the waiting room says, and how often: no page is needed to know it. */

const ANNOUNCE_EVERY_MS = 60_000;

/** Says the whole sentence when the place changed, never more often than once a minute, the newest last. */
export class Announcer {
  constructor(element, now = () => Date.now(), after = (ms, act) => setTimeout(act, ms)) {
    Object.assign(this, { element, now, after, said: "", saidAt: 0, next: "", timer: 0 });
  }

  say(sentence) {
    this.next = sentence;
    if (this.timer || sentence === this.said) return;
    const wait = this.saidAt ? this.saidAt + ANNOUNCE_EVERY_MS - this.now() : 0;
    this.timer = this.after(Math.max(0, wait), () => this.speak());
  }

  speak() {
    this.timer = 0;
    if (this.next === this.said) return;
    this.said = this.next;
    this.saidAt = this.now();
    this.element.textContent = this.said;
  }
}

export function placeText(t, position) {
  if (position === null || position === undefined) return t("waiting.in_line");
  return position <= 1 ? t("waiting.first") : t("waiting.ahead", { n: position - 1 });
}

export function rangeText(t, range) {
  if (!range) return t("waiting.no_range");
  return t("waiting.range", { range: spanOf(t, range) });
}

/** The minutes told, as a span; without an upper end it is over an hour. */
export function spanOf(t, [low, high]) {
  if (high === null) return t("waiting.over_hour");
  return low === high ? String(low) : `${low}–${high}`;
}

/** Which of the page's looks fits where the entry stands. */
export function lookOf({ state, channel }) {
  if (state === "left") return "left";
  return channel === "message" || state === "scheduled" ? "closed" : "waiting";
}
