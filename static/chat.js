/**
 * The resident's conversation: what is written is shown at once, kept until the server has it, and never lost.
 *
 * The log is not live; incoming messages are said in a region of their own, and focus never moves by itself.
 */

import { Outbox, forget } from "./outbox.js";
import { Link, newId } from "./socket.js";
import { ConnectionBanner, clock, loadTexts } from "./texts.js";

const UNSENT_AFTER_MS = 10_000;
const TYPING_EVERY_MS = 3_000;
const TYPING_SHOWN_MS = 5_000;
const SAID_FOR_MS = 1_200;
const BURST_MS = 2_000;
const BURST = 3;
const NEAR_END_PX = 48;
const DRAFT_EVERY_MS = 1_000;
const find = (id) => document.getElementById(id);

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Says each message once in its own polite region, many at a time as a number; own messages once only. */
class Voice {
  constructor(element, t) {
    Object.assign(this, { element, t, recent: [] });
  }

  message({ name, text }) {
    const now = Date.now();
    this.recent = [...this.recent.filter((at) => now - at < BURST_MS), now];
    if (this.recent.length > BURST) {
      this.element.replaceChildren();
      this.say(this.t("chat.new_messages", { n: this.recent.length }));
    } else this.say(name ? `${name}: ${text}` : text);
  }

  say(text) {
    const line = make("span", "", text);
    this.element.append(line);
    // Shorter is missed by some screen readers, longer would be read again with the page.
    setTimeout(() => line.remove(), SAID_FOR_MS);
  }
}

/** The visible transcript, in the server's order, own unsent messages last. */
class Log {
  constructor(t) {
    this.t = t;
    this.box = find("loki");
    this.list = find("viestit");
    this.button = find("uusia");
    this.unread = [];
    this.lastSeq = 0;
    for (const item of this.list.querySelectorAll("[data-seq]")) {
      this.lastSeq = Math.max(this.lastSeq, Number(item.dataset.seq));
    }
    this.button.addEventListener("click", () => this.toUnread());
    this.isFollowing = true;
    this.box.addEventListener("scroll", () => {
      this.isFollowing = this.isAtEnd;
      if (this.isFollowing) this.readAll();
    });
    // A touch keyboard or a turned phone makes the log lower: the newest line stays in sight.
    new ResizeObserver(() => this.isFollowing && this.toEnd()).observe(this.box);
    this.box.addEventListener("keydown", (event) => event.key === "Escape" && find("viesti").focus());
    this.toEnd();
  }

  get isAtEnd() {
    return this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < NEAR_END_PX;
  }

  toEnd() {
    this.box.scrollTop = this.box.scrollHeight;
  }

  bySeq(seq) {
    return this.list.querySelector(`[data-seq="${Number(seq)}"]`);
  }

  byClient(clientId) {
    return Array.from(this.list.querySelectorAll("[data-client-id]")).find((item) => item.dataset.clientId === clientId);
  }

  /** Shows a stored message; returns whether it was new here. */
  show(message) {
    this.lastSeq = Math.max(this.lastSeq, message.seq);
    if (this.bySeq(message.seq)) return false;
    const own = message.client_id && this.byClient(message.client_id);
    if (own) {
      this.settle(own, message);
      return false;
    }
    const wasAtEnd = this.isAtEnd;
    const item = this.draw(message);
    this.insert(item, message.seq);
    if (wasAtEnd || message.from === "resident") this.toEnd();
    else this.noteUnread(item);
    return true;
  }

  draw({ seq, from, name, text, at }) {
    const item = make("li", `message message-${from}`);
    item.tabIndex = -1;
    if (seq) item.dataset.seq = seq;
    if (from !== "system") {
      const who = make("p", "message-who", `${from === "resident" ? this.t("chat.you") : name} `);
      if (seq) who.append(make("span", "message-at", clock(at)));
      item.append(who);
    }
    item.append(make("p", "message-text", text));
    return item;
  }

  insert(item, seq) {
    const later = Array.from(this.list.children).find((other) => other.dataset.pending || Number(other.dataset.seq) > seq);
    this.list.insertBefore(item, later ?? null);
  }

  /** Draws an own message that the server does not have yet. */
  pending({ client_id: clientId, text }) {
    const item = this.draw({ from: "resident", text });
    item.dataset.clientId = clientId;
    item.dataset.pending = "true";
    item.append(make("p", "message-status"));
    this.list.append(item);
    this.toEnd();
    return item;
  }

