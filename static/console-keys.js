/** Keys of the console as a pure map: safe on the Finnish layout, never Alt or AltGr, letters only outside text fields. */

const ANYWHERE = { F2: "take", F4: "status", F8: "hold", F9: "hang_up" };
const LETTERS = {
  j: "down", ArrowDown: "down", k: "up", ArrowUp: "up",
  r: "reply", n: "note", e: "close", t: "transfer", u: "assess", v: "confirm", f: "form", c: "call", a: "voicemail", s: "move", "?": "help",
};

/** The act a key press asks for, or null. `place`: {isText, isDialog, isList, isForm}; a form has keys of its own. */
export function actOf(key, place) {
  if (key.altKey || key.metaKey || key.getModifierState?.("AltGraph") || key.isComposing) return null;
  if (ANYWHERE[key.key] && !key.ctrlKey && !key.shiftKey) return ANYWHERE[key.key];
  if (key.ctrlKey) return withControl(key, place);
  if (place.isDialog || place.isForm) return null;
  if (place.isText) return key.key === "Escape" ? "leave" : null;
  return letter(key, place);
}

function withControl(key, place) {
  if (key.key === "Enter") return place.isText || place.isDialog ? "submit" : null;
  return key.key === "." && !place.isDialog ? "pane" : null;
}

function letter(key, place) {
  if (/^[1-9]$/.test(key.key)) return `own${key.key}`;
  const act = LETTERS[key.key.length === 1 ? key.key.toLowerCase() : key.key];
  if (!act) return null;
  return key.key.startsWith("Arrow") && !place.isList ? null : act;
}

export function placeOf(element) {
  const isText = Boolean(element?.closest?.("textarea, select, [contenteditable], input:not([type=radio]):not([type=checkbox])"));
  const isIn = (selector) => Boolean(element?.closest?.(selector));
  return { isText, isDialog: isIn("dialog[open]"), isList: isIn("[data-list]"), isForm: isIn("[data-form]") };
}
