/** The command palette: go anywhere, make anything, find everything. The server writes the options; what can be done
 * on this page (the buttons in its head and in the menus that they open) is added here.
 */
import { all, on, one } from "./dom.js";

const palette = () => one("#palette");
const field = () => one("#palette-field");
const found = () => one("#palette-found");
let asking = null;
let timer;
let acts = [];

function open() {
  if (!palette() || palette().open) return;
  for (const menu of all(":popover-open")) menu.hidePopover();
  acts = actsHere();
  palette().showModal();
  field().value = "";
  found().replaceChildren();
  ask("");
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    if (palette()?.open) palette().close();
    else open();
  }
});

on("click", "[data-palette]", (event) => {
  event.preventDefault();
  open();
});

on("click", "#palette", (event, dialog) => {
  if (event.target === dialog) dialog.close();
});

async function ask(text) {
  asking?.abort();
  asking = new AbortController();
  found().setAttribute("aria-busy", "true");
  const url = new URL(palette().dataset.url, location.href);
  url.searchParams.set("q", text);
  try {
    const answer = await fetch(url, { signal: asking.signal, headers: { "HX-Request": "true" } });
    if (!answer.ok) throw new Error(String(answer.status));
    found().innerHTML = await answer.text();
    offer(text);
  } catch (error) {
    if (error.name === "AbortError") return;
    found().textContent = "The server cannot be reached.";
  }
  found().removeAttribute("aria-busy");
  choose(options()[0]);
}

const words = (text) => text.toLocaleLowerCase().split(/\s+/).filter(Boolean);

/** Label and element of each act; those in a menu are named after the button that opens it. */
function actsHere() {
  const here = [];
  for (const act of all("main .head .acts :is(a, button)")) {
    if (act.closest(".menu")) continue;
    const menu = act.getAttribute("popovertarget");
    if (!menu) here.push([act.textContent.trim(), act]);
    else for (const one of all(`#${menu} :is(a, button)`)) here.push([`${act.textContent.trim()}: ${one.textContent.trim()}`, one]);
  }
  return [...here, ...all("#me :is(a, button)").map((one) => [one.textContent.replace("?", "").trim(), one])];
}

/** After the places, before what was found; without a word, none of it. */
function offer(text) {
  const asked = words(text);
  const fit = acts.filter(([label]) => asked.every((part) => words(label).some((word) => word.startsWith(part))));
  if (!asked.length || !fit.length) return;
  const group = one("template#palette-acts").content.firstElementChild.cloneNode(true);
  const model = one("[role=option]", group);
  for (const [n, [label, act]] of fit.entries()) {
    const option = model.cloneNode(true);
    option.id = `act-${n}`;
    one(".cut", option).textContent = label;
    option.addEventListener("palette:take", () => act.click());
    group.append(option);
  }
  model.remove();
  one("[aria-disabled=true]", found())?.remove();
  const places = one("[data-places]", found());
  if (places) places.after(group);
  else found().prepend(group);
}

const options = () => all("[role=option]:not([aria-disabled=true])", found());
const chosen = () => one("[aria-selected=true]", found());

function choose(option) {
  chosen()?.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) field().setAttribute("aria-activedescendant", option.id);
  else field().removeAttribute("aria-activedescendant");
}

on("input", "#palette-field", () => {
  clearTimeout(timer);
  timer = setTimeout(() => ask(field().value), 110);
});

on("keydown", "#palette-field", (event) => {
  const list = options();
  const at = list.indexOf(chosen());
  const to = {
    ArrowDown: (at + 1) % list.length,
    ArrowUp: (at - 1 + list.length) % list.length,
    PageDown: Math.min(list.length - 1, at + 8),
    PageUp: Math.max(0, at - 8),
  }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    choose(list[to]);
  } else if (event.key === "Enter" && !event.isComposing) {
    event.preventDefault();
    if (chosen()) follow(chosen(), event.ctrlKey || event.metaKey);
  }
});

on("pointermove", "#palette-found [role=option]", (_, option) => {
  if (option !== chosen()) choose(option);
});

on("click", "#palette-found [role=option]", (event, option) => {
  event.preventDefault();
  follow(option, event.ctrlKey || event.metaKey);
});

function follow(option, apart) {
  const { href } = option.dataset;
  palette().close();
  if (!href) option.dispatchEvent(new Event("palette:take"));
  else if (apart) window.open(href, "_blank", "noopener");
  else location.assign(href);
}
