/** Moments come in UTC; hovering shows them in the reader's own time, and fresh ones keep counting. */
import { all, on } from "./dom.js";

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });

for (const type of ["pointerover", "focusin"]) {
  on(type, "time[datetime*='T']", (_, time) => (time.title = exact.format(new Date(time.dateTime))));
}

function ago(moment) {
  const minutes = Math.floor((Date.now() - moment) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return minutes === 1 ? "1 minute ago" : `${minutes} minutes ago`;
  const hours = Math.floor(minutes / 60);
  return hours === 1 ? "1 hour ago" : hours < 24 ? `${hours} hours ago` : null;
}

setInterval(() => {
  if (document.hidden) return;
  for (const time of all("time[data-fresh]")) {
    const text = ago(new Date(time.dateTime));
    if (text && text !== time.textContent) time.textContent = text;
  }
}, 30_000);
