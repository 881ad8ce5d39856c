/**
 * The one WebSocket client of residents, console and board.
 *
 * "connected" is said only after the server has answered the hello; silence, not the socket's own events, means
 * "lost". A request lives until it is answered: after a reconnection it is sent again with the same id.
 */

const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 5_000;
const LOOK_MS = 250;
const RHYTHMS = {
  resident: { ping: 1_500, silence: 4_000 },
  console: { ping: 2_000, silence: 4_500 },
  board: { ping: 5_000, silence: 12_000 },
};
// A hidden page's timers are slowed down by the browser, so there the server's own ticks must do: they also carry
// the console's ping, without which a professional who looks at another window would lose her shift.
const HIDDEN = { ping: 20_000, silence: 45_000 };
const HIDDEN_CONSOLE = { ping: 4_000, silence: 45_000 };
const FINAL = new Set(["unauthenticated", "forbidden", "not_found"]);
// Worth nothing later: told as lost instead of being sent again.
const FLEETING = new Set(["ping", "message.typing"]);

/** A refusal by the server, or "lost" / "closed" from here; `code` is one of the wire's error codes. */
export class WireError extends Error {
  constructor(code, text = "") {
    super(text || code);
    this.name = "WireError";
    this.code = code;
    this.text = text;
  }
}

/** A fresh UUID; crypto.randomUUID is missing on plain http outside the own machine. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** The wait before the next attempt: grows from the last one, random so that clients do not return together. */
export function nextDelay(last, random = Math.random) {
  const upper = Math.min(RETRY_MAX_MS, Math.max(RETRY_MIN_MS, last * 3));
  return RETRY_MIN_MS + random() * (upper - RETRY_MIN_MS);
}

function socketAddress() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${location.host}/ws`;
}

export class Link {
  /**
   * `seen()` gives the hello's cursors. `onStatus` is told "connecting", "connected", "lost" or "refused";
   * `onSnapshot(snapshot)` comes before "connected"; `onEvent(frame)` gets every {"ev":...} frame, ticks too.
   */
  constructor({ role, seen = () => ({}), onSnapshot, onEvent, onStatus, rhythm = RHYTHMS[role], url = socketAddress() }) {
    Object.assign(this, { role, seen, onSnapshot, onEvent, onStatus, url, visibleRhythm: rhythm });
    this.waiting = new Map();
    this.status = "new";
    this.socket = null;
    this.helloId = null;
    this.delay = 0;
    this.spread = 0;
    this.retryTimer = 0;
    this.lookTimer = 0;
    this.heardAt = 0;
    this.pingedAt = 0;
  }

  start() {
    if (this.lookTimer) return;
    this.lookTimer = setInterval(() => this.look(), LOOK_MS);
    addEventListener("online", this.wake);
    addEventListener("offline", this.drop);
    addEventListener("pageshow", this.wake);
    document.addEventListener("visibilitychange", this.wake);
    this.open();
  }

  /** Ends for good; whatever is unanswered is refused with "closed". */
  close() {
    clearInterval(this.lookTimer);
    clearTimeout(this.retryTimer);
    this.lookTimer = 0;
    removeEventListener("online", this.wake);
    removeEventListener("offline", this.drop);
    removeEventListener("pageshow", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    this.discard();
    for (const { reject } of this.waiting.values()) reject(new WireError("closed"));
    this.waiting.clear();
  }

  /**
   * Sends one op and gives the server's answer. `isPatient` also sends it again when the server says "unavailable".
   */
  request(op, body = {}, { id = newId(), isPatient = false } = {}) {
    const known = this.waiting.get(id);
    if (known) {
      this.transmit(known.frame);
      return known.promise;
    }
    const entry = { op, isPatient, frame: { ...body, op, id } };
    entry.promise = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }));
    if (FLEETING.has(op) && this.status !== "connected") {
      entry.reject(new WireError("lost"));
      return entry.promise;
    }
    this.waiting.set(id, entry);
    if (this.status === "connected") this.transmit(entry.frame);
    return entry.promise;
  }

  get rhythm() {
    if (!document.hidden) return this.visibleRhythm;
    return this.role === "console" ? HIDDEN_CONSOLE : HIDDEN;
  }

  tell(status) {
    if (status === this.status) return;
    this.status = status;
    this.onStatus?.(status);
  }

  open() {
    clearTimeout(this.retryTimer);
    this.discard();
    if (this.status === "new") this.tell("connecting");
    this.heardAt = performance.now();
    this.helloId = newId();
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.onopen = () => this.transmit({ op: "hello", id: this.helloId, role: this.role, seen: this.seen() });
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = this.drop;
  }

  discard() {
    const socket = this.socket;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.socket = null;
  }

  drop = () => {
    if (this.status === "refused" || !this.lookTimer) return;
    this.discard();
    this.tell("lost");
    for (const [id, entry] of this.waiting) {
      if (!FLEETING.has(entry.op)) continue;
      this.waiting.delete(id);
      entry.reject(new WireError("lost"));
    }
    this.delay = nextDelay(this.delay);
    clearTimeout(this.retryTimer);
    // After a restart everybody was told over what time to come back; otherwise each finds out for itself.
    this.retryTimer = setTimeout(() => this.open(), Math.random() * this.spread || this.delay);
    this.spread = 0;
  };

  /** Called when the page may have slept: asks at once instead of trusting the socket. */
  wake = (event) => {
    if (document.hidden || this.status === "refused") return;
    // A network that comes back is another one: the old socket may be half-open, and one being opened may hang.
    if (!this.socket || event?.persisted || event?.type === "online") {
      this.open();
      return;
    }
    this.heardAt = performance.now();
    this.ping();
  };

  look() {
    if (!this.socket) return;
    const now = performance.now();
    if (now - this.heardAt > this.rhythm.silence) this.drop();
    else if (this.status === "connected" && now - this.pingedAt >= this.rhythm.ping) this.ping();
  }

  ping() {
    this.pingedAt = performance.now();
    if (this.status === "connected") this.transmit({ op: "ping", id: newId() });
  }

  transmit(frame) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  receive(data) {
    this.heardAt = performance.now();
    const frame = JSON.parse(data);
    if (frame.id === this.helloId && !frame.ev) this.greeted(frame);
    else if (frame.ev === "restart") this.spread = Number(frame.spread_ms) || 0;
    else if (frame.ev) this.onEvent?.(frame);
    else this.answered(frame);
    if (document.hidden) this.look();
  }

  greeted(frame) {
    if (frame.error) {
      if (!FINAL.has(frame.error)) return this.drop();
      this.tell("refused");
      return this.close();
    }
    this.delay = 0;
    this.pingedAt = performance.now();
    this.onSnapshot?.(frame.snapshot);
    this.tell("connected");
    for (const { frame: unanswered } of this.waiting.values()) this.transmit(unanswered);
    return undefined;
  }

  answered(frame) {
    const entry = this.waiting.get(frame.id);
    if (!entry) return;
    if (frame.error === "unavailable" && entry.isPatient) {
      setTimeout(() => this.waiting.has(frame.id) && this.transmit(entry.frame), nextDelay(RETRY_MAX_MS / 3));
      return;
    }
    this.waiting.delete(frame.id);
    if (frame.error) entry.reject(new WireError(frame.error, frame.text));
    else entry.resolve(frame);
  }
}
