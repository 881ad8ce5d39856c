/**
 * The console's state: a pure reducer over the server's snapshots and events, and what the screen reads from it.
 * No clock, socket or document; a row is replaced only by a newer one, so doubles and gaps cannot hurt.
 */

import * as forms from "./console-form-state.js";

export const NO_REPLY_AFTER_MS = 10_000;
const TYPING_MS = 5_000;
const TOLD_ANEW = new Set(["answers.sent", "flag.withdrawn", "entry.channel", "assessment.made", "attempt.ended", "call.message", "promise.made", "text.told"]);
const WITH_ME = new Set(["offered", "held", "wrapping"]);

export function initial() {
  return {
    link: "connecting",
    lostAt: null,
    wasLost: false,
    regained: null,
    offset: 0,
    me: null,
    shift: null,
    outcomes: [],
    queues: [],
    rows: {},
    seen: {},
    tab: "own",
    open: null,
    details: {},
    outbox: [],
    typing: {},
    dialling: null,
    telephone: { can: [], isLinked: true },
  };
}

export function reduce(state, action) {
  const step = STEPS[action.type];
  return step ? step(state, action) : state;
}

const STEPS = {
  link: (s, { status, at }) => ({
    ...s,
    link: status,
    lostAt: status === "lost" ? (s.lostAt ?? at) : status === "connected" ? null : s.lostAt,
    wasLost: s.wasLost || status === "lost",
  }),
  snapshot: takeSnapshot,
  event: takeEvent,
  shift: (s, { shift }) => ({ ...s, shift }),
  row: (s, { row }) => (row ? setRow(s, row.contact, row.n, row, true) : s),
  tab: (s, { tab }) => ({ ...s, tab }),
  open: (s, { contact }) => ({ ...s, open: contact }),
  loading: (s, { contact }) => withDetail(s, contact, (d) => ({ ...d, loading: true, isOld: false, error: null })),
  opened: takeOpened,
  open_failed: (s, { contact, code }) => withDetail(s, contact, (d) => ({ ...d, loading: false, error: code })),
  queued: (s, { message }) => ({ ...s, outbox: [...s.outbox, { ...message, state: "sending" }] }),
  resend: (s, { client_id, seen_seq, at }) =>
    patchOutbox(s, client_id, (m) => ({ ...m, state: "sending", code: null, at, seen_seq: seen_seq ?? m.seen_seq })),
  failed: (s, { client_id, code }) =>
    patchOutbox(s, client_id, (m) => ({ ...m, state: code === "newer_messages" ? "conflict" : "failed", code })),
  drop: (s, { client_id }) => ({ ...s, outbox: s.outbox.filter((m) => m.client_id !== client_id) }),
  sent: takeSent,
  read: (s, { contact, seq }) => {
    const row = s.rows[contact];
    const isAll = row && seq >= newestSeq(s.details[contact]);
    return isAll ? { ...s, rows: { ...s.rows, [contact]: { ...row, unread: 0 } } } : s;
  },
  dialling: (s, { contact }) => ({ ...s, dialling: contact }),
  form: (s, { contact, change, args }) => withForm(s, contact, (form) => forms[change](form, ...args)),
  form_set: (s, { contact, values }) => withForm(s, contact, (form) => ({ ...form, ...values })),
  regained_read: (s) => ({ ...s, regained: null }),
};

function takeSnapshot(s, { snapshot, at }) {
  const rows = {};
  const seen = { ...s.seen };
  for (const list of [snapshot.own, snapshot.waiting, snapshot.callbacks]) {
    for (const row of list ?? []) {
      const known = s.rows[row.contact];
      rows[row.contact] = known && known.n > row.n ? known : row;
      seen[row.contact] = Math.max(seen[row.contact] ?? 0, row.n);
    }
  }
  const next = {
    ...s,
    me: snapshot.me ?? s.me,
    shift: snapshot.shift ?? null,
    outcomes: snapshot.outcomes ?? s.outcomes,
    queues: snapshot.queues ?? s.queues,
    telephone: { ...s.telephone, can: snapshot.telephone?.can ?? s.telephone.can },
    offset: offsetOf(snapshot.now, at, s.offset),
    rows,
    seen,
    regained: s.wasLost ? { messages: 0, at } : s.regained,
    wasLost: false,
  };
  return forgetContent(next);
}

function takeEvent(s, { frame, at }) {
  if (frame.ev === "tick") return takeTick(s, frame, at);
  if (frame.ev === "chat.typing") return { ...s, typing: { ...s.typing, [frame.contact]: at + TYPING_MS } };
  if (frame.ev.startsWith("shift.")) return takeShift(s, frame);
  let next = s;
  if (frame.message) next = addMessages(next, frame.contact, [frame.message], at);
  if (TOLD_ANEW.has(frame.ev) && next.details[frame.contact]) next = withDetail(next, frame.contact, (d) => ({ ...d, isOld: true }));
  if ("unread" in frame) return setUnread(next, frame);
  return "row" in frame ? setRow(next, frame.contact, frame.n, frame.row, false) : next;
}

