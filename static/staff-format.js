/** Times, figures and urgency as staff read them. Pure; clock times are Helsinki's, durations count seconds. */

const ZONE = "Europe/Helsinki";
const HOUR = 3600;

export const LEVELS = ["EMERGENCY", "ED", "SAME_DAY", "DAYS_1_3", "NON_URGENT", "SELF_CARE"];

/** A measured word of the server and the state its chip is drawn in. */
export const CHIP_STATE = { good: "good", watch: "watch", too_long: "over", none: "none" };

const dots = (lang) => (lang === "en" ? ":" : ".");

function parts(iso) {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: ZONE, year: "numeric", month: "numeric", day: "numeric",
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  });
  return Object.fromEntries(format.formatToParts(new Date(iso)).map((p) => [p.type, p.value]));
}

export function clock(iso, lang, withSeconds = false) {
  if (!iso) return "";
  const p = parts(iso);
  return [p.hour, p.minute, ...(withSeconds ? [p.second] : [])].join(dots(lang));
}

/** Short date "23.11." */
export function day(iso) {
  if (!iso) return "";
  const p = parts(iso);
  return `${Number(p.day)}.${Number(p.month)}.`;
}

export function isSameDay(a, b) {
  return parts(a).year === parts(b).year && day(a) === day(b);
}

/** "10.42" today, "23.11. 10.42" on other days. */
export function moment(iso, now, lang) {
  if (!iso) return "";
  return isSameDay(iso, now) ? clock(iso, lang) : `${day(iso)} ${clock(iso, lang)}`;
}

/** "0:40", "12:05", and above an hour "2 h 40 min". */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < HOUR) return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  return `${Math.floor(whole / HOUR)} h ${Math.floor((whole % HOUR) / 60)} min`;
}

/** A number with the language's decimal mark. */
export function number(value, lang, decimals = 0) {
  if (value === null || value === undefined) return "";
  return value.toFixed(decimals).replace(".", lang === "en" ? "." : ",");
}

export const minutes = (seconds, lang) => number(seconds / 60, lang, 1);

/** A row's clock: how long waited, against what, and whether it is past it. `now` in ms. */
export function wait(row, now) {
  const due = Date.parse(row.promise_due_at ?? row.due_at ?? "");
  const arrived = Date.parse(row.arrived_at);
  const overdue = !Number.isNaN(due) && now > due;
  const target = (due - arrived) / 1000;
  return {
    seconds: (now - arrived) / 1000,
    target: Number.isNaN(target) ? null : target,
    over: overdue ? (now - due) / 1000 : 0,
    overdue,
    isNear: !overdue && target > 0 && (now - arrived) / 1000 > 0.75 * target,
    byClock: target > HOUR,
  };
}

export const secondsLeft = (iso, now) => Math.max(0, Math.ceil((Date.parse(iso) - now) / 1000));

/** What the contact is about, in the words of the questionnaire's owner; the code only if they are missing. */
export const topicOf = (row, t) => row.topic_name ?? row.topic?.replaceAll("_", " ") ?? t("console.row.no_topic");
