/**
 * Over the forms of the questions: what was typed stays in this tab until it is saved, slow saving is said,
 * and the link to go on by is copied. Without it every page still works.
 */

const KEPT = "ensilinja.kept";
const SLOW_MS = 1_000;
const EMERGENCY = "/hata";

function stored(action) {
  try {
    return action(sessionStorage);
  } catch {
    return null; // a browser that forbids storage only loses the protection over a failed save
  }
}

const keeping = document.querySelector("form[data-keep]");
const kept = stored((storage) => JSON.parse(storage.getItem(KEPT)));

if (kept && kept.path !== location.pathname) stored((storage) => storage.removeItem(KEPT));

function fieldsOf(form) {
  return [...form.elements].filter((field) => field.name && field.type !== "hidden" && field.type !== "submit");
}

function keep(form) {
  const values = [...new FormData(form)].filter(([name, value]) => name !== "csrf" && typeof value === "string");
  stored((storage) => storage.setItem(KEPT, JSON.stringify({ path: location.pathname, values })));
}

function restore(form, values) {
  for (const field of fieldsOf(form)) {
    const own = values.filter(([name]) => name === field.name).map(([, value]) => value);
    if (field.type === "radio" || field.type === "checkbox") field.checked = own.includes(field.value);
    else if (own.length) field.value = own[0];
  }
}

if (keeping) {
  // An erring page already has what was typed; it came from the server, which checked it.
  if (kept?.path === location.pathname && !document.getElementById("virheet")) restore(keeping, kept.values);
  keeping.addEventListener("input", () => keep(keeping));
}

for (const form of document.querySelectorAll("form[data-saving]")) {
  let timer = 0;
  let button = form.querySelector("button[type=submit]");
  let words = button.textContent;
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    if (event.submitter && event.submitter !== button) {
      button.textContent = words;
      button = event.submitter;
      words = button.textContent;
    }
    timer = setTimeout(() => {
      // The answer is on its way; 112 does not wait for it.
      if (form.querySelector("[data-danger]:checked")) location.assign(EMERGENCY);
      else button.textContent = form.dataset.saving;
    }, SLOW_MS);
  });
  addEventListener("pageshow", () => {
    clearTimeout(timer);
    button.textContent = words;
  });
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

for (const button of document.querySelectorAll("[data-copies]")) {
  const field = document.getElementById(button.dataset.copies);
  field.addEventListener("focus", () => field.select());
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(field.value);
    document.getElementById("kopioitu").textContent = button.dataset.copied;
  });
}
