/** Messages that a caller left: fetched when she asks for one, heard from this page's memory, and kept nowhere. */

import { useEffect, useRef, useState } from "./vendor/preact-hooks.mjs";
import { html } from "./staff-parts.js";
import { clock } from "./staff-format.js";

export function Recordings({ row, detail, t, lang }) {
  const recordings = detail?.recordings ?? [];
  if (recordings.length === 0) return null;
  return html`<section class="recordings" aria-labelledby="recordings-title">
    <h3 id="recordings-title">${t("console.recordings.title")}</h3>
    <ul>${recordings.map((each) => html`<${Recording} key=${`${row.contact}:${each.id}`} ...${{ recording: each, t, lang }} />`)}</ul>
  </section>`;
}

function Recording({ recording, t, lang }) {
  const [sound, setSound] = useState("none");
  const [address, setAddress] = useState(null);
  const player = useRef(null);
  useEffect(() => {
    player.current?.focus();
    return () => address && URL.revokeObjectURL(address);
  }, [address]);
  const fetchIt = async () => {
    setSound("loading");
    try {
      const answer = await fetch(`/konsoli/viesti/${recording.id}`, { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      setAddress(URL.createObjectURL(await answer.blob()));
      setSound("here");
    } catch {
      setSound("failed");
    }
  };
  const words = t("console.recordings.one", { time: clock(recording.at, lang), n: recording.seconds });
  return html`<li><span class="tabular">${words}</span>
    ${address
      ? html`<audio ref=${player} controls src=${address} aria-label=${words}></audio>`
      : html`<button type="button" class="button" disabled=${sound === "loading"} aria-label=${`${t("console.recordings.listen")}: ${words}`} onClick=${fetchIt}>${t("console.recordings.listen")}</button>`}
    ${sound === "loading" && html`<span role="status">${t("console.loading")}</span>`}
    ${sound === "failed" && html`<span role="alert">${t("console.recordings.error")}</span>`}</li>`;
}
