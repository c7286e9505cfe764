/** What the other modules say to the page: few words, used everywhere. */

export const one = (selector, root = document) => root.querySelector(selector);
export const all = (selector, root = document) => [...root.querySelectorAll(selector)];

/** Listen once for all elements, those of today and those that arrive later. */
export function on(type, selector, act, options) {
  document.addEventListener(
    type,
    (event) => {
      const element = event.target.closest?.(selector);
      if (element) act(event, element);
    },
    options,
  );
}

/** Tell those who cannot see the screen. */
export function announce(sentence) {
  const region = one("#announce");
  if (!region) return;
  region.textContent = "";
  requestAnimationFrame(() => (region.textContent = sentence));
}

export const typing = (element) =>
  Boolean(element?.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]"));

export const plainClick = (event) =>
  event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
