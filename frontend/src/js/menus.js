/** Menus are popovers: the browser opens, layers and closes them. Here: arrow keys, and a place where it has no anchors. */
import { all, on } from "./dom.js";

const anchored = CSS.supports("position-area: block-end");

document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (!menu.matches?.(".menu[popover]")) return;
    const button = document.querySelector(`[popovertarget="${menu.id}"]`);
    button?.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState !== "open") return;
    if (!anchored && button) place(menu, button);
    menu.querySelector("a, button, input")?.focus();
  },
  true,
);

function place(menu, button) {
  const at = button.getBoundingClientRect();
  const below = at.bottom + menu.offsetHeight + 8 < innerHeight;
  menu.style.top = `${Math.max(8, below ? at.bottom : at.top - menu.offsetHeight - 8)}px`;
  menu.style.left = `${Math.max(8, Math.min(at.left, innerWidth - menu.offsetWidth - 8))}px`;
}

on("keydown", ".menu[popover]", (event, menu) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || event.target.matches("input, select, textarea")) return;
  event.preventDefault();
  const items = all("a, button, input", menu);
  const next = items.indexOf(document.activeElement) + step;
  items[(next + items.length) % items.length]?.focus();
});

on("click", "[data-print]", (_, button) => {
  button.closest("[popover]")?.hidePopover();
  print();
});
