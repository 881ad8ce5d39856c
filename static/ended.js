/** The ended page: forgets what the browser kept of the conversation, and prints on request. */

import { forget } from "./outbox.js";

forget();

const button = document.querySelector("[data-print]");
if (button) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