function takeTick(s, { now, telephone = true }, at) {
  return { ...s, offset: offsetOf(now, at, s.offset), telephone: { ...s.telephone, isLinked: telephone } };
}

/** What is said changes this much of a row. It makes no row that comes later old: `seen` stays. */
function setUnread(s, { contact, n, unread }) {
  const row = s.rows[contact];
  return row && n > row.n ? { ...s, rows: { ...s.rows, [contact]: { ...row, n, unread } } } : s;
}

function takeShift(s, frame) {
  return "shift_now" in frame ? { ...s, shift: frame.shift_now } : s;
}

function setRow(s, contact, n, row, orEqual) {
  const known = s.seen[contact] ?? 0;
  if (n < known || (n === known && !orEqual)) return s;
  const rows = { ...s.rows };
  if (row) rows[contact] = row;
  else delete rows[contact];
  return forgetContent({ ...s, rows, seen: { ...s.seen, [contact]: n } });
}

/** What is no longer in my hands leaves this desk's memory too, unsent text excepted: it is mine to copy. */
function forgetContent(s) {
  const gone = Object.keys(s.details).filter((contact) => !isMine(s.rows[contact]));
  if (gone.length === 0) return s;
  const details = { ...s.details };
  for (const contact of gone) delete details[contact];
  return { ...s, details };
}

function takeOpened(s, { contact, brief, messages, recordings, texts, row, at }) {
  let next = row ? setRow(s, contact, row.n, row, true) : s;
  if (!isMine(next.rows[contact])) return next;
  next = withDetail(next, contact, (d) => ({ ...d, brief, recordings: recordings ?? [], texts: texts ?? [], loading: false, error: null }));
  return addMessages(next, contact, messages ?? [], at);
}

function addMessages(s, contact, messages, at) {
  const detail = s.details[contact];
  if (!detail && messages.length === 0) return s;
  const known = new Map((detail?.messages ?? []).map((m) => [m.seq, m]));
  const fresh = messages.filter((m) => !known.has(m.seq));
  for (const m of messages) known.set(m.seq, m);
  const sorted = [...known.values()].sort((a, b) => a.seq - b.seq);
  const acked = new Set(messages.map((m) => m.client_id).filter(Boolean));
  const outbox = acked.size ? s.outbox.filter((m) => !acked.has(m.client_id)) : s.outbox;
  const missed = s.regained && detail?.messages ? fresh.filter((m) => !isOwn(m, s.me)).length : 0;
  const regained = missed ? { ...s.regained, messages: s.regained.messages + missed } : s.regained;
  const typing = fresh.length && s.typing[contact] ? { ...s.typing, [contact]: 0 } : s.typing;
  return withDetail({ ...s, outbox, regained, typing }, contact, (d) => ({ ...d, messages: sorted, newestAt: at }));
}

function takeSent(s, { client_id, seq, at }) {
  const message = s.outbox.find((m) => m.client_id === client_id);
  if (!message) return s;
  const next = { ...s, outbox: s.outbox.filter((m) => m !== message) };
  if (!isMine(next.rows[message.contact])) return next;
  const stored = { seq, at, kind: message.kind, text: message.text, from: "staff", name: s.me?.name, client_id };
  const known = next.details[message.contact]?.messages?.some((m) => m.seq === seq);
  return known ? next : addMessages(next, message.contact, [stored], at);
}

function withDetail(s, contact, change) {
  return { ...s, details: { ...s.details, [contact]: change(s.details[contact] ?? {}) } };
}

function withForm(s, contact, change) {
  if (!isMine(s.rows[contact])) return s;
  return withDetail(s, contact, (d) => ({ ...d, form: change(d.form ?? forms.empty()) }));
}

function patchOutbox(s, clientId, change) {
  return { ...s, outbox: s.outbox.map((m) => (m.client_id === clientId ? change(m) : m)) };
}

function offsetOf(iso, at, otherwise) {
  const server = Date.parse(iso ?? "");
  return Number.isNaN(server) || at === undefined ? otherwise : server - at;
}

/* What the screen reads. */

export function isMine(row) {
  return Boolean(row && row.mine && WITH_ME.has(row.state));
}

export const isFromResident = (message) => String(message.from).startsWith("resident");

/** A contact has one holder; the name tells two professionals of its history apart. */
export function isOwn(message, me) {
  return me != null && message.kind !== "system" && !isFromResident(message) && message.name === me.name;
}

export function newestSeq(detail) {
  const messages = detail?.messages ?? [];
  return messages.length ? messages[messages.length - 1].seq : 0;
}

const time = (iso) => (iso ? Date.parse(iso) : Number.MAX_SAFE_INTEGER);

