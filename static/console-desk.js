/** The nurse's acts: each is one op on the socket, told to the state before and after. Knows no elements. */

import { merged } from "./console-form-state.js";
import { isMine, newestSeq, nextToTake, own } from "./console-state.js";

const TYPING_EVERY_MS = 3_000;
const FORM = "lomake";

export class Desk {
  /** `link` is the socket's client, `store` {state, dispatch}, `tell(key, values, tone)` shows one line to the nurse. */
  constructor({ link, store, drafts, tell, newId, clock = () => Date.now() }) {
    Object.assign(this, { link, store, drafts, tell, newId, clock });
    this.shown = new Set();
    this.readUpTo = {};
    this.formIds = {};
    this.typedAt = 0;
  }

  get state() {
    return this.store.state;
  }

  /** Sends one op; a refusal is told in words and returned as null. */
  async ask(op, body, { isQuiet = false } = {}) {
    try {
      if (this.state.link !== "connected") throw { code: "lost" };
      return (await this.link.request(op, body)) ?? {};
    } catch (refusal) {
      if (!isQuiet) this.tell(`console.error.${refusal.code ?? "lost"}`, {}, "warn");
      return null;
    }
  }

  /* Shift */

  async startShift(wish) {
    const answer = await this.ask("shift.start", wish);
    if (answer?.snapshot) this.store.dispatch({ type: "snapshot", snapshot: answer.snapshot, at: this.clock() });
    else if (answer) this.store.dispatch({ type: "shift", shift: answer.shift ?? { ...wish, state: "ready", reason: "", load: 0 } });
    return Boolean(answer);
  }

  async setState(state, reason = "none") {
    const answer = await this.ask("shift.state", { state, reason });
    if (answer) this.store.dispatch({ type: "shift", shift: answer.shift ?? { ...this.state.shift, state, reason } });
  }

  async endShift() {
    if (own(this.state).length) return this.tell("console.shift.open_contacts", {}, "warn");
    const answer = await this.ask("shift.end", {});
    if (!answer) return undefined;
    this.drafts.forgetAll();
    return this.store.dispatch({ type: "shift", shift: null });
  }

  /* Taking */

  showOffer(row) {
    const key = `${row.contact}:${row.assignment}`;
    if (this.shown.has(key)) return;
    this.shown.add(key);
    this.ask("offer.shown", { contact: row.contact, assignment: row.assignment }, { isQuiet: true });
  }

  /** `isStaying`: the conversation on the screen stays there, what was taken waits in the list. */
  async accept(row, isStaying = false) {
    const answer = await this.ask("offer.accept", { contact: row.contact, assignment: row.assignment });
    return this.#taken(answer, row.contact, isStaying);
  }

  async decline(row, reason) {
    return this.ask("offer.decline", { contact: row.contact, assignment: row.assignment, reason });
  }

  async take(row, reason, isStaying = false) {
    return this.#taken(await this.ask("entry.take", { contact: row.contact, reason }), row.contact, isStaying);
  }

  async takeNext(isStaying = false) {
    const { kind, row } = nextToTake(this.state);
    if (kind === "emergency") return this.take(row, "emergency", isStaying);
    if (kind === "offer") return this.accept(row, isStaying);
    const answer = await this.ask("entry.next", {});
    const contact = answer?.contact ?? null;
    if (answer && contact === null) this.tell("console.notice.nothing_waits");
    return contact === null ? null : this.#taken(answer, contact, isStaying);
  }

