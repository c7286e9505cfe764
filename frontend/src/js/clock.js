/** The clock of launch day goes on by itself, by the server's time.
 *
 *   [data-clock]  the server's now, with data-launch, data-due and data-zone; in it [data-tick=now|launch|behind]
 */
import { one } from "./dom.js";

// The stamp by which each clock was set, and how far this machine's is from the server's.
const set = new WeakMap();

function ahead(clock) {
  const known = set.get(clock);
  if (known?.stamp === clock.dataset.clock) return known.ahead;
  const now = { stamp: clock.dataset.clock, ahead: Date.parse(clock.dataset.clock) - Date.now() };
  set.set(clock, now);
  return now.ahead;
}

const two = (number) => String(number).padStart(2, "0");

function countdown(seconds) {
  const left = Math.abs(seconds);
  const hours = Math.floor(left / 3600);
  if (hours >= 48) return `T${seconds > 0 ? "−" : "+"}${Math.floor(hours / 24)} days`;
  return `T${seconds > 0 ? "−" : "+"}${two(hours)}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;
}

function span(minutes) {
  if (minutes < 120) return minutes === 1 ? "1 minute" : `${minutes} minutes`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.floor(hours / 24)} days`;
}

function say(clock, part, text) {
  const place = one(`[data-tick="${part}"]`, clock);
  if (place && place.textContent !== text) place.textContent = text;
  return place;
}

function tick() {
  const clock = one("[data-clock]");
  if (!clock || document.hidden) return;
  const { launch, due, zone } = clock.dataset;
  const now = Date.now() + ahead(clock);
  say(clock, "now", new Date(now).toLocaleTimeString("en-GB", { timeZone: zone }));
  if (launch) say(clock, "launch", countdown(Math.round((Date.parse(launch) - now) / 1000)));
  if (!due) return;
  const late = Math.floor((now - Date.parse(due)) / 60_000);
  const place = say(clock, "behind", late > 0 ? span(late) : "On time");
  if (late > 0) place.dataset.level = "bad";
  else delete place.dataset.level;
}

setInterval(tick, 1000);
document.addEventListener("htmx:afterSettle", tick);
tick();