  settle(item, { seq, at }) {
    if (!item.dataset.pending) return;
    delete item.dataset.pending;
    item.dataset.seq = seq;
    this.status(item, this.t("chat.sent", { at: clock(at) }));
    this.lastSeq = Math.max(this.lastSeq, seq);
    const before = Array.from(this.list.children).find((other) => Number(other.dataset.seq) > seq);
    if (before) this.list.insertBefore(item, before);
  }

  status(item, text, ...buttons) {
    const line = item.querySelector(".message-status");
    if (!line) return;
    const wasAtEnd = this.isAtEnd;
    line.toggleAttribute("data-failed", buttons.length > 0);
    line.replaceChildren(`${text} `, ...buttons);
    if (wasAtEnd) this.toEnd();
  }

  noteUnread(item) {
    this.unread.push(item);
    this.button.textContent = this.t("chat.new_button", { n: this.unread.length });
    this.button.hidden = false;
  }

  readAll() {
    this.unread = [];
    this.button.hidden = true;
  }

  toUnread() {
    const [first] = this.unread;
    this.readAll();
    first?.scrollIntoView({ block: "start" });
    first?.focus({ preventScroll: true });
  }
}

class Conversation {
  constructor(t) {
    this.t = t;
    this.log = new Log(t);
    this.voice = new Voice(find("ilmoitus"), t);
    this.banner = new ConnectionBanner(find("yhteys"), t);
    this.outbox = new Outbox();
    this.field = find("viesti");
    this.title = document.title;
    this.agent = null;
    this.isEnded = false;
    this.hasSaidSent = false;
    this.typedAt = 0;
    this.unsentTimers = new Map();
    this.link = new Link({
      role: "resident",
      seen: () => ({ messages: this.log.lastSeq }),
      onSnapshot: (snapshot) => this.snapshot(snapshot),
      onEvent: (frame) => this.event(frame),
      onStatus: (status) => this.banner.show(status),
    });
  }

