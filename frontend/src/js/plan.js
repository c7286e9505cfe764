/** A plan over time: a bar is dragged to another day, or by its end made longer; the arrows do the same.
 *
 *   [data-plan][data-editable]   the drawing, with the width of a day in data-day
 *   [data-task]                  a bar, with the address that takes what was done in data-drag (none: it stays)
 *   data-from, data-days         its first day, and how many working days it is likely to take; of the drawing,
 *                                data-from is how far to the right it is first looked at
 */
import { htmx } from "./page.js";
import { all, announce, on, one } from "./dom.js";

const GRIP = 9;
const MS = 86_400_000;
const bars = "[data-plan][data-editable] [data-task][data-drag]:not([data-drag=''])";
const later = (day, number) => new Date(Date.parse(day) + number * MS).toISOString().slice(0, 10);

let held;
let moved = false;

function look() {
  for (const plan of all("[data-plan]:not([data-seen])")) {
    plan.dataset.seen = "";
    plan.parentElement.scrollLeft = Number(plan.dataset.from);
  }
}

look();
document.addEventListener("htmx:afterSettle", look);

on("pointerdown", bars, (event, bar) => {
  if (event.button !== 0) return;
  const shape = one(".bar", bar);
  const box = shape.getBoundingClientRect();
  const day = Number(bar.closest("[data-plan]").dataset.day);
  const stretches = shape.tagName === "rect" && bar.dataset.days && box.right - event.clientX < GRIP;
  held = { bar, shape, day, stretches, x: event.clientX, width: box.width, by: 0, drawn: 0 };
  moved = false;
  bar.toggleAttribute("data-held", true);
  bar.setPointerCapture(event.pointerId);
});

document.addEventListener("pointermove", (event) => {
  if (!held) return;
  held.by = event.clientX - held.x;
  if (Math.abs(held.by) > 3) moved = true;
  held.drawn ||= requestAnimationFrame(draw);
});

function draw() {
  if (!held) return;
  held.drawn = 0;
  if (!moved) return;
  if (held.stretches) held.shape.setAttribute("width", Math.max(held.day / 2, held.width + held.by));
  else held.bar.style.transform = `translateX(${held.by}px)`;
}

document.addEventListener("pointerup", () => {
  const { bar, shape, day, stretches, width, by } = held ?? {};
  held = undefined;
  bar?.removeAttribute("data-held");
  if (!bar || !moved) return;
  const days = Math.round(by / day);
  if (stretches) {
    const likely = halves(Number(bar.dataset.days) * ((width + by) / width));
    keep(bar, { days: likely }, `${bar.dataset.key} takes ${likely} days`, () => shape.setAttribute("width", width));
  } else if (days) {
    const from = later(bar.dataset.from, days);
    keep(bar, { starts_on: from }, `${bar.dataset.key} not before ${from}`, () => (bar.style.transform = ""));
  } else bar.style.transform = "";
});

document.addEventListener("pointercancel", () => {
  if (!held) return;
  held.bar.style.transform = "";
  held.bar.removeAttribute("data-held");
  held.shape.setAttribute("width", held.width);
  held = undefined;
});

// A bar is a link: a drag that ends on it does not follow it.
document.addEventListener("click", (event) => moved && event.target.closest(bars) && event.preventDefault(), true);
on("dragstart", bars, (event) => event.preventDefault());

on("keydown", bars, (event, bar) => {
  const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!way || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if (!event.shiftKey) {
    bar.dataset.from = later(bar.dataset.from, way);
    keep(bar, { starts_on: bar.dataset.from }, `${bar.dataset.key} not before ${bar.dataset.from}`);
  } else if (bar.dataset.days) {
    bar.dataset.days = Math.max(0.5, halves(Number(bar.dataset.days)) + way);
    keep(bar, { days: bar.dataset.days }, `${bar.dataset.key} takes ${bar.dataset.days} days`);
  }
});

const halves = (days) => Math.max(0.5, Math.round(days * 2) / 2);

async function keep(bar, values, says, undo = () => {}) {
  const back = () => {
    undo();
    announce(`${bar.dataset.key} is back where it was`);
  };
  bar.addEventListener("htmx:responseError", back, { once: true });
  bar.addEventListener("htmx:sendError", back, { once: true });
  announce(says);
  await htmx.ajax("POST", bar.dataset.drag, { source: bar, target: bar, swap: "none", values });
  bar.removeEventListener("htmx:responseError", back);
  bar.removeEventListener("htmx:sendError", back);
}
