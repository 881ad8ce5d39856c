/**
 * The resident's unsent words, kept in this browser until the server has acknowledged them.
 *
 * Belongs to one contact; another contact's words are dropped. A browser that forbids storage only loses the
 * protection over a reload.
 */

const PENDING = "ensilinja.pending";
const DRAFT = "ensilinja.draft";

function stored(action) {
  try {
    return action(localStorage);
  } catch {
    return null;
  }
}

export function forget() {
  stored((storage) => {
    storage.removeItem(PENDING);
    storage.removeItem(DRAFT);
  });
}

export class Outbox {
  constructor() {
    this.contact = 0;
    this.items = [];
  }

  /** Takes the words kept for this contact; returns those that were not in memory yet. */
  adopt(contact) {
    if (this.contact === contact) return [];
    this.contact = contact;
    const kept = stored((storage) => JSON.parse(storage.getItem(PENDING)));
    const own = kept?.contact === contact && Array.isArray(kept.items) ? kept.items : [];
    const known = new Set(this.items.map((item) => item.client_id));
    const returned = own.filter((item) => !known.has(item.client_id));
    this.items = [...returned, ...this.items];
    this.save();
    return returned;
  }

  add(item) {
    this.items.push(item);
    this.save();
  }

  remove(clientId) {
    this.items = this.items.filter((item) => item.client_id !== clientId);
    this.save();
  }

  save() {
    const { contact, items } = this;
    if (contact) stored((storage) => storage.setItem(PENDING, JSON.stringify({ contact, items })));
  }

  get draft() {
    const kept = stored((storage) => JSON.parse(storage.getItem(DRAFT)));
    return kept?.contact === this.contact ? kept.text : "";
  }

  set draft(text) {
    const { contact } = this;
    if (contact) stored((storage) => storage.setItem(DRAFT, JSON.stringify({ contact, text })));
  }
}
