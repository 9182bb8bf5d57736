// The button of every page that changes its colours: as the screen is, light, dark. Kept in a cookie, so that the server draws it so from the start.

const THEMES = ["auto", "light", "dark"];
const MEDIA = { auto: "(prefers-color-scheme: dark)", light: "not all", dark: "all" };
const YEAR_S = 31_536_000;

// Charts are painted in colours that they read once: this tells them to read them again.
export const RECOLOURED = "tidegauge:recoloured";

const recoloured = () => document.dispatchEvent(new Event(RECOLOURED));

const button = document.getElementById("theme");
const names = button.dataset.names.split("|");

button.hidden = false;
button.addEventListener("click", () => {
  const next = (THEMES.indexOf(button.dataset.theme) + 1) % THEMES.length;
  const theme = THEMES[next];
  button.dataset.theme = theme;
  button.querySelector("[data-theme-name]").textContent = names[next];
  document.getElementById("dark").media = MEDIA[theme];
  document.cookie = `theme=${theme}; path=/; max-age=${YEAR_S}; samesite=strict`;
  recoloured();
});

matchMedia(MEDIA.auto).addEventListener("change", recoloured);
