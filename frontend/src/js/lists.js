/** Lists by keyboard, the same everywhere: j and k move, Enter opens (the row's link has the focus), e edits, x selects.
 *
 *   [data-list]    the table or list
 *   [data-row]     a row; its first [data-open], else its first link or button, takes the focus
 *   [data-edit]    in a row: what e presses
 *   [data-select]  in a row: its checkbox; [data-select-all] for all; [data-selected] shows the count,
 *                  [data-when-selected] appears with the first
 */
import { all, announce, on, one } from "./dom.js";
import { bind } from "./keys.js";

const rows = () => all("[data-list] [data-row]").filter((row) => row.checkVisibility?.() ?? true);
const current = () => document.activeElement?.closest("[data-row]");
const handle = (row) => one("[data-open]", row) ?? one("a, button", row) ?? row;

function move(step) {
  const list = rows();
  if (!list.length) return false;
  const at = list.indexOf(current());
  const next = at < 0 ? (step > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, at + step));
  handle(list[next]).focus();
  list[next].scrollIntoView({ block: "nearest" });
}

bind("j", () => move(1));
bind("k", () => move(-1));
bind("e", () => press("[data-edit]"));
bind("x", () => press("[data-select]"));
bind("f", () => press("[data-fix]"));

function press(selector) {
  const found = current() && one(selector, current());
  if (!found) return false;
  found.click();
}

let last = null;

on("click", "[data-select]", (event, box) => {
  const list = box.closest("[data-list]");
  if (event.shiftKey && last?.isConnected && last.closest("[data-list]") === list) {
    const boxes = all("[data-select]", list);
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
    for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
  }
  last = box;
  count(list);
});

on("click", "[data-select-all]", (_, box) => {
  const list = box.closest("[data-list]");
  for (const each of all("[data-select]", list)) each.checked = box.checked;
  count(list);
});

function count(list) {
  const boxes = all("[data-select]", list);
  const chosen = boxes.filter((box) => box.checked).length;
  const every = one("[data-select-all]", list);
  if (every) {
    every.checked = chosen > 0 && chosen === boxes.length;
    every.indeterminate = chosen > 0 && chosen < boxes.length;
  }
  const scope = list.closest("form") ?? document;
  for (const label of all("[data-selected]", scope)) label.textContent = String(chosen);
  for (const bar of all("[data-when-selected]", scope)) bar.hidden = chosen === 0;
  announce(chosen ? `${chosen} selected` : "Nothing selected");
}

// A morph keeps the boxes' state; the bar that counts them comes fresh from the server.
document.addEventListener("htmx:afterSettle", () => {
  for (const list of all("[data-list]")) if (one("[data-select]:checked", list)) count(list);
});
