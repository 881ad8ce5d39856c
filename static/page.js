/** Small things every resident page may need: focus on the error summary, and leaving quickly. */

document.querySelector("[data-focus]")?.focus();

const QUICK_PRESSES = 3;
const QUICK_WINDOW_MS = 5_000;

for (const link of document.querySelectorAll("[data-quick-exit]")) {
  let presses = [];
  const leave = () => location.replace(link.href);
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