  start() {
    this.compose();
    this.sendKept(Number(find("loki").dataset.contact));
    this.tools();
    if (document.hidden) document.title = this.t("chat.joined_title");
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) document.title = this.title;
    });
    addEventListener("pagehide", () => this.keepDraft());
    this.link.start();
  }

  /* From the server */

  snapshot(snapshot) {
    for (const message of snapshot.messages) this.receive(message);
    this.sendKept(snapshot.contact);
    if (!this.field.value) this.field.value = this.outbox.draft ?? "";
    this.state(snapshot);
  }

  /* Known before the first connection, so that words written without one are kept over a reload too. */
  sendKept(contact) {
    for (const item of this.outbox.adopt(contact)) {
      if (this.log.byClient(item.client_id)) this.outbox.remove(item.client_id);
      else this.send(item, this.log.pending(item));
    }
  }

  event(frame) {
    if (frame.ev === "message") this.receive(frame.message);
    else if (frame.ev === "state") this.state(frame);
    else if (frame.ev === "typing") this.typing();
  }

  receive(message) {
    if (message.client_id) this.delivered(message.client_id);
    if (!this.log.show(message) || message.from === "resident") return;
    find("tyhja").hidden = true;
    this.quiet();
    this.voice.message(message);
    if (message.key?.endsWith(".still_there")) find("paikalla").hidden = false;
    if (document.hidden) document.title = `(!) ${this.title}`;
  }

  state({ state, channel, agent, ended_url: endedUrl, closed }) {
    this.agent = agent;
    // Whoever told of self-harm waits here, with the conversation open, by night too.
    if (state === "waiting" && !agent && !this.log.lastSeq && !("stays" in this.log.box.dataset)) {
      location.replace("/odotus");
      return;
    }
    const isEnded = closed || state === "done" || (state === "scheduled" && channel !== "message");
    const withoutAgent = this.t(isEnded ? "chat.ended_title" : "chat.waiting_for_agent");
    find("kenen").textContent = agent ? `${agent.profession} ${agent.name}`.trim() : withoutAgent;
    const isEmpty = !this.log.list.querySelector(".message-staff, .message-resident");
    find("tyhja").hidden = !(agent && isEmpty);
    if (agent) find("tyhja").textContent = this.t("chat.reading", { name: agent.name });
    this.setEnded(isEnded, endedUrl);
  }

  /* Never leaves the page by itself: the last message may still be unread. */
  setEnded(isEnded, url) {
    this.isEnded = isEnded;
    find("kirjoitus").hidden = isEnded;
    find("lopeta").hidden = isEnded;
    find("paattyi").hidden = !isEnded;
    if (!isEnded) return;
    find("paattyi").querySelector("a").href = url || "/paattynyt";
    this.quiet();
    forget();
  }

  typing() {
    if (!this.agent) return;
    clearTimeout(this.typingTimer);
    find("kirjoittaa").textContent = this.t("chat.typing", { name: this.agent.name });
    this.typingTimer = setTimeout(() => this.quiet(), TYPING_SHOWN_MS);
  }

  quiet() {
    clearTimeout(this.typingTimer);
    find("kirjoittaa").textContent = "";
  }

  /* From the resident */

  compose() {
    const form = find("kirjoitus");
    form.hidden = this.isEnded;
    // A touch keyboard's Enter makes a line; only with a real keyboard it sends, and the page says so.
    const isKeyboard = matchMedia("(pointer: fine)").matches;
    find("nappaimet").hidden = !isKeyboard;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && isKeyboard && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.submit();
      }
    });
    this.field.addEventListener("input", () => this.typed());
  }

  typed() {
    this.complain("");
    clearTimeout(this.draftTimer);
    this.draftTimer = setTimeout(() => this.keepDraft(), DRAFT_EVERY_MS);
    const now = Date.now();
    if (now - this.typedAt < TYPING_EVERY_MS) return;
    this.typedAt = now;
    this.link.request("message.typing").catch(() => {});
  }

  keepDraft() {
    if (!this.isEnded) this.outbox.draft = this.field.value;
  }

  complain(text) {
    const line = find("viesti-virhe");
    line.hidden = !text;
    line.textContent = text;
    if (text) this.field.setAttribute("aria-invalid", "true");
    else this.field.removeAttribute("aria-invalid");
  }

  submit() {
    const text = this.field.value.trim();
    const limit = Number(this.field.dataset.limit);
    if (!text) this.complain(this.t("chat.empty"));
    else if (text.length > limit) this.complain(this.t("chat.too_long", { n: limit }));
    if (!text || text.length > limit) {
      this.field.focus();
      return;
    }
    const item = { client_id: newId(), text };
    this.outbox.add(item);
    this.field.value = "";
    this.keepDraft();
    find("tyhja").hidden = true;
    this.send(item, this.log.pending(item));
  }

  async send(item, element) {
    const body = { client_id: item.client_id, text: item.text, seen_seq: this.log.lastSeq };
    this.log.status(element, this.t("chat.sending"));
    clearTimeout(this.unsentTimers.get(item.client_id));
    this.unsentTimers.set(item.client_id, setTimeout(() => this.failed(item, element), UNSENT_AFTER_MS));
    try {
      const stored = await this.link.request("message.send", body, { id: item.client_id, isPatient: true });
      this.log.settle(element, stored);
      this.delivered(item.client_id);
      if (!this.hasSaidSent) this.voice.say(this.t("chat.sent_once"));
      this.hasSaidSent = true;
    } catch (refusal) {
      if (refusal.code !== "closed") this.failed(item, element, refusal.text);
    }
  }

  delivered(clientId) {
    clearTimeout(this.unsentTimers.get(clientId));
    this.unsentTimers.delete(clientId);
    this.outbox.remove(clientId);
  }

  failed(item, element, why = "") {
    clearTimeout(this.unsentTimers.get(item.client_id));
    if (!element.dataset.pending) return;
    const again = make("button", "as-link", this.t("chat.resend"));
    again.type = "button";
    again.addEventListener("click", () => {
      this.send(item, element);
      this.field.focus();
    });
    const text = [why, this.t("chat.not_sent")].filter(Boolean).join(" ");
    this.log.status(element, text, again);
    this.voice.say(text);
  }

  tools() {
    find("lopeta").hidden = this.isEnded;
    find("lopeta").addEventListener("click", () => find("lopetus").showModal());
    find("lopetus").addEventListener("close", () => {
      if (find("lopetus").returnValue === "lopeta") this.leave();
    });
    find("paikalla").querySelector("button").addEventListener("click", () => {
      find("paikalla").hidden = true;
      this.link.request("contact.present").catch(() => {});
      this.field.focus();
    });
  }

  async leave() {
    try {
      const answer = await this.link.request("contact.leave");
      forget();
      location.assign(answer.ended_url || "/paattynyt");
    } catch {
      this.banner.show("lost");
    }
  }
}

loadTexts().then((t) => new Conversation(t).start());
