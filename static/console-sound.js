/** The console's sounds: a pure plan of what rings when, and three tones made by WebAudio (nothing is fetched). */

const REPEAT_MS = { 2: 60_000, 3: 5_000, 4: 5_000 };
const TIMES = { 2: 2, 3: Infinity, 4: Infinity };
const TONES = {
  2: [[880, 0, 0.06]],
  3: [[660, 0, 0.18], [880, 0.22, 0.3]],
  4: [[620, 0, 0.25], [780, 0.3, 0.25], [980, 0.6, 0.45]],
};

/** One step of the plan: the level to sound now (0 = silence) and what has been sounded. */
export function plan(rung, alerts, now) {
  const next = {};
  let level = 0;
  for (const alert of alerts) {
    const known = rung[alert.key] ?? { count: 0, at: -Infinity };
    const isDue = known.count < TIMES[alert.level] && now - known.at >= REPEAT_MS[alert.level];
    next[alert.key] = isDue ? { count: known.count + 1, at: now } : known;
    if (isDue) level = Math.max(level, alert.level);
  }
  return { rung: next, level };
}

export class Sounds {
  constructor(Context = globalThis.AudioContext) {
    this.Context = Context;
    this.context = null;
  }

  /** Must be called from a click: browsers let no page sound before one. */
  async unlock() {
    if (!this.Context) return false;
    this.context ??= new this.Context();
    await this.context.resume();
    return this.isOn;
  }

  get isOn() {
    return this.context?.state === "running";
  }

  play(level, after = 0) {
    if (!this.isOn) return;
    for (const [hertz, start, seconds] of TONES[level] ?? []) this.#tone(hertz, after + start, seconds);
  }

  playAll() {
    this.play(2, 0);
    this.play(3, 0.6);
    this.play(4, 1.6);
  }

  #tone(hertz, start, seconds) {
    const at = this.context.currentTime + start;
    const oscillator = this.context.createOscillator();
    const gain = this.context.createGain();
    oscillator.frequency.value = hertz;
    gain.gain.setValueAtTime(0.0001, at);
    gain.gain.exponentialRampToValueAtTime(0.25, at + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, at + seconds);
    oscillator.connect(gain).connect(this.context.destination);
    oscillator.start(at);
    oscillator.stop(at + seconds);
  }
}
