/** Fields that choose a row of the plan (input[data-choose]): type, and what fits is offered; arrows and Enter take it. */
import { all, announce, on } from "./dom.js";

let list = null;
let field = null;
let timer;
let asking = null;

function open(input) {
  if (field === input && list) return;
  close();
  field = input;
  input.role = "combobox";
  input.ariaAutoComplete = "list";
  list = document.createElement("div");
  list.className = "offers";
  list.id = "offers";
  list.role = "listbox";
  list.ariaLabel = "What there is";
  // In the top layer, so that no dialog or table cuts it off.
  list.popover = "manual";
  input.after(list);
  list.showPopover();
  place();
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "true");
}

function place() {
  if (!list) return;
  const at = field.getBoundingClientRect();
  const below = innerHeight - at.bottom > Math.min(280, at.top);
  list.style.width = `${at.width}px`;
  list.style.left = `${at.left}px`;
  list.style.top = below ? `${at.bottom + 4}px` : "auto";
  list.style.bottom = below ? "auto" : `${innerHeight - at.top + 4}px`;
}

export function close() {
  if (!list) return false;
  asking?.abort();
  clearTimeout(timer);
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
  list.remove();
  list = field = null;
  return true;
}

async function ask(input) {
  asking?.abort();
  asking = new AbortController();
  const url = new URL(input.dataset.choose, location.href);
  url.searchParams.set("q", input.value);
  try {
    const answer = await fetch(url, { signal: asking.signal, headers: { "HX-Request": "true" } });
    if (!answer.ok || document.activeElement !== input) return;
    open(input);
    list.innerHTML = await answer.text();
    for (const [n, option] of options().entries()) option.id = `offer-${n}`;
    announce(`${options().length} to choose from`);
    place();
  } catch (error) {
    if (error.name !== "AbortError") close();
  }
}

const options = () => (list ? all("[role=option]", list) : []);
const chosen = () => list?.querySelector("[aria-selected=true]");

function choose(option) {
  chosen()?.setAttribute("aria-selected", "false");
  if (!option) return;
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  field.setAttribute("aria-activedescendant", option.id);
}

function take(option) {
  const input = field;
  if (input.hasAttribute("data-choose-many")) tick(input, option);
  else input.value = option.dataset.value;
  close();
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.dispatchEvent(new Event("change", { bubbles: true }));
  clearTimeout(timer);
}

/** Of a field for several rows: what is taken stands before it, ticked, and the field is free for the next. */
function tick(input, option) {
  const { name } = input;
  const label = document.createElement("label");
  const box = Object.assign(document.createElement("input"), { type: "checkbox", name, checked: true });
  box.value = option.dataset.value;
  label.className = input.previousElementSibling?.className ?? "tag";
  label.append(box, ` ${option.firstElementChild.textContent}`);
  input.before(label);
  input.value = "";
}

on("input", "input[data-choose]", (_, input) => {
  clearTimeout(timer);
  timer = setTimeout(() => ask(input), 140);
});

on("click", "input[data-choose]", (_, input) => {
  if (field !== input) ask(input);
});

on("keydown", "input[data-choose]", (event, input) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    if (!list) return void ask(input);
    const found = options();
    const at = found.indexOf(chosen());
    choose(found[(at + step + found.length) % found.length] ?? found[0]);
  } else if (event.key === "Enter" && chosen()) {
    event.preventDefault();
    take(chosen());
  } else if (event.key === "Escape" && close()) {
    event.preventDefault();
    event.stopPropagation();
  } else if (event.key === "Tab") {
    if (chosen()) take(chosen());
    else close();
  }
}, true);

on("pointerdown", ".offers [role=option]", (event, option) => {
  event.preventDefault();
  take(option);
});

on("focusout", "input[data-choose]", (_, input) => {
  if (field === input) close();
});

addEventListener("scroll", place, true);
addEventListener("resize", place);
