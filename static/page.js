/** Small things resident pages may need: focus on the error summary, room left for words, leaving quickly. */

document.querySelector("[data-focus]")?.focus();

const TOLD_FROM = 0.75;
const count = document.getElementById("merkit");

if (count) {
  const field = document.querySelector("textarea[data-limit]");
  const limit = Number(field.dataset.limit);
  const tell = () => {
    count.hidden = field.value.length < limit * TOLD_FROM;
    count.textContent = count.dataset.text.replace("{n}", String(Math.max(0, limit - field.value.length)));
  };
  field.addEventListener("input", tell);
  tell();
}

const QUICK_PRESSES = 3;
const QUICK_WINDOW_MS = 5_000;

for (const link of document.querySelectorAll("[data-quick-exit]")) {
  let presses = [];
  const leave = () => {
    try {
      sessionStorage.clear(); // what was being typed
    } finally {
      location.replace(link.href);
    }
  };
  link.addEventListener("click", (event) => {
    event.preventDefault();
    leave();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Shift" || event.repeat) return;
    const now = performance.now();
    presses = [...presses.filter((at) => now - at < QUICK_WINDOW_MS), now];
    if (presses.length >= QUICK_PRESSES) leave();
  });
}
