/** What a meeting looks at, full screen and larger, without what one works with: p, or a button marked data-present. */
import { announce, on } from "./dom.js";
import { bind } from "./keys.js";

const root = document.documentElement;

function show(presenting) {
  if (presenting === root.hasAttribute("data-presenting")) return;
  root.toggleAttribute("data-presenting", presenting);
  announce(presenting ? "Presenting. Escape ends it." : "No longer presenting");
}

async function present() {
  show(true);
  // Where the browser refuses, the page is presented in its window.
  await root.requestFullscreen?.().catch(() => {});
}

export function end() {
  if (!root.hasAttribute("data-presenting")) return false;
  if (document.fullscreenElement) document.exitFullscreen();
  show(false);
}

on("click", "[data-present]", (_, button) => {
  button.closest("[popover]")?.hidePopover();
  present();
});

bind("p", () => (root.hasAttribute("data-presenting") ? end() : void present()));
bind("Escape", end);
document.addEventListener("fullscreenchange", () => document.fullscreenElement || show(false));
