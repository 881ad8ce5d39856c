/** Lets the browser keep the one page that is needed without a network; a browser that cannot, goes without. */

const { lang, dataset } = document.documentElement;

async function keep() {
  await navigator.serviceWorker.register(`/sw.js?v=${dataset.offline}`, { scope: "/" });
  const { active } = await navigator.serviceWorker.ready;
  active.postMessage(lang);
}

if ("serviceWorker" in navigator) keep().catch(() => {});
