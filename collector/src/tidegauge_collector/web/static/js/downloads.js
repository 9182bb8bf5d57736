// Every chart can be saved: as a picture of what is seen, and as the numbers it was drawn from.
import { chart } from "./dom.js";
import { picture } from "./picture.js";

const tables = new Map();

// `rows()` -> [[header, …], [value, …], …]; called when somebody asks. Charts that say nothing have nothing to save.
export function offer(name, rows) {
  tables.set(name, rows);
  chart(name).figure.dataset.savable = "true";
}

export function withdraw(name) {
  tables.delete(name);
  delete chart(name).figure.dataset.savable;
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-save]");
  if (!button) return;
  const figure = button.closest("figure");
  const name = figure.id.slice("chart-".length);
  if (!tables.has(name)) return;
  const blob = button.dataset.save === "csv" ? csv(tables.get(name)()) : await picture(figure);
  save(blob, `${fileName(name)}.${button.dataset.save}`);
});

function csv(rows) {
  return new Blob(["\ufeff", ...rows.map((row) => `${row.map(cell).join(",")}\r\n`)], { type: "text/csv;charset=utf-8" });
}

// RFC 4180; a text that a spreadsheet would run as a formula is made text.
function cell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function fileName(name) {
  const { deployment, start, end } = document.getElementById("view").dataset;
  return [deployment, name, start.slice(0, 10), end.slice(0, 10)].join("_").replace(/[^\w.-]+/g, "-");
}

function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
