/** How a promised call stands, read from its row. Pure; `now` in ms. */

const NEAR_MS = 15 * 60_000; // the alarm before a promise breaks
const MINUTE = 60_000;
const HOUR = 60;

/** `late`, `near` or `open` while a promise is; after a try in vain `again`, `again_now`, or `decide`. */
export function promiseState(row, now) {
  const due = Date.parse(row.promise_due_at ?? "");
  if (!Number.isNaN(due)) return now > due ? "late" : due - now < NEAR_MS ? "near" : "open";
  if (row.decision) return "decide";
  return row.not_before && Date.parse(row.not_before) > now ? "again" : "again_now";
}

/** Whether a time was promised, and not only an end. */
export const isWindow = (row) =>
  Boolean(row.promise_due_at && row.not_before && Date.parse(row.not_before) < Date.parse(row.promise_due_at));

/** "20 min", "2 h 5 min": read at a glance; seconds would only flicker. */
export function lateBy(row, now) {
  const minutes = Math.max(0, Math.floor((now - Date.parse(row.promise_due_at)) / MINUTE));
  return minutes < HOUR ? `${minutes} min` : `${Math.floor(minutes / HOUR)} h ${minutes % HOUR} min`;
}
