/** Inline edit: a [data-edit] fetches a small form in its own place; Escape restores, Enter or leaving saves.
 *
 *   <span data-cell><a class="cell" hx-get="…" hx-target="closest [data-cell]" hx-swap="innerHTML" data-edit>Value</a></span>
 *   answer: <form class="inline" method="post" hx-post="…" hx-target="closest [data-cell]" hx-swap="innerHTML">…</form>
 *   answer to the post: the inside of the cell again, with class "saved"
 */
import { htmx } from "./page.js";
import { announce, on, one } from "./dom.js";

const before = new WeakMap();
// Forms that were given up: taking one out of the page takes the focus from it, which must not save it.
const left = new WeakSet();

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.requestConfig?.verb === "get" && detail.requestConfig.elt.matches("[data-edit]")) {
    before.set(detail.target, [...detail.target.childNodes]);
  }
});

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  const form = one("form.inline", detail.target);
  if (form && form.parentElement === detail.target) {
    const control = one("[data-choose-many]", form) ?? one("input:not([type=hidden]), select, textarea", form);
    control?.focus();
    control?.select?.();
    form.dataset.was = values(form);
    return;
  }
  const cell = detail.target.matches?.(".cell") ? detail.target : one("[data-edit].saved", detail.target);
  if (cell && detail.requestConfig?.verb !== "get") {
    announce("Saved");
    if (document.activeElement === document.body) cell.focus();
  }
});

const values = (form) => new URLSearchParams(new FormData(form)).toString();

function restore(form) {
  const place = form.parentElement;
  const held = before.get(place);
  if (!held) return;
  left.add(form);
  place.replaceChildren(...held);
  // htmx forgot them when it took them out.
  htmx.process(place);
  one("[data-edit]", place)?.focus();
}

function save(form) {
  if (form.classList.contains("htmx-request")) return;
  const same = values(form) === form.dataset.was;
  // What was refused stays to be looked at: leaving it neither sends it again nor throws it away.
  if (same && one("[aria-invalid=true]", form)) return;
  if (same) restore(form);
  else htmx.trigger(form, "submit");
}

on("keydown", "form.inline", (event, form) => {
  if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    restore(form);
  }
  if (event.key === "Enter" && event.target.matches("textarea") && (event.ctrlKey || event.metaKey)) save(form);
});

on("change", "form.inline select:not([multiple])", (event, select) => save(select.form));

on("focusout", "form.inline", (event, form) => {
  if (left.has(form) || !form.isConnected || form.contains(event.relatedTarget)) return;
  // A window that loses the focus is no reason to save.
  if (document.hasFocus()) save(form);
});
