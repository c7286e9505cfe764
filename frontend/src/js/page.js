/** htmx, set up for this house: morphing swaps, a line for what takes long, sentences for what goes wrong. */
import htmx from "htmx.org";
import { Idiomorph } from "idiomorph";
import { announce, one, typing } from "./dom.js";
import { toast } from "./toasts.js";

Object.assign(htmx.config, {
  allowEval: false,
  allowScriptTags: false,
  includeIndicatorStyles: false,
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
  scrollBehavior: "auto",
  // Not "style": what a script has set there, the policy would not let htmx set again as an attribute.
  attributesToSettle: ["class"],
  // At once: until it has settled, what came in is not htmx's yet, and a quick Enter would send it without its token.
  defaultSettleDelay: 0,
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "412|422", swap: true, error: false },
    { code: "...", swap: false, error: true },
  ],
});

// What somebody is filling in stays as they left it; all else becomes what the server says. (Whoever has clicked
// on no field has the focus on main, and Idiomorph would leave all of that alone.)
const gentle = () => ({ ignoreActiveValue: typing(document.activeElement), restoreFocus: true });

htmx.defineExtension("morph", {
  isInlineSwap: (style) => style === "morph" || style === "morph:outerHTML",
  handleSwap(style, target, fragment) {
    if (!style.startsWith("morph")) return false;
    return Idiomorph.morph(target, fragment.children, { morphStyle: style.slice(6) || "outerHTML", ...gentle() });
  },
});

// What the filters left, in the words of the page's title.
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.requestConfig?.elt.matches?.("form.filters")) announce(one("main h1")?.textContent.trim() ?? "");
});

let waiting = 0;

function wait(step) {
  waiting = Math.max(0, waiting + step);
  one(".waiting")?.classList.toggle("on", waiting > 0);
}

document.addEventListener("htmx:beforeSend", () => wait(1));
document.addEventListener("htmx:afterRequest", () => wait(-1));

const sentences = {
  403: "You may look at this, but not change it.",
  404: "That is gone, or was never here.",
  413: "That is too large.",
  429: "Too many requests at once. Wait a moment, then try again.",
};

document.addEventListener("htmx:responseError", ({ detail }) => {
  const { status } = detail.xhr;
  if (detail.xhr.getResponseHeader("HX-Trigger")?.includes("toast")) return;
  toast({ level: "bad", text: sentences[status] ?? "That did not work, and nothing was changed. Try again." });
});

document.addEventListener("htmx:sendError", () =>
  toast({ level: "bad", text: "The server cannot be reached. Nothing was saved." }),
);
document.addEventListener("htmx:timeout", () =>
  toast({ level: "bad", text: "The server took too long to answer. Look whether it was saved." }),
);

export { htmx };
