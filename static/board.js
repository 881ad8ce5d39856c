/** The supervisor's board: six tiles, queues, staff and alarms, drawn from one pushed picture. Figures only, no content. */

import { render } from "./vendor/htm-preact.mjs";
import { useEffect, useMemo, useReducer } from "./vendor/preact-hooks.mjs";
import { Announcer, html, useNow } from "./staff-parts.js";
import { loadTexts } from "./staff-texts.js";
import { CHIP_STATE, clock, duration, minutes, moment, number } from "./staff-format.js";
import { Link } from "./socket.js";
import { initial, isStale, reduce } from "./board-state.js";

function Board({ t, lang }) {
  const [state, dispatch] = useReducer(reduce, undefined, initial);
  const now = useNow(0);
  const link = useMemo(() => connect(dispatch), []);
  useEffect(() => {
    link.start();
    return () => link.close();
  }, []);
  const board = state.shown;
  const stale = isStale(state, now);
  const given = { board, t, lang, now };
  return html`<div class="board" data-stale=${String(stale)} data-paused=${String(state.isPaused)}>
    <header class="board-head"><h1>${t("board.title")}</h1>
      <p><a href="/tunnusluvut">${t("board.figures")}</a></p>
      <p class="tabular">${board ? t("board.updated", { time: clock(state.isPaused ? board.now : state.time, lang, true) }) : t("console.loading")}
        ${stale && board ? html` <strong class="stale-word">${t("board.stale")}</strong>` : ""}
        ${state.isPaused ? html` <strong class="stale-word">${t("board.paused")}</strong>` : ""}</p>
      <button type="button" class="button" aria-pressed=${String(state.isPaused)}
        onClick=${() => dispatch({ type: "pause", isPaused: !state.isPaused })}>${t(state.isPaused ? "board.resume" : "board.pause")}</button>
    </header>
    <${Announcer} text=${stale && board ? t("board.stale") : ""} id=${String(stale)} />
    <main>${board && html`<${Alarms} ...${given} /><${Tiles} ...${given} /><${Queues} ...${given} /><${Staff} ...${given} />`}</main>
  </div>`;
}

function connect(dispatch) {
  const at = () => Date.now();
  return new Link({
    role: "board",
    seen: () => ({}),
    onSnapshot: (board) => dispatch({ type: "board", board, at: at() }),
    onEvent(frame) {
      if (frame.ev === "board") dispatch({ type: "board", board: frame.board, at: at() });
    },
    onStatus: (status) => dispatch({ type: "link", status }),
  });
}

const State = ({ word, t }) => (word && word !== "none"
  ? html`<span class="chip" data-state=${CHIP_STATE[word] ?? "none"}>${t(`board.word.${word}`)}</span>`
  : html`<span class="muted">${t("board.word.none")}</span>`);

function Tiles({ board, t, lang, now }) {
  const tiles = board.tiles;
  return html`<ul class="tiles" aria-label=${t("board.tiles")}>${[
    ["waiting", tiles.waiting, waitingFigure],
    ["longest", tiles.longest, longestFigure],
    ["reply_delay", tiles.reply_delay, replyFigure],
    ["callbacks", tiles.callbacks, callbackFigure],
    ["callback_delay", tiles.callback_delay, callbackDelayFigure],
    ["resolution", tiles.resolution, resolutionFigure],
  ].map(([name, tile, figure]) => html`<${Tile} ...${{ name, tile, t, ...figure(tile, { t, lang, now }) }} />`)}</ul>`;
}

function Tile({ name, tile, t, main, more, target }) {
  return html`<li class="tile" data-word=${tile.word}>
    <h2>${t(`board.tile.${name}`)}</h2>
    <p class="figure tabular">${main ?? html`<span class="muted">–</span>`}</p>
    ${more && html`<p class="figure-more tabular">${more}</p>`}
    <p class="tile-word"><${State} word=${tile.word} t=${t} /> <span class="muted">${target ?? ""}</span></p>
  </li>`;
}

const known = (value) => value !== null && value !== undefined;

const waitingFigure = (tile, { t }) => ({
  main: known(tile.n) ? tile.n : null,
  target: known(tile.target) ? t("board.target.most", { value: tile.target }) : null,
});

const longestFigure = (tile, { t }) => ({
  main: known(tile.seconds) ? duration(tile.seconds) : null,
  target: known(tile.target_seconds) ? t("board.target.most", { value: duration(tile.target_seconds) }) : null,
});

function replyFigure(tile, { t, lang }) {
  if (!known(tile.mean_s)) return { main: null, more: t("board.no_data") };
  const p90 = known(tile.p90_s) ? minutes(tile.p90_s, lang) : "–";
  return {
    main: t("board.figure.mean", { value: minutes(tile.mean_s, lang) }),
    more: t("board.figure.p90_n", { value: p90, n: tile.n ?? 0 }),
    target: known(tile.target_s) ? t("board.target.most_minutes", { value: minutes(tile.target_s, lang) }) : null,
  };
}

