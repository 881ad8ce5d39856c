/** Shift start: one page that proves the workstation sounds, then one click to begin. */

import { useState } from "./vendor/preact-hooks.mjs";
import { html } from "./staff-parts.js";

const TELEPHONE = "ensilinja.telephone"; // of this workstation

export function ShiftStart({ state, t, desk, ui, shell }) {
  const { me } = state;
  const [heard, setHeard] = useState(false);
  const [capacity, setCapacity] = useState(3);
  const [languages, setLanguages] = useState(me.languages ?? ["fi"]);
  const [telephone, setTelephone] = useState(localStorage.getItem(TELEPHONE) ?? "");
  const [asked, setAsked] = useState(globalThis.Notification?.permission ?? "denied");
  const test = async () => {
    await ui.unlock();
    ui.sounds.playAll();
    setHeard(true);
  };
  const start = async (event) => {
    event.preventDefault();
    await ui.unlock();
    if (shell.telephones) localStorage.setItem(TELEPHONE, telephone);
    await desk.startShift({ capacity, languages, device: (shell.telephones && telephone) || "browser" });
  };
  const toggle = (lang) => setLanguages(languages.includes(lang) ? languages.filter((l) => l !== lang) : [...languages, lang]);
  return html`<main class="shift-start"><form onSubmit=${start} aria-labelledby="shift-title">
    <h2 id="shift-title">${t("console.shift.title")}</h2>
    <p class="muted">${[me.name, me.profession].filter(Boolean).join(", ")}</p>
    <section class="part"><h3>${t("console.shift.sound")}</h3>
      <p>${t("console.shift.sound_text")}</p>
      <div class="buttons"><button type="button" class="button" onClick=${test}>${t("console.shift.test")}</button>
        <span role="status">${heard ? t("console.shift.heard") : ""}</span></div></section>
    ${asked === "default" && html`<section class="part"><h3>${t("console.shift.notices")}</h3>
      <p>${t("console.shift.notices_text")}</p>
      <button type="button" class="button" onClick=${async () => setAsked(await Notification.requestPermission())}>${t("console.shift.allow")}</button></section>`}
    ${asked === "denied" && html`<p class="muted">${t("console.shift.denied")}</p>`}
    <fieldset class="inline"><legend>${t("console.shift.capacity")}</legend>
      ${[1, 2, 3].map((n) => html`<label class="choice"><input type="radio" name="capacity" value=${n} checked=${capacity === n}
        onChange=${() => setCapacity(n)} /> ${n}</label>`)}</fieldset>
    <fieldset class="inline"><legend>${t("console.shift.languages")}</legend>
      ${["fi", "sv", "en"].map((l) => html`<label class="choice"><input type="checkbox" checked=${languages.includes(l)}
        onChange=${() => toggle(l)} /> ${t(`console.lang.${l}`)}</label>`)}</fieldset>
    ${shell.telephones && html`<div class="field"><label for="telephone">${t("console.shift.telephone")}</label>
      <p class="muted" id="telephone-text">${t("console.shift.telephone_text")}</p>
      <input type="text" id="telephone" aria-describedby="telephone-text" autocomplete="off" maxlength="60" pattern="[A-Za-z0-9_.\\-]*"
        value=${telephone} onInput=${(event) => setTelephone(event.target.value.trim())} /></div>`}
    <section class="part"><h3>${t("console.shift.queues")}</h3>
      <p>${state.queues.filter((q) => !me.queues || me.queues.includes(q.id)).map((q) => q.name).join(", ") || t("console.shift.no_queues")}</p></section>
    <button type="submit" class="button primary large" disabled=${languages.length === 0}>${t("console.shift.start")}</button>
  </form>
  ${shell.logout && html`<form method="post" action=${shell.logout}><input type="hidden" name="csrf" value=${shell.csrf} />
    <button type="submit" class="button quiet">${t("console.shift.logout")}</button></form>`}
  </main>`;
}
