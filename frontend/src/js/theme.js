/** Light, dark, or as the system: kept in a cookie, so that the server writes it into the page and nothing flashes. */
import { all, on } from "./dom.js";

on("click", "[data-set-theme]", (_, button) => {
  const theme = button.dataset.setTheme;
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  const age = theme === "system" ? 0 : 31_536_000;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `theme=${theme}; Path=/; Max-Age=${age}; SameSite=Lax${secure}`;
  for (const other of all("[data-set-theme]")) other.setAttribute("aria-pressed", String(other === button));
});