const callbackFigure = (tile, { t, lang, now }) => ({
  main: known(tile.open) ? t("board.figure.open", { n: tile.open }) : null,
  more: [
    known(tile.overdue) && t("board.figure.overdue", { n: tile.overdue }),
    tile.oldest_due_at && t("board.figure.oldest", { time: moment(tile.oldest_due_at, now, lang) }),
    tile.second && t("board.figure.second", { n: tile.second }),
  ].filter(Boolean).join(" · "),
});

function callbackDelayFigure(tile, { t }) {
  if (!known(tile.p90_s)) return { main: null, more: t("board.no_data") };
  return {
    main: t("board.figure.p90_span", { value: tile.p90_s < 3600 ? `${Math.round(tile.p90_s / 60)} min` : duration(tile.p90_s) }),
    more: t("board.figure.n", { n: tile.n ?? 0 }),
    target: known(tile.target_s) ? t("board.target.most", { value: duration(tile.target_s) }) : null,
  };
}

const resolutionFigure = (tile, { t, lang }) => ({
  main: known(tile.percent) ? `${number(tile.percent, lang)} %` : null,
  more: t("board.figure.coded", { resolved: tile.resolved ?? 0, coded: tile.coded ?? 0 }),
  target: known(tile.target_percent) ? t("board.target.over_percent", { value: tile.target_percent }) : null,
});

const COLUMNS = ["queue", "channel", "waiting", "longest", "ready", "delay", "left", "at_risk", "state"];

function Queues({ board, t, lang }) {
  if (!board.queues?.length) return html`<p class="empty">${t("board.empty.queues")}</p>`;
  return html`<section class="table-frame" tabindex="0" aria-labelledby="queues-title"><h2 id="queues-title">${t("board.queues")}</h2>
    <table><thead><tr>${COLUMNS.map((name) => html`<th scope="col">${t(`board.column.${name}`)}</th>`)}</tr></thead>
      <tbody>${board.queues.map((q) => html`<tr key=${`${q.queue}:${q.channel}`} data-open=${String(q.open !== false)}>
        <th scope="row">${q.name}${q.open === false ? html` <span class="muted">${t("board.closed")}</span>` : ""}</th>
        <td>${t(`board.channel.${q.channel}`)}</td>
        <td class="tabular">${q.waiting}</td>
        <td class="tabular">${known(q.longest_s) ? duration(q.longest_s) : "–"}</td>
        <td class="tabular">${q.ready} / ${q.on_shift}</td>
        <td class="tabular">${known(q.reply_mean_s) ? `${minutes(q.reply_mean_s, lang)} / ${known(q.reply_p90_s) ? minutes(q.reply_p90_s, lang) : "–"}` : "–"}</td>
        <td class="tabular">${known(q.left_percent) ? `${number(q.left_percent, lang)} %` : "–"}</td>
        <td class="tabular">${q.at_risk ? q.at_risk : "–"}</td>
        <td><${State} word=${q.state} t=${t} /></td></tr>`)}</tbody></table></section>`;
}

function Staff({ board, t, now }) {
  return html`<section class="staff-frame" aria-labelledby="staff-title"><h2 id="staff-title">${t("board.staff")}</h2>
    ${board.staff?.length ? html`<ul class="staff">${board.staff.map((s) => html`<li key=${s.id} data-shift=${s.state}>
      <strong>${s.name}</strong> <span>${t(`console.state.${s.state}`)}</span>
      <span class="tabular muted">${s.since ? duration((now - Date.parse(s.since)) / 1000) : ""}</span>
      <span class="tabular">${t("board.load", { load: s.load, capacity: s.capacity })}</span></li>`)}</ul>`
      : html`<p class="empty">${t("board.empty.staff")}</p>`}</section>`;
}

/** An alarm is {at, kind, queue_name?, n?, text?}: the server's own words win over the catalogue's. */
function Alarms({ board, t, lang }) {
  if (!board.alarms?.length) return null;
  const text = (a) => a.text ?? (t.has(`board.alarm.${a.kind}`) ? t(`board.alarm.${a.kind}`, { queue: a.queue_name ?? a.queue ?? "", n: a.n ?? "" }) : a.kind);
  return html`<section class="alarms" aria-labelledby="alarms-title"><h2 id="alarms-title">▲ ${t("board.alarms")}</h2>
    <ul>${board.alarms.map((a) => html`<li><span class="tabular">${clock(a.at ?? a.since, lang)}</span> ${text(a)}</li>`)}</ul></section>`;
}

const root = document.getElementById("board");
const lang = document.documentElement.lang || "fi";
const t = await loadTexts(lang);
root.replaceChildren();
render(html`<${Board} t=${t} lang=${lang} />`, root);
