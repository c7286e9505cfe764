/** A link marked data-dialog opens the marked part of its page in a dialog; a form in it is sent from there.
 *
 * The server knows nothing of this: it answers with the page, or with a redirect, as it would without script.
 */
import { htmx } from "./page.js";
import { all, on, one, plainClick } from "./dom.js";
import { toast } from "./toasts.js";

const dialog = () => one("#dialog");
const body = () => one("#dialog-body");
let opener = null;

on("click", "[data-dialog]", (event, link) => {
  if (!plainClick(event)) return;
  event.preventDefault();
  open(link);
});

async function open(link) {
  opener = link;
  link.setAttribute("aria-busy", "true");
  await htmx.ajax("GET", link.href, {
    source: body(),
    target: "#dialog-body",
    select: "[data-dialog-content]",
    swap: "innerHTML",
  });
  link.removeAttribute("aria-busy");
}

export function close() {
  if (dialog()?.open) dialog().close();
}

/** Fetch what is inside the frame anew, without losing the place. */
export const refresh = () =>
  htmx.ajax("GET", location.href, { source: "#main", target: "#main", select: "#main", swap: "morph:outerHTML" });

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target !== body()) return;
  if (!body().firstElementChild) {
    // The answer was not a page with a dialog in it: what was sent is done.
    forget();
    close();
    refresh();
    return;
  }
  const content = body().firstElementChild;
  const title = one("h1, h2", content);
  if (title) {
    title.id ||= "dialog-title";
    dialog().setAttribute("aria-labelledby", title.id);
  }
  dialog().dataset.size = content.dataset.size ?? "";
  dialog().classList.toggle("panel", content.dataset.dialogContent === "panel");
  if (!dialog().open) dialog().showModal();
  const wrong = one("[aria-invalid=true]", content);
  (wrong ?? one("[autofocus]", content) ?? one("input:not([type=hidden]), select, textarea", content))?.focus();
});

// Forms inside are sent without leaving; a redirect in the answer refreshes the page below.
document.addEventListener("htmx:beforeProcessNode", ({ target }) => {
  if (!target.closest?.("#dialog-body") && target.id !== "dialog-body") return;
  for (const form of all("form", body())) {
    if (form.closest("[hx-post], [hx-get]")) continue;
    form.setAttribute(form.method === "get" ? "hx-get" : "hx-post", form.getAttribute("action") || opener.href);
    form.setAttribute("hx-target", "#dialog-body");
    form.setAttribute("hx-select", "[data-dialog-content]");
    form.setAttribute("hx-swap", "innerHTML");
    if (form.enctype === "multipart/form-data") form.setAttribute("hx-encoding", form.enctype);
  }
});

document.addEventListener("htmx:beforeOnLoad", ({ detail }) => {
  const header = detail.xhr.getResponseHeader("HX-Location");
  if (header && detail.elt.closest?.("#dialog")) {
    forget();
    close();
  }
});

on("click", "#dialog .shut, #dialog [data-close]", (event) => {
  event.preventDefault();
  leave();
});

on("click", "#dialog [data-keep]", (event) => {
  event.preventDefault();
  forget();
  close();
  refresh();
});

on("cancel", "#dialog", (event) => {
  if (leave()) return;
  event.preventDefault();
}, true);

on("mousedown", "#dialog", (event, element) => {
  if (event.target !== element) return;
  const { left, right, top, bottom } = element.getBoundingClientRect();
  const inside = event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom;
  if (!inside) leave();
});

document.addEventListener("close", ({ target }) => {
  if (target.id !== "dialog") return;
  body().replaceChildren();
  const back = opener?.isConnected ? opener : opener?.id && document.getElementById(opener.id);
  back?.focus?.();
  opener = null;
}, true);

/* What was typed and not sent is not lost by a slip of a key or a click beside it. */

const changed = new WeakSet();
let warned = false;

on("input", "form[method=post]:not(.inline)", (_, form) => changed.add(form));
on("submit", "form", (_, form) => changed.delete(form));

const unsent = (root = document) => all("form[method=post]", root).filter((form) => changed.has(form));

function forget() {
  for (const form of unsent(dialog())) changed.delete(form);
  warned = false;
}

function leave() {
  if (unsent(dialog()).length && !warned) {
    warned = true;
    toast({ level: "warn", text: "You have not saved what you typed. Close again to discard it." });
    return false;
  }
  forget();
  close();
  return true;
}

window.addEventListener("beforeunload", (event) => {
  if (unsent().length) event.preventDefault();
});

/* Dialogs that are in the page already. */

on("click", "[commandfor]", (event, button) => {
  if ("command" in HTMLButtonElement.prototype) return;
  const target = document.getElementById(button.getAttribute("commandfor"));
  if (button.getAttribute("command") === "show-modal") target.showModal();
  if (button.getAttribute("command") === "close") target.close();
});
