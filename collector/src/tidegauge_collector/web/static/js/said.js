// One live region for all that changes without a new page: what is put there, screen readers read out.
import { t } from "./text.js";

const TOLD = "[data-said]";
const region = document.getElementById("said");
const known = new Map([...document.querySelectorAll(TOLD)].map((element) => [element.closest("[id]").id, element.textContent.trim()]));

export const say = (text) => region.replaceChildren(text);

export const sayFeature = (feature) => say(t("said.feature", { feature }));

// A part of the page that came anew says its new state, and nothing where that is the old one.
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  const { id } = detail.target;
  const part = document.getElementById(id);
  const text = (part?.matches(TOLD) ? part : part?.querySelector(`${TOLD}, .empty h2`))?.textContent.trim();
  if (!text || known.get(id) === text) return;
  known.set(id, text);
  say(text);
});
