/**
 * The page for a browser without a network: 112, 116 117 and the numbers of the lines, in the language last used.
 *
 * Nothing else is ever kept: no page with anybody's answers, and no request that was answered goes by here. One
 * worker keeps all languages, so that choosing another language never exchanges it under a form being sent.
 */

const LANGUAGES = ["fi", "sv", "en"];
const SHELF = `yhteydeton-${new URL(self.location.href).searchParams.get("v")}`;
const CHOSEN = "/yhteydeton/kieli"; // not an address of the service: where the language is noted
const STAFF = /^\/(konsoli|tilanne|kirjaudu)/; // theirs is no page for residents' numbers
const GATEWAY = new Set([502, 504]); // a proxy's own page, which has no numbers to ring
const pageIn = (lang) => `/yhteydeton/${lang}`;

/** The pages and the style sheets they name. */
async function keep() {
  const shelf = await caches.open(SHELF);
  const parts = new Set();
  for (const lang of LANGUAGES) {
    const page = await fetch(pageIn(lang), { cache: "no-cache", credentials: "omit" });
    if (!page.ok) throw new Error(`offline page ${page.status}`);
    for (const [, address] of (await page.clone().text()).matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)) parts.add(address);
    await shelf.put(pageIn(lang), page);
  }
  await shelf.addAll([...parts]);
}

async function begin() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== SHELF).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function choose(lang) {
  if (!LANGUAGES.includes(lang)) return;
  const shelf = await caches.open(SHELF);
  await shelf.put(CHOSEN, new Response(lang));
}

async function keptPage() {
  const shelf = await caches.open(SHELF);
  const chosen = await shelf.match(CHOSEN);
  return shelf.match(pageIn(chosen ? await chosen.text() : "fi"));
}

async function visit(request) {
  try {
    const answer = await fetch(request);
    return GATEWAY.has(answer.status) ? ((await keptPage()) ?? answer) : answer;
  } catch (error) {
    const page = await keptPage();
    if (page) return page;
    throw error;
  }
}

async function part(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const shelf = await caches.open(SHELF);
    const copy = await shelf.match(request);
    if (copy) return copy;
    throw error;
  }
}

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(begin()));
self.addEventListener("message", (event) => event.waitUntil(choose(event.data)));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname } = new URL(request.url);
  if (request.mode === "navigate" && !STAFF.test(pathname)) event.respondWith(visit(request));
  else if (request.method === "GET" && pathname.startsWith("/static/")) event.respondWith(part(request));
});
