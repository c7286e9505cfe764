/** What others change appears by itself. One stream for all tabs of this browser: one of them holds it and tells the rest.
 *
 * A message {topics, keys} fires "live:features" and "live:F-12" on the body, so a part of a page says
 * hx-trigger="live:features from:body". A topic fires at once, then at most twice a second, its last time never lost;
 * in a tab that nobody looks at, it waits until somebody does.
 */
import { htmx } from "./page.js";
import { all, one } from "./dom.js";

const PACE = 500;
const url = document.body.dataset.live;

const due = new Set();
const fired = new Map();
let timer = null;

function hear({ topics = [], keys = [] }) {
  for (const topic of [...topics, ...keys]) due.add(topic);
  fire();
}

function fire() {
  if (document.hidden) return;
  const now = performance.now();
  let next = Infinity;
  for (const topic of due) {
    const rest = (fired.get(topic) ?? -PACE) + PACE - now;
    if (rest > 0) {
      next = Math.min(next, rest);
      continue;
    }
    due.delete(topic);
    fired.set(topic, now);
    if (topic === "everything") refreshAll();
    else htmx.trigger(document.body, `live:${topic}`, {});
  }
  clearTimeout(timer);
  if (next < Infinity) timer = setTimeout(fire, next);
}

/** The stream was away for longer than the server remembers. */
function refreshAll() {
  const topics = new Set();
  for (const element of all("[hx-trigger*='live:']")) {
    for (const [, topic] of element.getAttribute("hx-trigger").matchAll(/live:([\w-]+)/g)) topics.add(topic);
  }
  for (const topic of topics) htmx.trigger(document.body, `live:${topic}`, {});
}

document.addEventListener("visibilitychange", fire);

// What refreshes itself answers no act of anybody: what is to be told goes with the answer to the act, and once.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.triggeringEvent?.type.startsWith("live:")) detail.headers["X-Live"] = "true";
});

// A part in which somebody is typing is refreshed when they are done.
const late = new Set();

document.addEventListener("htmx:beforeRequest", (event) => {
  const cause = event.detail.requestConfig?.triggeringEvent?.type ?? "";
  if (!cause.startsWith("live:") || !one("form.inline, [data-editing], :popover-open, .dragged", event.target)) return;
  event.preventDefault();
  late.add([event.target, cause]);
});

document.addEventListener("focusout", () => setTimeout(() => {
  for (const entry of late) {
    const [element, cause] = entry;
    if (one("form.inline, [data-editing]", element)) continue;
    late.delete(entry);
    if (element.isConnected) htmx.trigger(document.body, cause, {});
  }
}, 150));

/* The stream */

const name = `interlock${url}`;
const told = new BroadcastChannel(name);
let since = document.body.dataset.liveSince ?? "";

told.onmessage = ({ data }) => {
  since = data.id || since;
  hear(data);
};

function listen() {
  return new Promise((resolve) => {
    let source;
    let pause = 1000;
    const start = () => {
      source = new EventSource(since ? `${url}?since=${encodeURIComponent(since)}` : url);
      source.onopen = () => {
        pause = 1000;
        document.documentElement.dataset.live = "on";
      };
      source.onmessage = ({ data, lastEventId }) => {
        since = lastEventId || since;
        const message = { ...JSON.parse(data), id: since };
        told.postMessage(message);
        hear(message);
      };
      source.addEventListener("over", () => {
        document.documentElement.dataset.live = "over";
        source.close();
        resolve();
      });
      source.onerror = () => {
        document.documentElement.dataset.live = "off";
        // The browser tries again by itself unless the server refused.
        if (source.readyState !== EventSource.CLOSED) return;
        pause = Math.min(pause * 2, 60_000);
        setTimeout(start, pause * (0.75 + Math.random() / 2));
      };
    };
    start();
    window.addEventListener("pagehide", () => source.close());
  });
}

if (url) {
  // Web Locks exist on https and on this machine; elsewhere every tab has a stream of its own.
  if (navigator.locks) navigator.locks.request(name, listen).catch(() => {});
  else listen();
}
