/** A button marked data-copy="#field" puts what the field holds on the clipboard; without one, it selects it. */
import { announce, on, one } from "./dom.js";

on("click", "[data-copy]", async (_, button) => {
  const field = one(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    return; // Browsers give no clipboard to pages without https; what is selected can be copied by hand.
  }
  const label = button.textContent;
  button.textContent = "Copied";
  announce("Copied");
  setTimeout(() => (button.textContent = label), 2000);
});