/** The line's one order: emergencies first, then by when it is due, whatever was promised besides. */
export function byRank(a, b) {
  return a.tier - b.tier || time(a.due_at) - time(b.due_at) || time(a.arrived_at) - time(b.arrived_at) || a.contact - b.contact;
}

export function dueOf(row) {
  return row.promise_due_at ?? row.due_at;
}

function byNeed(a, b) {
  return Number(needsReply(b)) - Number(needsReply(a)) || byRank(a, b);
}

export function needsReply(row) {
  return row.unread > 0 || row.state === "wrapping" || row.channel !== "chat";
}

const ON_THE_LINE = new Set(["agent_rings", "resident_rings", "on"]);

/** Whether a telephone rings or somebody talks for this row. */
export const isOnTheLine = (row) => ON_THE_LINE.has(row?.call?.state);

/** Why the console cannot order anything of a call now (a key of texts), or null. `name`: hold, hang_up, transfer. */
export function whyNot(s, name) {
  if (s.link !== "connected") return "console.bar.lost";
  if (!s.telephone.isLinked) return "console.bar.silent";
  return s.telephone.can.includes(name) ? null : `console.bar.lacks.${name}`;
}

/** The one call that is on: a call fills a professional. */
export const callNow = (s) => own(s).find(isOnTheLine);

const all = (s) => Object.values(s.rows);

export const offers = (s) =>
  all(s).filter((r) => r.mine && r.state === "offered").sort((a, b) => time(a.expires_at) - time(b.expires_at));

export const own = (s) => all(s).filter((r) => isMine(r) && r.state !== "offered").sort(byNeed);

export const waiting = (s) => all(s).filter((r) => !r.mine && r.channel !== "callback").sort(byRank);

/** One that is offered to me stays in its place until I have it. */
export const callbacks = (s) => all(s).filter((r) => r.channel === "callback" && (!r.mine || r.state === "offered")).sort(byRank);

/** In nobody's hands, and to be served now. */
export const isFree = (row) => row.state === "waiting";

/** Free, or offered to me. */
export const isTakeable = (row) => isFree(row) || Boolean(row.mine && row.state === "offered");

/** Of all who asked for a call, mine too, the one who has waited longest. */
export const oldestCallback = (s) =>
  all(s).filter((r) => r.channel === "callback").sort((a, b) => time(a.arrived_at) - time(b.arrived_at) || a.contact - b.contact)[0];

/** Tier 0 rings to everyone until somebody has it. */
export const emergencies = (s) => all(s).filter((r) => r.tier === 0 && r.state === "waiting").sort(byRank);

export function listOf(s, tab) {
  return { own, waiting, callbacks }[tab](s);
}

/** `now` in ms: what was in time when its row came may be late by now. */
export function counts(s, now = 0) {
  const late = (rows) => rows.filter((r) => r.overdue || time(dueOf(r)) < now).length;
  const line = waiting(s);
  const calls = callbacks(s);
  const mine = own(s);
  return {
    own: mine.length,
    chats: mine.filter((r) => r.channel === "chat").length,
    unread: mine.reduce((sum, r) => sum + (r.contact === s.open ? 0 : r.unread), 0),
    waiting: line.length,
    waitingLate: late(line),
    callbacks: calls.length,
    callbacksLate: late(calls),
    offers: offers(s).length,
  };
}

/** What F2 takes: someone in danger, else what is offered to me, else the next of the line. */
export function nextToTake(s) {
  const emergency = emergencies(s)[0];
  if (emergency) return { kind: "emergency", row: emergency };
  const offer = offers(s)[0];
  return offer ? { kind: "offer", row: offer } : { kind: "next", row: null };
}

export const isFirstInLine = (s, row) => [...waiting(s), ...callbacks(s)].filter((r) => r.state === "waiting").sort(byRank)[0]?.contact === row.contact;

export const outboxOf = (s, contact) => s.outbox.filter((m) => m.contact === contact);

/** Unanswered too long is said, never hidden behind a spinner. */
export function outboxState(message, now, link) {
  if (message.state !== "sending") return message.state;
  if (link !== "connected") return "held_back";
  return now - message.at > NO_REPLY_AFTER_MS ? "failed" : "sending";
}

export const isTyping = (s, contact, now) => (s.typing[contact] ?? 0) > now;

/** What should sound now: alert levels 2-4, one key per cause. */
export function alerts(s) {
  if (!s.shift) return [];
  const danger = emergencies(s).map((r) => ({ key: `danger:${r.contact}`, level: 4 }));
  const rings = offers(s).map((r) => ({ key: `offer:${r.contact}:${r.assignment}`, level: 3 }));
  const unread = own(s)
    .filter((r) => r.unread > 0 && r.contact !== s.open)
    .map((r) => ({ key: `unread:${r.contact}:${r.unread}`, level: 2 }));
  return [...danger, ...rings, ...unread];
}
