/** The waiting room, live: place, estimate and turn as they come, announced at most once a minute. */

import { Outbox } from "./outbox.js";
import { Link } from "./socket.js";
import { ConnectionBanner, clock, loadTexts } from "./texts.js";

const ANNOUNCE_EVERY_MS = 60_000;
const RHYTHM = { ping: 5_000, silence: 12_000 };
const find = (id) => document.getElementById(id);

/** Says the whole sentence when the place changed, never more often than once a minute, the newest last. */
export class Announcer {
  constructor(element, now = () => Date.now()) {
    Object.assign(this, { element, now, said: "", saidAt: 0, next: "", timer: 0 });
  }

  say(sentence) {
    this.next = sentence;
    if (this.timer || sentence === this.said) return;
    const wait = this.saidAt ? this.saidAt + ANNOUNCE_EVERY_MS - this.now() : 0;
    this.timer = setTimeout(() => this.speak(), Math.max(0, wait));
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
  const [low, high] = range;
  return t("waiting.range", { range: low === high ? String(low) : `${low}–${high}` });
}

class Room {
  constructor(t) {
    this.t = t;
    this.announcer = new Announcer(find("ilmoitus"));
    this.outbox = new Outbox();
    this.position = undefined;
    this.latest = null;
    this.isLeaving = false;
  }

  place({ position, range, slower }, now) {
    const { t } = this;
    this.latest = { position, range, slower };
    if (!find("arvio")) return;
    find("paikka").textContent = placeText(t, position);
    find("arvio").textContent = rangeText(t, range);
    this.slow(slower, range);
    this.updated(now);
    const changed = this.position !== undefined && position !== this.position;
    this.position = position;
    if (changed) this.announcer.say(`${placeText(t, position)} ${rangeText(t, range)}`);
  }

  slow(slower, range) {
    const line = find("hidastunut");
    const call = find("soita-minulle");
    line.hidden = !slower;
    if (slower) line.textContent = range ? this.t("waiting.slower", { range: range.join("–") }) : this.t("waiting.slower_unknown");
    call?.classList.toggle("hds-button--primary", slower);
    call?.classList.toggle("hds-button--secondary", !slower);
  }

  updated(now) {
    const line = find("paivitetty");
    if (line) line.textContent = this.t("waiting.updated", { at: clock(now) });
  }

  go(address) {
    if (this.isLeaving) return;
    this.isLeaving = true;
    this.keepWords();
    location.replace(address);
  }

  /* Words half written for the nurse go along to the conversation. */
  keepWords() {
    const words = find("lisatieto")?.value.trim();
    if (words) this.outbox.draft = words;
  }

  state({ state, ended_url: endedUrl }) {
    if (state === "held" || state === "wrapping") {
      document.title = this.t("waiting.turn_title");
      this.go("/keskustelu");
    } else if (state === "scheduled") this.go("/soittopyynto");
    else if (state === "done") this.go(endedUrl || "/paattynyt");
    else if (state === "offered") this.offered();
    else if (find("jonokortti").dataset.state !== state) this.go("/odotus");
    else if (this.latest) this.place(this.latest);
  }

  offered() {
    const line = find("paikka");
    if (line) line.textContent = this.t("waiting.offered");
    if (find("arvio")) find("arvio").textContent = "";
    this.announcer.say(this.t("waiting.offered"));
  }
}

async function main() {
  const t = await loadTexts();
  const room = new Room(t);
  const banner = new ConnectionBanner(find("yhteys"), t);
  const link = new Link({
    role: "resident",
    rhythm: RHYTHM,
    seen: () => ({ messages: 0 }),
    onSnapshot(snapshot) {
      room.outbox.adopt(snapshot.contact);
      room.state(snapshot);
      if (snapshot.state === "waiting") room.place(snapshot, snapshot.now);
    },
    onEvent(frame) {
      if (frame.ev === "place") room.place(frame, frame.now);
      else if (frame.ev === "state") room.state(frame);
    },
    onStatus(status) {
      banner.show(status);
      const connected = find("yhdistetty");
      if (connected) connected.hidden = status !== "connected";
    },
  });
  link.start();
}

main();
