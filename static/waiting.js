/** The waiting room, live: place, estimate and turn as they come, announced at most once a minute. */

import { Outbox } from "./outbox.js";
import { Link } from "./socket.js";
import { ConnectionBanner, clock, loadTexts } from "./texts.js";
import { Announcer, lookOf, placeText, rangeText, spanOf } from "./waiting-parts.js";
import { Turn } from "./waiting-turn.js";

const RHYTHM = { ping: 5_000, silence: 12_000 };
const find = (id) => document.getElementById(id);

class Room {
  constructor(t, tell) {
    this.t = t;
    this.turn = new Turn(t, tell, (address) => this.go(address));
    this.announcer = new Announcer(find("ilmoitus"));
    this.outbox = new Outbox();
    this.position = undefined;
    this.latest = null;
    this.isLeaving = false;
  }

  place({ position, range, slower, line }, now) {
    const { t } = this;
    this.latest = { position, range, slower, line };
    if (!find("arvio")) return;
    find("paikka").textContent = placeText(t, position);
    find("arvio").textContent = rangeText(t, range);
    this.slow(slower, range);
    this.attended(line);
    const isCallFirst = slower || line !== "open";
    const call = find("soita-minulle");
    call?.classList.toggle("hds-button--primary", isCallFirst);
    call?.classList.toggle("hds-button--secondary", !isCallFirst);
    find("teot")?.classList.toggle("actions-first", isCallFirst);
    this.updated(now);
    const changed = this.position !== undefined && position !== this.position;
    this.position = position;
    if (changed) this.announcer.say(`${placeText(t, position)} ${rangeText(t, range)}`);
  }

  slow(slower, range) {
    const line = find("hidastunut");
    line.hidden = !slower;
    if (slower) line.textContent = range ? this.t("waiting.slower", { range: spanOf(this.t, range) }) : this.t("waiting.slower_unknown");
  }

  attended(state) {
    const line = find("hoitajat");
    line.hidden = state === "open";
    line.textContent = state === "open" ? "" : this.t(`waiting.line.${state}`);
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

  state(entry) {
    const { state, channel, ended_url: endedUrl } = entry;
    if (state === "done") this.go(endedUrl || "/paattynyt");
    else if (channel === "callback") this.go("/soittopyynto");
    else if (state === "held" || state === "wrapping") this.turn.come();
    else if (this.turn.isOn) this.turn.pass();
    else if (find("jonokortti").dataset.state !== lookOf(entry)) this.go("/odotus");
    else if (this.latest) this.place(this.latest);
  }
}

async function main() {
  const t = await loadTexts();
  const tell = (op) => link.request(op).catch(() => {});
  const room = new Room(t, tell);
  const banner = new ConnectionBanner(find("yhteys"), t);
  const link = new Link({
    role: "resident",
    rhythm: RHYTHM,
    seen: () => ({ messages: 0 }),
    onSnapshot(snapshot) {
      room.outbox.adopt(snapshot.contact);
      room.state(snapshot);
      if (snapshot.state === "waiting") room.place(snapshot, snapshot.now);
      if (document.hidden) tell("contact.hidden"); // connecting alone would say that somebody looks
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
