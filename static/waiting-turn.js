/** One's turn while one is not looking: title, sound, vibration and notification, each only after it was allowed. */

import { Sounds } from "./console-sound.js";

const TURN = 3; // of the sounds
const VIBRATION = [300, 150, 300];
const find = (id) => document.getElementById(id);

export class Turn {
  /** `tell(op)` lets the server know whether the resident is looking. */
  constructor(t, tell, go) {
    Object.assign(this, { t, tell, go, sounds: new Sounds(), isSoundOn: false, title: document.title, isOn: false });
    document.addEventListener("visibilitychange", () => this.looked());
    this.tools();
  }

  tools() {
    if (!find("halytys")) return;
    find("halytys").hidden = false;
    find("aani").addEventListener("click", () => this.toggleSound());
    const canNotify = "Notification" in globalThis && Notification.permission === "default";
    find("ilmoitukset").hidden = !canNotify;
    find("ilmoitukset").addEventListener("click", () => this.askToNotify());
  }

  async toggleSound() {
    this.isSoundOn = !this.isSoundOn && (await this.sounds.unlock());
    find("aani").setAttribute("aria-pressed", String(this.isSoundOn));
    find("aani").textContent = this.t(this.isSoundOn ? "waiting.sound_off" : "waiting.sound");
    if (this.isSoundOn) this.sounds.play(TURN);
  }

  async askToNotify() {
    const answer = await Notification.requestPermission();
    find("ilmoitukset").hidden = true;
    find("ilmoitukset-tila").textContent = this.t(answer === "granted" ? "waiting.notify_on" : "waiting.notify_denied");
  }

  /** Whoever looks at the page is in the conversation at once; the others are called to it. */
  come() {
    if (!document.hidden) {
      document.title = this.t("waiting.turn_title");
      this.go("/keskustelu");
      return;
    }
    if (this.isOn) return;
    this.isOn = true;
    document.title = this.t("waiting.turn_title");
    find("vuoro").hidden = false;
    find("jonokortti").hidden = true;
    for (const part of document.querySelectorAll("#teot, .text-me, #halytys")) part.hidden = true;
    if (this.isSoundOn) this.sounds.play(TURN);
    navigator.vibrate?.(VIBRATION);
    this.notify();
  }

  /** The professional waits no more: the page is the waiting room again. */
  pass() {
    if (this.isOn) this.go("/odotus");
  }

  notify() {
    if (globalThis.Notification?.permission !== "granted") return;
    const shown = new Notification(this.t("waiting.turn"), { tag: "turn", requireInteraction: true });
    shown.onclick = () => globalThis.focus();
  }

  looked() {
    this.tell(document.hidden ? "contact.hidden" : "contact.present");
    if (!document.hidden && this.isOn) find("olen-paikalla").focus();
  }
}