  #taken(answer, contact, isStaying) {
    if (!answer) return null;
    if (answer.row) this.store.dispatch({ type: "row", row: answer.row });
    this.store.dispatch({ type: "tab", tab: "own" });
    if (!isStaying) this.select(contact);
    return contact;
  }

  /* Reading: opening somebody's content is logged by the server, so it happens once per taking and reconnection. */

  select(contact) {
    this.store.dispatch({ type: "open", contact });
    this.ensureOpen();
  }

  ensureOpen() {
    const contact = this.state.open;
    const row = this.state.rows[contact];
    const detail = this.state.details[contact];
    const isToRead = !detail?.brief || detail.isOld;
    if (isMine(row) && row.state !== "offered" && isToRead && !detail?.loading && !detail?.error) this.read(contact);
  }

  /** What this screen shows already is fetched `again`, which is no new opening: what is new to her stays so. */
  async read(contact) {
    const again = Boolean(this.state.details[contact]?.brief);
    this.store.dispatch({ type: "loading", contact });
    try {
      const { brief, messages, recordings, texts, row } = await this.link.request("contact.open", again ? { contact, again } : { contact });
      this.store.dispatch({ type: "opened", contact, brief, messages, recordings, texts, row, at: this.clock() });
    } catch (refusal) {
      this.store.dispatch({ type: "open_failed", contact, code: refusal.code ?? "lost" });
    }
  }

  /** After a break what was missed is fetched; what was not acknowledged the link sends again by itself. */
  catchUp() {
    for (const contact of Object.keys(this.state.details)) this.read(Number(contact));
  }

  /** After a reload what had not been acknowledged is sent again with its own id. */
  sendKept() {
    for (const message of this.drafts.kept()) {
      this.store.dispatch({ type: "queued", message: { ...message, at: this.clock() } });
      this.#post(message);
    }
  }

  seen(contact) {
    const seq = newestSeq(this.state.details[contact]);
    const row = this.state.rows[contact];
    if (!seq || !row?.unread || this.readUpTo[contact] >= seq) return;
    this.readUpTo[contact] = seq;
    this.ask("message.seen", { contact, seq }, { isQuiet: true });
    this.store.dispatch({ type: "read", contact, seq });
  }

  typing(contact) {
    if (this.clock() - this.typedAt < TYPING_EVERY_MS || this.state.link !== "connected") return;
    this.typedAt = this.clock();
    this.ask("message.typing", { contact }, { isQuiet: true });
  }

  /* Writing */

  write(contact, kind, text) {
    const seen_seq = newestSeq(this.state.details[contact]);
    const message = { client_id: this.newId(), contact, kind, text, seen_seq, at: this.clock() };
    this.store.dispatch({ type: "queued", message });
    this.drafts.write(contact, kind, "");
    this.drafts.keep(message);
    this.#post(message);
  }

  resend(clientId) {
    const message = this.state.outbox.find((m) => m.client_id === clientId);
    if (!message) return;
    const seen_seq = newestSeq(this.state.details[message.contact]);
    this.store.dispatch({ type: "resend", client_id: clientId, seen_seq, at: this.clock() });
    this.#post({ ...message, seen_seq });
  }

  /** The text goes back to the composer: nothing written is lost. */
  takeBack(clientId) {
    const message = this.state.outbox.find((m) => m.client_id === clientId);
    if (!message) return null;
    this.store.dispatch({ type: "drop", client_id: clientId });
    this.drafts.release(message);
    const draft = this.drafts.read(message.contact, message.kind);
    this.drafts.write(message.contact, message.kind, draft ? `${message.text}\n${draft}` : message.text);
    return message;
  }

  async #post(message) {
    const { client_id, contact, kind, text, seen_seq } = message;
    const assignment = this.state.rows[contact]?.assignment;
    const body = { contact, assignment, client_id, text };
    try {
      const op = kind === "note" ? "message.note" : "message.send";
      const patience = { id: client_id, isPatient: true };
      const answer = await this.link.request(op, kind === "note" ? body : { ...body, seen_seq }, patience);
      this.drafts.release(message);
      this.store.dispatch({ type: "sent", client_id, seq: answer.seq, at: answer.at });
    } catch (refusal) {
      this.store.dispatch({ type: "failed", client_id, code: refusal.code });
    }
  }

  /* Calling */

  /** The row tells how the call goes on; until the server has it, this desk knows that it was asked for. */
  async dial(row) {
    if (this.state.dialling) return;
    this.store.dispatch({ type: "dialling", contact: row.contact });
    await this.ask("callback.dial", { contact: row.contact, assignment: row.assignment });
    this.store.dispatch({ type: "dialling", contact: null });
  }

  /** Her word on the newest attempt; what it leads to is told when it has been pushed. */
  async callResult(row, result) {
    return this.ask("callback.result", { contact: row.contact, assignment: row.assignment, attempt: row.call.attempt, result });
  }

  /** What she orders of the call that is on (hold, resume, hang_up): the row tells what became of it. */
  async order(row, name) {
    return this.ask(`call.${name}`, { contact: row.contact, assignment: row.assignment });
  }

  /** Who could take the call over now, or null when nobody can be asked. */
  async colleagues(row) {
    const answer = await this.ask("call.colleagues", { contact: row.contact, assignment: row.assignment }, { isQuiet: true });
    return answer?.colleagues ?? null;
  }

  /** Rings a colleague into the call: it is hers when she answers, which her row and the leaving of this one tell. */
  async handOver(row, to) {
    return Boolean(await this.ask("call.transfer", { contact: row.contact, assignment: row.assignment, to }));
  }

  async times(row) {
    const answer = await this.ask("callback.times", { contact: row.contact, assignment: row.assignment }, { isQuiet: true });
    return answer?.times ?? null;
  }

  async move(row, start) {
    const answer = await this.ask("callback.move", { contact: row.contact, assignment: row.assignment, start });
    if (answer) this.#leave(row.contact, "console.notice.moved");
    return Boolean(answer);
  }

  async joinChat(row, chat) {
    return this.#taken(await this.ask("callback.join", { contact: row.contact, assignment: row.assignment, chat }), chat, false);
  }

  /* Deciding */

  /** "done", or the code of the refusal: `not_sure` asks once more before an emergency is lowered. */
  async assess(row, urgency, { reason = null, words = "", sure = false } = {}) {
    const body = { contact: row.contact, assignment: row.assignment, urgency, reason, words, sure };
    try {
      if (this.state.link !== "connected") throw { code: "lost" };
      await this.link.request("contact.assess", body);
    } catch (refusal) {
      if (refusal.code !== "not_sure") this.tell(`console.error.${refusal.code ?? "lost"}`, {}, "warn");
      return refusal.code ?? "lost";
    }
    this.store.dispatch({ type: "form_set", contact: row.contact, values: { saved: null } });
    this.tell("console.notice.assessed");
    return "done";
  }

  /* The form: what is filled is kept here until the server has it, so that a reload loses nothing */

  async openForm(row) {
    const { contact, assignment } = row;
    const kept = this.drafts.read(contact, FORM);
    this.store.dispatch({ type: "form_set", contact, values: { isLoading: true, error: null } });
    try {
      const answer = await this.link.request("form.open", { contact, assignment });
      this.#form(contact, "opened", answer);
      this.store.dispatch({ type: "form_set", contact, values: { isLoading: false } });
      if (kept) this.fillForm(row, JSON.parse(kept));
    } catch (refusal) {
      this.store.dispatch({ type: "form_set", contact, values: { isLoading: false, error: refusal.code ?? "lost" } });
    }
  }

  /** `change`: {answers, topic, others_no}; told again after a break with the same id. */
  async fillForm(row, change) {
    const { contact } = row;
    if (!this.#formOf(contact)?.view) return;
    this.#form(contact, "queued", change);
    const { sent: n, pending, view } = this.#formOf(contact);
    this.formIds[contact] = view.client_id ?? this.formIds[contact] ?? this.newId();
    this.drafts.write(contact, FORM, JSON.stringify(merged(pending)));
    const body = { contact, assignment: row.assignment, client_id: this.formIds[contact], ...change };
    try {
      const answer = await this.link.request("form.fill", body, { isPatient: true });
      this.#form(contact, "filled", n, answer);
    } catch (refusal) {
      this.#form(contact, "refused", n);
      this.tell(`console.error.${refusal.code ?? "lost"}`, {}, "warn");
      if (refusal.code === "answers_closed") this.openForm(row); // saved in another window
    }
    const left = this.#formOf(contact)?.pending ?? [];
    this.drafts.write(contact, FORM, left.length ? JSON.stringify(merged(left)) : "");
  }

  /** The level that the saved form proposes, or null. */
  async saveForm(row) {
    const { contact, assignment } = row;
    const client_id = this.#formOf(contact)?.view?.client_id ?? this.formIds[contact];
    if (!client_id) {
      this.tell("console.error.form_empty", {}, "warn");
      return null;
    }
    const saved = await this.ask("form.save", { contact, assignment, client_id });
    if (!saved) return null;
    delete this.formIds[contact];
    const { view } = this.#formOf(contact);
    this.store.dispatch({ type: "form_set", contact, values: { saved, view: { ...view, client_id: null } } });
    this.tell("console.form.saved");
    return saved.level;
  }

  #formOf(contact) {
    return this.state.details[contact]?.form;
  }

  #form(contact, change, ...args) {
    this.store.dispatch({ type: "form", contact, change, args });
  }

  /** `isLetGo`: her telephone is free at once, and the caller waits with music. */
  async transfer(row, queue, note, isLetGo = false) {
    const answer = await this.ask("contact.transfer", { contact: row.contact, assignment: row.assignment, queue, note, release: isLetGo });
    if (answer) this.#leave(row.contact, "console.notice.transferred");
    return Boolean(answer);
  }

  async wrap(row) {
    return this.ask("contact.wrap", { contact: row.contact, assignment: row.assignment });
  }

  /** `siblings` are the matter's other contacts ended with this one; `why` tells why no message may be sent. */
  async close(row, code, { note = "", why = "", siblings = [] } = {}) {
    const wrapped = row.state === "held" ? await this.wrap(row) : {};
    if (!wrapped) return "refused";
    const current = this.state.rows[row.contact] ?? row;
    const assignment = wrapped.row?.assignment ?? wrapped.assignment ?? current.assignment;
    const body = { contact: row.contact, assignment, code, note, why, siblings };
    try {
      await this.link.request("contact.close", body);
    } catch (refusal) {
      if (refusal.code !== "message_owed") this.tell(`console.error.${refusal.code ?? "lost"}`, {}, "warn");
      return refusal.code ?? "lost";
    }
    this.#leave(row.contact, "console.notice.closed");
    return "closed";
  }

  async explain(row) {
    const answer = await this.ask("entry.explain", { contact: row.contact });
    return answer && [...(answer.here ?? []), ...(answer.waiting ?? []), ...(answer.chosen ?? [])];
  }

  #leave(contact, notice) {
    this.drafts.forget(contact);
    this.tell(notice);
    const next = own(this.state).find((r) => r.contact !== contact);
    this.select(next?.contact ?? null);
  }
}
