/** Keys that work on every page: ? lists them, / filters, g and a letter goes somewhere, n makes something new.
 *
 * Single keys can be switched off in that list (WCAG 2.1.4); the choice stays in this browser.
 */
import { all, on, one, typing } from "./dom.js";

const actions = new Map();
let going = 0;

export const singleKeys = () => localStorage.getItem("single-keys") !== "off";

/** The first of the acts bound to a key that has something to do on this page keeps the others from it. */
export function bind(key, act) {
  actions.set(key, [...(actions.get(key) ?? []), act]);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing(event.target) || one("dialog:modal") || one(".menu:popover-open") || !singleKeys()) return;
  if (event.timeStamp - going < 1500 && going) {
    going = 0;
    const link = one(`a[data-go="${CSS.escape(event.key)}"]`);
    if (link) {
      event.preventDefault();
      link.click();
      return;
    }
  }
  if (event.key === "g") {
    going = event.timeStamp;
    return;
  }
  for (const act of actions.get(event.key) ?? []) {
    if (act(event) !== false) {
      event.preventDefault();
      return;
    }
  }
});

const press = (selector) => () => {
  const found = all(selector).find((element) => element.checkVisibility?.() ?? true);
  if (!found) return false;
  found.click();
};

// In a menu that is closed, and works from there all the same.
bind("?", () => one("[data-keys]")?.click());
bind("n", press("[data-new]"));
bind("/", () => {
  const field = one("main [type=search]") ?? one("[data-palette]");
  if (!field) return false;
  if (field.matches("input")) field.select();
  else field.click();
});

on("change", "#single-keys", (_, box) => localStorage.setItem("single-keys", box.checked ? "on" : "off"));
document.addEventListener("htmx:afterSwap", () => {
  const box = one("#single-keys");
  if (box) box.checked = singleKeys();
});
