/** Toasts: what happened, and the way back. They come by the header HX-Trigger, or stand in the page already. */
import { all, on, one } from "./dom.js";
import { htmx } from "./page.js";

const readable = (text) => 4000 + 60 * text.length;

export function toast({ level = "info", text, undo = "" }) {
  const made = one("#toast")?.content.firstElementChild.cloneNode(true);
  if (!made) return;
  made.dataset.level = level;
  one("[data-text]", made).textContent = text;
  const form = one("form", made);
  if (undo) form.action = undo;
  else form.remove();
  one(".toasts").append(made);
  htmx.process(made);
  show(made);
}

function show(element) {
  const region = element.parentElement;
  // The top layer, so that an open dialog does not cover it.
  if (region.showPopover && one("dialog:modal")) {
    if (region.matches(":popover-open")) region.hidePopover();
    region.popover = "manual";
    region.showPopover();
  }
  let timer;
  const leave = () => element.remove();
  const start = () => (timer = setTimeout(leave, readable(element.textContent) * (one("form", element) ? 2 : 1)));
  element.addEventListener("pointerenter", () => clearTimeout(timer));
  element.addEventListener("pointerleave", start);
  element.addEventListener("focusin", () => clearTimeout(timer));
  element.addEventListener("focusout", start);
  if (element.dataset.level !== "bad") start();
}

document.addEventListener("toast", ({ detail }) => {
  for (const told of detail.value ?? [detail]) toast(told);
});

on("click", ".toast .close", (_, button) => button.closest(".toast").remove());
on("submit", ".toast form", (_, form) => setTimeout(() => form.closest(".toast")?.remove()));

for (const element of all(".toasts > .toast")) show(element);
