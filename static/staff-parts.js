/** Small parts shared by the staff's screens: urgency chip, modal dialog, live region, a clock that ticks. */

import { html } from "./vendor/htm-preact.mjs";
import { useEffect, useRef, useState } from "./vendor/preact-hooks.mjs";

export { html };

export const Chip = ({ level, t }) =>
  html`<span class="chip" data-level=${level}>${t(`console.urgency.${level}`)}</span>`;

/** A native modal: the browser traps focus, Esc closes, focus returns to where it was. */
export function Dialog({ title, onClose, onSubmit, submit, isReady = true, t, children, onKeyDown }) {
  const box = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    box.current.showModal();
    const first = ["input[type=radio]:checked", "[data-first]", "input, textarea, button"];
    first.map((one) => box.current.querySelector(one)).find(Boolean)?.focus();
    return () => before?.isConnected && before.focus();
  }, []);
  const send = (event) => {
    event.preventDefault();
    if (isReady) onSubmit();
  };
  const keys = (event) => {
    if (event.ctrlKey && !event.altKey && event.key === "Enter") return send(event);
    return onKeyDown?.(event);
  };
  return html`<dialog ref=${box} class="dialog" aria-labelledby="dialog-title" onClose=${onClose} onKeyDown=${keys}>
    <form onSubmit=${send}>
      <h2 id="dialog-title">${title}</h2>
      ${children}
      <div class="dialog-buttons">
        ${submit && html`<button type="submit" class="button primary" aria-disabled=${String(!isReady)}>
          ${submit} <kbd>Ctrl+Enter</kbd></button>`}
        <button type="button" class="button" onClick=${() => box.current.close()}>
          ${t(submit ? "console.cancel" : "console.leave")} <kbd>Esc</kbd></button>
      </div>
    </form>
  </dialog>`;
}

/** Says each new text once to screen readers and forgets it, so that nothing is read twice. */
export function Announcer({ text, id }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (!text) return undefined;
    setSaid(text);
    const timer = setTimeout(() => setSaid(""), 1500);
    return () => clearTimeout(timer);
  }, [text, id]);
  return html`<div class="visually-hidden" role="status">${said}</div>`;
}

/** The server's time in ms, renewed every second. */
export function useNow(offset) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now + offset;
}

/** Whether the window matches a media query now. */
export function useMedia(query) {
  const list = matchMedia(query);
  const [matches, setMatches] = useState(list.matches);
  useEffect(() => {
    const change = () => setMatches(list.matches);
    list.addEventListener("change", change);
    return () => list.removeEventListener("change", change);
  }, [query]);
  return matches;
}

export const Key = ({ name }) => html`<kbd>${name}</kbd>`;
