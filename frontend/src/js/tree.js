/** Trees by hand: drag a row's .handle onto another row, and it moves under that; onto the head, and it stands at the top.
 *
 *   [data-tree]   the table; [data-drop] its rows, each with its own key, and data-move-url for what posts its new parent
 *
 * By keyboard and by touch, the link “Move” in each row does the same.
 */
import { htmx } from "./page.js";
import { all, announce, on, one } from "./dom.js";

let moving = null;

on("pointerdown", "[data-tree] .handle", (_, handle) => (handle.draggable = true));

on("dragstart", "[data-tree] .handle", (event, handle) => {
  moving = handle.closest("[data-drop]");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", moving.dataset.drop);
  event.dataTransfer.setDragImage(moving, 12, 12);
  moving.classList.add("dragged");
});

const clear = () => {
  for (const row of all("[data-drop].over")) row.classList.remove("over");
};

on("dragover", "[data-tree] [data-drop]", (event, row) => {
  if (!moving || row === moving || row.closest("[data-tree]") !== moving.closest("[data-tree]")) return;
  event.preventDefault();
  clear();
  row.classList.add("over");
});

on("drop", "[data-tree] [data-drop]", (event, row) => {
  if (!moving) return;
  event.preventDefault();
  announce(row.dataset.drop ? `${moving.dataset.drop} under ${row.dataset.drop}` : `${moving.dataset.drop} to the top`);
  // What the plan refuses comes back as the form of that page, which opens as a dialog and says why.
  htmx.ajax("POST", moving.dataset.moveUrl, {
    source: one("#dialog-body"),
    target: "#dialog-body",
    select: "[data-dialog-content]",
    swap: "innerHTML",
    values: { parent: row.dataset.drop },
  });
});

on("dragend", "[data-tree] .handle", () => {
  clear();
  moving?.classList.remove("dragged");
  moving = null;
});
