/** Order by hand: drag a .handle, or press the row's up and down buttons; both post the neighbours' keys and say the new place.
 *
 *   [data-sortable]   the list; [data-row][data-key] its rows, each with data-move-url (or the list has it)
 *   [data-move=up]    [data-move=down]
 */
import Sortable from "sortablejs/modular/sortable.core.esm.js";
import { htmx } from "./page.js";
import { all, announce, on, one } from "./dom.js";

function prepare() {
  for (const list of all("[data-sortable]")) {
    if (Sortable.get(list)) continue;
    let order;
    Sortable.create(list, {
      draggable: "[data-row]",
      handle: ".handle",
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120,
      ghostClass: "dragged",
      onStart: () => (order = all("[data-row]", list)),
      onEnd: ({ item, oldIndex, newIndex }) => oldIndex !== newIndex && keep(list, item, order),
    });
  }
}

on("click", "[data-move]", async (event, button) => {
  // To the very top or bottom, or past the edge of this page: only the server knows what stands there.
  if (!["up", "down"].includes(button.dataset.move)) return;
  const row = button.closest("[data-row]");
  const list = row.closest("[data-sortable]");
  const order = all("[data-row]", list);
  const up = button.dataset.move === "up";
  const other = order[order.indexOf(row) + (up ? -1 : 1)];
  if (!other && button.form) return;
  event.preventDefault();
  if (!other) return announce(`${row.dataset.key} is already ${up ? "first" : "last"}`);
  const held = document.activeElement;
  if (up) other.before(row);
  else other.after(row);
  (row.contains(held) ? held : button).focus();
  await keep(list, row, order);
});

/* Alt and the arrows move the row in which the focus is; with Shift, all the way. */
document.addEventListener("keydown", (event) => {
  const way = { ArrowUp: ["up", "top"], ArrowDown: ["down", "bottom"] }[event.key];
  const row = way && event.altKey && event.target.closest?.("[data-sortable] [data-row]");
  const button = row && one(`[data-move="${way[Number(event.shiftKey)]}"]`, row);
  if (!button) return;
  event.preventDefault();
  button.click();
});

async function keep(list, row, order) {
  const now = all("[data-row]", list);
  const at = now.indexOf(row);
  const undo = () => {
    for (const each of order) list.append(each);
    announce(`${row.dataset.key} is back where it was`);
  };
  row.addEventListener("htmx:responseError", undo, { once: true });
  row.addEventListener("htmx:sendError", undo, { once: true });
  announce(`${row.dataset.key}, now ${at + 1} of ${now.length}`);
  await htmx.ajax("POST", row.dataset.moveUrl ?? list.dataset.moveUrl, {
    source: row,
    target: row,
    swap: "none",
    values: { key: row.dataset.key, after: now[at - 1]?.dataset.key ?? "", before: now[at + 1]?.dataset.key ?? "" },
  });
  row.removeEventListener("htmx:responseError", undo);
  row.removeEventListener("htmx:sendError", undo);
}

prepare();
document.addEventListener("htmx:afterSettle", prepare);
