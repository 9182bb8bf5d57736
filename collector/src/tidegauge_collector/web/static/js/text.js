// The browser's part of the text catalogue, which the page carries as a block of JSON.

const entries = JSON.parse(document.getElementById("text").textContent);

export const language = document.documentElement.lang;

const plurals = new Intl.PluralRules(language);

// The text of `key` with its {placeholders} filled, in the form that a number {n} asks for as it is written;
// an unknown key shows itself, so that it is seen and mended.
export function t(key, values = {}) {
  const form = "n" in values && /^\d+$/.test(values.n) ? plurals.select(Number(values.n)) : "other";
  const text = entries[`${key}|${form}`] ?? entries[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

// Whether there is a text of that key.
export const has = (key) => key in entries;

// The text of a word from outside, or the word itself where the catalogue has none.
export function label(section, word) {
  return entries[`${section}.${word}`] ?? word;
}

// Reserved columns are named for people; a feature keeps its name.
export function columnName(name) {
  if (name === "_prediction") return t("metric.prediction");
  return name.startsWith("_prediction.") ? `${t("metric.prediction")} ${name.slice("_prediction.".length)}` : name;
}
