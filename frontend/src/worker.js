/** The service worker: keeps one page, for when there is no network. Everything else goes its own way. */
const CACHE = "offline-1";
const PAGE = "/offline/";

self.addEventListener("install", (event) => {
  event.waitUntil(keep().then(() => self.skipWaiting()));
});

async function keep() {
  const cache = await caches.open(CACHE);
  const page = await fetch(PAGE, { cache: "reload", credentials: "omit" });
  await cache.put(PAGE, page.clone());
  const styles = [...(await page.text()).matchAll(/<link[^>]+rel="stylesheet"[^>]+href="([^"]+)"/g)];
  await cache.addAll(styles.map(([, href]) => href));
}

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  if (event.request.mode === "navigate") {
    event.respondWith(fetch(event.request).catch(() => caches.match(PAGE, { cacheName: CACHE })));
  } else if (event.request.destination === "style") {
    event.respondWith(fetch(event.request).catch(() => caches.match(event.request)));
  }
});
